// SPDX-License-Identifier: GPL-2.0
/*
 * A pair of rings: its memory, who pays for it, and its place on a queue. What
 * moves through it is xtun_ring_tx.c's and xtun_ring_rx.c's.
 *
 * The data of each ring is mapped twice in a row, in the kernel as in the
 * program, so that no record wraps: the BPF ring buffer does it likewise
 * (kernel/bpf/ringbuf.c). The program can write its own positions and what it
 * sends; the kernel's positions and what it receives are mapped read-only.
 *
 * A file's rings live as long as the file, and a mapping holds the file. So
 * there is nothing to wait for when they are freed but the queue's own users,
 * for whom xtun_ring_stop() has waited.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/rtnetlink.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "xtun.h"
#include "xtun_ring.h"

/* How often frames that wait are moved before those that still come are overtaken. */
#define XTUN_RING_ROUNDS	8
/* Frames to move with bottom halves off. */
#define XTUN_RING_AT_ONCE	64

static void xtun_ring_free_area(struct xtun_ring_area *area)
{
	unsigned int i;

	if (area->data)
		vunmap(area->data);
	for (i = 0; area->pages && i < area->n; i++)
		if (area->pages[i])
			__free_page(area->pages[i]);
	kvfree(area->pages);
}

/* @twice: mapped twice in a row. */
static int xtun_ring_alloc_area(struct xtun_ring_area *area, size_t size, bool twice)
{
	unsigned int i, n = size >> PAGE_SHIFT;

	area->n = n;
	area->mapped = twice ? 2 * size : size;
	area->pages = kvcalloc(twice ? 2 * n : n, sizeof(*area->pages), GFP_KERNEL_ACCOUNT);
	if (!area->pages)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		area->pages[i] = alloc_page(XTUN_COMPAT_GFP_MAPPED | __GFP_ZERO);
		if (!area->pages[i])
			return -ENOMEM;
		if (twice)
			area->pages[n + i] = area->pages[i];
		cond_resched();
	}
	area->data = vmap(area->pages, twice ? 2 * n : n, VM_MAP | VM_USERMAP, PAGE_KERNEL);
	return area->data ? 0 : -ENOMEM;
}

/* As AF_XDP charges its memory: to the user, unless he may lock what he likes. */
static int xtun_ring_charge(struct xtun_ring *ring, unsigned long pages)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	struct user_struct *user = ring->cred->user;

	if (capable(CAP_IPC_LOCK))
		return 0;
	if (atomic_long_add_return(pages, &user->locked_vm) > limit) {
		atomic_long_sub(pages, &user->locked_vm);
		return -EPERM;
	}
	ring->charged = pages;
	return 0;
}

/**
 * xtun_ring_free() - give back a pair of rings
 * @ring: the pair, on no queue, or stopped; may be NULL
 *
 * Context: process.
 */
void xtun_ring_free(struct xtun_ring *ring)
{
	if (!ring)
		return;
	if (ring->rx_frag.page)
		put_page(ring->rx_frag.page);
	xtun_ring_free_area(&ring->rx);
	xtun_ring_free_area(&ring->tx);
	xtun_ring_free_area(&ring->kernel_page);
	xtun_ring_free_area(&ring->user_page);
	atomic_long_sub(ring->charged, &ring->cred->user->locked_vm);
	put_cred(ring->cred);
	kfree(ring);
}

/**
 * xtun_ring_create() - make a pair of rings
 * @want: its sizes and the like, which have been checked
 *
 * Context: process, sleeps for memory.
 * Return: the pair, on no queue; ERR_PTR(-ENOMEM), ERR_PTR(-EPERM) if it is
 * more than RLIMIT_MEMLOCK allows, ERR_PTR(-EINTR).
 */
struct xtun_ring *xtun_ring_create(const struct xtun_rings *want)
{
	struct xtun_ring *ring = kzalloc(sizeof(*ring), GFP_KERNEL_ACCOUNT);
	unsigned long pages = 2 + (want->tx_size >> PAGE_SHIFT) + (want->rx_size >> PAGE_SHIFT);
	int err;

	BUILD_BUG_ON(sizeof(struct xtun_ring_user) > PAGE_SIZE);
	BUILD_BUG_ON(sizeof(struct xtun_ring_kernel) > PAGE_SIZE);
	BUILD_BUG_ON(XTUN_RECORD_SIZE(XTUN_FRAME_VNET_MAX + XTUN_HEADERS_USUAL) >
		     XTUN_RING_MIN);
	if (!ring)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&ring->lock);
	/* All who take a reference clear the same flag of it, each plainly. */
	ring->cred = data_race(get_current_cred());
	ring->tx_size = want->tx_size;
	ring->rx_size = want->rx_size;
	ring->maker = task_tgid_nr(current);
	ring->idle_usecs = want->flags & XTUN_RINGS_POLLER ? want->idle_usecs : 0;

	err = xtun_ring_charge(ring, pages);
	if (err)
		goto free;
	err = xtun_ring_alloc_area(&ring->user_page, PAGE_SIZE, false);
	if (err)
		goto free;
	err = xtun_ring_alloc_area(&ring->kernel_page, PAGE_SIZE, false);
	if (err)
		goto free;
	err = xtun_ring_alloc_area(&ring->tx, want->tx_size, true);
	if (err)
		goto free;
	err = xtun_ring_alloc_area(&ring->rx, want->rx_size, true);
	if (err)
		goto free;
	ring->user = ring->user_page.data;
	ring->kernel = ring->kernel_page.data;
	ring->kernel->doorbell = XTUN_DOORBELL_RX;
	return ring;

free:
	xtun_ring_free(ring);
	return ERR_PTR(err);
}

/**
 * xtun_ring_mmap() - map a part of a pair into a program
 * @ring: the pair
 * @vma: which part, by its offset
 *
 * Context: process, under the lock of the program's mappings.
 * Return: 0; -EINVAL if it is no part, or not the whole part, or is private;
 * -EPERM if what the kernel writes is to be written; -ENOMEM.
 */
int xtun_ring_mmap(struct xtun_ring *ring, struct vm_area_struct *vma)
{
	struct xtun_ring_area *area;
	bool readonly = false;

	switch ((u64)vma->vm_pgoff << PAGE_SHIFT) {
	case XTUN_MMAP_USER:
		area = &ring->user_page;
		break;
	case XTUN_MMAP_KERNEL:
		area = &ring->kernel_page;
		readonly = true;
		break;
	case XTUN_MMAP_TX:
		area = &ring->tx;
		readonly = true;
		break;
	case XTUN_MMAP_RX:
		area = &ring->rx;
		break;
	default:
		return -EINVAL;
	}
	if (vma->vm_end - vma->vm_start != area->mapped || !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (readonly) {
		if (vma->vm_flags & VM_WRITE)
			return -EPERM;
		xtun_compat_vm_flags_clear(vma, VM_MAYWRITE);
	}
	return remap_vmalloc_range(vma, area->data, 0);
}

/* Bottom halves run in between: there may be as many as txqueuelen says. */
static void xtun_ring_put_waiting(struct xtun_slot *slot, struct xtun_ring *ring,
				  struct sk_buff_head *waiting)
{
	struct sk_buff *skb;
	int n;

	while (!skb_queue_empty(waiting)) {
		local_bh_disable();
		for (n = 0; n < XTUN_RING_AT_ONCE && (skb = __skb_dequeue(waiting)); n++)
			xtun_ring_put_queued(slot, ring, skb);
		local_bh_enable();
		cond_resched();
	}
}

/**
 * xtun_ring_attach() - put a pair of rings on a queue
 * @slot: of the queue
 * @q: the queue, whose one user is @ring's file
 * @ring: the pair
 *
 * Frames that wait in the queue already go first; so the rings are there for others
 * only when none waits. Where more keep coming than can be moved meanwhile, the last of
 * them are overtaken.
 *
 * Context: process, under RTNL.
 */
void xtun_ring_attach(struct xtun_slot *slot, struct xtun_queue *q, struct xtun_ring *ring)
{
	const struct xtun *xt = netdev_priv(slot->dev);
	struct sk_buff_head waiting;
	int rounds = XTUN_RING_ROUNDS;
	bool done;

	__skb_queue_head_init(&waiting);
	ring->q = q;
	ring->wake = xt->wake;
	xtun_ring_tx_init(ring);
	xtun_napi_stop(slot, q);
	xtun_ring_rx_start(slot, q, ring);

	do {
		/* Whoever appends looks under this lock whether there is a ring. */
		spin_lock_bh(&q->lock);
		done = skb_queue_empty(&q->frames) || !rounds--;
		if (done)
			rcu_assign_pointer(q->ring, ring);
		skb_queue_splice_init(&q->frames, &waiting);
		spin_unlock_bh(&q->lock);
		xtun_ring_put_waiting(slot, ring, &waiting);
	} while (!done);
	/* The queue has room from now on: only the ring stops the qdisc. */
	xtun_queue_restart(q);
}

/**
 * xtun_ring_unpublish() - no more frames for the rings of a queue
 * @q: the queue
 *
 * Context: process, under RTNL.
 * Return: the pair, for xtun_ring_stop() after a grace period; NULL if the queue
 * has none.
 */
struct xtun_ring *xtun_ring_unpublish(struct xtun_queue *q)
{
	struct xtun_ring *ring = rtnl_dereference(q->ring);

	spin_lock_bh(&q->lock);
	RCU_INIT_POINTER(q->ring, NULL);
	spin_unlock_bh(&q->lock);
	return ring;
}

/**
 * xtun_ring_stop() - end a pair of rings whose queue ends, or whose file is closed
 * @slot: of the queue
 * @ring: the pair, which nobody finds any more
 *
 * What the program has not read is lost as "detached", and so is what it has
 * written and nobody has taken.
 *
 * Context: process, under RTNL, after a grace period.
 */
void xtun_ring_stop(struct xtun_slot *slot, struct xtun_ring *ring)
{
	spin_lock_bh(&ring->lock);
	WRITE_ONCE(ring->stopping, true);
	xtun_ring_tell(ring, XTUN_STATUS_DETACHED);
	spin_unlock_bh(&ring->lock);
	xtun_ring_rx_stop(slot, ring);
	xtun_ring_tx_stop(slot, ring);
}

/**
 * xtun_ring_tell() - tell the program that its rings have come to an end
 * @ring: the pair
 * @status: XTUN_STATUS_...
 *
 * Context: any, under ring->lock.
 */
void xtun_ring_tell(struct xtun_ring *ring, u32 status)
{
	lockdep_assert_held(&ring->lock);
	WRITE_ONCE(ring->kernel->status, ring->kernel->status | status);
}

/**
 * xtun_ring_break() - a program wrote what makes no sense: no more frames for it
 * @slot: of its queue
 * @ring: its rings
 * @fault: what it wrote; NULL if that stands in @ring already
 *
 * Context: bottom halves off, under RCU, without ring->lock.
 */
void xtun_ring_break(struct xtun_slot *slot, struct xtun_ring *ring,
		     const struct xtun_why_fault *fault)
{
	char text[96];
	bool first;

	spin_lock(&ring->lock);
	first = !ring->broken;
	if (first && fault)
		ring->fault = *fault;
	WRITE_ONCE(ring->broken, true);
	xtun_ring_tell(ring, XTUN_STATUS_BROKEN);
	spin_unlock(&ring->lock);
	if (!first)
		return;
	if (net_ratelimit()) {
		xtun_why_fault_text(&ring->fault, text, sizeof(text));
		netdev_info(slot->dev, "queue %u: the rings' program wrote %s; its rings are out of service until it closes the file\n",
			    slot->index, text);
	}
	xtun_ring_restart(slot, ring);
	xtun_steer_update(slot->dev);
	xtun_queue_wake(ring->q, EPOLLERR | EPOLLHUP);
}
