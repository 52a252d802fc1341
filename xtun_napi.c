// SPDX-License-Identifier: GPL-2.0
/*
 * Frames that enter the stack by NAPI: if a file has set IFF_NAPI, the frames that it
 * writes go to a list, and the queue's NAPI passes them to GRO.
 */
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>

#include "xtun.h"
#include "xtun_trace.h"

static void xtun_napi_deliver(struct xtun_slot *slot, struct napi_struct *napi,
			      struct sk_buff *skb)
{
	unsigned int len = xtun_rx_len(skb);

	xtun_count_received(slot, 1, len);
	trace_xtun_rx(slot->dev, slot->index, len);
	/* GRO moves a frame's charge to another frame, or loses it. */
	skb_orphan(skb);
	napi_gro_receive(napi, skb);
}

static struct sk_buff *xtun_napi_next(struct xtun_queue *q)
{
	struct sk_buff *skb;

	spin_lock(&q->lock);
	skb = __skb_dequeue(&q->written);
	spin_unlock(&q->lock);
	return skb;
}

static int xtun_napi_poll(struct napi_struct *napi, int budget)
{
	struct xtun_queue *q = container_of(napi, struct xtun_queue, napi);
	struct xtun_slot *slot;
	struct sk_buff *skb;
	int n = 0;

	rcu_read_lock();
	/* Without a slot the queue is ending, and its teardown counts the remaining frames. */
	slot = rcu_dereference(q->slot);
	while (slot && n < budget && (skb = xtun_napi_next(q))) {
		/* It may have gone down since the write: that does not wait for this NAPI. */
		if (unlikely(!xtun_is_up(slot->dev)))
			xtun_lose(slot, XTUN_RX_DOWN, skb, xtun_rx_len(skb));
		else
			xtun_napi_deliver(slot, napi, skb);
		n++;
	}
	rcu_read_unlock();
	if (n < budget)
		napi_complete_done(napi, n);
	return n;
}

/**
 * xtun_napi_start() - let written frames enter the stack by NAPI
 * @slot: the queue's slot
 * @q: the queue
 *
 * Context: process, under RTNL.
 */
void xtun_napi_start(struct xtun_slot *slot, struct xtun_queue *q)
{
	xtun_compat_napi_add(slot->dev, &q->napi, xtun_napi_poll);
	napi_enable(&q->napi);
	spin_lock_bh(&q->lock);
	WRITE_ONCE(q->napi_on, true);
	spin_unlock_bh(&q->lock);
}

/**
 * xtun_napi_stop() - undo xtun_napi_start(), if it was called
 * @slot: the queue's slot
 * @q: the queue
 *
 * Context: process, under RTNL.
 */
void xtun_napi_stop(struct xtun_slot *slot, struct xtun_queue *q)
{
	struct sk_buff_head rest;
	struct sk_buff *skb;

	if (!q->napi_on)
		return;
	__skb_queue_head_init(&rest);
	spin_lock_bh(&q->lock);
	WRITE_ONCE(q->napi_on, false);
	spin_unlock_bh(&q->lock);
	napi_disable(&q->napi);
	netif_napi_del(&q->napi);

	spin_lock_bh(&q->lock);
	skb_queue_splice_init(&q->written, &rest);
	spin_unlock_bh(&q->lock);
	while ((skb = __skb_dequeue(&rest)))
		xtun_lose(slot, XTUN_RX_DETACHED, skb, xtun_rx_len(skb));
}

/**
 * xtun_napi_put() - pass a written frame to the queue's NAPI
 * @q: the queue
 * @skb: the frame, as the stack is to receive it
 *
 * Context: process, under RCU.
 * Return: true if it was taken; false if the queue is out of service or ending.
 */
bool xtun_napi_put(struct xtun_queue *q, struct sk_buff *skb)
{
	bool taken;

	spin_lock_bh(&q->lock);
	taken = q->napi_on && q->enabled && !q->dead;
	if (taken)
		__skb_queue_tail(&q->written, skb);
	spin_unlock(&q->lock);
	if (taken)
		napi_schedule(&q->napi);
	local_bh_enable();
	return taken;
}
