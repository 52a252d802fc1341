// SPDX-License-Identifier: GPL-2.0
/*
 * skb to bytes: what a program reads, and all that may be left to do to a frame
 * before.
 *
 * User memory is touched neither under RCU nor with bottom halves off, since a
 * copy may sleep.
 */
#include <linux/rtnetlink.h>

#include "xtun.h"
#include "xtun_trace.h"

/**
 * xtun_frame_sum() - the bytes that a list of segments has
 * @segs: linked as skb_gso_segment() does
 *
 * Context: any.
 * Return: their number.
 */
unsigned int xtun_frame_sum(const struct sk_buff *segs)
{
	unsigned int sum = 0;

	for (; segs; segs = segs->next)
		sum += segs->len;
	return sum;
}

/*
 * The segments of a large frame, or the frame, if it is none any more: a filter may
 * have left the beginning of it, which is delivered as it is, as with tap. NULL if
 * there is no memory; the frame is the caller's still.
 */
static struct sk_buff *xtun_frame_segment(struct sk_buff *skb)
{
	struct sk_buff *segs = skb_gso_segment(skb, NETIF_F_SG);

	if (!IS_ERR_OR_NULL(segs))
		return segs;
	if (PTR_ERR(segs) == -ENOMEM)
		return NULL;
	skb_gso_reset(skb);
	return skb;
}

/**
 * xtun_frame_find_checksum() - that the place of a checksum is where it can be written
 * @skb: the frame; if a filter or an XDP program has cut that off, none is to be filled in
 *
 * Context: any.
 * Return: 0 or -ENOMEM.
 */
int xtun_frame_find_checksum(struct sk_buff *skb)
{
	int start, end;

	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return 0;
	start = skb_checksum_start_offset(skb);
	end = start + skb->csum_offset + (int)sizeof(__sum16);
	if (start < 0 || end > (int)skb->len) {
		skb->ip_summed = CHECKSUM_NONE;
		/* Nor is it a large one any more: segments without a checksum are none. */
		skb_gso_reset(skb);
		return 0;
	}
	return pskb_may_pull(skb, end) ? 0 : -ENOMEM;
}

static int xtun_frame_fill_checksum(struct sk_buff *skb)
{
	int err = xtun_frame_find_checksum(skb);

	if (err || skb->ip_summed != CHECKSUM_PARTIAL)
		return err;
	return skb_checksum_help(skb);
}

static struct sk_buff *xtun_frame_cut(struct xtun_queue *q, struct sk_buff *skb)
{
	struct sk_buff *segs = xtun_frame_segment(skb);
	struct sk_buff *rest;

	if (!segs || segs == skb)
		return segs;
	rest = segs->next;
	if (rest)
		xtun_queue_put_segments(q, rest, xtun_frame_sum(segs) - skb->len);
	skb_mark_not_on_list(segs);
	consume_skb(skb);
	return segs;
}

static struct sk_buff *xtun_frame_finish_rcu(struct xtun_queue *q, struct sk_buff *skb)
{
	struct xtun_slot *slot = rcu_dereference(q->slot);
	struct sk_buff *done = skb;

	if (!slot) {
		kfree_skb_reason(skb, SKB_DROP_REASON_DEV_READY);
		return ERR_PTR(-EBADFD);
	}
	skb->dev = slot->dev;	/* protocols' segmentation may ask for it */
	if (skb_is_gso(skb))
		done = xtun_frame_cut(q, skb);
	if (done && !xtun_frame_fill_checksum(done)) {
		done->dev = NULL;
		return done;
	}
	if (done)
		skb = done;
	xtun_lose(slot, XTUN_TX_NOMEM, skb, skb->len);
	return ERR_PTR(-ENOMEM);
}

/*
 * A frame that another file's offloads left unfinished. What it has more than
 * one segment of goes back to the queue. An ERR_PTR if it cannot be done, and
 * then the frame is lost.
 */
static struct sk_buff *xtun_frame_finish(struct xtun_queue *q, struct sk_buff *skb)
{
	if (likely(xtun_frame_is_finished(skb)))
		return skb;
	rcu_read_lock();
	skb = xtun_frame_finish_rcu(q, skb);
	rcu_read_unlock();
	return skb;
}

/* -EINVAL for a kind of large frame that such a header has no word for. */
static int xtun_frame_fill_vnet(const struct xtun_shape *shape, struct sk_buff *skb,
				struct xtun_compat_vnet *vnet)
{
	int err;

	vnet->tunnel = xtun_compat_vnet_size(shape->vnet) > sizeof(vnet->hdr);
	err = xtun_compat_vnet_from_skb(skb, vnet, shape->offloads, xtun_vnet_is_le(shape->flags));
	if (err)
		memset(vnet, 0, sizeof(*vnet));
	return err;
}

/**
 * xtun_frame_is_ready() - whether a file can take a frame as it is
 * @shape: what it is to look like
 * @skb: the frame
 *
 * Context: any.
 * Return: true if nothing is left to do, or its vnet header can say what.
 */
bool xtun_frame_is_ready(const struct xtun_shape *shape, struct sk_buff *skb)
{
	struct xtun_compat_vnet vnet = {};

	if (likely(!skb_is_gso(skb)))
		return shape->vnet || skb->ip_summed != CHECKSUM_PARTIAL;
	return shape->vnet && !xtun_frame_fill_vnet(shape, skb, &vnet);
}

/*
 * What stands in front of a frame: whole, so that no byte of it is left as it
 * was, in the buffer or here.
 */
static int xtun_frame_put_headers(const struct xtun_shape *shape, const struct sk_buff *skb,
				  const struct xtun_compat_vnet *vnet, bool fits,
				  struct iov_iter *to)
{
	struct tun_pi pi = { .proto = skb->protocol };
	size_t size;

	if (shape->pi) {
		if (!fits)
			pi.flags = TUN_PKT_STRIP;
		if (copy_to_iter(&pi, sizeof(pi), to) != sizeof(pi))
			return -EFAULT;
	}
	if (shape->vnet) {
		size = xtun_compat_vnet_size(shape->vnet);
		if (copy_to_iter(vnet, size, to) != size ||
		    iov_iter_zero(shape->vnet - size, to) != shape->vnet - size)
			return -EFAULT;
	}
	return 0;
}

/*
 * A frame that has found its reader, whole or not. Its skb is kept for the next
 * that this processor allocates: so drivers do it, with bottom halves off.
 */
static void xtun_frame_count_read(struct xtun_queue *q, struct sk_buff *skb, bool whole)
{
	struct xtun_slot *slot;

	local_bh_disable();
	slot = rcu_dereference_bh(q->slot);
	if (slot && unlikely(!whole)) {
		xtun_lose(slot, XTUN_TX_TRUNCATED, skb, skb->len);
		skb = NULL;
	} else if (likely(slot)) {
		xtun_count(slot, XTUN_TX_OUT);
		trace_xtun_tx(slot->dev, slot->index, skb->len);
	}
	napi_consume_skb(skb, 1);
	local_bh_enable();
}

/*
 * Most lie in one piece, whose length is the skb's own: that it lies within an
 * object of the heap, as copy_to_iter() would ask, the skb has guaranteed.
 */
static int xtun_frame_copy(const struct sk_buff *skb, size_t n, struct iov_iter *to)
{
	if (likely(n <= skb_headlen(skb)))
		return _copy_to_iter(skb->data, n, to) == n ? 0 : -EFAULT;
	return skb_copy_datagram_iter(skb, 0, to, n);
}

/**
 * xtun_frame_to_iter() - one frame that is ready, whole, to userspace
 * @shape: what it is to look like
 * @skb: the frame; stays the caller's
 * @to: the buffer, with room for it and what stands in front
 *
 * Context: process, may sleep.
 * Return: 0 or -EFAULT.
 */
int xtun_frame_to_iter(const struct xtun_shape *shape, struct sk_buff *skb, struct iov_iter *to)
{
	struct xtun_compat_vnet vnet = {};

	if (shape->vnet)
		xtun_frame_fill_vnet(shape, skb, &vnet);
	if ((shape->pi || shape->vnet) && xtun_frame_put_headers(shape, skb, &vnet, true, to))
		return -EFAULT;
	return xtun_frame_copy(skb, skb->len, to);
}

static ssize_t xtun_frame_deliver(struct xtun_queue *q, struct sk_buff *skb, struct iov_iter *to,
				  bool *whole)
{
	size_t n = min_t(size_t, skb->len, iov_iter_count(to));

	if (unlikely(xtun_frame_copy(skb, n, to))) {
		xtun_queue_put_back(q, skb);
		return -EFAULT;
	}
	*whole = n == skb->len;
	xtun_frame_count_read(q, skb, *whole);
	return n;
}

/* To a file that may have something in front of it. */
static ssize_t xtun_frame_deliver_tap(struct xtun_file *xf, struct xtun_queue *q,
				      struct sk_buff *skb, struct iov_iter *to, bool *whole)
{
	struct xtun_compat_vnet vnet = {};
	struct xtun_shape shape;
	size_t room, headers;
	ssize_t n;
	int err;

	if (xtun_frame_shape(xf, q, &shape)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_DEV_READY);
		return -EBADFD;
	}
	if (!shape.vnet || xtun_frame_fill_vnet(&shape, skb, &vnet)) {
		skb = xtun_frame_finish(q, skb);
		if (IS_ERR(skb))
			return PTR_ERR(skb);
	}

	headers = shape.pi + shape.vnet;
	room = iov_iter_count(to);
	err = -EINVAL;
	if (room >= headers)
		err = xtun_frame_put_headers(&shape, skb, &vnet, skb->len <= room - headers, to);
	if (err) {
		xtun_queue_put_back(q, skb);
		return err;
	}
	n = xtun_frame_deliver(q, skb, to, whole);
	return n < 0 ? n : headers + n;
}

/**
 * xtun_frame_read() - one frame to userspace
 * @xf: the file
 * @q: its queue
 * @skb: the frame; consumed
 * @to: the buffer; a frame that does not fit is cut, and counted as lost
 * @whole: set to whether it did fit
 *
 * Context: process, may sleep.
 * Return: bytes written to @to; -EFAULT, or -EINVAL if not even what stands in
 * front of it fits, and then the frame is the next again; -ENOMEM if it could
 * not be finished, and is lost; -EBADFD if the interface is gone.
 */
ssize_t xtun_frame_read(struct xtun_file *xf, struct xtun_queue *q, struct sk_buff *skb,
			struct iov_iter *to, bool *whole)
{
	if (READ_ONCE(xf->tap))
		return xtun_frame_deliver_tap(xf, q, skb, to, whole);
	skb = xtun_frame_finish(q, skb);
	if (IS_ERR(skb))
		return PTR_ERR(skb);
	return xtun_frame_deliver(q, skb, to, whole);
}

/**
 * xtun_frame_plan() - how a frame is to look in memory that a program shares
 * @xf: the program's file
 * @slot: of its queue
 * @skb: the frame
 * @plan: filled
 *
 * Context: any, under RCU.
 * Return: true; false if the frame has to be finished first, for what is left to
 * do to it cannot be said, and @plan is then for the finished ones.
 */
bool xtun_frame_plan(const struct xtun_file *xf, const struct xtun_slot *slot,
		     struct sk_buff *skb, struct xtun_plan *plan)
{
	bool finished = xtun_frame_is_finished(skb);

	plan->headers = 0;
	if (!READ_ONCE(xf->tap))
		return finished;
	xtun_frame_get_shape(xf, slot, &plan->shape);
	memset(&plan->vnet, 0, sizeof(plan->vnet));
	plan->headers = plan->shape.pi + plan->shape.vnet;
	if (!plan->shape.vnet)
		return finished;
	return !xtun_frame_fill_vnet(&plan->shape, skb, &plan->vnet) || finished;
}

/**
 * xtun_frame_to_memory() - a frame, and what stands in front of it, as bytes
 * @plan: of xtun_frame_plan()
 * @skb: the frame; stays the caller's
 * @to: at least plan->headers + skb->len bytes
 *
 * Context: any.
 */
void xtun_frame_to_memory(const struct xtun_plan *plan, const struct sk_buff *skb, void *to)
{
	struct kvec vec = { .iov_base = to, .iov_len = plan->headers };
	struct iov_iter head;

	if (plan->headers) {
		iov_iter_kvec(&head, READ, &vec, 1, plan->headers);
		xtun_frame_put_headers(&plan->shape, skb, &plan->vnet, true, &head);
		to += plan->headers;
	}
	xtun_frame_to_bytes(skb, to);
}

/**
 * xtun_frame_finish_all() - a frame as a reader without a vnet header can take it
 * @slot: of the queue
 * @skb: the frame; consumed
 *
 * Context: any.
 * Return: the frame, or its segments, linked as skb_gso_segment() does; NULL if
 * there was no memory, and then it has been freed.
 */
struct sk_buff *xtun_frame_finish_all(struct xtun_slot *slot, struct sk_buff *skb)
{
	struct sk_buff *segs = skb, *seg;

	skb->dev = slot->dev;	/* protocols' segmentation may ask for it */
	if (skb_is_gso(skb))
		segs = xtun_frame_segment(skb);
	if (!segs)
		goto lost;
	if (segs != skb)
		consume_skb(skb);
	for (seg = segs; seg; seg = seg->next) {
		if (xtun_frame_fill_checksum(seg)) {
			skb = segs;
			goto lost;
		}
	}
	return segs;

lost:
	kfree_skb_list(skb);
	return NULL;
}
