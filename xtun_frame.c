// SPDX-License-Identifier: GPL-2.0
/*
 * Bytes to skb and skb to bytes, and every check on a frame.
 *
 * User memory is touched here alone, and neither under RCU nor with bottom
 * halves off, since a copy may sleep.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "xtun.h"
#include "xtun_trace.h"

#define XTUN_HEADROOM	(NET_SKB_PAD + NET_IP_ALIGN)

/* A frame of a page or less: the head is cut from the writer's own fragment. */
static struct sk_buff *xtun_frame_alloc_small(unsigned int len, unsigned int size)
{
	struct page_frag *frag = &current->task_frag;
	struct sk_buff *skb;

	frag->offset = ALIGN(frag->offset, SMP_CACHE_BYTES);
	if (!skb_page_frag_refill(size, frag, GFP_KERNEL))
		return NULL;
	skb = build_skb(page_address(frag->page) + frag->offset, size);
	if (!skb)
		return NULL;
	get_page(frag->page);
	frag->offset += size;
	skb_reserve(skb, XTUN_HEADROOM);
	skb_put(skb, len);
	return skb;
}

/* A larger one: a head of a page, and the rest in fragments. */
static struct sk_buff *xtun_frame_alloc_large(unsigned int len)
{
	unsigned int linear = SKB_MAX_HEAD(XTUN_HEADROOM);
	struct sk_buff *skb;
	int err;

	linear = min(len, linear);
	skb = alloc_skb_with_frags(XTUN_HEADROOM + linear, len - linear,
				   PAGE_ALLOC_COSTLY_ORDER, &err, GFP_KERNEL);
	if (!skb)
		return NULL;
	skb_reserve(skb, XTUN_HEADROOM);
	skb_put(skb, linear);
	skb->data_len = len - linear;
	skb->len = len;
	return skb;
}

static struct sk_buff *xtun_frame_alloc(unsigned int len)
{
	unsigned int size = SKB_DATA_ALIGN(XTUN_HEADROOM + len) +
			    SKB_DATA_ALIGN(sizeof(struct skb_shared_info));

	return size <= PAGE_SIZE ? xtun_frame_alloc_small(len, size) : xtun_frame_alloc_large(len);
}

/* A write that ends here moves one counter, unless the interface is gone. */
static int xtun_frame_refuse(struct xtun_queue *q, enum xtun_counter loss, struct sk_buff *skb,
			     unsigned int len, int err)
{
	struct xtun_slot *slot;

	rcu_read_lock();
	slot = rcu_dereference(q->slot);
	if (slot) {
		xtun_lose(slot, loss, skb, len);
	} else {
		kfree_skb_reason(skb, SKB_DROP_REASON_DEV_READY);
		err = -EBADFD;
	}
	rcu_read_unlock();
	return err;
}

/**
 * xtun_frame_write() - one frame from userspace
 * @q: the queue; its file is attached
 * @from: the frame, in as many pieces as the caller likes; consumed on success
 *
 * Context: process, may sleep for memory.
 * Return: length in bytes; -EINVAL if shorter than an Ethernet header or
 * longer than XTUN_FRAME_MAX, -ENOMEM, -EFAULT, or what xtun_net_receive()
 * answers. No bytes at all are a question, see xtun_net_ask().
 */
ssize_t xtun_frame_write(struct xtun_queue *q, struct iov_iter *from)
{
	size_t len = iov_iter_count(from);
	struct xtun_slot *slot;
	struct sk_buff *skb;
	int err;

	if (!len)
		return xtun_net_ask(q);

	rcu_read_lock();
	slot = rcu_dereference(q->slot);
	if (slot)
		xtun_count(slot, XTUN_RX_IN);
	rcu_read_unlock();

	if (len < ETH_HLEN)
		return xtun_frame_refuse(q, XTUN_RX_SHORT, NULL, len, -EINVAL);
	if (len > XTUN_FRAME_MAX)
		return xtun_frame_refuse(q, XTUN_RX_LONG, NULL, len, -EINVAL);

	skb = xtun_frame_alloc(len);
	if (!skb)
		return xtun_frame_refuse(q, XTUN_RX_NOMEM, NULL, len, -ENOMEM);
	if (skb_copy_datagram_from_iter(skb, 0, from, len))
		return xtun_frame_refuse(q, XTUN_RX_FAULT, skb, len, -EFAULT);

	err = xtun_net_receive(q, skb);
	return err ?: len;
}

/**
 * xtun_frame_read() - one frame to userspace
 * @q: the queue; its file is attached
 * @skb: the frame; consumed
 * @to: the buffer; a frame that does not fit is cut, and counted as lost
 *
 * Context: process, may sleep.
 * Return: bytes written to @to; -EFAULT, and then the frame is the next again.
 */
ssize_t xtun_frame_read(struct xtun_queue *q, struct sk_buff *skb, struct iov_iter *to)
{
	unsigned int len = skb->len;
	size_t n = min_t(size_t, len, iov_iter_count(to));
	struct xtun_slot *slot;

	if (skb_copy_datagram_iter(skb, 0, to, n)) {
		xtun_queue_put_back(q, skb);
		return -EFAULT;
	}

	rcu_read_lock();
	slot = rcu_dereference(q->slot);
	if (slot && unlikely(n < len)) {
		xtun_lose(slot, XTUN_TX_TRUNCATED, skb, len);
		skb = NULL;
	} else if (slot) {
		xtun_count(slot, XTUN_TX_OUT);
		trace_xtun_tx(slot->dev, slot->index, len);
	}
	rcu_read_unlock();

	consume_skb(skb);
	return n;
}
