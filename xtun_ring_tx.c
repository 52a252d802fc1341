// SPDX-License-Identifier: GPL-2.0
/*
 * Frames to a program through its tx ring, and when the program is woken.
 *
 * The sender copies the frame into the ring, under the ring's lock, and frees it.
 * Which frames the program has taken is determined later, for many frames at once:
 * only when the ring seems to be full, or when somebody asks how many frames wait.
 * Until then the free space is computed from the last known position of the program
 * (ring->tx_done). So for most frames the only access to the page that the program
 * writes is the check whether it wants to be woken.
 */
#include <linux/hrtimer.h>
#include <linux/poll.h>
#include <linux/rtnetlink.h>
#include <linux/sched/signal.h>

#include "xtun.h"
#include "xtun_ring.h"
#include "xtun_trace.h"

/* The most to reap at a time beyond the room that is needed: it is done under the lock. */
#define XTUN_RING_SLACK	0x10000

static struct xtun_record *xtun_ring_tx_record(const struct xtun_ring *ring, u32 pos)
{
	return ring->tx.data + (pos & (ring->tx_size - 1));
}

/* Get the program's position; false if it is outside of what the program was given. */
static bool xtun_ring_tx_cons(const struct xtun_ring *ring, u32 *cons)
{
	/*
	 * Overwrite a record only after the program has read it. Pairs with the
	 * program's release of tx_cons; docs/litmus/tx-reuse.litmus.
	 */
	*cons = smp_load_acquire(&ring->user->tx_cons);
	return *cons - ring->tx_done <= ring->tx_prod - ring->tx_done;
}

/* Remember an invalid tx_cons: out of range or, if @inside, not at a record's beginning. */
static noinline void xtun_ring_tx_blame(struct xtun_ring *ring, u32 cons, bool inside)
{
	lockdep_assert_held(&ring->lock);
	if (ring->broken)
		return;
	ring->fault = (struct xtun_why_fault) {
		.field = "tx_cons", .value = cons, .inside = inside, .at = ring->tx_done,
		.first = ring->tx_done, .last = ring->tx_prod,
	};
}

/*
 * Count the records that the program has taken, until @free bytes of the ring are
 * known to be free, or all are counted. The records' lengths can be trusted: the
 * program cannot write them. Returns false if tx_cons is invalid.
 */
static bool xtun_ring_tx_reap(struct xtun_slot *slot, struct xtun_ring *ring, u32 free)
{
	unsigned int n = 0;
	bool sane = true;
	u32 cons, size;

	lockdep_assert_held(&ring->lock);
	if (!xtun_ring_tx_cons(ring, &cons)) {
		xtun_ring_tx_blame(ring, cons, false);
		return false;
	}
	while (ring->tx_done != cons && ring->tx_size - (ring->tx_prod - ring->tx_done) < free) {
		size = XTUN_RECORD_SIZE(xtun_ring_tx_record(ring, ring->tx_done)->len);
		/* Otherwise tx_cons is in the middle of a record. */
		sane = size <= cons - ring->tx_done;
		if (!sane) {
			xtun_ring_tx_blame(ring, cons, true);
			break;
		}
		ring->tx_done += size;
		n++;
	}
	ring->tx_waiting -= n;
	xtun_count_n(slot, XTUN_TX_OUT, n);
	return sane;
}

static void xtun_ring_tx_wake(struct xtun_ring *ring)
{
	lockdep_assert_held(&ring->lock);
	ring->armed = false;
	hrtimer_try_to_cancel(&ring->timer);
	__wake_up(&ring->xf->wait, TASK_INTERRUPTIBLE, 1, poll_to_key(EPOLLIN | EPOLLRDNORM));
	kill_fasync(&ring->xf->fasync, SIGIO, POLL_IN);
}

static bool xtun_ring_tx_is_enough(const struct xtun_ring *ring)
{
	const struct xtun_wake *wake = &ring->wake;

	if (wake->bytes && ring->tx_prod - READ_ONCE(ring->user->tx_cons) >= wake->bytes)
		return true;
	return (wake->frames || !wake->bytes) && ring->pending >= wake->frames;
}

/* The reader wants to be woken: decide whether to do it now. */
static noinline void xtun_ring_tx_moderate(struct xtun_ring *ring)
{
	if (!ring->armed) {
		ring->armed = true;
		ring->pending = 0;
	}
	ring->pending++;
	if (xtun_ring_tx_is_enough(ring))
		xtun_ring_tx_wake(ring);
	else if (ring->pending == 1)
		hrtimer_start(&ring->timer,
			      ns_to_ktime((u64)ring->wake.usecs * NSEC_PER_USEC),
			      HRTIMER_MODE_REL_SOFT);
}

static enum hrtimer_restart xtun_ring_tx_timer(struct hrtimer *timer)
{
	struct xtun_ring *ring = container_of(timer, struct xtun_ring, timer);

	spin_lock(&ring->lock);
	if (ring->armed && ring->pending)
		xtun_ring_tx_wake(ring);
	spin_unlock(&ring->lock);
	return HRTIMER_NORESTART;
}

static __always_inline void xtun_ring_tx_publish(struct xtun_ring *ring, u32 size)
{
	u32 from = ring->tx_prod;

	ring->tx_prod = from + size;
	ring->tx_waiting++;
	/* Pairs with the reader's acquire of tx_prod; docs/litmus/tx-data.litmus. */
	smp_store_release(&ring->kernel->tx_prod, ring->tx_prod);
	/* Pairs with the reader's barrier between tx_wake and tx_prod; tx-sleep.litmus. */
	smp_mb();
	if (unlikely(ring->armed ||
		     xtun_ring_passes(READ_ONCE(ring->user->tx_wake), from, ring->tx_prod)))
		xtun_ring_tx_moderate(ring);
}

/* If less than this is free, the next frame may not fit. */
static u32 xtun_ring_tx_tight(const struct xtun_slot *slot, const struct xtun_ring *ring)
{
	struct xtun_shape shape;

	xtun_frame_get_shape(ring->xf, slot, &shape);
	/* Never more than the ring has: no reading would make room for such a long header. */
	return min(XTUN_RECORD_SIZE(XTUN_FRAME_MAX + shape.pi + shape.vnet), ring->tx_size);
}

/*
 * Whether the next frame fits into the room that the program has left, counted or not.
 * True for an invalid tx_cons: the qdisc must not wait for it, and a later frame that
 * finds no room detects the error.
 */
static bool xtun_ring_tx_has_room(const struct xtun_slot *slot, const struct xtun_ring *ring)
{
	u32 cons;

	return !xtun_ring_tx_cons(ring, &cons) ||
	       ring->tx_size - (ring->tx_prod - cons) >= xtun_ring_tx_tight(slot, ring);
}

static void xtun_ring_tx_restart_locked(struct xtun_slot *slot, struct xtun_ring *ring)
{
	lockdep_assert_held(&ring->lock);
	if (!ring->stopped)
		return;
	ring->stopped = false;
	WRITE_ONCE(ring->kernel->doorbell, ring->kernel->doorbell & ~XTUN_DOORBELL_TX);
	if (netif_running(slot->dev))
		netif_tx_wake_queue(netdev_get_tx_queue(slot->dev, slot->index));
}

/* Whether to stop the qdisc: the next frame may not fit, and the program can make room. */
static bool xtun_ring_tx_presses_back(const struct xtun_slot *slot, const struct xtun_ring *ring)
{
	return xtun_presses_back(slot) && READ_ONCE(ring->q->enabled) && !ring->broken &&
	       !xtun_ring_tx_has_room(slot, ring);
}

/* Do this even if ring->stopped is set: bringing the interface up restarts its queues. */
static noinline void xtun_ring_tx_press_back(struct xtun_slot *slot, struct xtun_ring *ring)
{
	if (!xtun_ring_tx_presses_back(slot, ring))
		return;
	ring->stopped = true;
	netif_tx_stop_queue(netdev_get_tx_queue(slot->dev, slot->index));
	WRITE_ONCE(ring->kernel->doorbell, ring->kernel->doorbell | XTUN_DOORBELL_TX);
	/* Pairs with the reader's barrier between tx_cons and doorbell; tx-stop.litmus. */
	smp_mb();
	if (!xtun_ring_tx_presses_back(slot, ring))
		xtun_ring_tx_restart_locked(slot, ring);
	else if (ring->armed)
		/* The frames that the reader waits for do not come while the qdisc is stopped. */
		xtun_ring_tx_wake(ring);
}

static bool xtun_ring_tx_has_place(const struct xtun_ring *ring, u32 size)
{
	return ring->tx_size - (ring->tx_prod - ring->tx_done) >= size;
}

/* Look for room that the program has left. Returns 0, or the loss if there is not enough. */
static noinline enum xtun_counter xtun_ring_tx_make_place(struct xtun_slot *slot,
							  struct xtun_ring *ring, u32 size)
{
	u32 slack = min_t(u32, ring->tx_size / 8, XTUN_RING_SLACK);

	/* Possible with a very long vnet header: even an empty ring would not have room. */
	if (size > ring->tx_size)
		return XTUN_TX_FULL;
	if (!xtun_ring_tx_reap(slot, ring, size + slack))
		return XTUN_TX_BROKEN;
	if (xtun_ring_tx_has_place(ring, size))
		return 0;
	/* The ring is full: wake the reader, whatever it waits for. */
	if (ring->armed)
		xtun_ring_tx_wake(ring);
	return XTUN_TX_FULL;
}

/*
 * Copy a frame into the ring. Returns 0, or the loss. Without a plan, the frame has no
 * headers in front of it. This is the fast path: what few frames need is elsewhere.
 */
static __always_inline enum xtun_counter xtun_ring_tx_produce(struct xtun_slot *slot,
							      struct xtun_ring *ring,
							      struct sk_buff *skb,
							      const struct xtun_plan *plan)
{
	unsigned int len = (plan ? plan->headers : 0) + skb->len;
	enum xtun_counter loss = XTUN_TX_BROKEN;
	u32 size = XTUN_RECORD_SIZE(len);
	struct xtun_record *record;

	spin_lock(&ring->lock);
	if (likely(!ring->broken))
		loss = likely(xtun_ring_tx_has_place(ring, size)) ? 0 :
		       xtun_ring_tx_make_place(slot, ring, size);
	if (likely(!loss)) {
		record = xtun_ring_tx_record(ring, ring->tx_prod);
		record->len = len;
		record->flags = 0;
		if (plan)
			xtun_frame_to_memory(plan, skb, record + 1);
		else
			xtun_frame_to_bytes(skb, record + 1);
		xtun_ring_tx_publish(ring, size);
	}
	if (unlikely(xtun_presses_back(slot)))
		xtun_ring_tx_press_back(slot, ring);
	spin_unlock(&ring->lock);
	return loss;
}

static noinline void xtun_ring_tx_lose(struct xtun_slot *slot, struct xtun_ring *ring,
				       enum xtun_counter loss, struct sk_buff *skb, bool counted)
{
	if (loss == XTUN_TX_BROKEN)
		xtun_ring_break(slot, ring, NULL);
	if (!counted)
		xtun_count(slot, XTUN_TX_IN);
	xtun_lose(slot, loss, skb, skb->len);
	if (loss == XTUN_TX_BROKEN)
		xtun_why_blame(slot, loss, &ring->fault);
}

/* @counted: the frame is already counted as transmitted and queued. */
static __always_inline void xtun_ring_tx_put_one(struct xtun_slot *slot, struct xtun_ring *ring,
						 struct sk_buff *skb,
						 const struct xtun_plan *plan, bool counted)
{
	enum xtun_counter loss = XTUN_TX_DETACHED;

	if (likely(READ_ONCE(ring->q->enabled)))
		loss = xtun_ring_tx_produce(slot, ring, skb, plan);
	if (unlikely(loss)) {
		xtun_ring_tx_lose(slot, ring, loss, skb, counted);
		return;
	}
	if (!counted)
		xtun_count_queued(slot, skb->len);
	trace_xtun_tx(slot->dev, slot->index, skb->len);
	napi_consume_skb(skb, 1);
}

static noinline void xtun_ring_tx_put_planned(struct xtun_slot *slot, struct xtun_ring *ring,
					      struct sk_buff *skb, const struct xtun_plan *plan,
					      bool counted)
{
	xtun_ring_tx_put_one(slot, ring, skb, plan, counted);
}

/*
 * Put a frame that needs more than a copy. If another file's offloads left it
 * unfinished, and this file has no vnet header that can say so, finish it first.
 */
static noinline void xtun_ring_tx_put(struct xtun_slot *slot, struct xtun_ring *ring,
				      struct sk_buff *skb, bool counted)
{
	unsigned int len = skb->len, headers;
	struct xtun_plan plan;
	struct sk_buff *next;

	if (likely(xtun_frame_plan(ring->xf, slot, skb, &plan))) {
		xtun_ring_tx_put_planned(slot, ring, skb, &plan, counted);
		return;
	}
	skb = xtun_frame_finish_all(slot, skb);
	if (!skb) {
		if (!counted)
			xtun_count(slot, XTUN_TX_IN);
		xtun_lose(slot, XTUN_TX_NOMEM, NULL, len);
		return;
	}
	headers = xtun_frame_sum(skb) - len;
	skb_list_walk_safe(skb, skb, next) {
		skb_mark_not_on_list(skb);
		xtun_ring_tx_put_planned(slot, ring, skb, &plan, counted);
		/* It was counted as one frame: add the other segments, and once their headers. */
		if (counted && next) {
			xtun_count_queued(slot, headers);
			headers = 0;
		}
	}
}

/**
 * xtun_ring_put() - put a frame into the tx ring
 * @slot: the queue's slot
 * @ring: the queue's rings
 * @skb: the frame; consumed and counted
 *
 * Context: softirq, or process with bottom halves off; under RCU.
 */
void xtun_ring_put(struct xtun_slot *slot, struct xtun_ring *ring, struct sk_buff *skb)
{
	if (likely(!READ_ONCE(ring->xf->tap) && xtun_frame_is_finished(skb)))
		xtun_ring_tx_put_one(slot, ring, skb, NULL, false);
	else
		xtun_ring_tx_put(slot, ring, skb, false);
}

/**
 * xtun_ring_put_queued() - put a frame that was queued before into the tx ring
 * @slot: the queue's slot
 * @ring: the queue's rings
 * @skb: the frame, already counted; consumed
 *
 * Context: softirq, or process with bottom halves off; under RCU or RTNL.
 */
void xtun_ring_put_queued(struct xtun_slot *slot, struct xtun_ring *ring, struct sk_buff *skb)
{
	xtun_ring_tx_put(slot, ring, skb, true);
}

/**
 * xtun_ring_tx_poll() - get the poll events of the tx ring
 * @ring: the rings
 *
 * If the ring is empty, this counts as a wish to be woken: a program that sleeps in
 * poll() need not set tx_wake.
 *
 * Context: process, after poll_wait().
 * Return: EPOLLIN or 0.
 */
__poll_t xtun_ring_tx_poll(struct xtun_ring *ring)
{
	__poll_t events = 0;

	spin_lock_bh(&ring->lock);
	/* No check of tx_cons is needed: an invalid one only makes poll() return. */
	if (READ_ONCE(ring->user->tx_cons) != ring->tx_prod) {
		events = EPOLLIN | EPOLLRDNORM;
	} else if (!ring->armed) {
		ring->armed = true;
		ring->pending = 0;
	}
	spin_unlock_bh(&ring->lock);
	return events;
}

/**
 * xtun_ring_restart() - let the qdisc send if there is room, or if it need not wait
 * @slot: the queue's slot
 * @ring: the queue's rings
 *
 * Context: process or softirq, under RCU or RTNL.
 */
void xtun_ring_restart(struct xtun_slot *slot, struct xtun_ring *ring)
{
	spin_lock_bh(&ring->lock);
	if (!xtun_ring_tx_presses_back(slot, ring))
		xtun_ring_tx_restart_locked(slot, ring);
	else if (ring->stopped)
		/* xtun_queue_restart_locked() may have restarted it just before. */
		netif_tx_stop_queue(netdev_get_tx_queue(slot->dev, slot->index));
	spin_unlock_bh(&ring->lock);
}

/**
 * xtun_ring_tx_backlog() - report how many frames wait, and since when none was taken
 * @ring: the rings
 * @b: filled in; zeroed by the caller
 *
 * Neither the arrival of a frame nor a read by the program is time-stamped. So idle time
 * is measured only between calls of this function that find frames at the same position.
 *
 * Context: process or softirq, under RCU or RTNL.
 */
void xtun_ring_tx_backlog(struct xtun_ring *ring, struct xtun_backlog *b)
{
	u32 cons;

	spin_lock_bh(&ring->lock);
	/* An invalid position counts as unmoved. */
	if (!xtun_ring_tx_cons(ring, &cons))
		cons = ring->tx_seen;
	if (cons != ring->tx_seen)
		ring->tx_read = true;
	if (cons != ring->tx_seen || cons == ring->tx_prod || !ring->tx_waited)
		ring->tx_moved = get_jiffies_64();
	ring->tx_seen = cons;
	ring->tx_waited = cons != ring->tx_prod;
	b->waiting = cons == ring->tx_prod ? 0 : ring->tx_waiting;
	b->ring_size = ring->tx_size;
	b->reader = ring->tx_read ? ring->maker : 0;
	b->idle_ms = xtun_queue_ms_since(ring->tx_moved);
	spin_unlock_bh(&ring->lock);
}

/**
 * xtun_ring_tx_waiting() - count the frames that the program has not taken yet
 * @slot: the queue's slot
 * @ring: the queue's rings
 *
 * The frames that the program has taken are first counted as delivered.
 *
 * Context: process, under RTNL.
 * Return: the number of frames not taken.
 */
unsigned int xtun_ring_tx_waiting(struct xtun_slot *slot, struct xtun_ring *ring)
{
	u32 free;
	unsigned int waiting;
	bool more;

	do {
		spin_lock_bh(&ring->lock);
		free = ring->tx_size - (ring->tx_prod - ring->tx_done) + XTUN_RING_SLACK;
		more = xtun_ring_tx_reap(slot, ring, free) &&
		       ring->tx_size - (ring->tx_prod - ring->tx_done) >= free;
		waiting = ring->tx_waiting;
		spin_unlock_bh(&ring->lock);
		cond_resched();
	} while (more);
	return waiting;
}

/**
 * xtun_ring_set_wake() - set when the reader is woken
 * @ring: the rings
 * @wake: the new settings, already checked
 *
 * Context: process.
 */
void xtun_ring_set_wake(struct xtun_ring *ring, const struct xtun_wake *wake)
{
	spin_lock_bh(&ring->lock);
	ring->wake = *wake;
	/* The new settings are applied when a frame comes: wake now for those that wait. */
	if (ring->armed && ring->pending)
		xtun_ring_tx_wake(ring);
	spin_unlock_bh(&ring->lock);
}

/**
 * xtun_ring_tx_init() - prepare the tx ring
 * @ring: the rings, not attached to a queue yet
 *
 * Context: process.
 */
void xtun_ring_tx_init(struct xtun_ring *ring)
{
	xtun_compat_hrtimer_init(&ring->timer, xtun_ring_tx_timer);
}

/**
 * xtun_ring_tx_stop() - count the frames that the program has taken, and lose the rest
 * @slot: the queue's slot
 * @ring: the queue's rings, which nobody fills any more
 *
 * Context: process, under RTNL.
 */
void xtun_ring_tx_stop(struct xtun_slot *slot, struct xtun_ring *ring)
{
	unsigned int len;

	hrtimer_cancel(&ring->timer);
	xtun_ring_tx_waiting(slot, ring);
	spin_lock_bh(&ring->lock);
	xtun_ring_tx_restart_locked(slot, ring);
	spin_unlock_bh(&ring->lock);
	for (; ring->tx_done != ring->tx_prod; ring->tx_done += XTUN_RECORD_SIZE(len)) {
		len = xtun_ring_tx_record(ring, ring->tx_done)->len;
		xtun_lose(slot, XTUN_TX_DETACHED, NULL, len);
		ring->tx_waiting--;
		cond_resched();
	}
}
