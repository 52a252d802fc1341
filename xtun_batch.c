// SPDX-License-Identifier: GPL-2.0
/*
 * Batches: one read() returns as many records as fit into its buffer, at most
 * XTUN_BATCH_MAX, and one write() takes as many as it is given, for programs that want
 * fewer system calls but no mmap().
 *
 * A record of a batch has the same format as a record of a ring. As with single frames,
 * a call that fails has consumed nothing. So an error after the first record ends the
 * batch before the record that caused it, which is left for the next call.
 */
#include <linux/sched/signal.h>
#include <linux/uio.h>

#include "xtun.h"
#include "xtun_frame.h"

/* As many as a NAPI poll takes. */
#define XTUN_BATCH_MAX	64
/*
 * Small records are gathered on the kernel stack, several at a time: each access to user
 * memory costs more than copying so few bytes once more.
 */
#define XTUN_BATCH_STAGE	512

/* A first frame that is not ready or does not fit: xtun_frame_read() segments or cuts it. */
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
	n = min_t(size_t, XTUN_RECORD_SIZE(len), room);
	/* The frame is delivered and counted. This fails only if the memory was just unmapped. */
	if (copy_to_iter(&record, sizeof(record), &head) != sizeof(record))
		return n;
	iov_iter_advance(to, n - sizeof(record) - len);
	return n;
}

/* Returns 0 if the record could not be copied. */
static size_t xtun_batch_read_one(const struct xtun_shape *shape, struct sk_buff *skb,
				  struct iov_iter *to)
{
	struct xtun_record record = { .len = shape->pi + shape->vnet + skb->len };
	size_t size = min_t(size_t, XTUN_RECORD_SIZE(record.len), iov_iter_count(to));

	if (_copy_to_iter(&record, sizeof(record), to) != sizeof(record) ||
	    xtun_frame_to_iter(shape, skb, to))
		return 0;
	iov_iter_advance(to, size - sizeof(record) - record.len);
	return size;
}

/**
 * struct xtun_batch_out - records on their way to userspace
 * @to: the buffer
 * @total: bytes copied to it
 * @done: the frames of the records that were copied
 * @staged: frames whose records are in @bytes
 * @used: how much of @bytes is used
 * @bytes: records that are not copied yet
 */
struct xtun_batch_out {
	struct iov_iter *to;
	ssize_t total;
	struct sk_buff_head done;
	struct sk_buff_head staged;
	unsigned int used;
	u8 bytes[XTUN_BATCH_STAGE] __aligned(XTUN_RECORD_ALIGN);
};

/* Only the first @bytes of the staged records were copied: those within them are done. */
static void xtun_batch_arrived(struct xtun_batch_out *out, size_t bytes)
{
	struct sk_buff *skb;
	size_t size;

	while ((skb = skb_peek(&out->staged))) {
		size = XTUN_RECORD_SIZE(skb->len);
		if (size > bytes)
			break;
		bytes -= size;
		out->total += size;
		__skb_unlink(skb, &out->staged);
		__skb_queue_tail(&out->done, skb);
	}
}

static bool xtun_batch_flush(struct xtun_batch_out *out)
{
	unsigned int used = out->used;
	size_t n;

	if (!used)
		return true;
	out->used = 0;
	n = _copy_to_iter(out->bytes, used, out->to);
	if (unlikely(n != used)) {
		xtun_batch_arrived(out, n);
		return false;
	}
	out->total += used;
	skb_queue_splice_tail_init(&out->staged, &out->done);
	return true;
}

/* The caller has checked that there is room. */
static void xtun_batch_stage(struct xtun_batch_out *out, struct sk_buff *skb, unsigned int size)
{
	struct xtun_record *record = (void *)(out->bytes + out->used);

	/* Clear the padding behind the frame, so that it discloses nothing of the kernel stack. */
	memset(out->bytes + out->used + size - XTUN_RECORD_ALIGN, 0, XTUN_RECORD_ALIGN);
	record->len = skb->len;
	record->flags = 0;
	xtun_frame_to_bytes(skb, record + 1);
	out->used += size;
}

/* Copy the first frame of @list, or stage it. Returns false, and leaves it there, on a fault. */
static bool xtun_batch_read_next(struct xtun_batch_out *out, const struct xtun_shape *shape,
				 struct sk_buff_head *list)
{
	struct sk_buff *skb = skb_peek(list);
	unsigned int size = XTUN_RECORD_SIZE(skb->len);
	size_t n;

	if (likely(!shape->pi && !shape->vnet && size <= XTUN_BATCH_STAGE / 2)) {
		if (out->used + size > XTUN_BATCH_STAGE && !xtun_batch_flush(out))
			return false;
		xtun_batch_stage(out, skb, size);
		__skb_unlink(skb, list);
		__skb_queue_tail(&out->staged, skb);
		return true;
	}
	if (!xtun_batch_flush(out))
		return false;
	n = xtun_batch_read_one(shape, skb, out->to);
	if (!n)
		return false;
	out->total += n;
	__skb_unlink(skb, list);
	__skb_queue_tail(&out->done, skb);
	return true;
}

/* All frames fit into the buffer, and are ready. */
static ssize_t xtun_batch_read_list(struct xtun_queue *q, const struct xtun_shape *shape,
				    struct sk_buff_head *list, struct iov_iter *to)
{
	struct xtun_batch_out out;

	out.to = to;
	out.total = 0;
	out.used = 0;
	__skb_queue_head_init(&out.done);
	__skb_queue_head_init(&out.staged);
	while (!skb_queue_empty(list) && xtun_batch_read_next(&out, shape, list))
		;
	xtun_batch_flush(&out);
	skb_queue_splice(&out.staged, list);
	/* After a fault, the frames that were not delivered go back to the queue. */
	xtun_queue_put_back_list(q, list);
	xtun_queue_delivered(q, &out.done);
	return out.total ?: -EFAULT;
}

/**
 * xtun_batch_read() - deliver as many frames as fit to userspace
 * @xf: the file
 * @q: its queue
 * @to: the buffer
 * @nowait: do not wait for the first frame
 *
 * Context: process, may sleep.
 * Return: bytes written to @to, or an errno of xtun_queue_take() or xtun_frame_read().
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
	xtun_queue_take_more(q, &list, XTUN_BATCH_MAX, &shape, iov_iter_count(to));
	return xtun_batch_read_list(q, &shape, &list, to);
}

/**
 * struct xtun_batch_in - records on their way from userspace
 * @from: records that have not been copied
 * @pos: where in @bytes the next record is
 * @end: end of the copied data in @bytes
 * @chunk: how much to copy ahead; 0 while frames are large
 * @bh_off: bottom halves are off
 * @bytes: data that was copied; used up to @pos
 */
struct xtun_batch_in {
	struct iov_iter *from;
	unsigned int pos;
	unsigned int end;
	unsigned int chunk;
	bool bh_off;
	u8 bytes[XTUN_BATCH_STAGE] __aligned(XTUN_RECORD_ALIGN);
};

static size_t xtun_batch_left(const struct xtun_batch_in *in)
{
	return in->end - in->pos + iov_iter_count(in->from);
}

/* Bottom halves stay off for many frames at a time, and are on for each user copy. */
static void xtun_batch_bh(struct xtun_batch_in *in, bool off)
{
	if (in->bh_off == off)
		return;
	in->bh_off = off;
	if (off)
		local_bh_disable();
	else
		local_bh_enable();
}

/*
 * Copy, until @in->bytes has @need unused bytes. The caller has checked that as many are
 * left. Returns false on a fault.
 */
static bool xtun_batch_fill(struct xtun_batch_in *in, unsigned int need)
{
	unsigned int ahead = max(need, in->chunk);
	size_t n;

	if (likely(in->end - in->pos >= need))
		return true;
	xtun_batch_bh(in, false);
	in->end -= in->pos;
	memmove(in->bytes, in->bytes + in->pos, in->end);
	in->pos = 0;
	n = min_t(size_t, ahead - in->end, iov_iter_count(in->from));
	in->end += _copy_from_iter(in->bytes + in->end, n, in->from);
	return in->end >= need;
}

/* Undo the copying of data that was copied ahead and not used. */
static void xtun_batch_give_back(struct xtun_batch_in *in)
{
	iov_iter_revert(in->from, in->end - in->pos);
	in->pos = 0;
	in->end = 0;
}

/* For a record that has been copied whole, and a frame without headers in front. */
static struct sk_buff *xtun_batch_small(const struct xtun_shape *shape, struct xtun_batch_in *in,
					unsigned int len, enum xtun_counter *loss)
{
	struct sk_buff *skb;

	xtun_batch_bh(in, true);
	skb = xtun_frame_from_bytes(shape, in->bytes + in->pos + sizeof(struct xtun_record), len,
				    xtun_frame_align(&current->task_frag), loss);
	if (likely(skb))
		return skb;
	return ERR_PTR(*loss == XTUN_RX_NOMEM ? -ENOMEM : -EINVAL);
}

static struct sk_buff *xtun_batch_large(const struct xtun_shape *shape, struct xtun_batch_in *in,
					unsigned int len, enum xtun_counter *loss)
{
	struct xtun_meta meta;
	struct iov_iter one;
	struct sk_buff *skb;
	int err;

	BUILD_BUG_ON(sizeof(meta) > sizeof(skb->cb));
	xtun_batch_bh(in, false);
	xtun_batch_give_back(in);
	in->chunk = 0;
	one = *in->from;
	iov_iter_advance(&one, sizeof(struct xtun_record));
	iov_iter_truncate(&one, len);
	err = xtun_frame_parse(shape, &one, &meta, loss);
	if (err)
		return ERR_PTR(err);
	skb = xtun_frame_from_iter(shape, &one, false, loss);
	if (!IS_ERR(skb) && (shape->pi || shape->vnet))
		*(struct xtun_meta *)skb->cb = meta;
	return skb;
}

/*
 * Returns the next record's frame. On failure returns an ERR_PTR and sets @loss; the
 * record is then not consumed.
 */
static struct sk_buff *xtun_batch_next(const struct xtun_shape *shape, struct xtun_batch_in *in,
				       enum xtun_counter *loss)
{
	size_t left = xtun_batch_left(in);
	struct xtun_record record;
	struct sk_buff *skb;
	unsigned int size;

	*loss = XTUN_RX_SHORT;
	if (left < sizeof(record))
		return ERR_PTR(-EINVAL);
	*loss = XTUN_RX_FAULT;
	if (!xtun_batch_fill(in, sizeof(record)))
		return ERR_PTR(-EFAULT);
	record = *(struct xtun_record *)(in->bytes + in->pos);
	*loss = XTUN_RX_HEADER;
	if (record.len > left - sizeof(record) || record.flags)
		return ERR_PTR(-EINVAL);

	/* The last record may lack the padding in front of a next one. */
	size = min_t(size_t, left, XTUN_RECORD_SIZE(record.len));
	if (unlikely(shape->pi || shape->vnet || size > XTUN_BATCH_STAGE / 2)) {
		skb = xtun_batch_large(shape, in, record.len, loss);
		if (!IS_ERR(skb))
			iov_iter_advance(in->from, size);
		return skb;
	}
	in->chunk = XTUN_BATCH_STAGE;
	*loss = XTUN_RX_FAULT;
	if (!xtun_batch_fill(in, size))
		return ERR_PTR(-EFAULT);
	skb = xtun_batch_small(shape, in, record.len, loss);
	if (!IS_ERR(skb))
		in->pos += size;
	return skb;
}

static void xtun_batch_deliver_rcu(struct xtun_slot *slot, struct xtun_queue *q,
				   const struct xtun_shape *shape, struct sk_buff_head *list)
{
	struct xtun_sink sink;
	struct xtun_meta meta;
	struct sk_buff *skb;

	xtun_count_n(slot, XTUN_RX_IN, skb_queue_len(list));
	xtun_sink_init(&sink, slot, q, NULL);
	while ((skb = __skb_dequeue(list))) {
		if (likely(!shape->pi && !shape->vnet)) {
			xtun_sink_put(&sink, skb, NULL);
			continue;
		}
		meta = *(struct xtun_meta *)skb->cb;
		memset(skb->cb, 0, sizeof(meta));
		xtun_sink_put(&sink, skb, &meta);
	}
	xtun_sink_flush(&sink);
}

static int xtun_batch_deliver(struct xtun_queue *q, const struct xtun_shape *shape,
			      struct sk_buff_head *list)
{
	struct xtun_slot *slot;

	local_bh_disable();
	slot = rcu_dereference_bh(q->slot);
	if (likely(slot)) {
		/* Functions called from there may use plain rcu_dereference(). */
		rcu_read_lock();
		xtun_batch_deliver_rcu(slot, q, shape, list);
		rcu_read_unlock();
	}
	local_bh_enable();
	__skb_queue_purge(list);
	return slot ? 0 : -EBADFD;
}

/* Write up to XTUN_BATCH_MAX records. Returns bytes, or an errno if not even one was taken. */
static ssize_t xtun_batch_write_some(struct xtun_file *xf, struct xtun_queue *q,
				     const struct xtun_shape *shape, struct iov_iter *from,
				     bool first)
{
	size_t count = iov_iter_count(from);
	enum xtun_counter loss;
	struct xtun_batch_in in;
	struct sk_buff_head list;
	struct sk_buff *skb;
	int err = 0;

	in.from = from;
	in.pos = 0;
	in.end = 0;
	in.chunk = XTUN_BATCH_STAGE;
	in.bh_off = false;
	__skb_queue_head_init(&list);
	while (xtun_batch_left(&in) && skb_queue_len(&list) < XTUN_BATCH_MAX) {
		skb = xtun_batch_next(shape, &in, &loss);
		if (IS_ERR(skb)) {
			err = PTR_ERR(skb);
			break;
		}
		/* Only a file that has used TUNSETIFF or TUNSETSNDBUF has an account. */
		if (READ_ONCE(xf->account))
			xtun_account_charge(xf, skb);
		__skb_queue_tail(&list, skb);
	}
	if (!skb_queue_empty(&list))
		err = xtun_batch_deliver(q, shape, &list);
	else if (first)
		/* A bad record counts as lost only if it is the first of the call. */
		err = xtun_frame_refuse(q, loss, NULL, count, err);
	xtun_batch_bh(&in, false);
	xtun_batch_give_back(&in);
	return err ?: count - iov_iter_count(from);
}

/**
 * xtun_batch_write() - write frames from userspace, given as records
 * @xf: the file
 * @q: its queue
 * @from: the records
 * @nowait: do not wait for the stack to release earlier frames
 *
 * A record whose vnet header asks for a checksum or segments that do not fit its frame
 * is counted as lost, and does not stop the others. %IFF_NAPI and %IFF_NAPI_FRAGS do not
 * change how the frames enter the stack.
 *
 * Context: process, may sleep.
 * Return: bytes of the records that were taken; -EIO if the interface is down;
 * otherwise as xtun_frame_write().
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
