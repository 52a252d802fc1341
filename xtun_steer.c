// SPDX-License-Identifier: GPL-2.0
/*
 * Which queue a frame goes to. If there is a steering program, it decides.
 * Otherwise it is the queue that XPS chooses, or else the queue that the flow's
 * last frame was written to, or else one chosen by the flow's hash. Only queues
 * that are in service and that a file reads are used; if there is none, queue 0.
 */
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/jhash.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "xtun.h"
#include "xtun_ring.h"

#define XTUN_FLOW_BITS	12
/* Like tap: for a reply that takes longer, any queue is as good. */
#define XTUN_FLOW_AGE	(3 * HZ)
#define XTUN_FLOW_VALID	BIT(31)
#define XTUN_FLOW_QUEUE	GENMASK(7, 0)

/**
 * struct xtun_flow - where the frames of one flow were written
 * @key: XTUN_FLOW_VALID, the bits of the hash that are not the index of this
 *	entry, and the queue; one word, so that it is read and written whole
 * @seen: time of the last frame, in jiffies; may briefly be that of another flow,
 *	which does not matter
 */
struct xtun_flow {
	u32 key;
	u32 seen;
};

static u32 xtun_steer_key(u32 hash, u16 queue)
{
	BUILD_BUG_ON(XTUN_QUEUES_MAX - 1 > XTUN_FLOW_QUEUE);
	return XTUN_FLOW_VALID | (hash >> XTUN_FLOW_BITS) << 8 | queue;
}

static struct xtun_flow *xtun_steer_flow(const struct xtun *xt, u32 hash)
{
	return &xt->steer.flows[hash & (BIT(XTUN_FLOW_BITS) - 1)];
}

/**
 * xtun_steer_init() - prepare an interface with several queues
 * @dev: the interface; its slots are allocated
 *
 * Context: process, under RTNL.
 * Return: 0 or -ENOMEM.
 */
int xtun_steer_init(struct net_device *dev)
{
	struct xtun *xt = netdev_priv(dev);

	spin_lock_init(&xt->steer.lock);
	if (dev->num_tx_queues == 1)
		return 0;
	xt->steer.live = kcalloc(dev->num_tx_queues, sizeof(*xt->steer.live), GFP_KERNEL_ACCOUNT);
	xt->steer.flows = kvcalloc(BIT(XTUN_FLOW_BITS), sizeof(*xt->steer.flows),
				   GFP_KERNEL_ACCOUNT);
	if (xt->steer.live && xt->steer.flows)
		return 0;
	xtun_steer_free(dev);
	return -ENOMEM;
}

/**
 * xtun_steer_free() - undo xtun_steer_init()
 * @dev: the interface
 */
void xtun_steer_free(struct net_device *dev)
{
	struct xtun *xt = netdev_priv(dev);

	kvfree(xt->steer.flows);
	kfree(xt->steer.live);
	xt->steer.flows = NULL;
	xt->steer.live = NULL;
}

static bool xtun_steer_serves(const struct xtun *xt, u16 i)
{
	const struct xtun_queue *q = rcu_dereference(xt->slots[i].queue);
	const struct xtun_ring *ring;

	if (!q || !READ_ONCE(q->readers) || !READ_ONCE(q->enabled))
		return false;
	ring = rcu_dereference(q->ring);
	return !ring || !READ_ONCE(ring->broken);
}

/**
 * xtun_steer_update() - update the list of queues in service
 * @dev: the interface
 *
 * Context: process or softirq, under RCU or RTNL.
 */
void xtun_steer_update(struct net_device *dev)
{
	struct xtun *xt = netdev_priv(dev);
	unsigned int i, n = 0;

	if (!xt->steer.live)
		return;
	spin_lock_bh(&xt->steer.lock);
	rcu_read_lock();
	for (i = 0; i < dev->num_tx_queues; i++) {
		if (xtun_steer_serves(xt, i))
			WRITE_ONCE(xt->steer.live[n++], i);
	}
	rcu_read_unlock();
	WRITE_ONCE(xt->steer.count, n);
	spin_unlock_bh(&xt->steer.lock);
}

/**
 * xtun_steer_count() - how many queues are in service
 * @xt: the interface
 *
 * Context: any.
 * Return: their number; always 0 if the interface can have only one queue.
 */
unsigned int xtun_steer_count(const struct xtun *xt)
{
	return READ_ONCE(xt->steer.count);
}

static u16 xtun_steer_nth(const struct xtun *xt, unsigned int n, unsigned int count)
{
	return count ? READ_ONCE(xt->steer.live[n % count]) : 0;
}

/**
 * xtun_steer_by_cpu() - choose a queue by processor, for frames that have no flow
 * @xt: the interface
 *
 * Context: bottom halves off.
 * Return: the queue's number.
 */
u16 xtun_steer_by_cpu(const struct xtun *xt)
{
	return xtun_steer_nth(xt, smp_processor_id(), xtun_steer_count(xt));
}

/* The queue of a flow, or -1 if the flow is not known. */
static int xtun_steer_recall(const struct xtun *xt, u32 hash)
{
	const struct xtun_flow *flow = xtun_steer_flow(xt, hash);
	u32 key = READ_ONCE(flow->key);
	u16 i = key & XTUN_FLOW_QUEUE;

	if (key != xtun_steer_key(hash, i) ||
	    (u32)jiffies - READ_ONCE(flow->seen) > XTUN_FLOW_AGE)
		return -1;
	return xtun_steer_serves(xt, i) ? i : -1;
}

/**
 * xtun_steer_select() - ndo_select_queue
 * @dev: the interface
 * @skb: the frame
 * @sb_dev: subordinate device, for XPS
 *
 * Context: softirq, or process with bottom halves off.
 * Return: the queue's number.
 */
u16 xtun_steer_select(struct net_device *dev, struct sk_buff *skb, struct net_device *sb_dev)
{
	const struct xtun *xt = netdev_priv(dev);
	unsigned int count = xtun_steer_count(xt);
	const struct bpf_prog *prog;
	u16 picked = 0;
	u32 hash;
	int i;

	if (!count)
		return 0;
	rcu_read_lock();
	prog = rcu_dereference(xt->steer.ebpf);
	if (prog) {
		picked = xtun_steer_nth(xt, (u16)bpf_prog_run_clear_cb(prog, skb), count);
		goto out;
	}
	if (xtun_compat_has_xps(dev)) {
		picked = netdev_pick_tx(dev, skb, sb_dev);
		if (xtun_steer_serves(xt, picked))
			goto out;
	}
	hash = __skb_get_hash_symmetric(skb);
	i = xtun_steer_recall(xt, hash);
	picked = i < 0 ? xtun_steer_nth(xt, reciprocal_scale(hash, count), count) : i;
out:
	rcu_read_unlock();
	return picked;
}

/**
 * xtun_steer_learn() - remember that a frame of this flow was written to this queue
 * @slot: the queue's
 * @skb: the frame, as the stack is to receive it
 *
 * Context: process or softirq, under RCU.
 */
void xtun_steer_learn(const struct xtun_slot *slot, struct sk_buff *skb)
{
	const struct xtun *xt = netdev_priv(slot->dev);
	struct xtun_flow *flow;
	u32 hash, now = jiffies;

	if (xtun_steer_count(xt) < 2 || rcu_access_pointer(xt->steer.ebpf) ||
	    !xtun_steer_serves(xt, slot->index))
		return;
	hash = __skb_get_hash_symmetric(skb);
	flow = xtun_steer_flow(xt, hash);
	/* Written only when they change: other processors read this cache line. */
	if (READ_ONCE(flow->seen) != now)
		WRITE_ONCE(flow->seen, now);
	if (READ_ONCE(flow->key) != xtun_steer_key(hash, slot->index))
		WRITE_ONCE(flow->key, xtun_steer_key(hash, slot->index));
}
