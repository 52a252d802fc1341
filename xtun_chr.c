// SPDX-License-Identifier: GPL-2.0
/*
 * The device node: the file operations, and which queue a file is on.
 *
 * open() joins no queue, unless O_EXCL is set. read(), write() and open() with
 * O_EXCL attach the file to the interface that the module parameter "name"
 * names, in the namespace where the file was opened. Before that, poll(),
 * FIONREAD and O_ASYNC join the same queue provisionally, only to be woken: a
 * program that passes the descriptor to epoll first has not yet chosen a queue,
 * and TUNSETIFF may still attach the file to another one.
 *
 * None of these takes RTNL, so polling and non-blocking I/O never wait for it.
 */
#include <linux/compat.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/poll.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include <asm/ioctls.h>

#include "xtun.h"
#include "xtun_ring.h"

static const char *xtun_chr_name;

static void xtun_chr_debug(struct xtun_queue *q, const char *what)
{
	struct xtun_slot *slot = rcu_dereference(q->slot);

	if (slot)
		netdev_dbg(slot->dev, "%s queue %u\n", what, slot->index);
}

/* The pollers of an unattached file are woken, because its old queue no longer does it. */
static void xtun_chr_leave(struct xtun_file *xf, struct xtun_queue *old)
{
	RCU_INIT_POINTER(xf->queue, NULL);
	xtun_queue_leave(old, xf);
	wake_up_interruptible_all(&xf->wait);
	kill_fasync(&xf->fasync, SIGIO, POLL_ERR);
}

/*
 * A provisional file follows the name, because the interface may have been
 * renamed or replaced since it joined. If its interface is gone and there is no
 * other to join, the file stays on the dead queue, so that poll() reports that.
 */
static int xtun_chr_join_locked(struct file *file, bool attach, struct sk_buff_head *stale)
{
	struct xtun_file *xf = file->private_data;
	struct xtun_queue *old, *q;
	int err;

	lockdep_assert_held(&xf->lock);
	if (xf->attached)
		return 0;
	old = rcu_dereference_protected(xf->queue, lockdep_is_held(&xf->lock));
	q = xtun_net_find(xf->net, xtun_chr_name, file);
	if (IS_ERR(q) && old && READ_ONCE(old->dead) && !attach)
		return 0;

	if (old && old != q)
		xtun_chr_leave(xf, old);
	if (IS_ERR(q))
		return PTR_ERR(q);
	if (old == q && !attach)
		return 0;

	err = xtun_queue_join(q, xf, attach, stale);
	if (err)
		return err;
	rcu_assign_pointer(xf->queue, q);
	if (attach) {
		/* Pairs with xtun_chr_queue() and xtun_chr_attach(): the queue before the flag. */
		smp_store_release(&xf->attached, true);
		xtun_chr_debug(q, "attach");
	}
	return 0;
}

/*
 * Return the file's queue. Join it first if that has not been done: for good if
 * @attach, else provisionally. The caller holds the RCU read lock.
 */
static struct xtun_queue *xtun_chr_queue(struct file *file, bool attach)
{
	struct xtun_file *xf = file->private_data;
	struct sk_buff_head stale;
	struct xtun_queue *q;
	int err;

	/* Pairs with xtun_chr_join_locked(): the flag before the queue. */
	if (likely(smp_load_acquire(&xf->attached)))
		/* As in xtun_chr_attach(). */
		return (struct xtun_queue __force *)smp_load_acquire(&xf->queue);

	__skb_queue_head_init(&stale);
	spin_lock(&xf->lock);
	err = xtun_chr_join_locked(file, attach, &stale);
	q = rcu_dereference(xf->queue);
	spin_unlock(&xf->lock);
	if (err)
		return ERR_PTR(err);
	xtun_queue_lose_stale(q, &stale);
	return q;
}

static noinline struct xtun_queue *xtun_chr_attach_first(struct file *file)
{
	struct xtun_file *xf = file->private_data;
	struct xtun_queue *q;

	rcu_read_lock();
	q = xtun_chr_queue(file, true);
	rcu_read_unlock();
	if (IS_ERR(q))
		xtun_refused_remember(xf->net, XTUN_REFUSED_ATTACH, NULL, 0, PTR_ERR(q));
	return q;
}

/* The queue stays until release, because an attached file holds a reference to it. */
static __always_inline struct xtun_queue *xtun_chr_attach(struct file *file)
{
	const struct xtun_file *xf = file->private_data;

	/* Pairs with xtun_chr_join_locked(): the flag before the queue. */
	if (unlikely(!smp_load_acquire(&xf->attached)))
		return xtun_chr_attach_first(file);
	/* Pairs with xtun_chr_attach_own(): a new queue before the flags that were set with it. */
	return (struct xtun_queue __force *)smp_load_acquire(&xf->queue);
}

/**
 * xtun_chr_queue_rtnl() - the queue that a file is attached to
 * @xf: the file
 *
 * Context: process, under RTNL.
 * Return: the queue, which may be dead; NULL if the file is not attached.
 */
struct xtun_queue *xtun_chr_queue_rtnl(struct xtun_file *xf)
{
	/* Pairs with xtun_chr_join_locked(). */
	if (!smp_load_acquire(&xf->attached))
		return NULL;
	return rcu_dereference_protected(xf->queue, lockdep_rtnl_is_held());
}

/**
 * xtun_chr_default_dev() - the interface that a file attaches to without TUNSETIFF
 * @file: the file
 *
 * Context: under RCU.
 * Return: as xtun_net_find_dev().
 */
struct net_device *xtun_chr_default_dev(const struct file *file)
{
	const struct xtun_file *xf = file->private_data;

	return xtun_net_find_dev(xf->net, xtun_chr_name, file);
}

/*
 * A queue that a file was on until its interface was deleted. The file keeps the
 * reference until release, because a read or write may still use the queue.
 */
struct xtun_past {
	struct list_head node;
	struct xtun_queue *queue;
};

static void xtun_chr_leave_old(struct xtun_file *xf, struct xtun_queue *old)
{
	if (xf->attached)
		xtun_queue_unlist(old, xf);
	else
		xtun_chr_leave(xf, old);
}

/**
 * xtun_chr_attach_own() - attach a file as the sole user of a queue
 * @xf: the file; not attached, or attached to a dead queue
 * @q: the queue
 * @tap: called for TUNSETIFF
 * @frags: IFF_NAPI_FRAGS is set
 *
 * Context: process, under RTNL.
 * Return: 0; -EBUSY if the queue has users, or a read or write has attached the
 * file meanwhile; -ENOMEM.
 */
int xtun_chr_attach_own(struct xtun_file *xf, struct xtun_queue *q, bool tap, bool frags)
{
	bool was_exclusive = xf->exclusive;
	struct sk_buff_head stale;
	struct xtun_queue *old;
	struct xtun_past *past;
	int err = -EBUSY;

	past = kmalloc(sizeof(*past), GFP_KERNEL_ACCOUNT);
	if (!past)
		return -ENOMEM;
	__skb_queue_head_init(&stale);
	spin_lock(&xf->lock);
	old = rcu_dereference_protected(xf->queue, lockdep_is_held(&xf->lock));
	if (xf->attached && !old->dead)
		goto unlock;

	rcu_read_lock();
	if (old)
		xtun_chr_leave_old(xf, old);
	xf->exclusive = true;
	err = xtun_queue_join(q, xf, true, &stale);
	if (err) {
		xf->exclusive = was_exclusive;
	} else {
		if (xf->attached) {
			past->queue = old;
			list_add(&past->node, &xf->past);
			past = NULL;
		}
		WRITE_ONCE(xf->frags, frags);
		WRITE_ONCE(xf->tap, tap);
		/* Pairs with xtun_chr_attach() and xtun_chr_queue(), if attached before. */
		rcu_assign_pointer(xf->queue, q);
		/* Pairs with xtun_chr_queue() and xtun_chr_attach(): the queue before the flag. */
		smp_store_release(&xf->attached, true);
		/* A poller that looked after the join may still have seen the old queue. */
		wake_up_interruptible_all(&xf->wait);
		xtun_chr_debug(q, "attach");
	}
	rcu_read_unlock();
unlock:
	spin_unlock(&xf->lock);
	rcu_read_lock();
	xtun_queue_lose_stale(q, &stale);
	rcu_read_unlock();
	kfree(past);
	return err;
}

static int xtun_chr_open(struct inode *inode, struct file *file)
{
	struct xtun_file *xf = kzalloc(sizeof(*xf), GFP_KERNEL_ACCOUNT);
	struct xtun_queue *q;

	if (!xf)
		return -ENOMEM;
	xf->net = get_net(current->nsproxy->net_ns);
	xf->reader = file->f_mode & FMODE_READ;
	xf->exclusive = file->f_flags & O_EXCL;
	init_waitqueue_head(&xf->wait);
	spin_lock_init(&xf->lock);
	INIT_LIST_HEAD(&xf->past);
	INIT_LIST_HEAD(&xf->node);
	file->private_data = xf;

	if (xf->exclusive) {
		q = xtun_chr_attach_first(file);
		if (IS_ERR(q)) {
			put_net(xf->net);
			kfree(xf);
			return PTR_ERR(q);
		}
	}

	/* For io_uring: read and write do not wait if IOCB_NOWAIT is set. */
	file->f_mode |= FMODE_NOWAIT;
	return stream_open(inode, file);
}

static void xtun_chr_forget_past(struct xtun_file *xf)
{
	struct xtun_past *past, *next;

	list_for_each_entry_safe(past, next, &xf->past, node) {
		xtun_queue_unref(past->queue);
		kfree(past);
	}
}

static int xtun_chr_release(struct inode *inode, struct file *file)
{
	struct xtun_file *xf = file->private_data;
	struct xtun_queue *q = rcu_dereference_protected(xf->queue, true);

	if (q && xf->attached) {
		rcu_read_lock();
		xtun_chr_debug(q, "detach");
		rcu_read_unlock();
	}
	if (xf->ring)
		xtun_ring_rx_finish(xf->ring);
	if (xf->tap || xf->ring) {
		rtnl_lock();
		xtun_attach_release(xf);
		rtnl_unlock();
	}
	if (q)
		xtun_queue_leave(q, xf);
	xtun_chr_forget_past(xf);
	xtun_account_free(xf);
	xtun_ring_free(xf->ring);
	put_net(xf->net);
	kfree_rcu(xf, rcu);
	return 0;
}

static ssize_t xtun_chr_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *file = iocb->ki_filp;
	bool nowait = (file->f_flags & O_NONBLOCK) || (iocb->ki_flags & IOCB_NOWAIT);
	struct xtun_file *xf = file->private_data;
	struct xtun_queue *q;
	struct sk_buff *skb;
	bool whole;

	if (!iov_iter_count(to))
		return 0;

	q = xtun_chr_attach(file);
	if (IS_ERR(q))
		return PTR_ERR(q);
	if (unlikely(READ_ONCE(xf->ring)))
		return -EBUSY;
	if (READ_ONCE(xf->batch))
		return xtun_batch_read(xf, q, to, nowait);
	skb = xtun_queue_take(q, xf, nowait);
	if (IS_ERR(skb))
		return PTR_ERR(skb);
	return xtun_frame_read(xf, q, skb, to, &whole);
}

static ssize_t xtun_chr_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct file *file = iocb->ki_filp;
	bool nowait = (file->f_flags & O_NONBLOCK) || (iocb->ki_flags & IOCB_NOWAIT);
	struct xtun_file *xf = file->private_data;
	struct xtun_queue *q = xtun_chr_attach(file);

	if (IS_ERR(q))
		return PTR_ERR(q);
	if (unlikely(READ_ONCE(xf->ring)))
		return -EBUSY;
	if (READ_ONCE(xf->batch))
		return xtun_batch_write(xf, q, from, nowait);
	return xtun_frame_write(xf, q, from, nowait);
}

/* With rings, poll() reports frames in the tx ring and room in the rx ring. */
static __poll_t xtun_chr_poll_ring(struct xtun_ring *ring, __poll_t events)
{
	if (READ_ONCE(ring->broken))
		events |= EPOLLERR | EPOLLHUP;
	events |= xtun_ring_tx_poll(ring);
	if (events & EPOLLOUT && !xtun_ring_rx_poll(ring))
		events &= ~(EPOLLOUT | EPOLLWRNORM);
	return events;
}

static __poll_t xtun_chr_poll(struct file *file, poll_table *wait)
{
	struct xtun_file *xf = file->private_data;
	__poll_t events = EPOLLERR;
	struct xtun_queue *q;
	struct xtun_ring *ring;

	/* First, so that a thread that joins a queue meanwhile wakes the poller. */
	poll_wait(file, &xf->wait, wait);
	rcu_read_lock();
	q = xtun_chr_queue(file, false);
	if (!IS_ERR(q))
		events = xtun_queue_poll(q);
	rcu_read_unlock();
	/* Pairs with xtun_attach_rings(). */
	ring = smp_load_acquire(&xf->ring);
	if (ring)
		events = xtun_chr_poll_ring(ring, events);
	if (!xtun_account_has_room(xf))
		events &= ~(EPOLLOUT | EPOLLWRNORM);
	return events;
}

static int xtun_chr_fasync(int fd, struct file *file, int on)
{
	struct xtun_file *xf = file->private_data;
	int err = fasync_helper(fd, file, on, &xf->fasync);

	if (err < 0 || !on)
		return err;
	/* As in tap, the caller gets the signal, unless another owner is set. */
	err = f_setown(file, task_tgid_vnr(current), 0);
	if (err)
		return err;

	/* Errors do not matter: without an interface there is nothing to signal yet. */
	rcu_read_lock();
	xtun_chr_queue(file, false);
	rcu_read_unlock();
	return 0;
}

static int xtun_chr_next_len(struct file *file)
{
	struct xtun_queue *q;
	u64 len = 0;
	int err = 0;

	rcu_read_lock();
	q = xtun_chr_queue(file, false);
	if (IS_ERR(q))
		err = PTR_ERR(q);
	else
		len = xtun_queue_next_len(q);
	if (len)
		len += xtun_frame_header_len(file->private_data, q);
	rcu_read_unlock();
	/* TUNSETVNETHDRSZ accepts sizes up to INT_MAX. */
	return err ?: min_t(u64, len, INT_MAX);
}

static int xtun_chr_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct xtun_file *xf = file->private_data;
	/* Pairs with xtun_attach_rings(). */
	struct xtun_ring *ring = smp_load_acquire(&xf->ring);

	return ring ? xtun_ring_mmap(ring, vma) : -ENODEV;
}

static long xtun_chr_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	int len;

	if (_IOC_TYPE(cmd) == XTUN_IOC_MAGIC)
		return xtun_ioc_ioctl(file, cmd, (void __user *)arg);
	if (cmd != FIONREAD)
		return xtun_ctl_ioctl(file, cmd, arg);
	len = xtun_chr_next_len(file);
	return len < 0 ? len : put_user(len, (int __user *)arg);
}

#ifdef CONFIG_COMPAT
static long xtun_chr_compat_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (cmd == FIONREAD || _IOC_TYPE(cmd) == XTUN_IOC_MAGIC)
		return xtun_chr_ioctl(file, cmd, (unsigned long)compat_ptr(arg));
	return xtun_ctl_compat_ioctl(file, cmd, arg);
}
#endif

static void xtun_chr_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct xtun_file *xf = file->private_data;
	struct xtun_slot *slot = NULL;
	struct xtun_ring *ring;
	struct xtun_queue *q;

	rcu_read_lock();
	/* Pairs with xtun_chr_join_locked(). */
	q = smp_load_acquire(&xf->attached) ? rcu_dereference(xf->queue) : NULL;
	if (q)
		slot = rcu_dereference(q->slot);
	seq_printf(m, "iff:\t%s\n", slot ? slot->dev->name : "");
	if (slot)
		seq_printf(m, "queue:\t%u\n", slot->index);
	/* Pairs with xtun_attach_rings(). */
	ring = smp_load_acquire(&xf->ring);
	if (ring)
		seq_printf(m, "rings:\t%u %u\n", ring->tx_size, ring->rx_size);
	rcu_read_unlock();
}

static const struct file_operations xtun_chr_fops = {
	.owner		= THIS_MODULE,
	.open		= xtun_chr_open,
	.release	= xtun_chr_release,
	.read_iter	= xtun_chr_read_iter,
	.write_iter	= xtun_chr_write_iter,
	.poll		= xtun_chr_poll,
	.mmap		= xtun_chr_mmap,
	.fasync		= xtun_chr_fasync,
	.unlocked_ioctl	= xtun_chr_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl	= xtun_chr_compat_ioctl,
#endif
	.show_fdinfo	= xtun_chr_show_fdinfo,
};

static struct miscdevice xtun_chr_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "xtun",
	.mode	= 0600,
	.fops	= &xtun_chr_fops,
};

/**
 * xtun_chr_init() - make /dev/xtun
 * @name: name of the interface that a plain file attaches to; kept, not copied
 *
 * Return: 0 or a negative errno.
 */
int xtun_chr_init(const char *name)
{
	xtun_chr_name = name;
	return misc_register(&xtun_chr_misc);
}

/**
 * xtun_chr_exit() - remove /dev/xtun; no file is open
 */
void xtun_chr_exit(void)
{
	misc_deregister(&xtun_chr_misc);
}
