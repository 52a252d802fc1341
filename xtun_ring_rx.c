// SPDX-License-Identifier: GPL-2.0
/*
 * Frames from a program through its rx ring. Whoever owns the queue's NAPI takes
 * them: the program itself, in its own context, when it rings the doorbell; the
 * softirq, if the NAPI was scheduled meanwhile; or the poller, for programs that
 * want to avoid system calls.
 *
 * The poller is a work item, not a thread of its own: it runs only while records
 * come, and ends when none has come for a while. Then it asks for the doorbell again.
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
/* Most records for one doorbell, which returns their number, an int; no ring holds as many. */
#define XTUN_RING_AT_ONCE	10000000

static struct workqueue_struct *xtun_ring_pollers;

/* Say what is wrong: rx_prod, or if it is valid, a field of the record at @cons. */
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

/* Read the header only once, because the program may write it at any time. */
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
	/* Pairs with the barriers of xtun_ring_rx_poll() and the program; rx-room.litmus. */
	smp_mb();
	if (!READ_ONCE(ring->rx_armed) &&
	    !xtun_ring_passes(READ_ONCE(ring->user->rx_wake), from, to))
		return;
	WRITE_ONCE(ring->rx_armed, false);
	/* Wake all: a reader that sleeps there could consume a single wake-up. */
	__wake_up(&ring->xf->wait, TASK_INTERRUPTIBLE, 0, poll_to_key(EPOLLOUT | EPOLLWRNORM));
	kill_fasync(&ring->xf->fasync, SIGIO, POLL_OUT);
}

/* The program wrote an invalid record, so those that follow it cannot be found. */
static noinline void xtun_ring_rx_give_up(struct xtun_slot *slot, struct xtun_ring *ring,
					  const struct xtun_why_fault *fault)
{
	xtun_count(slot, XTUN_RX_IN);
	xtun_lose(slot, XTUN_RX_BROKEN, NULL, 0);
	xtun_why_blame(slot, XTUN_RX_BROKEN, fault);
	xtun_ring_break(slot, ring, fault);
}

/* The caller owns the NAPI, and with it ring->rx_cons. */
static int xtun_ring_rx_consume(struct xtun_slot *slot, struct xtun_ring *ring, int budget)
{
	u32 from = ring->rx_cons, cons = from, prod, len;
	struct xtun_why_fault fault;
	struct xtun_shape shape;
	struct xtun_sink sink;
	const void *data;
	bool sane;
	int n = 0;

	/* Pairs with the program's release of rx_prod; docs/litmus/rx-data.litmus. */
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
	/* Pairs with the program's acquire of rx_cons; docs/litmus/rx-reuse.litmus. */
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
 * Take records in the caller's context. If somebody else owns the NAPI,
 * napi_schedule_prep() sets NAPI_STATE_MISSED, and the owner looks once more at the end.
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
		/* Others may fill the ring all the time: see xtun_ring_rx_spin(). */
		cond_resched_tasks_rcu_qs();
	} while (n == XTUN_RING_BUDGET && !signal_pending(current) && total < XTUN_RING_AT_ONCE);
	/* After a signal the caller may not ring again, so the softirq takes the rest. */
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
 * Take records until none has come for ring->idle_usecs. Schedule the NAPI only if the
 * ring is not empty: otherwise NAPI_STATE_MISSED would make another owner look again and
 * again and keep the NAPI, and this loop would find the ring empty although records come.
 *
 * Removing a probe or a tracer waits for a quiescent state of RCU-tasks, and plain
 * cond_resched() is none: hence cond_resched_tasks_rcu_qs().
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
		/* Pairs with the program's barrier from rx_prod to doorbell; rx-doorbell.litmus. */
		smp_mb();
	} while (!xtun_ring_rx_is_over(ring) && !xtun_ring_rx_is_empty(ring));
}

/**
 * xtun_ring_doorbell() - handle XTUN_IOC_DOORBELL
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
	 * checking doorbell; docs/litmus/tx-restart.litmus.
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
 * xtun_ring_rx_finish() - take the published records before the file is closed
 * @ring: the rings; no mapping is left
 *
 * While the poller or the softirq is about to look at the ring, a program need not ring
 * the doorbell: the records that it has published count as sent. If pages are still pinned
 * (io_uring), rx_prod may still change: this waits neither for records that come later
 * nor for those that are withdrawn.
 *
 * Context: process, may sleep, without RTNL.
 */
void xtun_ring_rx_finish(struct xtun_ring *ring)
{
	u32 prod = READ_ONCE(ring->user->rx_prod);

	while (!xtun_ring_rx_is_over(ring) && !xtun_ring_rx_is_empty(ring) &&
	       (s32)(prod - READ_ONCE(ring->kernel->rx_cons)) > 0) {
		/* 0: somebody else owns the NAPI, or the interface is being deleted. */
		if (!xtun_ring_rx_inline(ring->q))
			usleep_range(50, 100);
		cond_resched_tasks_rcu_qs();
	}
}

static bool xtun_ring_rx_has_room(const struct xtun_ring *ring)
{
	u32 used = READ_ONCE(ring->user->rx_prod) - READ_ONCE(ring->kernel->rx_cons);

	/* Half of the ring, but not less than the largest frame needs. */
	return used <= ring->rx_size / 2 && ring->rx_size - used >=
	       XTUN_RECORD_SIZE(XTUN_FRAME_VNET_MAX + XTUN_HEADERS_USUAL);
}

/**
 * xtun_ring_rx_poll() - get the poll events of the rx ring
 * @ring: the rings
 *
 * If there is no room, the program is woken when records have been taken.
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
 * xtun_ring_rx_start() - start taking the records that the program writes
 * @slot: the queue's slot
 * @q: the queue; its NAPI is not in use
 * @ring: the queue's rings
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
 * xtun_ring_rx_stop() - stop taking records, and lose those that are left
 * @slot: the queue's slot
 * @ring: the queue's rings, marked as stopping
 *
 * Context: process, under RTNL.
 */
void xtun_ring_rx_stop(struct xtun_slot *slot, struct xtun_ring *ring)
{
	/* As in xtun_ring_rx_consume(). */
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
 * xtun_ring_init() - create the workqueue of all pollers
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
