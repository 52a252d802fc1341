// SPDX-License-Identifier: GPL-2.0
#include <net/xdp.h>

void probe(struct xdp_buff *xdp, struct xdp_rxq_info *rxq, unsigned char *start);
void probe(struct xdp_buff *xdp, struct xdp_rxq_info *rxq, unsigned char *start)
{
	xdp_init_buff(xdp, PAGE_SIZE, rxq);
	xdp_prepare_buff(xdp, start, 0, 0, false);
}
