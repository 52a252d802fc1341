// SPDX-License-Identifier: GPL-2.0
/*
 * The program's memory, as the ioctls of <linux/if_tun.h> read and write it:
 * never under RTNL.
 */
#include <linux/filter.h>
#include <linux/sockios.h>
#include <linux/uaccess.h>

#include "xtun.h"
#include "xtun_ctl.h"

/**
 * xtun_ctl_takes_ifreq() - whether a call reads a struct ifreq
 * @cmd: which
 *
 * Context: any.
 * Return: true if so.
 */
bool xtun_ctl_takes_ifreq(unsigned int cmd)
{
	return cmd == TUNSETIFF || cmd == TUNSETQUEUE || cmd == SIOCGIFHWADDR ||
	       cmd == SIOCSIFHWADDR;
}

static int xtun_ctl_take_fprog(struct xtun_ctl_user *user)
{
	struct sock_fprog copy;
	int err;

	/* TUNGETFILTER tells of all of it, padding too. */
	memset(&user->fprog, 0, sizeof(user->fprog));
	err = xtun_compat_get_fprog(&user->fprog, user->argp);
	if (err)
		return err;
	copy = user->fprog;
	return bpf_prog_create_from_user(&user->prog, &copy, NULL, false);
}

/**
 * xtun_ctl_take() - read what a call takes
 * @user: where it is; filled, or @user->err set
 * @cmd: which call
 *
 * Context: process, without RTNL. xtun_ctl_free() must follow, but after a struct ifreq,
 * of which nothing is held.
 */
void xtun_ctl_take(struct xtun_ctl_user *user, unsigned int cmd)
{
	if (xtun_ctl_takes_ifreq(cmd)) {
		if (copy_from_user(&user->ifr, user->argp, user->ifreq_len))
			user->err = -EFAULT;
		return;
	}
	switch (cmd) {
	case TUNSETIFINDEX:
	case TUNSETSNDBUF:
	case TUNSETVNETHDRSZ:
	case TUNSETVNETLE:
	case TUNSETVNETBE:
	case TUNSETCARRIER:
	case TUNSETSTEERINGEBPF:
	case TUNSETFILTEREBPF:
		user->err = get_user(user->value, (int __user *)user->argp);
		break;
	case TUNSETTXFILTER:
		user->err = xtun_filter_take_macs(&user->macs, user->argp);
		break;
	case TUNATTACHFILTER:
		user->err = xtun_ctl_take_fprog(user);
		break;
	}
}

/**
 * xtun_ctl_give() - write what a call that went well has to tell
 * @user: where to, and what
 * @cmd: which call
 *
 * Context: process, without RTNL.
 * Return: 0, or -EFAULT; the call has had its effect all the same, as tap's.
 */
int xtun_ctl_give(const struct xtun_ctl_user *user, unsigned int cmd)
{
	switch (cmd) {
	case TUNSETIFF:
	case TUNGETIFF:
	case SIOCGIFHWADDR:
		return copy_to_user(user->argp, &user->ifr, user->ifreq_len) ? -EFAULT : 0;
	case TUNGETSNDBUF:
	case TUNGETVNETHDRSZ:
	case TUNGETVNETLE:
	case TUNGETVNETBE:
		return put_user(user->value, (int __user *)user->argp);
	case TUNGETFILTER:
		return xtun_compat_put_fprog(user->argp, &user->fprog);
	default:
		return 0;
	}
}

/**
 * xtun_ctl_free() - free what was taken, and nobody kept
 * @user: what was taken
 *
 * Context: process.
 */
void xtun_ctl_free(struct xtun_ctl_user *user)
{
	if (user->prog)
		bpf_prog_destroy(user->prog);
	xtun_filter_free_macs(user->macs);
}
