/* SPDX-License-Identifier: GPL-2.0 */
/* What the ioctls of <linux/if_tun.h> read from a program's memory, and write to it. */
#ifndef XTUN_CTL_H
#define XTUN_CTL_H

#include <linux/filter.h>
#include <linux/if.h>

struct xtun_macs;

/**
 * struct xtun_ctl_user - what the argument of a call points to
 * @argp: its address
 * @ifreq_len: size of the program's struct ifreq in bytes
 * @err: why it could not be read; 0 if it could
 * @ifr: a name and flags, or an address
 * @value: an int
 * @fprog: a classic BPF program, as the caller passed it
 * @prog: the program that was made of it
 * @macs: addresses
 *
 * Access to the program's memory may block for long (FUSE, userfaultfd), and all of the
 * kernel's network configuration waits for RTNL. So the argument is read before RTNL is
 * taken, and the result is written after it is released. As in tap, if a check fails that
 * comes before the argument is used, the call returns that errno, whatever @err is.
 */
struct xtun_ctl_user {
	void __user *argp;
	size_t ifreq_len;
	int err;
	struct ifreq ifr;
	int value;
	struct sock_fprog fprog;
	struct bpf_prog *prog;
	struct xtun_macs *macs;
};

/* Take a member over, so that xtun_ctl_free() does not free it. */
#define xtun_ctl_keep(member) ({ typeof(member) kept_ = (member); (member) = NULL; kept_; })

bool xtun_ctl_takes_ifreq(unsigned int cmd);
void xtun_ctl_take(struct xtun_ctl_user *user, unsigned int cmd);
int xtun_ctl_give(const struct xtun_ctl_user *user, unsigned int cmd);
void xtun_ctl_free(struct xtun_ctl_user *user);

#endif
