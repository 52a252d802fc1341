// SPDX-License-Identifier: GPL-2.0
/*
 * The headers in front of a frame.
 *
 * For a file that has used TUNSETIFF the interface's flags determine them: protocol
 * info (struct tun_pi), then a vnet header. All other files have no such headers, and
 * get finished frames: checksums filled in, large frames segmented.
 */
#include "xtun.h"

#define XTUN_HEADROOM	(NET_SKB_PAD + NET_IP_ALIGN)

/**
 * xtun_frame_get_shape() - get the frame format of a file
 * @xf: the file
 * @slot: its queue's slot
 * @shape: filled in
 *
 * Context: any, under RCU.
 */
void xtun_frame_get_shape(const struct xtun_file *xf, const struct xtun_slot *slot,
			  struct xtun_shape *shape)
{
	const struct xtun *xt = netdev_priv(slot->dev);

	shape->pi = 0;
	shape->vnet = 0;
	shape->flags = READ_ONCE(xt->flags);
	shape->least = shape->flags & IFF_TAP ? ETH_HLEN : 1;
	shape->offloads = READ_ONCE(slot->dev->features) & XTUN_OFFLOADS;
	shape->headroom = XTUN_HEADROOM;
	if (rcu_access_pointer(xt->xdp))
		shape->headroom = XDP_PACKET_HEADROOM + NET_IP_ALIGN;
	if (!READ_ONCE(xf->tap))
		return;
	if (!(shape->flags & IFF_NO_PI))
		shape->pi = sizeof(struct tun_pi);
	if (shape->flags & IFF_VNET_HDR)
		shape->vnet = READ_ONCE(xt->vnet_hdr_sz);
}

/**
 * xtun_frame_shape() - get the frame format of a file, given its queue
 * @xf: the file
 * @q: its queue
 * @shape: filled in
 *
 * Context: any.
 * Return: 0; -EBADFD if the interface is gone.
 */
int xtun_frame_shape(const struct xtun_file *xf, struct xtun_queue *q, struct xtun_shape *shape)
{
	struct xtun_slot *slot;

	rcu_read_lock();
	slot = rcu_dereference(q->slot);
	if (slot)
		xtun_frame_get_shape(xf, slot, shape);
	rcu_read_unlock();
	return slot ? 0 : -EBADFD;
}

/**
 * xtun_frame_header_len() - get the length of the headers in front of a frame
 * @xf: the file
 * @q: the queue it is on
 *
 * Context: any, under RCU.
 * Return: bytes; 0 if the interface is gone.
 */
unsigned int xtun_frame_header_len(struct xtun_file *xf, struct xtun_queue *q)
{
	struct xtun_shape shape;

	return xtun_frame_shape(xf, q, &shape) ? 0 : shape.pi + shape.vnet;
}
