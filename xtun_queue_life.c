// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a queue, from creation to teardown, and the files that join and leave it.
 */
#include <linux/list.h>
#include <linux/poll.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "xtun.h"
#include "xtun_ring.h"

/**
 * xtun_queue_unref() - drop a reference to a queue
 * @q: the queue
 *
 * Context: any.
 */
void xtun_queue_unref(struct xtun_queue *q)
{
	if (refcount_dec_and_test(&q->ref))
		kfree_rcu(q, rcu);
}

/**
 * xtun_queue_create() - create the queue of a slot
 * @slot: the slot that the queue is for
 * @own: the queue belongs to one file and ends with it
 *
 * Context: process, under RTNL.
 * Return: the queue, not yet visible to anybody, with one reference for the slot;
 * or an ERR_PTR.
 */
struct xtun_queue *xtun_queue_create(struct xtun_slot *slot, bool own)
{
	struct xtun_queue *q = kzalloc(sizeof(*q), GFP_KERNEL_ACCOUNT);
	int err;

	if (!q)
		return ERR_PTR(-ENOMEM);
	refcount_set(&q->ref, 1);
	q->own = own;
	q->enabled = true;
	spin_lock_init(&q->lock);
	__skb_queue_head_init(&q->frames);
	__skb_queue_head_init(&q->written);
	INIT_LIST_HEAD(&q->files);
	RCU_INIT_POINTER(q->slot, slot);
	err = xtun_xdp_queue_init(q, slot);
	if (err) {
		kfree(q);
		return ERR_PTR(err);
	}
	return q;
}

static void xtun_queue_drain(struct xtun_slot *slot, struct xtun_queue *q)
{
	struct sk_buff_head lost;

	__skb_queue_head_init(&lost);
	spin_lock_bh(&q->lock);
	skb_queue_splice_init(&q->frames, &lost);
	spin_unlock_bh(&q->lock);
	xtun_lose_list(slot, XTUN_TX_DETACHED, &lost);
}

/**
 * xtun_queue_moved() - handle the move of the interface to another namespace
 * @q: the queue
 *
 * If the queue has no reader, its frames are not for a reader in the new namespace:
 * they are lost as "detached". Attached files keep the queue, and its readers keep the
 * waiting frames.
 *
 * Context: process, under RTNL.
 */
void xtun_queue_moved(struct xtun_queue *q)
{
	if (!READ_ONCE(q->readers))
		xtun_queue_drain(rtnl_dereference(q->slot), q);
	xtun_queue_disown(q);
}

/**
 * xtun_queue_kill() - make a slot's queue unreachable, and mark it dead
 * @slot: the slot
 *
 * Its files are woken and see an error. Attached files keep the dead queue until they
 * are closed.
 *
 * Context: process, under RTNL.
 * Return: the queue, for xtun_queue_bury() after a grace period.
 */
struct xtun_queue *xtun_queue_kill(struct xtun_slot *slot)
{
	struct xtun_queue *q = rtnl_dereference(slot->queue);
	struct xtun_ring *ring = rtnl_dereference(q->ring);
	struct xtun_file *xf;

	RCU_INIT_POINTER(slot->queue, NULL);
	/* Set the status before the program is woken, because it then reads it. */
	if (ring) {
		spin_lock_bh(&ring->lock);
		xtun_ring_tell(ring, XTUN_STATUS_DETACHED);
		spin_unlock_bh(&ring->lock);
	}

	spin_lock_bh(&q->lock);
	WRITE_ONCE(q->dead, true);
	/* The slot's next queue is empty, so the qdisc must not stay stopped. */
	xtun_queue_restart_locked(q);
	RCU_INIT_POINTER(q->slot, NULL);
	list_for_each_entry(xf, &q->files, node) {
		wake_up_interruptible_all(&xf->wait);
		kill_fasync(&xf->fasync, SIGIO, POLL_HUP);
	}
	spin_unlock_bh(&q->lock);
	return q;
}

/**
 * xtun_queue_bury() - finish the teardown of a killed queue
 * @slot: the slot that the queue belonged to
 * @q: the queue; the slot's reference is dropped
 *
 * Frames that still wait are lost as "detached".
 *
 * Context: process, under RTNL.
 */
void xtun_queue_bury(struct xtun_slot *slot, struct xtun_queue *q)
{
	struct xtun_ring *ring = xtun_ring_unpublish(q);

	if (ring)
		xtun_ring_stop(slot, ring);
	xtun_napi_stop(slot, q);
	xtun_queue_drain(slot, q);
	xtun_xdp_queue_exit(q);
	xtun_queue_unref(q);
}

/**
 * xtun_queue_restart() - let the qdisc send again
 * @q: the queue
 *
 * If rings have stopped the qdisc, it stays stopped as long as they still need that.
 *
 * Context: process, under RCU or RTNL.
 */
void xtun_queue_restart(struct xtun_queue *q)
{
	struct xtun_slot *slot;
	struct xtun_ring *ring;

	spin_lock_bh(&q->lock);
	xtun_queue_restart_locked(q);
	spin_unlock_bh(&q->lock);

	rcu_read_lock();
	slot = rcu_dereference(q->slot);
	ring = rcu_dereference(q->ring);
	if (slot && ring)
		xtun_ring_restart(slot, ring);
	rcu_read_unlock();
}

/**
 * xtun_queue_enable() - put a queue into service, or take it out of service
 * @slot: the queue's slot
 * @q: the queue
 * @enable: whether to put it into service
 *
 * A queue out of service gets no frames, and those that wait in it are lost as
 * "detached".
 *
 * Context: process, under RTNL.
 */
void xtun_queue_enable(struct xtun_slot *slot, struct xtun_queue *q, bool enable)
{
	spin_lock_bh(&q->lock);
	WRITE_ONCE(q->enabled, enable);
	spin_unlock_bh(&q->lock);
	xtun_queue_restart(q);
	if (!enable)
		xtun_queue_drain(slot, q);
	xtun_steer_update(slot->dev);
}

static void xtun_queue_tell_steer(struct xtun_queue *q)
{
	struct xtun_slot *slot;

	rcu_read_lock();
	slot = rcu_dereference(q->slot);
	if (slot)
		xtun_steer_update(slot->dev);
	rcu_read_unlock();
}

/**
 * xtun_queue_join() - add a file to a queue's list
 * @q: the queue; kept alive by RCU or a reference
 * @xf: the file; on no other queue's list
 * @attach: attach the file, as a user of the queue; otherwise it is only woken
 * @stale: gets the frames that are to be lost, for xtun_queue_lose_stale()
 *
 * A file that is already on the list becomes a user if @attach is set.
 *
 * Context: process, under RCU and xf->lock.
 * Return: 0; -ENODEV if the queue is dead; -EBUSY if another file is the queue's
 * exclusive user, or @xf is to be exclusive and the queue has users.
 */
int xtun_queue_join(struct xtun_queue *q, struct xtun_file *xf, bool attach,
		    struct sk_buff_head *stale)
{
	int err = 0;

	spin_lock_bh(&q->lock);
	if (q->dead) {
		err = -ENODEV;
		goto unlock;
	}
	if (attach) {
		if (q->exclusive || (xf->exclusive && q->users)) {
			err = -EBUSY;
			goto unlock;
		}
		WRITE_ONCE(q->users, q->users + 1);
		q->exclusive = xf->exclusive;
		if (xf->reader) {
			if (!q->readers)
				xtun_queue_age(q, stale);
			WRITE_ONCE(q->readers, q->readers + 1);
		}
	}
	if (list_empty(&xf->node)) {
		refcount_inc(&q->ref);
		list_add_tail(&xf->node, &q->files);
	}
	/* A poll() before the file joined has returned an error: let the poller look again. */
	wake_up_interruptible_all(&xf->wait);
unlock:
	spin_unlock_bh(&q->lock);
	if (attach && !err)
		xtun_queue_tell_steer(q);
	return err;
}

/**
 * xtun_queue_lose_stale() - lose the frames that are too old for a new reader
 * @q: the queue
 * @stale: the frames, from xtun_queue_join(); emptied
 *
 * Context: process, under RCU, with no spinlock held, because there may be many frames.
 */
void xtun_queue_lose_stale(struct xtun_queue *q, struct sk_buff_head *stale)
{
	struct xtun_slot *slot = rcu_dereference(q->slot);

	if (slot)
		xtun_lose_list(slot, XTUN_TX_STALE, stale);
	else
		__skb_queue_purge(stale);
}

/**
 * xtun_queue_unlist() - remove a file from its queue's list
 * @q: the queue; the file keeps its reference
 * @xf: the file; may be off the list already
 *
 * Context: process, under xf->lock or from release.
 */
void xtun_queue_unlist(struct xtun_queue *q, struct xtun_file *xf)
{
	bool attached = xf->attached && !list_empty(&xf->node);

	spin_lock_bh(&q->lock);
	list_del_init(&xf->node);
	if (attached) {
		WRITE_ONCE(q->users, q->users - 1);
		WRITE_ONCE(q->readers, q->readers - xf->reader);
		q->exclusive = false;
		if (!q->readers)
			xtun_queue_restart_locked(q);
	}
	spin_unlock_bh(&q->lock);
	if (attached)
		xtun_queue_tell_steer(q);
}

/**
 * xtun_queue_leave() - remove a file from its queue's list, and drop its reference
 * @q: the queue; the file's reference is dropped
 * @xf: the file
 *
 * Context: as xtun_queue_unlist().
 */
void xtun_queue_leave(struct xtun_queue *q, struct xtun_file *xf)
{
	xtun_queue_unlist(q, xf);
	xtun_queue_unref(q);
}
