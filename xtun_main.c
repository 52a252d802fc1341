// SPDX-License-Identifier: GPL-2.0
/*
 * The table of contents: module parameters, what insmod makes and rmmod
 * removes.
 *
 *	xtun_net.c	the interface: setup, transmit, receive, link kind
 *	xtun_info.c	what sysfs and netlink tell of it
 *	xtun_steer.c	which queue a frame goes to
 *	xtun_filter.c	which frames go there at all
 *	xtun_queue.c	the queue between the interface and the files
 *	xtun_frame.c	bytes to skb, skb to bytes, every check on a frame
 *	xtun_xdp.c	XDP programs, and frames from others'
 *	xtun_napi.c	frames that enter by NAPI
 *	xtun_account.c	how much of what a file wrote the stack still holds
 *	xtun_attach.c	the shape that TUNSETIFF and TUNSETQUEUE give
 *	xtun_ctl.c	the ioctls of tap
 *	xtun_chr.c	/dev/xtun: open, read, write, poll, release
 *	xtun_ethtool.c	what ethtool shows and sets
 *	xtun_trace.h	the tracepoints
 *	compat/		all that differs between kernels
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <net/net_namespace.h>
#include <net/rtnetlink.h>

#include "xtun.h"

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
MODULE_PARM_DESC(create, "Make one interface at load (default: Y); without, 'ip link add NAME type xtun' makes them");

static int __init xtun_init(void)
{
	int err;

	if (!dev_valid_name(name) || strchr(name, '%')) {
		pr_err("name=%s is no name for an interface\n", name);
		return -EINVAL;
	}

	err = xtun_net_init();
	if (err)
		return err;

	if (create) {
		err = xtun_net_create(&init_net, name, make_kuid(&init_user_ns, owner),
				      make_kgid(&init_user_ns, group));
		if (err) {
			pr_err("cannot make interface %s: %d\n", name, err);
			goto err_net;
		}
	}

	/* Last: once somebody may have opened it, loading must not fail. */
	err = xtun_chr_init(name);
	if (err)
		goto err_net;
	return 0;

err_net:
	xtun_net_exit();
	return err;
}
module_init(xtun_init);

/*
 * No file is open here: each holds a reference to the module. Nothing of the
 * module runs from an RCU callback (queues go by kfree_rcu()), so there is no
 * callback to wait for.
 */
static void __exit xtun_exit(void)
{
	xtun_chr_exit();
	xtun_net_exit();
}
module_exit(xtun_exit);

MODULE_DESCRIPTION("Ethernet interface whose other end is a file");
MODULE_AUTHOR("The xtun developers");
MODULE_LICENSE("GPL");
MODULE_VERSION(XTUN_VERSION);
MODULE_ALIAS_RTNL_LINK("xtun");
