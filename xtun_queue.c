// SPDX-License-Identifier: GPL-2.0
/*
 * The queue between the interface and the files: put, take, wait, wake.
 *
 * A list under one lock, and not a ptr_ring: it holds exactly tx_queue_len
 * frames, a new length takes effect at once and allocates nothing, and it says
 * at any time how many frames wait.
 */
#include <linux/list.h>
#include <linux/poll.h>
#include <linux/rtnetlink.h>
#include <linux/sched/signal.h>

#include "xtun.h"
#include "xtun_ring.h"
#include "xtun_trace.h"

/* Frames older than this do not await the first reader after none. */
#define XTUN_STALE	HZ

struct xtun_cb {
	u64 queued;	/* jiffies; those of 32 bits may come round while it waits */
};

#define XTUN_CB(skb)	((struct xtun_cb *)(skb)->cb)

/* A frame is for one of a file's sleepers; what else there is to say, for all. */
static __always_inline void xtun_queue_wake_locked(struct xtun_queue *q, __poll_t events)
{
	struct xtun_file *xf;

	lockdep_assert_held(&q->lock);
	list_for_each_entry(xf, &q->files, node) {
		/*
		 * No barrier: whoever goes to sleep looks at the queue once
		 * more under its lock, and here that lock is held.
		 */
		if (waitqueue_active(&xf->wait))
			__wake_up(&xf->wait, TASK_INTERRUPTIBLE, events & EPOLLIN ? 1 : 0,
				  poll_to_key(events));
		if (READ_ONCE(xf->fasync))
			kill_fasync(&xf->fasync, SIGIO, events & EPOLLIN ? POLL_IN : POLL_OUT);
	}
}

/**
 * xtun_queue_wake() - tell the files of a queue that something has changed
 * @q: the queue
 * @events: what is possible now
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
 * xtun_queue_disown() - the interface has got another name, or namespace
 * @q: the queue
 *
 * Files that have only polled it are to look for the one that has theirs.
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
 * xtun_queue_age() - the first reader after none: take out what is too old to interest it
 * @q: the queue
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
 * xtun_queue_restart_locked() - let the qdisc send: what made it wait is over, or may be
 * @q: the queue
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
 * xtun_queue_resized() - the interface's txqueuelen is another one
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
 * Whether the qdisc is to wait when there is no room. Only while somebody reads:
 * else it would wait for ever.
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
	/* Other processors may be past the question whether the queue is stopped. */
	if (unlikely(back))
		most = limit > U32_MAX / 2 ? U32_MAX : 2 * limit;
	if (unlikely(q->dead || !q->enabled)) {
		*loss = XTUN_TX_DETACHED;
	} else if (unlikely(rcu_access_pointer(q->ring))) {
		/*
		 * It came since the caller looked: who brings it has emptied the list.
		 * It may go again as soon as the lock is given up.
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
 * xtun_queue_put() - a frame on its way to userspace
 * @slot: of the queue
 * @q: the queue
 * @skb: the frame, which holds nothing of others any more; consumed and counted
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

/* Half of it: to be woken for each frame would cost more than it gives. */
static bool xtun_queue_has_room(const struct xtun_queue *q)
{
	const struct xtun_slot *slot = rcu_dereference_check(q->slot, lockdep_is_held(&q->lock));

	return slot && skb_queue_len(&q->frames) <= READ_ONCE(slot->dev->tx_queue_len) / 2;
}

/*
 * Not for the dying: they would take a frame to the grave. Its device may go
 * before a frame that has been taken does.
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
 * xtun_queue_take() - the next frame for a reader
 * @q: the queue; its file is attached
 * @xf: the file that reads
 * @nowait: do not sleep
 *
 * A reader sleeps exclusively, so that a frame wakes one thread of a file.
 *
 * Context: process, may sleep unless @nowait.
 * Return: the frame, now the caller's; ERR_PTR(-EAGAIN) if there is none and
 * @nowait, ERR_PTR(-EBADFD) if the interface is gone, ERR_PTR(-EBUSY) if the
 * file has got rings meanwhile, ERR_PTR(-ERESTARTSYS).
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
	 * A wake-up may have met this reader on its way out, with an earlier
	 * frame or for a signal. It is the next one's.
	 */
	if (!skb_queue_empty_lockless(&q->frames))
		wake_up_interruptible_poll(&xf->wait, EPOLLIN | EPOLLRDNORM);
	if (err)
		return ERR_PTR(err);
	return skb ?: ERR_PTR(READ_ONCE(q->dead) ? -EBADFD : -EBUSY);
}

/**
 * xtun_queue_take_more() - further frames for a batch, as far as they wait
 * @q: the queue; its file is attached
 * @list: the first; the others are added
 * @most: how long it may become
 * @shape: what the file's frames look like; one that is not ready ends the batch
 * @room: bytes for all records together
 *
 * Context: process.
 */
void xtun_queue_take_more(struct xtun_queue *q, struct sk_buff_head *list, unsigned int most,
			  const struct xtun_shape *shape, size_t room)
{
	unsigned int headers = shape->pi + shape->vnet;
	struct sk_buff *skb = skb_peek(list);
	size_t size = XTUN_RECORD_SIZE(headers + skb->len);

	/* Headers may be so long that two records together wrap 32 bits. */
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
 * xtun_queue_delivered() - frames that a batch has brought to userspace, whole
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
		/* As a NAPI gives back what it has sent: many at a time. */
		napi_consume_skb(skb, 1);
	}
	local_bh_enable();
}

/* Frames that were taken, and cannot be the next ones again. Under RCU. */
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
 * xtun_queue_put_back() - a frame that was taken and could not be delivered
 * @q: the queue; its file is attached
 * @skb: the frame, which becomes the next one again; if the file has got rings
 *	meanwhile, the last
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
 * xtun_queue_put_back_list() - likewise the frames of one read
 * @q: the queue; its file is attached
 * @list: the frames, in their order; emptied
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
	/* To try is not to read. */
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
 * xtun_queue_put_segments() - what is left of a frame that had to be cut
 * @q: the queue; its file is attached
 * @segs: the segments but for the first, as skb_gso_segment() lists them; they
 *	become the next frames, or the last, as above
 * @headers: bytes that all of them, the first included, have more than the frame
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
 * xtun_queue_next_len() - length of the frame that a read would return
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
 * xtun_queue_poll() - what is possible now
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
 * xtun_queue_ms_since() - how long ago something was
 * @then: when, in jiffies
 *
 * Context: any.
 * Return: milliseconds; no more than fit.
 */
unsigned int xtun_queue_ms_since(u64 then)
{
	return min_t(u64, jiffies64_to_msecs(get_jiffies_64() - then), UINT_MAX);
}

/**
 * xtun_queue_backlog() - how many frames wait, and since when
 * @q: the queue
 * @b: filled
 *
 * Context: process or softirq, under RCU or RTNL, no lock of a queue or ring held.
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
 * xtun_queue_gauges() - how many frames wait, and for how many readers
 * @slot: of the queue
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
