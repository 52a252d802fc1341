// SPDX-License-Identifier: GPL-2.0
/*
 * Frames from userspace enter the stack: the headers in front of a frame are
 * applied to it, XDP programs see it, and it is delivered, alone or with others.
 */
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include "xtun.h"
#include "xtun_trace.h"

static __be16 xtun_rx_ip_protocol(struct sk_buff *skb)
{
	if (!pskb_may_pull(skb, 1))
		return 0;
	switch (skb->data[0] >> 4) {
	case 4:
		return htons(ETH_P_IP);
	case 6:
		return htons(ETH_P_IPV6);
	default:
		return 0;
	}
}

/*
 * Older kernels do not look for the transport header of a large frame whose
 * vnet header does not say where it is. The search has the keys of a flow on the
 * stack. Other frames must not pay for that: hence noinline.
 */
static noinline void xtun_rx_find_headers(struct sk_buff *skb)
{
	skb_reset_network_header(skb);
	skb_probe_transport_header(skb);
}

/* noinline for the same reason. */
static noinline int xtun_rx_apply_vnet(struct sk_buff *skb, const struct xtun_meta *meta,
				       unsigned int flags)
{
	return xtun_compat_vnet_to_skb(skb, &meta->vnet, xtun_vnet_is_le(flags),
				       flags & IFF_TUN ? 0 : ETH_HLEN);
}

/* Apply the headers that the program wrote in front of the frame. Returns 0 or the loss. */
static int xtun_rx_prepare(struct xtun_slot *slot, struct sk_buff *skb, struct xtun_meta *meta)
{
	struct net_device *dev = slot->dev;
	struct xtun *xt = netdev_priv(dev);
	unsigned int flags = READ_ONCE(xt->flags);

	skb->dev = dev;
	if (meta->has_vnet && xtun_rx_apply_vnet(skb, meta, flags))
		return XTUN_RX_HEADER;
	if (flags & IFF_TUN) {
		skb_reset_mac_header(skb);
		/* Drop monitors see by it that the frame has no Ethernet header. */
		skb_reset_network_header(skb);
		skb->protocol = meta->has_pi ? meta->proto : xtun_rx_ip_protocol(skb);
		if (skb_is_gso(skb))
			xtun_rx_find_headers(skb);
		return meta->has_pi || skb->protocol ? 0 : XTUN_RX_PROTO;
	}
	if (!pskb_may_pull(skb, ETH_HLEN))
		return XTUN_RX_NOMEM;
	/* For Ethernet frames, the stack sets the network header itself. */
	skb->protocol = eth_type_trans(skb, dev);
	if (skb_is_gso(skb))
		xtun_rx_find_headers(skb);
	return 0;
}

/*
 * Everything that is done to a written frame before it is delivered. The caller
 * counts it as in. Returns the frame as the stack receives it; NULL if an XDP
 * program took it; an ERR_PTR if it is lost: -EINVAL for an offload that does not
 * fit the frame or a packet that is not IP, -EIO if the interface is down, -ENOMEM.
 */
static struct sk_buff *xtun_rx_admit(struct xtun_slot *slot, struct xtun_queue *q,
				     struct sk_buff *skb, struct xtun_meta *meta)
{
	const struct xtun *xt = netdev_priv(slot->dev);
	bool xdp = rcu_access_pointer(xt->xdp);
	bool up = xtun_is_up(slot->dev);
	unsigned int len;
	int loss, err;

	if (unlikely(xdp) && up && !(meta->has_vnet && meta->vnet.hdr.gso_type) &&
	    !xtun_xdp_native(slot, q, skb, &meta->xdp_done))
		return NULL;
	len = skb->len;
	loss = xtun_rx_prepare(slot, skb, meta);
	if (unlikely(loss)) {
		err = loss == XTUN_RX_NOMEM ? -ENOMEM : -EINVAL;
		xtun_lose_err(slot, loss, skb, len, err);
		return ERR_PTR(err);
	}
	if (unlikely(!up)) {
		xtun_lose_err(slot, XTUN_RX_DOWN, skb, len, -EIO);
		return ERR_PTR(-EIO);
	}
	if (slot->index < READ_ONCE(slot->dev->real_num_rx_queues))
		skb_record_rx_queue(skb, slot->index);
	if (unlikely(xdp) && !meta->xdp_done) {
		/* As the stack does before generic XDP: drop monitors read it. */
		skb->skb_iif = slot->dev->ifindex;
		skb = xtun_xdp_generic(slot, skb);
		if (!skb)
			return NULL;
	}
	/* With one queue there is nothing to choose. */
	if (slot->dev->num_tx_queues > 1) {
		skb_reset_network_header(skb);
		xtun_steer_learn(slot, skb);
	}
	return skb;
}

/* netif_rx() also drops a frame if the interface has gone down since xtun_rx_admit(). */
static int xtun_rx_not_taken(struct xtun_slot *slot, unsigned int len)
{
	bool down = !netif_running(slot->dev);
	int err = down ? -EIO : 0;

	xtun_count(slot, XTUN_RX_IN);
	xtun_lose_err(slot, down ? XTUN_RX_DOWN : XTUN_RX_BACKLOG, NULL, len, err);
	return err;
}

/* What happens later is not counted here: the stack counts its own drops. */
static int xtun_rx_deliver(struct xtun_slot *slot, struct sk_buff *skb)
{
	const struct xtun *xt = netdev_priv(slot->dev);
	unsigned int len = xtun_rx_len(skb);
	bool full = false;

	local_bh_disable();
	if (READ_ONCE(xt->rx_direct)) {
		netif_receive_skb(skb);
	} else {
		/* The core sets it only after the backlog, but drop monitors read it before. */
		skb->skb_iif = slot->dev->ifindex;
		full = netif_rx(skb) == NET_RX_DROP;
	}
	if (likely(!full))
		xtun_count_entered(slot, len);
	local_bh_enable();
	if (unlikely(full))
		return xtun_rx_not_taken(slot, len);
	trace_xtun_rx(slot->dev, slot->index, len);
	return 0;
}

static int xtun_rx_receive_rcu(struct xtun_slot *slot, struct xtun_queue *q, struct sk_buff *skb,
			       struct xtun_meta *meta)
{
	skb = xtun_rx_admit(slot, q, skb, meta);
	if (!IS_ERR_OR_NULL(skb) && likely(!READ_ONCE(q->napi_on)))
		return xtun_rx_deliver(slot, skb);
	xtun_count(slot, XTUN_RX_IN);
	if (IS_ERR_OR_NULL(skb))
		return PTR_ERR_OR_ZERO(skb);
	if (!xtun_napi_put(q, skb)) {
		xtun_lose(slot, XTUN_RX_DETACHED, skb, xtun_rx_len(skb));
		return -EBUSY;
	}
	return 0;
}

/**
 * xtun_rx_receive() - a frame from userspace enters the stack
 * @q: the queue; its file is attached
 * @skb: the frame; at least a header long on an Ethernet device; consumed
 * @meta: what was in front of it
 *
 * Context: process, bottom halves on.
 * Return: 0, also if the backlog was full or an XDP program took the frame (both
 * are counted); -EBUSY if a queue with NAPI is out of service, -EBADFD if the
 * interface is gone, -EIO if it is down, -EINVAL for an offload that does not fit
 * the frame or a packet that is not IP, -ENOMEM.
 */
int xtun_rx_receive(struct xtun_queue *q, struct sk_buff *skb, struct xtun_meta *meta)
{
	struct xtun_slot *slot;
	int err = -EBADFD;

	rcu_read_lock();
	slot = rcu_dereference(q->slot);
	if (likely(slot))
		err = xtun_rx_receive_rcu(slot, q, skb, meta);
	else
		kfree_skb_reason(skb, SKB_DROP_REASON_DEV_READY);
	rcu_read_unlock();
	return err;
}

/**
 * xtun_rx_ask() - the result of a write of zero bytes
 * @q: the queue; its file is attached
 *
 * Context: any.
 * Return: -EINVAL if the interface is up, -EIO if down, -EBADFD if gone.
 */
int xtun_rx_ask(struct xtun_queue *q)
{
	struct xtun_slot *slot;
	int err = -EBADFD;

	rcu_read_lock();
	slot = rcu_dereference(q->slot);
	if (slot)
		err = xtun_is_up(slot->dev) ? -EINVAL : -EIO;
	rcu_read_unlock();
	return err;
}

/**
 * xtun_sink_init() - begin to deliver several frames together
 * @sink: initialized for xtun_sink_put() and xtun_sink_flush()
 * @slot: of the queue
 * @q: the queue that they were written to
 * @napi: the queue's NAPI, which the caller owns, for GRO; NULL if there is none
 *
 * The state of the interface is read once, for all frames. Taking the interface
 * down waits for RCU readers; changing its XDP program need not wait.
 *
 * Context: bottom halves off, under RCU until xtun_sink_flush().
 */
void xtun_sink_init(struct xtun_sink *sink, struct xtun_slot *slot, struct xtun_queue *q,
		    struct napi_struct *napi)
{
	struct net_device *dev = slot->dev;
	const struct xtun *xt = netdev_priv(dev);

	sink->slot = slot;
	sink->q = q;
	sink->napi = napi;
	sink->simple = (READ_ONCE(xt->flags) & IFF_TAP) && !rcu_access_pointer(xt->xdp) &&
		       xtun_is_up(dev);
	sink->learns = dev->num_tx_queues > 1;
	sink->rxq = slot->index < READ_ONCE(dev->real_num_rx_queues) ? slot->index + 1 : 0;
	sink->frames = 0;
	sink->bytes = 0;
	INIT_LIST_HEAD(&sink->list);
}

/* GRO helps only TCP, and is a cost for other protocols. */
static __always_inline bool xtun_sink_is_tcp(const struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP))
		return skb_headlen(skb) >= sizeof(struct iphdr) &&
		       ((const struct iphdr *)skb->data)->protocol == IPPROTO_TCP;
	return skb->protocol == htons(ETH_P_IPV6) && skb_headlen(skb) >= sizeof(struct ipv6hdr) &&
	       ((const struct ipv6hdr *)skb->data)->nexthdr == IPPROTO_TCP;
}

/* Deliver the frames that did not go to GRO, in order; the list is not empty. */
static void xtun_sink_deliver(struct xtun_sink *sink)
{
	struct sk_buff *skb;

	if (list_is_singular(&sink->list)) {
		skb = list_first_entry(&sink->list, struct sk_buff, list);
		skb_list_del_init(skb);
		netif_receive_skb(skb);
		return;
	}
	netif_receive_skb_list(&sink->list);
	INIT_LIST_HEAD(&sink->list);
}

/*
 * Frames in a list share one route lookup. Frames to another host need none: a
 * bridge takes them one by one, and IP drops them, which is cheaper if each frame
 * is freed before the next one is made.
 */
static __always_inline void xtun_sink_add(struct xtun_sink *sink, struct sk_buff *skb,
					  unsigned int len)
{
	sink->frames++;
	sink->bytes += len;
	if (trace_xtun_rx_enabled())
		trace_xtun_rx(sink->slot->dev, sink->slot->index, len);
	if (sink->napi && xtun_sink_is_tcp(skb)) {
		napi_gro_receive(sink->napi, skb);
	} else if (skb->pkt_type == PACKET_OTHERHOST) {
		if (!list_empty(&sink->list))
			xtun_sink_deliver(sink);
		netif_receive_skb(skb);
	} else {
		list_add_tail(&skb->list, &sink->list);
	}
}

/* What xtun_rx_admit() does when all its checks are known to pass. */
static __always_inline void xtun_sink_put_simple(struct xtun_sink *sink, struct sk_buff *skb)
{
	unsigned int len = skb->len;

	skb->protocol = eth_type_trans(skb, sink->slot->dev);
	if (likely(sink->rxq))
		skb_record_rx_queue(skb, sink->rxq - 1);
	if (unlikely(sink->learns)) {
		/* Needed for the hash of the flow: the stack sets it only later. */
		skb_reset_network_header(skb);
		xtun_steer_learn(sink->slot, skb);
	}
	xtun_sink_add(sink, skb, len);
}

/* noinline: most frames need not pay for what it has on the stack. */
static noinline void xtun_sink_put_any(struct xtun_sink *sink, struct sk_buff *skb,
				       struct xtun_meta *meta)
{
	struct xtun_meta none = {};

	skb = xtun_rx_admit(sink->slot, sink->q, skb, meta ?: &none);
	if (!IS_ERR_OR_NULL(skb))
		xtun_sink_add(sink, skb, xtun_rx_len(skb));
}

/**
 * xtun_sink_put() - add one more frame
 * @sink: of xtun_sink_init()
 * @skb: the frame; on an Ethernet device, with at least that header, in one
 *	piece; consumed
 * @meta: what was in front of it; NULL if nothing
 *
 * The caller counts the frame as in.
 *
 * Context: as xtun_sink_init().
 */
void xtun_sink_put(struct xtun_sink *sink, struct sk_buff *skb, struct xtun_meta *meta)
{
	if (likely(!meta && sink->simple))
		xtun_sink_put_simple(sink, skb);
	else
		xtun_sink_put_any(sink, skb, meta);
}

/**
 * xtun_sink_flush() - deliver the frames that were added, and count them
 * @sink: of xtun_sink_init()
 *
 * napi_complete_done() delivers the frames that GRO holds.
 *
 * Context: as xtun_sink_init().
 */
void xtun_sink_flush(struct xtun_sink *sink)
{
	xtun_count_received(sink->slot, sink->frames, sink->bytes);
	if (!list_empty(&sink->list))
		xtun_sink_deliver(sink);
}
