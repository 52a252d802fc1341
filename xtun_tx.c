// SPDX-License-Identifier: GPL-2.0
/*
 * Frames that the stack sends: what is still to be done to them, who is to have
 * them, and into which queue or ring they go.
 */
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <net/dst.h>

#include "xtun.h"
#include "xtun_ring.h"

/* A time stamp goes to the sender's socket; one that passes through has none. */
static void xtun_tx_stamp(struct sk_buff *skb)
{
	if (skb->sk)
		skb_tx_timestamp(skb);
}

/*
 * The frame may wait for ever: let go of the sender's socket and of all that
 * the stack has attached. The time stamp goes to the socket, so it comes first.
 */
static void xtun_tx_let_go(struct sk_buff *skb)
{
	xtun_tx_stamp(skb);
	skb_orphan(skb);
	skb_dst_drop(skb);
	skb_ext_reset(skb);
	nf_reset_ct(skb);
}

static void xtun_tx_lose(struct xtun_slot *slot, enum xtun_counter loss, struct sk_buff *skb)
{
	xtun_count(slot, XTUN_TX_IN);
	xtun_lose(slot, loss, skb, skb->len);
}

/* Whether there is nobody to have it, or a filter keeps it from him: then it is lost. */
static noinline bool xtun_tx_refuse(struct xtun_slot *slot, struct xtun_queue *q,
				    struct sk_buff *skb)
{
	enum xtun_counter loss = XTUN_TX_DETACHED;

	if (q && xtun_filter_pass(netdev_priv(slot->dev), q, skb, &loss))
		return false;
	xtun_tx_lose(slot, loss, skb);
	return true;
}

static __always_inline bool xtun_tx_is_refused(struct xtun_slot *slot, struct xtun_queue *q,
					       struct sk_buff *skb)
{
	return unlikely(!q || xtun_filter_is_set(netdev_priv(slot->dev))) &&
	       xtun_tx_refuse(slot, q, skb);
}

static __always_inline void xtun_tx_put(struct xtun_slot *slot, struct xtun_queue *q,
					struct sk_buff *skb)
{
	struct xtun_ring *ring = rcu_dereference_bh(q->ring);

	if (ring) {
		/* It is copied at once, and may keep what it holds until then. */
		xtun_tx_stamp(skb);
		xtun_ring_put(slot, ring, skb);
		return;
	}
	/* The sender's own pages, of a zero-copy send. */
	if (unlikely(skb_orphan_frags_rx(skb, GFP_ATOMIC))) {
		xtun_tx_lose(slot, XTUN_TX_NOMEM, skb);
		return;
	}
	xtun_tx_let_go(skb);
	xtun_queue_put(slot, q, skb);
}

/* The core calls with bottom halves off, which is what RCU asks for here. */
static void xtun_tx_xmit_one(struct xtun_slot *slot, struct sk_buff *skb)
{
	struct xtun_queue *q = rcu_dereference_bh(slot->queue);

	if (!xtun_tx_is_refused(slot, q, skb))
		xtun_tx_put(slot, q, skb);
}

/* What a reader with a vnet header can take, it tells there. */
static bool xtun_tx_is_unfinished(const struct net_device *dev, struct sk_buff *skb)
{
	/* TUNSETOFFLOAD changes them while frames flow. */
	netdev_features_t features = READ_ONCE(dev->features);

	if (skb_is_gso(skb) && !skb_gso_ok(skb, features | NETIF_F_GSO_ROBUST))
		return true;
	return !(features & NETIF_F_HW_CSUM) && skb->ip_summed == CHECKSUM_PARTIAL;
}

/*
 * A frame with its tag beside it, which belongs in it. As with tap, filters see the frame
 * without its tag, and what stands in front of it tells of the protocol behind.
 */
static void xtun_tx_xmit_tagged(struct xtun_slot *slot, struct sk_buff *skb)
{
	struct xtun_queue *q = rcu_dereference_bh(slot->queue);
	__be16 protocol = skb->protocol;
	unsigned int len;

	if (xtun_tx_is_refused(slot, q, skb))
		return;
	/* A filter has cut off the place of the tag, and what is behind it. */
	if (unlikely(skb->len < ETH_HLEN)) {
		__vlan_hwaccel_clear_tag(skb);
		xtun_tx_put(slot, q, skb);
		return;
	}
	len = skb->len;
	skb = __vlan_hwaccel_push_inside(skb);
	if (skb) {
		skb->protocol = protocol;
		xtun_tx_put(slot, q, skb);
	} else {
		xtun_count(slot, XTUN_TX_IN);
		xtun_lose(slot, XTUN_TX_NOMEM, NULL, len);
	}
}

static void xtun_tx_xmit_finished(struct xtun_slot *slot, struct sk_buff *skb)
{
	if (unlikely(skb_vlan_tag_present(skb)))
		xtun_tx_xmit_tagged(slot, skb);
	else
		xtun_tx_xmit_one(slot, skb);
}

/*
 * One that did not come by way of validate_xmit_skb(): generic XDP redirects it as
 * another device received it, its checksum to be filled in, and several segments in one
 * if that is within our MTU.
 */
static void xtun_tx_xmit_unfinished(struct xtun_slot *slot, struct sk_buff *skb)
{
	unsigned int len = skb->len;
	struct sk_buff *next;
	bool again;

	if (xtun_frame_find_checksum(skb)) {
		xtun_tx_lose(slot, XTUN_TX_NOMEM, skb);
		return;
	}
	skb = validate_xmit_skb_list(skb, slot->dev, &again);
	if (!skb) {
		xtun_count(slot, XTUN_TX_IN);
		xtun_lose(slot, XTUN_TX_UNFINISHED, NULL, len);
		return;
	}
	skb_list_walk_safe(skb, skb, next) {
		skb_mark_not_on_list(skb);
		xtun_tx_xmit_finished(slot, skb);
	}
}

/**
 * xtun_tx_xmit() - ndo_start_xmit
 * @skb: the frame, which is the driver's from here on
 * @dev: the interface
 *
 * Context: bottom halves off, without the core's lock: several processors may be here.
 * Return: NETDEV_TX_OK; what cannot be had is lost, and counted.
 */
netdev_tx_t xtun_tx_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct xtun *xt = netdev_priv(dev);
	unsigned int i = skb_get_queue_mapping(skb);

	/* tc programs can write any number there. Pairs with xtun_net_set_queues(). */
	if (unlikely(i >= smp_load_acquire(&dev->real_num_tx_queues)))
		i = 0;
	/* Nobody else does it for a driver without the core's lock. */
	netif_trans_update(dev);

	if (unlikely(xtun_tx_is_unfinished(dev, skb)))
		xtun_tx_xmit_unfinished(&xt->slots[i], skb);
	else
		xtun_tx_xmit_finished(&xt->slots[i], skb);
	return NETDEV_TX_OK;
}
