// SPDX-License-Identifier: GPL-2.0
/*
 * Filters that drop frames before they reach the files: by address
 * (TUNSETTXFILTER), by a classic BPF program (TUNATTACHFILTER), by an eBPF
 * program (TUNSETFILTEREBPF), in this order. All are set under RTNL and read
 * under RCU.
 */
#include <linux/bpf.h>
#include <linux/crc32.h>
#include <linux/etherdevice.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "xtun.h"

#define XTUN_MACS_EXACT	8	/* like tap, which returns their number */

struct xtun_macs {
	struct rcu_head rcu;
	unsigned int exact;
	u64 hashed;		/* bitmap of the hashes of further addresses */
	u8 addr[XTUN_MACS_EXACT][ETH_ALEN];
};

static u64 xtun_filter_hash(const u8 *addr)
{
	return BIT_ULL(ether_crc(ETH_ALEN, addr) >> 26);
}

static bool xtun_filter_macs_pass(const struct xtun_macs *macs, const u8 *dest)
{
	unsigned int i;

	for (i = 0; i < macs->exact; i++)
		if (!memcmp(dest, macs->addr[i], ETH_ALEN))
			return true;
	return is_multicast_ether_addr(dest) && (macs->hashed & xtun_filter_hash(dest));
}

/* A program returns how many bytes of the frame to deliver; 0 loses it as @refusal. */
static bool xtun_filter_run(const struct bpf_prog *prog, struct sk_buff *skb,
			    enum xtun_counter refusal, enum xtun_counter *loss)
{
	unsigned int len = bpf_prog_run_clear_cb(prog, skb);

	if (!len)
		*loss = refusal;
	else if (pskb_trim(skb, len))
		*loss = XTUN_TX_NOMEM;
	else
		return true;
	return false;
}

/**
 * xtun_filter_pass() - whether a frame may go to its queue
 * @xt: the interface
 * @q: the queue
 * @skb: the frame; a program may cut it
 * @loss: set to the reason if it may not
 *
 * Context: softirq, or process with bottom halves off.
 * Return: true if it may.
 */
bool xtun_filter_pass(const struct xtun *xt, const struct xtun_queue *q, struct sk_buff *skb,
		      enum xtun_counter *loss)
{
	const struct xtun_macs *macs = rcu_dereference_bh(xt->filters.macs);
	const struct bpf_prog *prog;

	if (macs && !xtun_filter_macs_pass(macs, skb->data)) {
		*loss = XTUN_TX_TXFILTER;
		return false;
	}
	prog = rcu_dereference_bh(xt->filters.classic);
	if (prog && READ_ONCE(q->filtered) && !xtun_filter_run(prog, skb, XTUN_TX_FILTER, loss))
		return false;
	prog = rcu_dereference_bh(xt->filters.ebpf);
	return !prog || xtun_filter_run(prog, skb, XTUN_TX_EBPF, loss);
}

static void xtun_filter_replace_macs(struct xtun *xt, struct xtun_macs *macs)
{
	struct xtun_macs *old = rtnl_dereference(xt->filters.macs);

	rcu_assign_pointer(xt->filters.macs, macs);
	if (old)
		kfree_rcu(old, rcu);
}

/*
 * The first few addresses are compared exactly. The rest are matched by hash, which
 * is possible for multicast addresses only. If there are others among them, this
 * returns false, and everything passes.
 */
static bool xtun_filter_fill(struct xtun_macs *macs, const u8 *addr, unsigned int n)
{
	unsigned int i;

	macs->exact = min_t(unsigned int, n, XTUN_MACS_EXACT);
	memcpy(macs->addr, addr, macs->exact * ETH_ALEN);
	for (i = macs->exact; i < n; i++) {
		if (!is_multicast_ether_addr(addr + i * ETH_ALEN))
			return false;
		macs->hashed |= xtun_filter_hash(addr + i * ETH_ALEN);
	}
	return true;
}

/**
 * xtun_filter_take_macs() - read the argument of TUNSETTXFILTER
 * @macs: set to the address filter; left as it is if everything passes
 * @arg: struct tun_filter and its addresses
 *
 * Context: process, without RTNL.
 * Return: 0, -EFAULT, -ENOMEM.
 */
int xtun_filter_take_macs(struct xtun_macs **macs, const void __user *arg)
{
	struct tun_filter head;
	struct xtun_macs *new;
	int err = 0;
	u8 *addr;

	if (copy_from_user(&head, arg, sizeof(head)))
		return -EFAULT;
	if (!head.count)
		return 0;

	addr = memdup_user(arg + sizeof(head), head.count * ETH_ALEN);
	if (IS_ERR(addr))
		return PTR_ERR(addr);
	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new) {
		err = -ENOMEM;
	} else if (xtun_filter_fill(new, addr, head.count)) {
		if (head.flags & TUN_FLT_ALLMULTI)
			new->hashed = ~0ULL;
		*macs = new;
	} else {
		kfree(new);
	}
	kfree(addr);
	return err;
}

/**
 * xtun_filter_free_macs() - free an address filter that was not set
 * @macs: the address filter, or NULL
 *
 * Context: any.
 */
void xtun_filter_free_macs(struct xtun_macs *macs)
{
	kfree(macs);
}

/**
 * xtun_filter_set_macs() - TUNSETTXFILTER
 * @xt: the interface
 * @macs: the address filter, which the interface then owns; NULL if everything passes
 *
 * Context: process, under RTNL.
 * Return: number of addresses that are compared exactly, 0 if everything passes.
 */
int xtun_filter_set_macs(struct xtun *xt, struct xtun_macs *macs)
{
	int exact = macs ? macs->exact : 0;

	xtun_filter_replace_macs(xt, macs);
	return exact;
}

static void xtun_filter_mark(struct xtun *xt, bool filtered)
{
	const struct net_device *dev = xt->slots[0].dev;
	struct xtun_queue *q;
	unsigned int i;

	for (i = 0; i < dev->real_num_tx_queues; i++) {
		q = rtnl_dereference(xt->slots[i].queue);
		if (q && q->enabled)
			WRITE_ONCE(q->filtered, filtered);
	}
}

static void xtun_filter_replace_classic(struct xtun *xt, struct bpf_prog *prog)
{
	struct bpf_prog *old = rtnl_dereference(xt->filters.classic);

	rcu_assign_pointer(xt->filters.classic, prog);
	if (!old)
		return;
	synchronize_net();
	bpf_prog_destroy(old);
}

/**
 * xtun_filter_set_classic() - TUNATTACHFILTER
 * @xt: the interface
 * @prog: the program, which the interface then owns
 *
 * It applies to the queues that are in service now, and to those that are
 * attached later without IFF_NOFILTER.
 *
 * Context: process, under RTNL.
 */
void xtun_filter_set_classic(struct xtun *xt, struct bpf_prog *prog)
{
	xtun_filter_replace_classic(xt, prog);
	xtun_filter_mark(xt, true);
}

/**
 * xtun_filter_clear_classic() - TUNDETACHFILTER
 * @xt: the interface
 *
 * Context: process, under RTNL.
 */
void xtun_filter_clear_classic(struct xtun *xt)
{
	xtun_filter_replace_classic(xt, NULL);
	xtun_filter_mark(xt, false);
}

static void xtun_filter_replace_ebpf(struct bpf_prog __rcu **where, struct bpf_prog *prog)
{
	struct bpf_prog *old = rtnl_dereference(*where);

	rcu_assign_pointer(*where, prog);
	if (!old)
		return;
	synchronize_net();
	bpf_prog_put(old);
}

/**
 * xtun_filter_set_ebpf() - TUNSETFILTEREBPF and TUNSETSTEERINGEBPF
 * @where: where the interface keeps the program
 * @fd: descriptor of a socket filter, -1 for none
 *
 * Context: process, under RTNL.
 * Return: 0, -EBADF, -EINVAL if it is a program of another type.
 */
int xtun_filter_set_ebpf(struct bpf_prog __rcu **where, int fd)
{
	struct bpf_prog *prog = NULL;

	if (fd != -1) {
		prog = bpf_prog_get_type(fd, BPF_PROG_TYPE_SOCKET_FILTER);
		if (IS_ERR(prog))
			return PTR_ERR(prog);
	}
	xtun_filter_replace_ebpf(where, prog);
	return 0;
}

/**
 * xtun_filter_free() - free the filters and the steering program of an interface
 * @xt: the interface, which no frame can reach any more
 *
 * Context: process, under RTNL.
 */
void xtun_filter_free(struct xtun *xt)
{
	xtun_filter_replace_macs(xt, NULL);
	xtun_filter_replace_classic(xt, NULL);
	xtun_filter_replace_ebpf(&xt->filters.ebpf, NULL);
	xtun_filter_replace_ebpf(&xt->steer.ebpf, NULL);
}
