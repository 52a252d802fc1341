/* SPDX-License-Identifier: GPL-2.0 */
/* What the ioctls of <linux/if_tun.h> take from a program's memory, and give to it. */
#ifndef XTUN_CTL_H
#define XTUN_CTL_H

#include <linux/filter.h>
#include <linux/if.h>

struct xtun_macs;

/**
 * struct xtun_ctl_user - what the argument of a call points to
 * @argp: where
 * @ifreq_len: bytes of the program's struct ifreq
 * @err: why it could not be taken
 * @ifr: a name and flags, or an address
 * @value: an int
 * @fprog: a classic BPF program, as the caller tells it
 * @prog: the same, made
 * @macs: addresses
 *
 * The program's memory may be long in coming (FUSE, userfaultfd), and RTNL is
 * everybody's: all is taken before that, and given after it. A call that is
 * refused for another reason tells that one, whatever @err is, as tap.
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

/* What is kept is not freed with the rest. */
#define xtun_ctl_keep(member) ({ typeof(member) kept_ = (member); (member) = NULL; kept_; })

bool xtun_ctl_takes_ifreq(unsigned int cmd);
void xtun_ctl_take(struct xtun_ctl_user *user, unsigned int cmd);
int xtun_ctl_give(const struct xtun_ctl_user *user, unsigned int cmd);
void xtun_ctl_free(struct xtun_ctl_user *user);

#endif
