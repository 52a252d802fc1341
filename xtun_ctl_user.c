// SPDX-License-Identifier: GPL-2.0
/*
 * Reads and writes the program's memory for the ioctls of <linux/if_tun.h>, never
 * under RTNL.
 */
#include <linux/filter.h>
#include <linux/sockios.h>
#include <linux/uaccess.h>

#include "xtun.h"
#include "xtun_ctl.h"

/**
 * xtun_ctl_takes_ifreq() - whether a call reads a struct ifreq
 * @cmd: number of the ioctl
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

	/* TUNGETFILTER copies all of it to userspace, padding included. */
	memset(&user->fprog, 0, sizeof(user->fprog));
	err = xtun_compat_get_fprog(&user->fprog, user->argp);
	if (err)
		return err;
	copy = user->fprog;
	return bpf_prog_create_from_user(&user->prog, &copy, NULL, false);
}

/**
 * xtun_ctl_take() - read the argument of a call
 * @user: its address; filled with the argument, or @user->err is set
 * @cmd: number of the ioctl
 *
 * Context: process, without RTNL. xtun_ctl_free() must follow, except after a struct
 * ifreq, for which nothing is allocated.
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
 * xtun_ctl_give() - write the result of a successful call
 * @user: the result, and the address to write it to
 * @cmd: number of the ioctl
 *
 * Context: process, without RTNL.
 * Return: 0, or -EFAULT; as in tap, the call has had its effect in either case.
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
 * xtun_ctl_free() - free what was read and not kept
 * @user: filled by xtun_ctl_take()
 *
 * Context: process.
 */
void xtun_ctl_free(struct xtun_ctl_user *user)
{
	if (user->prog)
		bpf_prog_destroy(user->prog);
	xtun_filter_free_macs(user->macs);
}
