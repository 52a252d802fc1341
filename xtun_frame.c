// SPDX-License-Identifier: GPL-2.0
/*
 * What stands in front of a frame.
 *
 * A file that said TUNSETIFF has there what the interface's flags say: protocol
 * info (struct tun_pi), then a vnet header. All others have nothing there, and
 * get frames with nothing left to do: checksums finished, large ones cut.
 */
#include "xtun.h"

#define XTUN_HEADROOM	(NET_SKB_PAD + NET_IP_ALIGN)

/**
 * xtun_frame_get_shape() - what frames of a file look like
 * @xf: the file
 * @slot: of its queue
 * @shape: filled
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
 * xtun_frame_shape() - the same for who has but the queue
 * @xf: the file
 * @q: its queue
 * @shape: filled
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
 * xtun_frame_header_len() - what stands in front of a frame
 * @xf: the file
 * @q: the queue it is on
 *
 * Context: any, under RCU.
 * Return: bytes.
 */
unsigned int xtun_frame_header_len(struct xtun_file *xf, struct xtun_queue *q)
{
	struct xtun_shape shape;

	return xtun_frame_shape(xf, q, &shape) ? 0 : shape.pi + shape.vnet;
}
