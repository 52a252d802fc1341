// SPDX-License-Identifier: GPL-2.0
/*
 * Each namespace remembers the last calls that failed, with their arguments, because
 * errno alone does not tell which bit, name or right was wrong.
 */
#include <linux/if_tun.h>
#include <linux/ktime.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/seq_file_net.h>
#include <linux/sockios.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "xtun.h"

/* How many a namespace remembers. */
#define XTUN_REFUSED	8

/**
 * struct xtun_refusal - a call that failed
 * @when: in nanoseconds, as ktime_get_ns()
 * @comm: name of the calling program
 * @pid: its process ID in the initial PID namespace
 * @cmd: the ioctl, or XTUN_REFUSED_ATTACH
 * @name: the interface that the call named; empty if it named none
 * @value: the flags in its struct ifreq, or its argument
 * @err: negative errno
 */
struct xtun_refusal {
	s64 when;
	char comm[TASK_COMM_LEN];
	pid_t pid;
	unsigned int cmd;
	char name[IFNAMSIZ];
	unsigned long value;
	int err;
};

struct xtun_refused {
	spinlock_t lock;	/* all that follows */
	unsigned int n;		/* how many so far; the i-th is at i modulo the array's size */
	struct xtun_refusal list[XTUN_REFUSED];
};

static unsigned int xtun_refused_id;

static const char *xtun_refused_name(unsigned int cmd)
{
	switch (cmd) {
	case TUNSETIFF:
		return "TUNSETIFF";
	case TUNSETQUEUE:
		return "TUNSETQUEUE";
	case TUNSETOFFLOAD:
		return "TUNSETOFFLOAD";
	case SIOCSIFFLAGS:
		return "SIOCSIFFLAGS";
	case XTUN_IOC_SET_RINGS:
		return "XTUN_IOC_SET_RINGS";
	case XTUN_REFUSED_ATTACH:
		return "attach";
	default:
		return NULL;
	}
}

static bool xtun_refused_is_same(const struct xtun_refusal *a, const struct xtun_refusal *b)
{
	return a->pid == b->pid && a->cmd == b->cmd && a->value == b->value &&
	       a->err == b->err && !strncmp(a->name, b->name, IFNAMSIZ);
}

/**
 * xtun_refused_remember() - record a call that failed
 * @net: namespace of the file
 * @cmd: the ioctl; only those on which programs often fail are recorded.
 *	%XTUN_REFUSED_ATTACH: the first read or write, or an open with O_EXCL
 * @ifr: its argument, if that is a struct ifreq; else NULL
 * @value: its argument, if @ifr is NULL
 * @err: negative errno
 *
 * Context: process.
 */
void xtun_refused_remember(struct net *net, unsigned int cmd, const struct ifreq *ifr,
			   unsigned long value, int err)
{
	struct xtun_refused *refused = net_generic(net, xtun_refused_id);
	struct xtun_refusal r = {
		.when = ktime_get_ns(), .pid = task_tgid_nr(current), .cmd = cmd,
		.value = ifr ? (unsigned short)ifr->ifr_flags : value, .err = err,
	};

	if (!xtun_refused_name(cmd))
		return;
	get_task_comm(r.comm, current);
	if (ifr)
		/* The name need not end in a NUL. */
		memcpy(r.name, ifr->ifr_name, IFNAMSIZ);
	spin_lock(&refused->lock);
	/* A program that retries for ever must not push out the others. */
	if (!refused->n ||
	    !xtun_refused_is_same(&r, &refused->list[(refused->n - 1) % XTUN_REFUSED]))
		refused->n++;
	refused->list[(refused->n - 1) % XTUN_REFUSED] = r;
	spin_unlock(&refused->lock);
}

static bool xtun_refused_get(struct xtun_refused *refused, unsigned int back,
			     struct xtun_refusal *r)
{
	bool found;

	spin_lock(&refused->lock);
	found = back < min_t(unsigned int, refused->n, XTUN_REFUSED);
	if (found)
		*r = refused->list[(refused->n - 1 - back) % XTUN_REFUSED];
	spin_unlock(&refused->lock);
	return found;
}

/**
 * xtun_refused_show() - print the calls that failed, the latest first
 * @seq: where to print
 *
 * Context: process.
 */
void xtun_refused_show(struct seq_file *seq)
{
	struct xtun_refused *refused = net_generic(seq_file_net(seq), xtun_refused_id);
	char name[IFNAMSIZ + 1];
	struct xtun_refusal r;
	unsigned int i;

	for (i = 0; xtun_refused_get(refused, i, &r); i++) {
		seq_puts(seq, "refused ");
		xtun_proc_seconds(seq, ktime_get_ns() - r.when);
		seq_puts(seq, " s ago: ");
		/* Escaped, so that no program can forge a line by its name or its argument. */
		seq_escape(seq, r.comm, XTUN_PROC_ESCAPED);
		seq_printf(seq, "[%d] %s 0x%lx: errno %d", r.pid, xtun_refused_name(r.cmd), r.value,
			   -r.err);
		memcpy(name, r.name, IFNAMSIZ);
		name[IFNAMSIZ] = '\0';
		if (name[0]) {
			seq_puts(seq, ", name ");
			seq_escape(seq, name, XTUN_PROC_ESCAPED " ");
		}
		seq_putc(seq, '\n');
	}
}

static int __net_init xtun_refused_net_init(struct net *net)
{
	struct xtun_refused *refused = net_generic(net, xtun_refused_id);

	spin_lock_init(&refused->lock);
	return 0;
}

static struct pernet_operations xtun_refused_net_ops = {
	.init	= xtun_refused_net_init,
	.id	= &xtun_refused_id,
	.size	= sizeof(struct xtun_refused),
};

/**
 * xtun_refused_init() - give each namespace its memory of failed calls
 *
 * Context: module init.
 * Return: 0 or -ENOMEM.
 */
int xtun_refused_init(void)
{
	return register_pernet_subsys(&xtun_refused_net_ops);
}

/**
 * xtun_refused_exit() - undo xtun_refused_init()
 *
 * Context: module exit, when no file is open.
 */
void xtun_refused_exit(void)
{
	unregister_pernet_subsys(&xtun_refused_net_ops);
}
