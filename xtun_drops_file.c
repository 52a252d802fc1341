// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/net/xtun_drops: the frames of xtun interfaces that the stack drops, reported as it
 * happens to those who have the file open. It is text, so that cat is enough.
 */
#include <linux/delay.h>
#include <linux/kallsyms.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "xtun.h"
#include "xtun_drops.h"

#define XTUN_DROPS_NAME	"xtun_drops"
/* A line of words, and one with two digits for each byte. */
#define XTUN_DROPS_TEXT	(512 + 2 * XTUN_DROPS_BYTES)

/*
 * Each listener slows down every drop of a frame. So there is a limit for each namespace,
 * and one for all listeners together whose opener lacks CAP_NET_ADMIN in the initial user
 * namespace: anybody can make such listeners, in a user namespace of their own.
 */
#define XTUN_DROPS_LISTENERS	16
#define XTUN_DROPS_STRANGERS	64

static atomic_t xtun_drops_strangers = ATOMIC_INIT(0);

struct xtun_drops_net {
	struct net *net;
	atomic_t listeners;
	bool ended;		/* the file is being removed: readers must not wait */
};

/**
 * struct xtun_drops_wait - those who wait for a file, or have not noticed that it is closed
 * @head: their wait queue
 * @node: in the list of those whose file is closed
 * @rcu: to free it
 */
struct xtun_drops_wait {
	wait_queue_head_t head;
	struct list_head node;
	struct rcu_head rcu;
};

/**
 * struct xtun_drops_file - an open file
 * @listener: gets the drops
 * @wait: those who wait for the file; outlives it
 * @ns: its namespace
 * @stranger: its opener lacks CAP_NET_ADMIN in the initial user namespace
 * @mutex: held by a reader; protects what follows
 * @drop: the drop that @text describes
 * @len: bytes in @text
 * @off: how many of them have been read
 * @text: the text to read next
 */
struct xtun_drops_file {
	struct xtun_listener listener;
	struct xtun_drops_wait *wait;
	struct xtun_drops_net *ns;
	bool stranger;
	struct mutex mutex;	/* held by a reader; protects what follows */
	struct xtun_drop drop;
	size_t len;
	size_t off;
	char text[XTUN_DROPS_TEXT];
};

static unsigned int xtun_drops_id;

/*
 * poll() and epoll leave the wait queue some time after the file has been removed, and
 * all that belonged to its namespace with it. The wait queue stays in this list until then.
 */
static LIST_HEAD(xtun_drops_closed);
static DEFINE_SPINLOCK(xtun_drops_closed_lock);

static bool xtun_drops_awaited(struct xtun_drops_wait *wait)
{
	bool awaited;

	spin_lock_irq(&wait->head.lock);
	/* Under the lock, so that the last waiter has released that, too. */
	awaited = waitqueue_active(&wait->head);
	spin_unlock_irq(&wait->head.lock);
	return awaited;
}

/* Free the wait queues that are empty; true if others are left. */
static bool xtun_drops_sweep(void)
{
	struct xtun_drops_wait *wait, *next;
	bool left;

	spin_lock(&xtun_drops_closed_lock);
	list_for_each_entry_safe(wait, next, &xtun_drops_closed, node) {
		if (xtun_drops_awaited(wait))
			continue;
		list_del(&wait->node);
		/* epoll may still be about to look at the wait queue that it has left. */
		kfree_rcu(wait, rcu);
	}
	left = !list_empty(&xtun_drops_closed);
	spin_unlock(&xtun_drops_closed_lock);
	return left;
}

static void xtun_drops_dismiss(struct xtun_drops_wait *wait)
{
	/* Without POLLFREE, epoll would stay until the program closes the file. */
	__wake_up(&wait->head, TASK_NORMAL, 0, poll_to_key(EPOLLHUP | POLLFREE));
	spin_lock(&xtun_drops_closed_lock);
	list_add(&wait->node, &xtun_drops_closed);
	spin_unlock(&xtun_drops_closed_lock);
	xtun_drops_sweep();
}

static __printf(2, 3) void xtun_drops_print(struct xtun_drops_file *f, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	WRITE_ONCE(f->len, f->len + vscnprintf(f->text + f->len, sizeof(f->text) - f->len,
					       fmt, args));
	va_end(args);
}

/* The function's name, or "?": a bare address would only help an attacker. */
static void xtun_drops_function(struct xtun_drops_file *f, const void *location)
{
	char name[KSYM_SYMBOL_LEN] = "";

#ifdef CONFIG_KALLSYMS
	sprint_symbol_no_offset(name, (unsigned long)location);
#endif
	xtun_drops_print(f, "%s", strncmp(name, "0x", 2) && name[0] ? name : "?");
}

/*
 * "xtun rx 12.345678: ip_rcv_core, IP_CSUM, 98 bytes, Ethernet 0800, VLAN 5, for another
 * host, at br0" and the bytes; "network 0800" if there is no Ethernet header.
 */
static void xtun_drops_format(struct xtun_drops_file *f)
{
	const struct xtun_drop *d = &f->drop;
	u32 ns;
	u64 seconds = div_u64_rem(d->when, NSEC_PER_SEC, &ns);
	unsigned int i;

	xtun_drops_print(f, "%s %s %llu.%06u: ", d->iface, d->tx ? "tx" : "rx", seconds,
			 ns / (u32)NSEC_PER_USEC);
	xtun_drops_function(f, d->location);
	xtun_drops_print(f, ", %s, %u bytes, %s %04x", d->reason ?: "no reason", d->len,
			 d->ethernet ? "Ethernet" : "network", ntohs(d->proto));
	if (d->tagged)
		xtun_drops_print(f, ", VLAN %u", d->vlan);
	if (d->other_host)
		xtun_drops_print(f, ", for another host");
	if (d->dev[0])
		xtun_drops_print(f, ", at %s", d->dev);
	xtun_drops_print(f, "\n    ");
	for (i = 0; i < d->kept; i += 64)	/* as many as "%*ph" prints */
		xtun_drops_print(f, "%*phN", min(d->kept - i, 64U), d->bytes + i);
	xtun_drops_print(f, "\n");
}

/* Prepare the next piece of text; false if there is none. */
static bool xtun_drops_next(struct xtun_drops_file *f)
{
	u64 missed;
	bool got;

	if (f->off < f->len)
		return true;
	got = xtun_drops_get(&f->listener, &f->drop, &missed);
	WRITE_ONCE(f->off, 0);
	WRITE_ONCE(f->len, 0);
	if (missed)
		xtun_drops_print(f, "missed %llu\n", missed);
	if (got)
		xtun_drops_format(f);
	return f->len;
}

static bool xtun_drops_ready(struct xtun_drops_file *f)
{
	return READ_ONCE(f->ns->ended) || xtun_drops_waits(&f->listener) ||
	       READ_ONCE(f->off) < READ_ONCE(f->len);
}

static int xtun_drops_await(struct xtun_drops_file *f, const struct file *file)
{
	if (xtun_drops_ready(f))
		return 0;
	if (file->f_flags & O_NONBLOCK)
		return -EAGAIN;
	return wait_event_interruptible(f->wait->head, xtun_drops_ready(f));
}

static bool xtun_drops_hold(struct net *net)
{
	if (!try_module_get(THIS_MODULE))
		return false;
	if (maybe_get_net(net))
		return true;
	module_put(THIS_MODULE);
	return false;
}

static ssize_t xtun_drops_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	struct xtun_drops_file *f = file->private_data;
	ssize_t n = 0;
	bool more;
	int err;

	do {
		err = xtun_drops_await(f, file);
		if (err)
			return err;
		if (mutex_lock_interruptible(&f->mutex))
			return -ERESTARTSYS;
		/*
		 * Access to the reader's memory may block for long (userfaultfd(2), FUSE).
		 * A namespace that ends waits for each call on its files to return, and no
		 * other namespace can begin or end meanwhile; rmmod waits likewise. The
		 * references held here keep both from happening during the copy.
		 */
		if (!xtun_drops_hold(f->ns->net)) {
			mutex_unlock(&f->mutex);
			break;
		}
		if (xtun_drops_next(f)) {
			n = min(size, f->len - f->off);
			if (copy_to_user(buf, f->text + f->off, n))
				n = -EFAULT;
			else
				WRITE_ONCE(f->off, f->off + n);
		}
		more = f->off < f->len;
		mutex_unlock(&f->mutex);
		/* Another reader of this file may have seen nothing to read, and sleep. */
		if (more)
			wake_up(&f->wait->head);
		put_net(f->ns->net);
		module_put(THIS_MODULE);
		/* Another reader may have taken what there was. */
	} while (!n && size && !READ_ONCE(f->ns->ended));
	return n;
}

static __poll_t xtun_drops_poll(struct file *file, poll_table *table)
{
	struct xtun_drops_file *f = file->private_data;

	poll_wait(file, &f->wait->head, table);
	if (READ_ONCE(f->ns->ended))
		return EPOLLHUP;
	return xtun_drops_ready(f) ? EPOLLIN | EPOLLRDNORM : 0;
}

/* Whether one more may listen; xtun_drops_uncount() must follow in either case. */
static bool xtun_drops_count(struct xtun_drops_file *f, bool everywhere)
{
	f->stranger = !everywhere;
	return (atomic_inc_return(&f->ns->listeners) <= XTUN_DROPS_LISTENERS) &
	       (!f->stranger || atomic_inc_return(&xtun_drops_strangers) <= XTUN_DROPS_STRANGERS);
}

static void xtun_drops_uncount(struct xtun_drops_file *f)
{
	atomic_dec(&f->ns->listeners);
	if (f->stranger)
		atomic_dec(&xtun_drops_strangers);
}

static int xtun_drops_open(struct inode *inode, struct file *file)
{
	bool everywhere = file_ns_capable(file, &init_user_ns, CAP_NET_ADMIN);
	struct xtun_drops_net *ns = pde_data(inode);
	struct xtun_drops_file *f;
	int err;

	if (!file_ns_capable(file, ns->net->user_ns, CAP_NET_ADMIN))
		return -EPERM;
	f = kvzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	if (!f)
		return -ENOMEM;
	f->wait = kmalloc(sizeof(*f->wait), GFP_KERNEL_ACCOUNT);
	err = -ENOMEM;
	if (!f->wait)
		goto err_free;
	init_waitqueue_head(&f->wait->head);
	f->ns = ns;
	mutex_init(&f->mutex);
	err = -EBUSY;
	if (!xtun_drops_count(f, everywhere))
		goto err_uncount;
	err = xtun_drops_listen(&f->listener, ns->net, everywhere, &f->wait->head);
	if (err)
		goto err_uncount;
	file->private_data = f;
	/* No position: a second reader would wait for its lock, and no signal could wake it. */
	return stream_open(inode, file);

err_uncount:
	xtun_drops_uncount(f);
err_free:
	kfree(f->wait);
	kvfree(f);
	return err;
}

static int xtun_drops_release(struct inode *inode, struct file *file)
{
	struct xtun_drops_file *f = file->private_data;

	xtun_drops_leave(&f->listener);
	xtun_drops_dismiss(f->wait);
	xtun_drops_uncount(f);
	kvfree(f);
	return 0;
}

static const struct proc_ops xtun_drops_ops = {
	.proc_open	= xtun_drops_open,
	.proc_read	= xtun_drops_read,
	.proc_poll	= xtun_drops_poll,
	.proc_release	= xtun_drops_release,
};

static int __net_init xtun_drops_net_init(struct net *net)
{
	struct xtun_drops_net *ns = net_generic(net, xtun_drops_id);

	ns->net = net;
	atomic_set(&ns->listeners, 0);
	ns->ended = false;
	if (!proc_create_data(XTUN_DROPS_NAME, 0400, net->proc_net, &xtun_drops_ops, ns))
		return -ENOMEM;
	return 0;
}

static void __net_exit xtun_drops_net_exit(struct net *net)
{
	struct xtun_drops_net *ns = net_generic(net, xtun_drops_id);

	/* Otherwise removing the file would wait for readers that sleep in read(). */
	WRITE_ONCE(ns->ended, true);
	xtun_drops_wake_all(net);
	remove_proc_entry(XTUN_DROPS_NAME, net->proc_net);
}

static struct pernet_operations xtun_drops_net_ops = {
	.init	= xtun_drops_net_init,
	.exit	= xtun_drops_net_exit,
	.id	= &xtun_drops_id,
	.size	= sizeof(struct xtun_drops_net),
};

/* No file is left, but tasks may still be in a wait queue: they leave it when they run. */
static void xtun_drops_await_all(void)
{
	while (xtun_drops_sweep())
		msleep(20);
}

/* Without tracepoints there is nothing to report, and no file. */
#define XTUN_DROPS_CAN	(IS_ENABLED(CONFIG_PROC_FS) && IS_ENABLED(CONFIG_TRACEPOINTS))

/**
 * xtun_drops_init() - create the file in each namespace, if the kernel has what it needs
 *
 * Context: module init.
 * Return: 0 or -ENOMEM.
 */
int xtun_drops_init(void)
{
	int err = XTUN_DROPS_CAN ? register_pernet_subsys(&xtun_drops_net_ops) : 0;

	/* Some namespaces may have had the file for a moment. */
	if (err)
		xtun_drops_await_all();
	return err;
}

/**
 * xtun_drops_exit() - undo xtun_drops_init()
 *
 * Context: module exit. Listeners are cut off.
 */
void xtun_drops_exit(void)
{
	if (!XTUN_DROPS_CAN)
		return;
	unregister_pernet_subsys(&xtun_drops_net_ops);
	xtun_drops_await_all();
}
