// SPDX-License-Identifier: GPL-2.0
/*
 * skb to bytes: what a program reads, and how an unfinished frame is finished
 * before that.
 *
 * User memory is touched neither under RCU nor with bottom halves off, since a
 * copy may sleep.
 */
#include <linux/rtnetlink.h>

#include "xtun.h"
#include "xtun_trace.h"

/**
 * xtun_frame_sum() - compute the total length of a list of segments
 * @segs: the segments, linked as by skb_gso_segment()
 *
 * Context: any.
 * Return: bytes.
 */
unsigned int xtun_frame_sum(const struct sk_buff *segs)
{
	unsigned int sum = 0;

	for (; segs; segs = segs->next)
		sum += segs->len;
	return sum;
}

/*
 * Returns the segments of a large frame, or the frame itself if it cannot be segmented:
 * a filter may have left only its beginning, which is delivered as it is, as with tap.
 * Returns NULL if there is no memory; the caller then still owns the frame.
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
 * xtun_frame_find_checksum() - make a frame's checksum field accessible
 * @skb: the frame; if a filter or an XDP program has cut the field off, no checksum is
 *	to be filled in any more
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
		/* It cannot be segmented any more either: that needs the checksum field. */
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
	skb->dev = slot->dev;	/* a protocol's segmentation may use it */
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
 * Finish a frame that another file's offloads left unfinished. All segments but the
 * first go back to the queue. Returns an ERR_PTR if this fails, and the frame is lost.
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

/* Returns -EINVAL for a kind of large frame that a vnet header cannot describe. */
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
 * @shape: the file's frame format
 * @skb: the frame
 *
 * Context: any.
 * Return: true if the frame is finished, or its vnet header can say what is left to do.
 */
bool xtun_frame_is_ready(const struct xtun_shape *shape, struct sk_buff *skb)
{
	struct xtun_compat_vnet vnet = {};

	if (likely(!skb_is_gso(skb)))
		return shape->vnet || skb->ip_summed != CHECKSUM_PARTIAL;
	return shape->vnet && !xtun_frame_fill_vnet(shape, skb, &vnet);
}

/*
 * Write the headers in front of a frame. Every byte of them is written, so that none
 * keeps what was in the buffer, and none discloses kernel memory.
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
 * Count and free a frame that was read, whole or not. With bottom halves off, as in
 * drivers, its skb is kept for the next allocation on this processor.
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
 * Most frames are linear, and the skb guarantees the length of its linear part, so they
 * do not need copy_to_iter()'s check that the copy stays within a heap object.
 */
static int xtun_frame_copy(const struct sk_buff *skb, size_t n, struct iov_iter *to)
{
	if (likely(n <= skb_headlen(skb)))
		return _copy_to_iter(skb->data, n, to) == n ? 0 : -EFAULT;
	return skb_copy_datagram_iter(skb, 0, to, n);
}

/**
 * xtun_frame_to_iter() - copy a whole frame that is ready to userspace
 * @shape: the file's frame format
 * @skb: the frame, which the caller still owns
 * @to: the buffer, with room for the frame and its headers
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

/* For a file whose frames may have headers in front of them. */
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
 * xtun_frame_read() - deliver one frame to userspace
 * @xf: the file
 * @q: its queue
 * @skb: the frame; consumed
 * @to: the buffer; a frame that does not fit is cut, and counted as lost
 * @whole: set to whether the frame fitted
 *
 * Context: process, may sleep.
 * Return: bytes written to @to; -EFAULT, or -EINVAL if not even the headers fit, and in
 * both cases the frame goes back to the queue; -ENOMEM if the frame could not be
 * finished, and is lost; -EBADFD if the interface is gone.
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
 * xtun_frame_plan() - plan how a frame is written to memory shared with a program
 * @xf: the program's file
 * @slot: its queue's slot
 * @skb: the frame
 * @plan: filled in
 *
 * Context: any, under RCU.
 * Return: true; false if the frame must be finished first, because no vnet header can
 * say what is left to do to it. @plan is then for the finished frames.
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
 * xtun_frame_to_memory() - write a frame and the headers in front of it to memory
 * @plan: from xtun_frame_plan()
 * @skb: the frame, which the caller still owns
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
 * xtun_frame_finish_all() - finish a frame for a reader that cannot finish it
 * @slot: the queue's slot
 * @skb: the frame; consumed
 *
 * Context: any.
 * Return: the frame, or its segments, linked as by skb_gso_segment(); NULL if there
 * was no memory, in which case the frame has been freed.
 */
struct sk_buff *xtun_frame_finish_all(struct xtun_slot *slot, struct sk_buff *skb)
{
	struct sk_buff *segs = skb, *seg;

	skb->dev = slot->dev;	/* a protocol's segmentation may use it */
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
