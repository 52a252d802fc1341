// SPDX-License-Identifier: GPL-2.0
/*
 * The queue between the interface and the files: put, take, wait, wake.
 *
 * It is a list under one lock and not a ptr_ring: it can be limited to exactly
 * tx_queue_len frames, a new length takes effect at once without an allocation,
 * and the number of waiting frames is known at any time.
 */
#include <linux/list.h>
#include <linux/poll.h>
#include <linux/rtnetlink.h>
#include <linux/sched/signal.h>

#include "xtun.h"
#include "xtun_ring.h"
#include "xtun_trace.h"

/* When a reader attaches to a queue that has none, frames older than this are dropped. */
#define XTUN_STALE	HZ

struct xtun_cb {
	u64 queued;	/* in jiffies; a 32-bit count might wrap while the frame waits */
};

#define XTUN_CB(skb)	((struct xtun_cb *)(skb)->cb)

/* EPOLLIN wakes one sleeper of each file, as only one gets the frame; other events wake all. */
static __always_inline void xtun_queue_wake_locked(struct xtun_queue *q, __poll_t events)
{
	struct xtun_file *xf;

	lockdep_assert_held(&q->lock);
	list_for_each_entry(xf, &q->files, node) {
		/*
		 * No barrier is needed: before a task sleeps it checks the queue
		 * once more under its lock, which is held here.
		 */
		if (waitqueue_active(&xf->wait))
			__wake_up(&xf->wait, TASK_INTERRUPTIBLE, events & EPOLLIN ? 1 : 0,
				  poll_to_key(events));
		if (READ_ONCE(xf->fasync))
			kill_fasync(&xf->fasync, SIGIO, events & EPOLLIN ? POLL_IN : POLL_OUT);
	}
}

/**
 * xtun_queue_wake() - wake the files of a queue
 * @q: the queue
 * @events: the poll events that have become possible
 *
 * Context: process or softirq.
 */
void xtun_queue_wake(struct xtun_queue *q, __poll_t events)
{
	spin_lock_bh(&q->lock);
	xtun_queue_wake_locked(q, events);
	spin_unlock_bh(&q->lock);
}

/**
 * xtun_queue_disown() - wake the files that have only polled a queue
 * @q: the queue, whose interface has a new name or namespace
 *
 * These files must look up again which interface has the name they attach to.
 *
 * Context: process.
 */
void xtun_queue_disown(struct xtun_queue *q)
{
	struct xtun_file *xf;

	spin_lock_bh(&q->lock);
	list_for_each_entry(xf, &q->files, node) {
		if (READ_ONCE(xf->attached))
			continue;
		wake_up_interruptible_all(&xf->wait);
		kill_fasync(&xf->fasync, SIGIO, POLL_ERR);
	}
	spin_unlock_bh(&q->lock);
}

/**
 * xtun_queue_age() - take out the frames that are too old for a new reader
 * @q: the queue, which has no other reader
 * @stale: gets those frames, for xtun_queue_lose_stale()
 *
 * Context: under q->lock.
 */
void xtun_queue_age(struct xtun_queue *q, struct sk_buff_head *stale)
{
	struct sk_buff *skb;

	while ((skb = skb_peek(&q->frames)) &&
	       time_after64(get_jiffies_64(), XTUN_CB(skb)->queued + XTUN_STALE)) {
		__skb_unlink(skb, &q->frames);
		__skb_queue_tail(stale, skb);
	}
}

/**
 * xtun_queue_restart_locked() - let the qdisc send again, if the queue has stopped it
 * @q: the queue, whose reason to stop it is gone, or may be gone
 *
 * Context: under q->lock.
 */
void xtun_queue_restart_locked(struct xtun_queue *q)
{
	struct xtun_slot *slot = rcu_dereference_check(q->slot, lockdep_is_held(&q->lock));

	lockdep_assert_held(&q->lock);
	if (!q->stopped || !slot)
		return;
	q->stopped = false;
	if (netif_running(slot->dev))
		netif_tx_wake_queue(netdev_get_tx_queue(slot->dev, slot->index));
}

/**
 * xtun_queue_resized() - handle a new txqueuelen of the interface
 * @q: the queue
 *
 * Context: process, under RTNL.
 */
void xtun_queue_resized(struct xtun_queue *q)
{
	struct xtun_slot *slot;

	spin_lock_bh(&q->lock);
	slot = rcu_dereference_protected(q->slot, lockdep_is_held(&q->lock));
	if (slot && skb_queue_len(&q->frames) < slot->dev->tx_queue_len)
		xtun_queue_restart_locked(q);
	spin_unlock_bh(&q->lock);
}

/*
 * Whether a full queue stops the qdisc. Only while there is a reader: otherwise the
 * qdisc would wait for ever.
 */
static bool xtun_queue_presses_back(const struct xtun_slot *slot, const struct xtun_queue *q)
{
	return xtun_presses_back(slot) && q->readers;
}

static bool xtun_queue_append(struct xtun_slot *slot, struct xtun_queue *q, struct sk_buff *skb,
			      enum xtun_counter *loss, struct xtun_ring **ring)
{
	unsigned int limit = READ_ONCE(slot->dev->tx_queue_len);
	unsigned int most = limit;
	bool back, taken = false;

	spin_lock(&q->lock);
	back = xtun_queue_presses_back(slot, q);
	/* Other processors may already be past the core's check for a stopped queue. */
	if (unlikely(back))
		most = limit > U32_MAX / 2 ? U32_MAX : 2 * limit;
	if (unlikely(q->dead || !q->enabled)) {
		*loss = XTUN_TX_DETACHED;
	} else if (unlikely(rcu_access_pointer(q->ring))) {
		/*
		 * Rings were attached after the caller looked, and that emptied the list.
		 * Read the pointer now: it may be cleared once the lock is released.
		 */
		*ring = rcu_dereference_bh(q->ring);
	} else if (unlikely(skb_queue_len(&q->frames) >= most)) {
		*loss = XTUN_TX_FULL;
	} else {
		__skb_queue_tail(&q->frames, skb);
		if (unlikely(back && skb_queue_len(&q->frames) >= limit)) {
			q->stopped = true;
			netif_tx_stop_queue(netdev_get_tx_queue(slot->dev, slot->index));
		}
		xtun_queue_wake_locked(q, EPOLLIN | EPOLLRDNORM);
		taken = true;
	}
	spin_unlock(&q->lock);
	return taken;
}

/**
 * xtun_queue_put() - queue a frame for userspace
 * @slot: the queue's slot
 * @q: the queue
 * @skb: the frame, which holds no reference to its sender any more; consumed and counted
 *
 * Context: softirq, or process with bottom halves off.
 */
void xtun_queue_put(struct xtun_slot *slot, struct xtun_queue *q, struct sk_buff *skb)
{
	struct xtun_ring *ring = rcu_dereference_bh(q->ring);
	enum xtun_counter loss = XTUN_TX_DETACHED;
	unsigned int len = skb->len;

	BUILD_BUG_ON(sizeof(struct xtun_cb) > sizeof(skb->cb));
	if (ring) {
		xtun_ring_put(slot, ring, skb);
		return;
	}
	XTUN_CB(skb)->queued = get_jiffies_64();
	if (likely(xtun_queue_append(slot, q, skb, &loss, &ring))) {
		xtun_count_queued(slot, len);
		return;
	}
	if (ring) {
		xtun_ring_put(slot, ring, skb);
		return;
	}
	xtun_count(slot, XTUN_TX_IN);
	xtun_lose(slot, loss, skb, len);
}

/* Half of the queue: restarting the qdisc for each frame would cost more than it gains. */
static bool xtun_queue_has_room(const struct xtun_queue *q)
{
	const struct xtun_slot *slot = rcu_dereference_check(q->slot, lockdep_is_held(&q->lock));

	return slot && skb_queue_len(&q->frames) <= READ_ONCE(slot->dev->tx_queue_len) / 2;
}

/*
 * A task with a fatal signal gets no frame, because it could not process it any more.
 * skb->dev is cleared because the device may be freed before a frame that was taken.
 */
static struct sk_buff *xtun_queue_pop(struct xtun_queue *q)
{
	struct sk_buff *skb = NULL;

	spin_lock_bh(&q->lock);
	if (likely(!fatal_signal_pending(current) && !q->dead))
		skb = __skb_dequeue(&q->frames);
	if (skb) {
		q->before = q->last;
		q->last.when = get_jiffies_64();
		q->last.pid = task_tgid_nr(current);
	}
	if (unlikely(q->stopped) && xtun_queue_has_room(q))
		xtun_queue_restart_locked(q);
	spin_unlock_bh(&q->lock);
	if (likely(skb))
		skb->dev = NULL;
	return skb;
}

/**
 * xtun_queue_take() - take the next frame for a reader
 * @q: the queue that @xf is attached to
 * @xf: the file that reads
 * @nowait: do not sleep
 *
 * A reader is an exclusive waiter, so that a frame wakes one thread of a file.
 *
 * Context: process, may sleep unless @nowait.
 * Return: the frame, which the caller then owns; ERR_PTR(-EAGAIN) if there is none
 * and @nowait is set, ERR_PTR(-EBADFD) if the interface is gone, ERR_PTR(-EBUSY) if
 * the file was given rings meanwhile, ERR_PTR(-ERESTARTSYS) after a signal.
 */
struct sk_buff *xtun_queue_take(struct xtun_queue *q, struct xtun_file *xf, bool nowait)
{
	struct sk_buff *skb = xtun_queue_pop(q);
	int err;

	if (likely(skb))
		return skb;
	if (nowait)
		return ERR_PTR(READ_ONCE(q->dead) ? -EBADFD : -EAGAIN);

	err = wait_event_interruptible_exclusive(xf->wait, (skb = xtun_queue_pop(q)) ||
						 READ_ONCE(q->dead) || READ_ONCE(xf->ring));
	/*
	 * This reader may have consumed a wake-up when it was already leaving,
	 * with an earlier frame or because of a signal. Pass it on.
	 */
	if (!skb_queue_empty_lockless(&q->frames))
		wake_up_interruptible_poll(&xf->wait, EPOLLIN | EPOLLRDNORM);
	if (err)
		return ERR_PTR(err);
	return skb ?: ERR_PTR(READ_ONCE(q->dead) ? -EBADFD : -EBUSY);
}

/**
 * xtun_queue_take_more() - take more waiting frames for a batch
 * @q: the queue; its file is attached
 * @list: contains the first frame; the others are added
 * @most: the maximum length of @list
 * @shape: the file's frame format; a frame that is not ready for it ends the batch
 * @room: the bytes available for all records together, the first included
 *
 * Context: process.
 */
void xtun_queue_take_more(struct xtun_queue *q, struct sk_buff_head *list, unsigned int most,
			  const struct xtun_shape *shape, size_t room)
{
	unsigned int headers = shape->pi + shape->vnet;
	struct sk_buff *skb = skb_peek(list);
	size_t size = XTUN_RECORD_SIZE(headers + skb->len);

	/* Subtract, do not add: with very long headers, two records together wrap 32 bits. */
	room -= min(room, size);
	spin_lock_bh(&q->lock);
	while (skb_queue_len(list) < most && (skb = skb_peek(&q->frames))) {
		size = XTUN_RECORD_SIZE(headers + skb->len);
		if (size > room || !xtun_frame_is_ready(shape, skb))
			break;
		room -= size;
		__skb_unlink(skb, &q->frames);
		skb->dev = NULL;
		__skb_queue_tail(list, skb);
	}
	if (unlikely(q->stopped) && xtun_queue_has_room(q))
		xtun_queue_restart_locked(q);
	spin_unlock_bh(&q->lock);
}

/**
 * xtun_queue_delivered() - count and free the frames that a batch has delivered whole
 * @q: the queue
 * @list: the frames; emptied
 *
 * Context: process.
 */
void xtun_queue_delivered(struct xtun_queue *q, struct sk_buff_head *list)
{
	struct xtun_slot *slot;
	struct sk_buff *skb;

	local_bh_disable();
	slot = rcu_dereference_bh(q->slot);
	if (slot)
		xtun_count_n(slot, XTUN_TX_OUT, skb_queue_len(list));
	while ((skb = __skb_dequeue(list))) {
		if (slot)
			trace_xtun_tx(slot->dev, slot->index, skb->len);
		/* A budget, as in a NAPI poll, makes this free many skbs at a time. */
		napi_consume_skb(skb, 1);
	}
	local_bh_enable();
}

/* Dispose of frames that were taken and cannot go back to the queue. Under RCU. */
static void xtun_queue_divert(struct xtun_slot *slot, struct xtun_ring *ring,
			      struct sk_buff_head *list)
{
	struct sk_buff *skb;

	if (!slot) {
		__skb_queue_purge(list);
	} else if (!ring) {
		xtun_lose_list(slot, XTUN_TX_DETACHED, list);
	} else {
		local_bh_disable();
		while ((skb = __skb_dequeue(list)))
			xtun_ring_put_queued(slot, ring, skb);
		local_bh_enable();
	}
}

/**
 * xtun_queue_put_back() - put back a frame that could not be delivered
 * @q: the queue; its file is attached
 * @skb: the frame, which goes back to the head of the queue; or to the end of the
 *	tx ring, if the file was given rings meanwhile
 *
 * Context: process.
 */
void xtun_queue_put_back(struct xtun_queue *q, struct sk_buff *skb)
{
	struct sk_buff_head list;

	__skb_queue_head_init(&list);
	__skb_queue_head(&list, skb);
	xtun_queue_put_back_list(q, &list);
}

/**
 * xtun_queue_put_back_list() - put back the undelivered frames of one read()
 * @q: the queue; its file is attached
 * @list: the frames, oldest first; emptied
 *
 * Context: process.
 */
void xtun_queue_put_back_list(struct xtun_queue *q, struct sk_buff_head *list)
{
	struct xtun_slot *slot;
	struct xtun_ring *ring;

	if (skb_queue_empty(list))
		return;
	rcu_read_lock();
	slot = rcu_dereference(q->slot);
	if (slot)
		xtun_count(slot, XTUN_TX_PUT_BACK);

	spin_lock_bh(&q->lock);
	ring = rcu_dereference(q->ring);
	/* A failed attempt does not count as a read. */
	q->last = q->before;
	if (!q->dead && q->enabled && !ring) {
		skb_queue_splice_init(list, &q->frames);
		xtun_queue_wake_locked(q, EPOLLIN | EPOLLRDNORM);
	}
	spin_unlock_bh(&q->lock);
	xtun_queue_divert(slot, ring, list);
	rcu_read_unlock();
}

/**
 * xtun_queue_put_segments() - queue the remaining segments of a segmented frame
 * @q: the queue; its file is attached
 * @segs: all segments but the first, linked as by skb_gso_segment(); they go where
 *	xtun_queue_put_back() puts a frame
 * @headers: the bytes by which all segments, the first included, exceed the frame
 *
 * Context: process.
 */
void xtun_queue_put_segments(struct xtun_queue *q, struct sk_buff *segs, unsigned int headers)
{
	struct sk_buff_head list;
	struct xtun_slot *slot;
	struct xtun_ring *ring;
	struct sk_buff *skb, *next;

	__skb_queue_head_init(&list);
	local_bh_disable();
	slot = rcu_dereference_bh(q->slot);
	skb_list_walk_safe(segs, skb, next) {
		skb_mark_not_on_list(skb);
		XTUN_CB(skb)->queued = get_jiffies_64();
		__skb_queue_tail(&list, skb);
		if (slot) {
			xtun_count_queued(slot, headers);
			headers = 0;
		}
	}

	spin_lock(&q->lock);
	ring = rcu_dereference_bh(q->ring);
	if (!q->dead && q->enabled && !ring) {
		skb_queue_splice_init(&list, &q->frames);
		xtun_queue_wake_locked(q, EPOLLIN | EPOLLRDNORM);
	}
	spin_unlock(&q->lock);
	xtun_queue_divert(slot, ring, &list);
	local_bh_enable();
}

/**
 * xtun_queue_next_len() - get the length of the frame that a read would return
 * @q: the queue
 *
 * Context: process, under RCU.
 * Return: bytes, 0 if no frame waits.
 */
unsigned int xtun_queue_next_len(struct xtun_queue *q)
{
	struct sk_buff *skb;
	unsigned int len;

	spin_lock_bh(&q->lock);
	skb = skb_peek(&q->frames);
	len = skb ? skb->len : 0;
	spin_unlock_bh(&q->lock);
	return len;
}

/**
 * xtun_queue_poll() - get the poll events of a queue
 * @q: the queue
 *
 * Context: process, under RCU, after poll_wait().
 * Return: EPOLLIN while a frame waits, EPOLLOUT while the interface is up,
 * EPOLLERR and EPOLLHUP once it is gone.
 */
__poll_t xtun_queue_poll(struct xtun_queue *q)
{
	struct xtun_slot *slot;
	__poll_t events = 0;

	spin_lock_bh(&q->lock);
	slot = rcu_dereference(q->slot);
	if (!skb_queue_empty(&q->frames))
		events |= EPOLLIN | EPOLLRDNORM;
	if (!slot)
		events |= EPOLLERR | EPOLLHUP;
	else if (xtun_is_up(slot->dev))
		events |= EPOLLOUT | EPOLLWRNORM;
	spin_unlock_bh(&q->lock);
	return events;
}

/**
 * xtun_queue_ms_since() - compute how long ago a point in time was
 * @then: the point in time, in 64-bit jiffies
 *
 * Context: any.
 * Return: milliseconds, at most UINT_MAX.
 */
unsigned int xtun_queue_ms_since(u64 then)
{
	return min_t(u64, jiffies64_to_msecs(get_jiffies_64() - then), UINT_MAX);
}

/**
 * xtun_queue_backlog() - report how many frames wait, and for how long
 * @q: the queue
 * @b: filled in
 *
 * Context: process or softirq, under RCU or RTNL, with no queue or ring lock held.
 */
void xtun_queue_backlog(struct xtun_queue *q, struct xtun_backlog *b)
{
	struct xtun_ring *ring = rcu_dereference_rtnl(q->ring);
	struct sk_buff *skb;

	memset(b, 0, sizeof(*b));
	if (ring) {
		xtun_ring_tx_backlog(ring, b);
		return;
	}
	spin_lock_bh(&q->lock);
	skb = skb_peek(&q->frames);
	b->waiting = skb_queue_len(&q->frames);
	b->oldest_ms = skb ? xtun_queue_ms_since(XTUN_CB(skb)->queued) : 0;
	b->reader = q->last.pid;
	b->idle_ms = q->last.pid ? xtun_queue_ms_since(q->last.when) : 0;
	spin_unlock_bh(&q->lock);
}

/**
 * xtun_queue_gauges() - count the waiting frames and the readers
 * @slot: the queue's slot
 * @waiting: set to the number of frames
 * @readers: set to the number of attached files that are open for reading
 *
 * Context: process, under RTNL.
 */
void xtun_queue_gauges(struct xtun_slot *slot, u64 *waiting, u64 *readers)
{
	struct xtun_queue *q = rtnl_dereference(slot->queue);
	struct xtun_ring *ring;

	*waiting = 0;
	*readers = 0;
	if (!q)
		return;
	spin_lock_bh(&q->lock);
	*waiting = skb_queue_len(&q->frames);
	*readers = q->readers;
	spin_unlock_bh(&q->lock);
	ring = rtnl_dereference(q->ring);
	if (ring)
		*waiting += xtun_ring_tx_waiting(slot, ring);
}
