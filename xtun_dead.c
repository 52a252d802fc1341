// SPDX-License-Identifier: GPL-2.0
/*
 * Interfaces that are gone. One that a program made is deleted when the program ends, and
 * with it everything that could tell why. So each namespace remembers the last few.
 */
#include <linux/ktime.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/seq_file_net.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "xtun.h"
#include "xtun_why.h"

/* How many a namespace remembers. */
#define XTUN_DEAD	8

/**
 * struct xtun_dead_one - an interface that was deleted, or moved to another namespace
 * @name: its last name
 * @when: when that was, in nanoseconds as ktime_get_ns()
 * @is_tun: it carried IP packets, not Ethernet frames
 * @queues: how many it could have
 * @comm: name of the program that did it
 * @pid: process ID of that program in the initial PID namespace
 * @abandoned: the program did it by closing the interface's last file
 * @moved: it was moved; if neither this nor @abandoned is set, it was deleted
 * @lost: frames that it had lost before
 * @last: counter of the last of these, if there are any
 * @last_when: when that was lost
 * @last_err: negative errno that its writer got, or 0
 */
struct xtun_dead_one {
	char name[IFNAMSIZ];
	s64 when;
	bool is_tun;
	unsigned int queues;
	char comm[TASK_COMM_LEN];
	pid_t pid;
	bool abandoned;
	bool moved;
	u64 lost;
	enum xtun_counter last;
	s64 last_when;
	int last_err;
};

struct xtun_dead {
	unsigned int n;		/* how many so far; the i-th is at i modulo the array's size */
	struct xtun_dead_one list[XTUN_DEAD];
};

static unsigned int xtun_dead_id;

/**
 * xtun_dead_remember() - record an interface that is being deleted, or moved away
 * @dev: the interface; if it is being deleted, the frames that wait are not lost yet
 *
 * Context: process, under RTNL.
 */
void xtun_dead_remember(const struct net_device *dev)
{
	const struct xtun *xt = netdev_priv(dev);
	struct xtun_dead *dead = net_generic(dev_net(dev), xtun_dead_id);
	struct xtun_dead_one *one = &dead->list[dead->n++ % XTUN_DEAD];
	struct xtun_why_loss l;

	strscpy(one->name, dev->name, sizeof(one->name));
	one->when = ktime_get_ns();
	one->is_tun = xt->flags & IFF_TUN;
	one->queues = dev->num_tx_queues;
	get_task_comm(one->comm, current);
	one->pid = task_tgid_nr(current);
	one->abandoned = xt->abandoned;
	one->moved = dev->reg_state == NETREG_REGISTERED;
	one->lost = 0;
	if (!xtun_why_get(xt, &l, 1))
		return;
	one->lost = xtun_why_lost(xt);
	one->last = l.loss;
	one->last_when = l.last;
	one->last_err = l.err;
}

/* What is needed to make it again; the defaults are left out. */
static void xtun_dead_show_kind(struct seq_file *seq, const struct xtun_dead_one *one)
{
	if (one->is_tun || one->queues > 1)
		seq_printf(seq, ", a %s", one->is_tun ? "tun" : "tap");
	if (one->queues > 1)
		seq_printf(seq, " of %u queues", one->queues);
}

static void xtun_dead_show_end(struct seq_file *seq, const struct xtun_dead_one *one)
{
	if (one->moved)
		seq_puts(seq, "moved to another namespace by ");
	/* Escaped, so that no program can forge a line by its name. */
	seq_escape(seq, one->comm, XTUN_PROC_ESCAPED);
	seq_printf(seq, "[%d]", one->pid);
	if (!one->moved)
		seq_puts(seq, one->abandoned ? " closed its last file" : " deleted it");
}

static void xtun_dead_show_one(struct seq_file *seq, const struct xtun_dead_one *one, s64 now)
{
	seq_printf(seq, "%s: gone ", one->name);
	xtun_proc_seconds(seq, now - one->when);
	seq_puts(seq, " s ago");
	xtun_dead_show_kind(seq, one);
	seq_puts(seq, ": ");
	xtun_dead_show_end(seq, one);
	if (one->lost) {
		seq_printf(seq, "; it had lost %llu, the last ", one->lost);
		xtun_proc_seconds(seq, now - one->last_when);
		seq_printf(seq, " s ago: %s", xtun_counter_names[one->last]);
		if (one->last_err)
			seq_printf(seq, ", errno %d", -one->last_err);
	}
	seq_putc(seq, '\n');
}

/**
 * xtun_dead_show() - print the interfaces that are gone, the latest first
 * @seq: where to print
 *
 * Context: process, under RTNL.
 */
void xtun_dead_show(struct seq_file *seq)
{
	const struct xtun_dead *dead = net_generic(seq_file_net(seq), xtun_dead_id);
	unsigned int i, n = min_t(unsigned int, dead->n, XTUN_DEAD);
	s64 now = ktime_get_ns();

	for (i = 0; i < n; i++)
		xtun_dead_show_one(seq, &dead->list[(dead->n - 1 - i) % XTUN_DEAD], now);
}

static struct pernet_operations xtun_dead_net_ops = {
	.id	= &xtun_dead_id,
	.size	= sizeof(struct xtun_dead),
};

/**
 * xtun_dead_init() - give each namespace its memory of interfaces
 *
 * Context: module init.
 * Return: 0 or -ENOMEM.
 */
int xtun_dead_init(void)
{
	return register_pernet_subsys(&xtun_dead_net_ops);
}

/**
 * xtun_dead_exit() - undo xtun_dead_init()
 *
 * Context: module exit, when no interface is left.
 */
void xtun_dead_exit(void)
{
	unregister_pernet_subsys(&xtun_dead_net_ops);
}
