// SPDX-License-Identifier: GPL-2.0
/*
 * Batches: as many records in one read() as fit its buffer, as many in one
 * write() as it is given, for programs that want fewer system calls and no mmap().
 *
 * A record of a batch looks as one of a ring. The calls keep to what they
 * promise of one frame: what fails has consumed nothing. So an error after the
 * first record ends the batch before the one that caused it, which is the next
 * call's.
 */
#include <linux/sched/signal.h>
#include <linux/uio.h>

#include "xtun.h"

/* As many as a NAPI would. */
#define XTUN_BATCH_MAX	64

/* The first of several needs the one way in which its segments go back to the queue. */
static ssize_t xtun_batch_read_first(struct xtun_file *xf, struct xtun_queue *q,
				     struct sk_buff *skb, struct iov_iter *to)
{
	struct xtun_record record = {};
	size_t room = iov_iter_count(to);
	struct iov_iter head = *to;
	ssize_t n, len;
	bool whole;

	if (room < sizeof(record) ||
	    copy_to_iter(&record, sizeof(record), to) != sizeof(record)) {
		xtun_queue_put_back(q, skb);
		return room < sizeof(record) ? -EINVAL : -EFAULT;
	}
	len = xtun_frame_read(xf, q, skb, to, &whole);
	if (len < 0)
		return len;
	record.len = len;
	record.flags = whole ? 0 : XTUN_RECORD_TRUNCATED;
	if (copy_to_iter(&record, sizeof(record), &head) != sizeof(record))
		return -EFAULT;
	n = min_t(size_t, XTUN_RECORD_SIZE(len), room);
	iov_iter_advance(to, n - sizeof(record) - len);
	return n;
}

/* 0 if it could not be copied. */
static size_t xtun_batch_read_one(const struct xtun_shape *shape, struct sk_buff *skb,
				  struct iov_iter *to)
{
	struct xtun_record record = { .len = shape->pi + shape->vnet + skb->len };
	size_t size = min_t(size_t, XTUN_RECORD_SIZE(record.len), iov_iter_count(to));

	if (copy_to_iter(&record, sizeof(record), to) != sizeof(record) ||
	    xtun_frame_to_iter(shape, skb, to))
		return 0;
	iov_iter_advance(to, size - sizeof(record) - record.len);
	return size;
}

/* What has not been delivered is the next again, in its old order. */
static void xtun_batch_put_back(struct xtun_queue *q, struct sk_buff_head *list)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue_tail(list)))
		xtun_queue_put_back(q, skb);
}

static ssize_t xtun_batch_read_list(struct xtun_queue *q, const struct xtun_shape *shape,
				    struct sk_buff_head *list, struct iov_iter *to)
{
	struct sk_buff_head done;
	struct sk_buff *skb;
	ssize_t total = 0;
	size_t n;

	__skb_queue_head_init(&done);
	while ((skb = skb_peek(list)) && xtun_frame_is_ready(shape, skb)) {
		n = xtun_batch_read_one(shape, skb, to);
		if (!n)
			break;
		total += n;
		__skb_unlink(skb, list);
		__skb_queue_tail(&done, skb);
	}
	xtun_batch_put_back(q, list);
	xtun_queue_delivered(q, &done);
	return total ?: -EFAULT;
}

/**
 * xtun_batch_read() - as many frames as fit, to userspace
 * @xf: the file
 * @q: its queue
 * @to: the buffer
 * @nowait: do not wait for the first
 *
 * Context: process, may sleep.
 * Return: bytes; as xtun_queue_take() and xtun_frame_read().
 */
ssize_t xtun_batch_read(struct xtun_file *xf, struct xtun_queue *q, struct iov_iter *to,
			bool nowait)
{
	struct xtun_shape shape;
	struct sk_buff_head list;
	struct sk_buff *skb;

	skb = xtun_queue_take(q, xf, nowait);
	if (IS_ERR(skb))
		return PTR_ERR(skb);
	if (xtun_frame_shape(xf, q, &shape)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_DEV_READY);
		return -EBADFD;
	}
	if (!xtun_frame_is_ready(&shape, skb) ||
	    XTUN_RECORD_SIZE(shape.pi + shape.vnet + skb->len) > iov_iter_count(to))
		return xtun_batch_read_first(xf, q, skb, to);

	__skb_queue_head_init(&list);
	__skb_queue_tail(&list, skb);
	xtun_queue_take_more(q, &list, XTUN_BATCH_MAX, shape.pi + shape.vnet,
			     iov_iter_count(to));
	return xtun_batch_read_list(q, &shape, &list, to);
}

/* The next record's frame; an ERR_PTR, and the loss, if there is none. */
static struct sk_buff *xtun_batch_next(const struct xtun_shape *shape, struct iov_iter *from,
				       enum xtun_counter *loss)
{
	size_t left = iov_iter_count(from);
	struct xtun_record record;
	struct xtun_meta meta;
	struct iov_iter one;
	struct sk_buff *skb;
	int err;

	BUILD_BUG_ON(sizeof(meta) > sizeof(skb->cb));
	*loss = XTUN_RX_SHORT;
	if (left < sizeof(record))
		return ERR_PTR(-EINVAL);
	*loss = XTUN_RX_FAULT;
	if (!copy_from_iter_full(&record, sizeof(record), from))
		return ERR_PTR(-EFAULT);
	left -= sizeof(record);
	*loss = XTUN_RX_HEADER;
	if (record.len > left || record.flags)
		return ERR_PTR(-EINVAL);

	one = *from;
	iov_iter_truncate(&one, record.len);
	err = xtun_frame_parse(shape, &one, &meta, loss);
	if (err)
		return ERR_PTR(err);
	skb = xtun_frame_from_iter(shape, &one, false, loss);
	if (IS_ERR(skb))
		return skb;
	*(struct xtun_meta *)skb->cb = meta;
	iov_iter_advance(from, min_t(size_t, left,
				     XTUN_RECORD_SIZE(record.len) - sizeof(record)));
	return skb;
}

static void xtun_batch_deliver_rcu(struct xtun_slot *slot, struct xtun_queue *q,
				   struct sk_buff_head *list)
{
	struct xtun_sink sink;
	struct xtun_meta meta;
	struct sk_buff *skb;

	xtun_count_n(slot, XTUN_RX_IN, skb_queue_len(list));
	xtun_sink_init(&sink, slot, NULL);
	while ((skb = __skb_dequeue(list))) {
		meta = *(struct xtun_meta *)skb->cb;
		memset(skb->cb, 0, sizeof(meta));
		skb = xtun_rx_admit(slot, q, skb, &meta);
		if (!IS_ERR_OR_NULL(skb))
			xtun_sink_add(&sink, skb);
	}
	xtun_sink_flush(&sink);
}

static int xtun_batch_deliver(struct xtun_queue *q, struct sk_buff_head *list)
{
	struct xtun_slot *slot;

	local_bh_disable();
	rcu_read_lock();
	slot = rcu_dereference(q->slot);
	if (likely(slot))
		xtun_batch_deliver_rcu(slot, q, list);
	rcu_read_unlock();
	local_bh_enable();
	__skb_queue_purge(list);
	return slot ? 0 : -EBADFD;
}

/* Up to XTUN_BATCH_MAX records; bytes, or why not even one. */
static ssize_t xtun_batch_write_some(struct xtun_file *xf, struct xtun_queue *q,
				     const struct xtun_shape *shape, struct iov_iter *from,
				     bool first)
{
	size_t count = iov_iter_count(from), left = count;
	enum xtun_counter loss;
	struct sk_buff_head list;
	struct iov_iter next;
	struct sk_buff *skb;
	int err;

	__skb_queue_head_init(&list);
	while (left && skb_queue_len(&list) < XTUN_BATCH_MAX) {
		/* One that cannot be taken is the next again, from its beginning. */
		next = *from;
		skb = xtun_batch_next(shape, &next, &loss);
		if (IS_ERR(skb))
			break;
		*from = next;
		xtun_account_charge(xf, skb);
		__skb_queue_tail(&list, skb);
		left = iov_iter_count(from);
	}
	if (!skb_queue_empty(&list)) {
		err = xtun_batch_deliver(q, &list);
		return err ?: count - left;
	}
	/* The one at fault counts when it is alone. */
	return first ? xtun_frame_refuse(q, loss, NULL, count, PTR_ERR(skb)) : PTR_ERR(skb);
}

/**
 * xtun_batch_write() - frames from userspace, as records
 * @xf: the file
 * @q: its queue
 * @from: the records
 * @nowait: do not wait for the stack to let go of earlier frames
 *
 * A record whose vnet header does not fit its frame is lost, and counted, and
 * does not keep the others. With %IFF_NAPI and %IFF_NAPI_FRAGS the frames enter
 * as they do without.
 *
 * Context: process, may sleep.
 * Return: bytes of the records that were taken; -EIO if the interface is down,
 * and as xtun_frame_write().
 */
ssize_t xtun_batch_write(struct xtun_file *xf, struct xtun_queue *q, struct iov_iter *from,
			 bool nowait)
{
	struct xtun_shape shape;
	ssize_t n, total = 0;
	int err;

	if (!iov_iter_count(from))
		return xtun_rx_ask(q);
	err = xtun_frame_shape(xf, q, &shape);
	if (err)
		return err;
	if (xtun_rx_ask(q) == -EIO)
		return xtun_frame_refuse(q, XTUN_RX_DOWN, NULL, iov_iter_count(from), -EIO);
	do {
		err = xtun_account_wait(xf, q, nowait);
		if (err)
			return total ?: err;
		n = xtun_batch_write_some(xf, q, &shape, from, !total);
		if (n < 0)
			return total ?: n;
		total += n;
		cond_resched();
	} while (iov_iter_count(from) && !signal_pending(current));
	return total;
}
