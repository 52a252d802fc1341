/* SPDX-License-Identifier: GPL-2.0 */
/* A pair of rings, as the rest of the driver sees it. */
#ifndef _XTUN_RING_H
#define _XTUN_RING_H

#include <linux/hrtimer.h>
#include <linux/mm_types.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "xtun.h"
#include "xtun_why.h"

/**
 * struct xtun_ring_area - memory that a program maps
 * @pages: its pages, in the order in which they are mapped
 * @n: how many there are; each may be mapped twice
 * @data: where the kernel sees it
 * @mapped: bytes of the mapping
 */
struct xtun_ring_area {
	struct page **pages;
	unsigned int n;
	void *data;
	size_t mapped;
};

/**
 * struct xtun_ring - a pair of rings
 * @xf: its file; constant once attached to a queue
 * @q: its queue, on which the file holds a reference; likewise
 * @cred: identifies the user whose RLIMIT_MEMLOCK is charged; constant, like all fields
 *	down to @kernel
 * @charged: pages charged to that user
 * @user_page: memory of @user
 * @kernel_page: memory of @kernel
 * @tx: memory of the tx ring
 * @rx: memory of the rx ring
 * @tx_size: bytes
 * @rx_size: bytes
 * @maker: PID of the process that created it, in the initial PID namespace
 * @idle_usecs: idle time after which the poller ends; 0 if there is no poller
 * @user: positions that the program writes: any value, at any time
 * @kernel: positions and words that the program reads; doorbell and status are
 *	written under @lock
 * @lock: protects the fields that follow, down to @broken; taken with bottom halves off
 * @tx_prod: position as published to the program
 * @tx_done: position up to which records that the program has taken are counted
 * @tx_waiting: number of records from @tx_done on
 * @tx_seen: the program's position when xtun_ring_tx_backlog() was last called
 * @tx_waited: that call found frames in the ring
 * @tx_moved: since when such calls have found frames at that position, in jiffies
 * @tx_read: the program's position was found to have moved
 * @pending: frames since the reader asked to be woken
 * @wake: when to wake the reader
 * @timer: wakes the reader if too few frames come
 * @armed: the reader has asked to be woken
 * @stopped: the netdev queue is stopped for lack of room
 * @stopping: no poller may be started any more; also read without the lock
 * @broken: the program wrote nonsense; also read without the lock
 * @fault: the first nonsense that it wrote; constant once @broken is set
 * @rx_cons: position as published to the program; belongs to the owner of the queue's NAPI
 * @rx_frag: page fragment from which the program's frames are cut; likewise
 * @rx_armed: a writer has asked to be woken; read and written anywhere
 * @poller: takes records until no more come
 */
struct xtun_ring {
	struct xtun_file *xf;
	struct xtun_queue *q;
	const struct cred *cred;
	unsigned long charged;
	struct xtun_ring_area user_page;
	struct xtun_ring_area kernel_page;
	struct xtun_ring_area tx;
	struct xtun_ring_area rx;
	u32 tx_size;
	u32 rx_size;
	pid_t maker;
	u32 idle_usecs;
	const struct xtun_ring_user *user;
	struct xtun_ring_kernel *kernel;

	spinlock_t lock;	/* all that follows, down to broken */
	u32 tx_prod;
	u32 tx_done;
	unsigned int tx_waiting;
	u32 tx_seen;
	u64 tx_moved;
	bool tx_waited;
	bool tx_read;
	unsigned int pending;
	struct xtun_wake wake;
	struct hrtimer timer;
	bool armed;
	bool stopped;
	bool stopping;
	bool broken;
	struct xtun_why_fault fault;

	u32 rx_cons;
	struct page_frag rx_frag;
	bool rx_armed;
	struct work_struct poller;
};

/**
 * xtun_ring_passes() - whether a moving position passes a mark
 * @mark: the mark
 * @from: the old position
 * @to: the new position
 *
 * The same test as virtio's vring_need_event().
 *
 * Context: any.
 * Return: true if so.
 */
static inline bool xtun_ring_passes(u32 mark, u32 from, u32 to)
{
	return to - mark - 1 < to - from;
}

/* xtun_ring.c: a pair of rings, its memory, its place on a queue */
struct xtun_ring *xtun_ring_create(const struct xtun_rings *want);
void xtun_ring_free(struct xtun_ring *ring);
int xtun_ring_mmap(struct xtun_ring *ring, struct vm_area_struct *vma);
void xtun_ring_attach(struct xtun_slot *slot, struct xtun_queue *q, struct xtun_ring *ring);
struct xtun_ring *xtun_ring_unpublish(struct xtun_queue *q);
void xtun_ring_stop(struct xtun_slot *slot, struct xtun_ring *ring);
void xtun_ring_tell(struct xtun_ring *ring, u32 status);
void xtun_ring_break(struct xtun_slot *slot, struct xtun_ring *ring,
		     const struct xtun_why_fault *fault);

/* xtun_ring_tx.c: frames to a program, and when it is woken */
void xtun_ring_put(struct xtun_slot *slot, struct xtun_ring *ring, struct sk_buff *skb);
void xtun_ring_put_queued(struct xtun_slot *slot, struct xtun_ring *ring, struct sk_buff *skb);
__poll_t xtun_ring_tx_poll(struct xtun_ring *ring);
void xtun_ring_restart(struct xtun_slot *slot, struct xtun_ring *ring);
void xtun_ring_tx_backlog(struct xtun_ring *ring, struct xtun_backlog *b);
unsigned int xtun_ring_tx_waiting(struct xtun_slot *slot, struct xtun_ring *ring);
void xtun_ring_set_wake(struct xtun_ring *ring, const struct xtun_wake *wake);
void xtun_ring_tx_init(struct xtun_ring *ring);
void xtun_ring_tx_stop(struct xtun_slot *slot, struct xtun_ring *ring);

/* xtun_ring_rx.c: frames from a program */
int xtun_ring_doorbell(struct xtun_ring *ring);
void xtun_ring_rx_finish(struct xtun_ring *ring);
__poll_t xtun_ring_rx_poll(struct xtun_ring *ring);
void xtun_ring_rx_start(struct xtun_slot *slot, struct xtun_queue *q, struct xtun_ring *ring);
void xtun_ring_rx_stop(struct xtun_slot *slot, struct xtun_ring *ring);
int xtun_ring_init(void);
void xtun_ring_exit(void);

#endif /* _XTUN_RING_H */
