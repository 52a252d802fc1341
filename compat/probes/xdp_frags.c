// SPDX-License-Identifier: GPL-2.0
#include <net/xdp.h>

bool probe(const struct xdp_frame *frame);
bool probe(const struct xdp_frame *frame)
{
	return frame->flags & XDP_FLAGS_HAS_FRAGS;
}
