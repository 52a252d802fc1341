// SPDX-License-Identifier: GPL-2.0
/*
 * A pair of rings: its memory, the accounting of that memory, and how it is
 * attached to a queue. xtun_ring_tx.c and xtun_ring_rx.c move frames through it.
 *
 * The data of each ring is mapped twice in a row, in the kernel and in the
 * program, so that no record wraps. The BPF ring buffer does the same
 * (kernel/bpf/ringbuf.c). The program can write its own positions and the data it
 * sends; the kernel's positions and the data it receives are mapped read-only.
 *
 * A file's rings live as long as the file, and a mapping holds a reference to the
 * file. So when the rings are freed, only the queue could still be using them, and
 * xtun_ring_stop() has waited for the end of that.
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

/* Rounds of moving waiting frames into the rings before newer frames may overtake the rest. */
#define XTUN_RING_ROUNDS	8
/* Frames to move at a time with bottom halves off. */
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

/* @twice: map the pages twice in a row. */
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

/* As AF_XDP does: charge the user, unless CAP_IPC_LOCK lifts the limit. */
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
 * xtun_ring_free() - free a pair of rings
 * @ring: the pair, never attached to a queue, or stopped; may be NULL
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
 * xtun_ring_create() - create a pair of rings
 * @want: its sizes and options, already checked
 *
 * Context: process, may sleep for memory.
 * Return: the pair, not attached to a queue; ERR_PTR(-ENOMEM), ERR_PTR(-EPERM) if it
 * exceeds RLIMIT_MEMLOCK, ERR_PTR(-EINTR) after a fatal signal.
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
	/* Taking a reference clears a flag of the cred, always by the same plain store. */
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
 * @vma: the mapping, whose offset selects the part
 *
 * Context: process, under the program's mmap lock.
 * Return: 0; -EINVAL if there is no part at this offset, or the mapping is private or
 * has another length than the part; -EPERM if a read-only part is to be mapped
 * writable; -ENOMEM.
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

/* Let bottom halves run in between, because up to txqueuelen frames may wait. */
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
 * xtun_ring_attach() - attach a pair of rings to a queue
 * @slot: the queue's slot
 * @q: the queue, whose only user is @ring's file
 * @ring: the pair
 *
 * Frames that already wait in the queue go first, so the rings are published only when
 * no frame waits. If frames keep coming faster than they can be moved, newer frames
 * overtake the last of them.
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
		/* Whoever appends a frame checks for rings under this lock. */
		spin_lock_bh(&q->lock);
		done = skb_queue_empty(&q->frames) || !rounds--;
		if (done)
			rcu_assign_pointer(q->ring, ring);
		skb_queue_splice_init(&q->frames, &waiting);
		spin_unlock_bh(&q->lock);
		xtun_ring_put_waiting(slot, ring, &waiting);
	} while (!done);
	/* The queue stays empty from now on: only the rings may stop the qdisc. */
	xtun_queue_restart(q);
}

/**
 * xtun_ring_unpublish() - detach the rings of a queue from it
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
 * xtun_ring_stop() - stop a pair of rings when its queue ends or its file is closed
 * @slot: the queue's slot
 * @ring: the pair, already unpublished
 *
 * Frames that the program has not read are lost as "detached", and so are frames that
 * it has written and nobody has taken.
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
 * xtun_ring_tell() - tell the program that its rings have ended
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
 * xtun_ring_break() - end rings into which a program wrote an invalid value
 * @slot: the queue's slot
 * @ring: the rings
 * @fault: what the program wrote; NULL if @ring->fault says so already
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
