// SPDX-License-Identifier: GPL-2.0
#include <net/xdp.h>

void probe(struct xdp_buff *xdp);
void probe(struct xdp_buff *xdp)
{
	xdp->frame_sz = PAGE_SIZE;
}
