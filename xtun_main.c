// SPDX-License-Identifier: GPL-2.0
/*
 * The table of contents: module parameters, what insmod makes and rmmod
 * removes.
 *
 *	xtun_net.c	the interface: setup, link kind, statistics
 *	xtun_tx.c	frames that the stack sends
 *	xtun_rx.c	frames from userspace enter the stack
 *	xtun_info.c	what sysfs and netlink report about the interface
 *	xtun_steer.c	which queue a frame goes to
 *	xtun_filter.c	which frames are dropped before they reach a queue
 *	xtun_stats.c	the counters, and the end of every frame that is lost
 *	xtun_queue.c	the queue between the interface and the files
 *	xtun_queue_life.c	creating and ending a queue, and its files
 *	xtun_frame.c	the headers in front of a frame
 *	xtun_frame_rx.c	bytes to skb, and every check on them
 *	xtun_frame_tx.c	skb to bytes, and finishing a frame before
 *	xtun_batch.c	several frames in one read() or write()
 *	xtun_ring.c	a pair of rings: memory, and its place on a queue
 *	xtun_ring_tx.c	frames to a program through its ring, and when it is woken
 *	xtun_ring_rx.c	frames from a program through its ring
 *	xtun_xdp.c	XDP programs, and frames that other devices' programs redirect
 *	xtun_napi.c	written frames that enter the stack through NAPI
 *	xtun_account.c	how much of what a file wrote the stack still holds
 *	xtun_attach.c	attaching files by TUNSETIFF and TUNSETQUEUE, and for rings
 *	xtun_ctl.c	the ioctls of tap
 *	xtun_ctl_user.c	what they copy from and to the program's memory
 *	xtun_ioc.c	the ioctls that only xtun has
 *	xtun_chr.c	/dev/xtun: open, read, write, poll, release
 *	xtun_ethtool.c	what ethtool shows and sets
 *	xtun_trace.h	the tracepoints
 *	xtun_why.c	what an interface remembers of the frames that it lost
 *	xtun_dead.c	what a namespace remembers of interfaces that no longer exist
 *	xtun_refused.c	what a namespace remembers of calls that failed
 *	xtun_proc.c	/proc/net/xtun
 *	xtun_drops.c	frames of an xtun that the stack drops while a program listens
 *	xtun_drops_file.c	/proc/net/xtun_drops, which reports them
 *	compat/		all that differs between kernels
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <net/net_namespace.h>
#include <net/rtnetlink.h>

#include "xtun.h"
#include "xtun_ring.h"

static char *name = "xtun";
module_param(name, charp, 0444);
MODULE_PARM_DESC(name, "Name of the interface made at load, and the one a plain file attaches to in its own network namespace (default: xtun)");

static uint owner = -1;
module_param(owner, uint, 0444);
MODULE_PARM_DESC(owner, "User id that may use that interface without CAP_NET_ADMIN (default: 4294967295, none)");

static uint group = -1;
module_param(group, uint, 0444);
MODULE_PARM_DESC(group, "Group id whose members may use that interface without CAP_NET_ADMIN; with owner set, both must match (default: 4294967295, none)");

static bool create = true;
module_param(create, bool, 0444);
MODULE_PARM_DESC(create, "Make one interface at load (default: Y); if N, use 'ip link add NAME type xtun'");

static uint queues = 1;
module_param(queues, uint, 0444);
MODULE_PARM_DESC(queues, "How many queues that interface may have: one that plain files share, and one for each file that asks for rings or uses IFF_MULTI_QUEUE; 1 to 256 (default: 1)");

static bool rings = true;
module_param(rings, bool, 0644);
MODULE_PARM_DESC(rings, "Offer rings (default: Y); if N, or if the data cache aliases, programs have to use read() and write()");

/**
 * xtun_main_offers_rings() - whether files may have rings
 *
 * Context: any.
 * Return: true if so.
 */
bool xtun_main_offers_rings(void)
{
	return READ_ONCE(rings);
}

static int __init xtun_init(void)
{
	int err;

	if (!dev_valid_name(name) || strchr(name, '%')) {
		pr_err("name=%s is not a valid interface name\n", name);
		return -EINVAL;
	}
	if (!queues || queues > XTUN_QUEUES_MAX) {
		pr_err("queues=%u is not in the range 1 to %u\n", queues, XTUN_QUEUES_MAX);
		return -EINVAL;
	}

	err = xtun_ring_init();
	if (err)
		return err;
	err = xtun_dead_init();
	if (err)
		goto err_ring;
	err = xtun_refused_init();
	if (err)
		goto err_dead;
	err = xtun_proc_init();
	if (err)
		goto err_refused;
	err = xtun_drops_init();
	if (err)
		goto err_proc;
	err = xtun_net_init();
	if (err)
		goto err_drops;

	if (create) {
		err = xtun_net_create(&init_net, name, queues, make_kuid(&init_user_ns, owner),
				      make_kgid(&init_user_ns, group));
		if (err) {
			pr_err("cannot make interface %s: %d\n", name, err);
			goto err_net;
		}
	}

	/* Last: loading must not fail once a program may have opened the device node. */
	err = xtun_chr_init(name);
	if (err)
		goto err_net;
	return 0;

err_net:
	xtun_net_exit();
err_drops:
	xtun_drops_exit();
err_proc:
	xtun_proc_exit();
err_refused:
	xtun_refused_exit();
err_dead:
	xtun_dead_exit();
err_ring:
	xtun_ring_exit();
	return err;
}
module_init(xtun_init);

/*
 * No file is open here, because an open file holds a reference to the module. No
 * code of the module runs from an RCU callback (kfree_rcu() frees the queues), so
 * there is no callback to wait for.
 */
static void __exit xtun_exit(void)
{
	xtun_chr_exit();
	xtun_net_exit();
	xtun_drops_exit();
	xtun_proc_exit();
	xtun_refused_exit();
	xtun_dead_exit();
	xtun_ring_exit();
}
module_exit(xtun_exit);

MODULE_DESCRIPTION("Ethernet interface whose other end is a file");
MODULE_AUTHOR("The xtun developers");
MODULE_LICENSE("GPL");
MODULE_VERSION(XTUN_VERSION);
MODULE_ALIAS_RTNL_LINK("xtun");
