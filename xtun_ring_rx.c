// SPDX-License-Identifier: GPL-2.0
/*
 * Frames from a program by its rx ring. Whoever has the queue's NAPI takes them:
 * the program itself, which rings the doorbell, in its own context; the softirq,
 * if it came meanwhile; or the poller, for programs that do not want to make a
 * system call.
 *
 * The poller is a work item and no thread of its own: it is there only while
 * records come, and ends when none has come for a while. Then the doorbell is
 * wanted again.
 */
#include <linux/delay.h>
#include <linux/poll.h>
#include <linux/rtnetlink.h>
#include <linux/sched/signal.h>
#include <linux/workqueue.h>

#include "xtun.h"
#include "xtun_frame.h"
#include "xtun_ring.h"

#define XTUN_RING_BUDGET	NAPI_POLL_WEIGHT
/* Records for one doorbell, more than any ring holds: it returns their number, an int. */
#define XTUN_RING_AT_ONCE	10000000

static struct workqueue_struct *xtun_ring_pollers;

/* What is wrong with the record that begins at @cons, if any fits there. */
static noinline void xtun_ring_rx_blame(const struct xtun_ring *ring, u32 cons, u32 prod, u32 len,
					u32 flags, struct xtun_why_fault *fault)
{
	u32 room = prod - cons;

	*fault = (struct xtun_why_fault) { .field = "rx_prod", .value = prod, .at = cons };
	if (room > ring->rx_size) {
		fault->first = cons;
		fault->last = cons + ring->rx_size;
	} else if (room < sizeof(struct xtun_record)) {
		fault->inside = true;
	} else if (len > ring->rx_size || XTUN_RECORD_SIZE(len) > room) {
		fault->field = "len";
		fault->value = len;
		fault->record = true;
		fault->last = round_down(room, XTUN_RECORD_ALIGN) - sizeof(struct xtun_record);
	} else {
		fault->field = "flags";
		fault->value = flags;
		fault->record = true;
	}
}

/* The header is read once: the program may write it at any time. */
static __always_inline bool xtun_ring_rx_next(const struct xtun_ring *ring, u32 cons, u32 prod,
					      const void **data, u32 *len,
					      struct xtun_why_fault *fault)
{
	const struct xtun_record *record = ring->rx.data + (cons & (ring->rx_size - 1));
	u32 flags = READ_ONCE(record->flags);

	*data = record + 1;
	*len = READ_ONCE(record->len);
	if (likely(*len <= ring->rx_size && XTUN_RECORD_SIZE(*len) <= prod - cons && !flags))
		return true;
	xtun_ring_rx_blame(ring, cons, prod, *len, flags, fault);
	return false;
}

static noinline void xtun_ring_rx_take_headers(struct xtun_ring *ring,
					       const struct xtun_shape *shape, const void *data,
					       u32 len, struct xtun_sink *sink)
{
	enum xtun_counter loss;
	struct xtun_meta meta;
	struct sk_buff *skb;

	skb = xtun_frame_from_memory(shape, data, len, &ring->rx_frag, &meta, &loss);
	if (likely(skb))
		xtun_sink_put(sink, skb, &meta);
	else
		xtun_lose(sink->slot, loss, NULL, len);
}

static void xtun_ring_rx_take(struct xtun_ring *ring, const struct xtun_shape *shape,
			      const void *data, u32 len, struct xtun_sink *sink)
{
	enum xtun_counter loss;
	struct sk_buff *skb;

	skb = xtun_frame_from_bytes(shape, data, len, &ring->rx_frag, &loss);
	if (likely(skb))
		xtun_sink_put(sink, skb, NULL);
	else
		xtun_lose(sink->slot, loss, NULL, len);
}

static void xtun_ring_rx_wake(struct xtun_ring *ring, u32 from, u32 to)
{
	/* Pairs with xtun_ring_rx_poll(), and the program's; docs/litmus/rx-room.litmus. */
	smp_mb();
	if (!READ_ONCE(ring->rx_armed) &&
	    !xtun_ring_passes(READ_ONCE(ring->user->rx_wake), from, to))
		return;
	WRITE_ONCE(ring->rx_armed, false);
	/* All: a reader that sleeps there would eat the only one. */
	__wake_up(&ring->xf->wait, TASK_INTERRUPTIBLE, 0, poll_to_key(EPOLLOUT | EPOLLWRNORM));
	kill_fasync(&ring->xf->fasync, SIGIO, POLL_OUT);
}

/* What the program has written there is no record: nothing behind it can be found. */
static noinline void xtun_ring_rx_give_up(struct xtun_slot *slot, struct xtun_ring *ring,
					  const struct xtun_why_fault *fault)
{
	xtun_count(slot, XTUN_RX_IN);
	xtun_lose(slot, XTUN_RX_BROKEN, NULL, 0);
	xtun_why_blame(slot, XTUN_RX_BROKEN, fault);
	xtun_ring_break(slot, ring, fault);
}

/* Whoever calls it owns the NAPI, and so ring->rx_cons. */
static int xtun_ring_rx_consume(struct xtun_slot *slot, struct xtun_ring *ring, int budget)
{
	u32 from = ring->rx_cons, cons = from, prod, len;
	struct xtun_why_fault fault;
	struct xtun_shape shape;
	struct xtun_sink sink;
	const void *data;
	bool sane;
	int n = 0;

	/* Pairs with the program's release; docs/litmus/rx-data.litmus. */
	prod = smp_load_acquire(&ring->user->rx_prod);
	if (prod == cons)
		return 0;
	sane = prod - cons <= ring->rx_size;
	if (unlikely(!sane))
		xtun_ring_rx_blame(ring, cons, prod, 0, 0, &fault);
	xtun_frame_get_shape(ring->xf, slot, &shape);
	xtun_sink_init(&sink, slot, ring->q, &ring->q->napi);
	while (sane && n < budget && cons != prod) {
		sane = xtun_ring_rx_next(ring, cons, prod, &data, &len, &fault);
		if (unlikely(!sane))
			break;
		if (unlikely(shape.pi || shape.vnet))
			xtun_ring_rx_take_headers(ring, &shape, data, len, &sink);
		else
			xtun_ring_rx_take(ring, &shape, data, len, &sink);
		cons += XTUN_RECORD_SIZE(len);
		n++;
	}
	ring->rx_cons = cons;
	/* Pairs with the program's acquire; docs/litmus/rx-reuse.litmus. */
	smp_store_release(&ring->kernel->rx_cons, cons);
	xtun_count_n(slot, XTUN_RX_IN, n);
	xtun_sink_flush(&sink);
	if (n)
		xtun_ring_rx_wake(ring, from, cons);
	if (unlikely(!sane))
		xtun_ring_rx_give_up(slot, ring, &fault);
	return n;
}

static int xtun_ring_rx_napi(struct napi_struct *napi, int budget)
{
	struct xtun_queue *q = container_of(napi, struct xtun_queue, napi);
	struct xtun_slot *slot;
	struct xtun_ring *ring;
	int n = 0;

	rcu_read_lock();
	slot = rcu_dereference(q->slot);
	ring = rcu_dereference(q->ring);
	if (likely(slot && ring && !READ_ONCE(ring->broken)))
		n = xtun_ring_rx_consume(slot, ring, budget);
	rcu_read_unlock();
	if (n < budget)
		napi_complete_done(napi, n);
	return n;
}

/*
 * In the caller's context. If somebody else has the NAPI, it is told by asking
 * for it (NAPI_STATE_MISSED), and looks once more when it is done.
 */
static int xtun_ring_rx_inline(struct xtun_queue *q)
{
	int n = 0;

	local_bh_disable();
	if (napi_schedule_prep(&q->napi)) {
		n = xtun_ring_rx_napi(&q->napi, XTUN_RING_BUDGET);
		if (n == XTUN_RING_BUDGET)
			napi_complete_done(&q->napi, n);
	}
	local_bh_enable();
	return n;
}

static int xtun_ring_rx_drain(struct xtun_queue *q)
{
	int n, total = 0;

	do {
		n = xtun_ring_rx_inline(q);
		total += n;
		/* Others may keep it here for as long as they like, as below. */
		cond_resched_tasks_rcu_qs();
	} while (n == XTUN_RING_BUDGET && !signal_pending(current) && total < XTUN_RING_AT_ONCE);
	/* Whom a signal calls away need not come back: the softirq has the rest. */
	if (n == XTUN_RING_BUDGET) {
		local_bh_disable();
		napi_schedule(&q->napi);
		local_bh_enable();
	}
	return total;
}

static void xtun_ring_rx_want_doorbell(struct xtun_ring *ring, bool want)
{
	u32 doorbell;

	spin_lock_bh(&ring->lock);
	doorbell = ring->kernel->doorbell & ~XTUN_DOORBELL_RX;
	WRITE_ONCE(ring->kernel->doorbell, want ? doorbell | XTUN_DOORBELL_RX : doorbell);
	spin_unlock_bh(&ring->lock);
}

static bool xtun_ring_rx_is_empty(const struct xtun_ring *ring)
{
	return READ_ONCE(ring->user->rx_prod) == READ_ONCE(ring->kernel->rx_cons);
}

static bool xtun_ring_rx_is_over(const struct xtun_ring *ring)
{
	return READ_ONCE(ring->stopping) || READ_ONCE(ring->broken);
}

/*
 * Until none has come for the time that the program named. The NAPI is asked for only
 * when there is something for it: else whoever has it would be made to look again and
 * again, and keep it, and this would take its records for none. To be scheduled away is
 * no quiescent state to RCU-tasks, for which whoever takes a probe or a tracer away waits:
 * see cond_resched_tasks_rcu_qs().
 */
static void xtun_ring_rx_spin(struct xtun_ring *ring)
{
	u64 idle = (u64)ring->idle_usecs * NSEC_PER_USEC;
	u64 last = ktime_get_ns();

	while (!xtun_ring_rx_is_over(ring)) {
		if (!xtun_ring_rx_is_empty(ring)) {
			xtun_ring_rx_inline(ring->q);
			last = ktime_get_ns();
		} else if (ktime_get_ns() - last > idle) {
			break;
		}
		cpu_relax();
		cond_resched_tasks_rcu_qs();
	}
}

static void xtun_ring_rx_work(struct work_struct *work)
{
	struct xtun_ring *ring = container_of(work, struct xtun_ring, poller);

	do {
		xtun_ring_rx_want_doorbell(ring, false);
		xtun_ring_rx_spin(ring);
		xtun_ring_rx_want_doorbell(ring, true);
		/* Pairs with the program's between rx_prod and doorbell; rx-doorbell.litmus. */
		smp_mb();
	} while (!xtun_ring_rx_is_over(ring) && !xtun_ring_rx_is_empty(ring));
}

/**
 * xtun_ring_doorbell() - XTUN_IOC_DOORBELL
 * @ring: the rings of the calling file
 *
 * Context: process.
 * Return: number of records taken from the rx ring; -EBADFD if the interface is
 * gone, -EPIPE if the rings are broken.
 */
int xtun_ring_doorbell(struct xtun_ring *ring)
{
	struct xtun_slot *slot;
	int n;

	/*
	 * Pairs with xtun_ring_tx_press_back(), for programs that ring without
	 * looking at doorbell; docs/litmus/tx-restart.litmus.
	 */
	smp_mb();
	rcu_read_lock();
	slot = rcu_dereference(ring->q->slot);
	if (slot && READ_ONCE(ring->kernel->doorbell) & XTUN_DOORBELL_TX)
		xtun_ring_restart(slot, ring);
	rcu_read_unlock();
	if (!slot)
		return -EBADFD;

	n = xtun_ring_rx_drain(ring->q);
	if (READ_ONCE(ring->broken))
		return -EPIPE;
	if (ring->idle_usecs) {
		spin_lock_bh(&ring->lock);
		if (!ring->stopping)
			queue_work(xtun_ring_pollers, &ring->poller);
		spin_unlock_bh(&ring->lock);
	}
	return n;
}

/**
 * xtun_ring_rx_finish() - take what the program has told of, before its file is closed
 * @ring: the rings; no mapping is left
 *
 * While a poller or the softirq is about to look, no doorbell is asked for: whoever has
 * sent that way has done all that is to be done. Pages that are still pinned (io_uring)
 * may change what it has told: what comes later is not waited for, nor what it takes back.
 *
 * Context: process, may sleep, without RTNL.
 */
void xtun_ring_rx_finish(struct xtun_ring *ring)
{
	u32 prod = READ_ONCE(ring->user->rx_prod);

	while (!xtun_ring_rx_is_over(ring) && !xtun_ring_rx_is_empty(ring) &&
	       (s32)(prod - READ_ONCE(ring->kernel->rx_cons)) > 0) {
		/* None: somebody else has the NAPI, or the interface is just being deleted. */
		if (!xtun_ring_rx_inline(ring->q))
			usleep_range(50, 100);
		cond_resched_tasks_rcu_qs();
	}
}

static bool xtun_ring_rx_has_room(const struct xtun_ring *ring)
{
	u32 used = READ_ONCE(ring->user->rx_prod) - READ_ONCE(ring->kernel->rx_cons);

	/* Half of it, but not less than the largest frame. */
	return used <= ring->rx_size / 2 && ring->rx_size - used >=
	       XTUN_RECORD_SIZE(XTUN_FRAME_VNET_MAX + XTUN_HEADERS_USUAL);
}

/**
 * xtun_ring_rx_poll() - what poll() is to say of the rx ring
 * @ring: the rings
 *
 * If it says no, the program is woken when some of it has been taken.
 *
 * Context: process, after poll_wait().
 * Return: EPOLLOUT or 0.
 */
__poll_t xtun_ring_rx_poll(struct xtun_ring *ring)
{
	if (!xtun_ring_rx_has_room(ring)) {
		WRITE_ONCE(ring->rx_armed, true);
		/* Pairs with xtun_ring_rx_wake(); docs/litmus/rx-room.litmus. */
		smp_mb();
	}
	return xtun_ring_rx_has_room(ring) ? EPOLLOUT | EPOLLWRNORM : 0;
}

/**
 * xtun_ring_rx_start() - from now on somebody takes what the program writes
 * @slot: of the queue
 * @q: the queue; its NAPI is not in use
 * @ring: its rings
 *
 * Context: process, under RTNL.
 */
void xtun_ring_rx_start(struct xtun_slot *slot, struct xtun_queue *q, struct xtun_ring *ring)
{
	INIT_WORK(&ring->poller, xtun_ring_rx_work);
	xtun_compat_napi_add(slot->dev, &q->napi, xtun_ring_rx_napi);
	napi_enable(&q->napi);
}

/**
 * xtun_ring_rx_stop() - nobody does any more, and what is left is lost
 * @slot: of the queue
 * @ring: its rings, marked as stopping
 *
 * Context: process, under RTNL.
 */
void xtun_ring_rx_stop(struct xtun_slot *slot, struct xtun_ring *ring)
{
	/* As xtun_ring_rx_consume(). */
	u32 prod = smp_load_acquire(&ring->user->rx_prod), len;
	struct xtun_why_fault fault;
	const void *data;

	cancel_work_sync(&ring->poller);
	napi_disable(&ring->q->napi);
	netif_napi_del(&ring->q->napi);

	if (ring->broken || prod - ring->rx_cons > ring->rx_size)
		return;
	while (ring->rx_cons != prod &&
	       xtun_ring_rx_next(ring, ring->rx_cons, prod, &data, &len, &fault)) {
		xtun_count(slot, XTUN_RX_IN);
		xtun_lose(slot, XTUN_RX_DETACHED, NULL, len);
		ring->rx_cons += XTUN_RECORD_SIZE(len);
		cond_resched();
	}
}

/**
 * xtun_ring_init() - what all pollers need
 *
 * Context: module init.
 * Return: 0 or -ENOMEM.
 */
int xtun_ring_init(void)
{
	xtun_ring_pollers = alloc_workqueue("xtun", WQ_UNBOUND, 0);
	return xtun_ring_pollers ? 0 : -ENOMEM;
}

/**
 * xtun_ring_exit() - undo xtun_ring_init()
 *
 * Context: module exit; no file is open.
 */
void xtun_ring_exit(void)
{
	destroy_workqueue(xtun_ring_pollers);
}
