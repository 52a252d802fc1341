// SPDX-License-Identifier: GPL-2.0
/*
 * Frames that the stack sends: what is still left to do to them, which of them are
 * filtered out, and the queue or ring that they go into.
 */
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <net/dst.h>

#include "xtun.h"
#include "xtun_ring.h"

/* A time stamp goes to the sender's socket, which a forwarded frame does not have. */
static void xtun_tx_stamp(struct sk_buff *skb)
{
	if (skb->sk)
		skb_tx_timestamp(skb);
}

/*
 * The frame may wait forever, so release the sender's socket and everything that
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

/* Lose the frame if there is no queue or a filter rejects it; returns whether it is lost. */
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
		/* The frame is copied at once, so it need not release anything before. */
		xtun_tx_stamp(skb);
		xtun_ring_put(slot, ring, skb);
		return;
	}
	/* Copy the sender's own pages of a zero-copy send. */
	if (unlikely(skb_orphan_frags_rx(skb, GFP_ATOMIC))) {
		xtun_tx_lose(slot, XTUN_TX_NOMEM, skb);
		return;
	}
	xtun_tx_let_go(skb);
	xtun_queue_put(slot, q, skb);
}

/* The core calls with bottom halves off, as rcu_dereference_bh() requires. */
static void xtun_tx_xmit_one(struct xtun_slot *slot, struct sk_buff *skb)
{
	struct xtun_queue *q = rcu_dereference_bh(slot->queue);

	if (!xtun_tx_is_refused(slot, q, skb))
		xtun_tx_put(slot, q, skb);
}

/* dev->features has the offloads that a reader with a vnet header accepts. */
static bool xtun_tx_is_unfinished(const struct net_device *dev, struct sk_buff *skb)
{
	/* TUNSETOFFLOAD may change them while frames flow. */
	netdev_features_t features = READ_ONCE(dev->features);

	if (skb_is_gso(skb) && !skb_gso_ok(skb, features | NETIF_F_GSO_ROBUST))
		return true;
	return !(features & NETIF_F_HW_CSUM) && skb->ip_summed == CHECKSUM_PARTIAL;
}

/*
 * A frame whose VLAN tag is stored beside it (skb->vlan_tci) and must be inserted. As with
 * tap, filters see the frame without the tag, and the protocol info in front of the frame
 * has the protocol behind the tag.
 */
static void xtun_tx_xmit_tagged(struct xtun_slot *slot, struct sk_buff *skb)
{
	struct xtun_queue *q = rcu_dereference_bh(slot->queue);
	__be16 protocol = skb->protocol;
	unsigned int len;

	if (xtun_tx_is_refused(slot, q, skb))
		return;
	/* A filter has cut the frame so short that there is no place for the tag. */
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
 * A frame that has not passed validate_xmit_skb(): generic XDP redirects a frame as
 * another device received it. Its checksum may be missing, and it may hold several
 * segments if it is within our MTU.
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
 * @skb: the frame; consumed
 * @dev: the interface
 *
 * Context: bottom halves off, without the core's lock: several processors may be here.
 * Return: NETDEV_TX_OK; a frame that cannot be queued is lost and counted.
 */
netdev_tx_t xtun_tx_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct xtun *xt = netdev_priv(dev);
	unsigned int i = skb_get_queue_mapping(skb);

	/* A tc program can set any number. Pairs with xtun_net_set_queues(). */
	if (unlikely(i >= smp_load_acquire(&dev->real_num_tx_queues)))
		i = 0;
	/* The core does not do this for a driver that works without the core's lock. */
	netif_trans_update(dev);

	if (unlikely(xtun_tx_is_unfinished(dev, skb)))
		xtun_tx_xmit_unfinished(&xt->slots[i], skb);
	else
		xtun_tx_xmit_finished(&xt->slots[i], skb);
	return NETDEV_TX_OK;
}
