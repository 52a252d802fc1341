/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Gives the rest of the module the newest kernel's interfaces, whichever
 * kernel it is built for. What each kernel has was found out by probes.mk.
 */
#ifndef _XTUN_COMPAT_H
#define _XTUN_COMPAT_H

#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/u64_stats_sync.h>

#include "generated.h"

/* Process context had a function of its own, which netif_rx() took over. */
#ifdef XTUN_HAVE_NETIF_RX_NI
#define netif_rx(skb)	netif_rx_ni(skb)
#endif

/* FIONREAD was then in the table of fs/compat_ioctl.c. */
#ifndef XTUN_HAVE_COMPAT_PTR_IOCTL
#define compat_ptr_ioctl	NULL
#endif

#ifndef XTUN_HAVE_NF_RESET_CT
#define nf_reset_ct(skb)	nf_reset(skb)
#endif

#ifndef XTUN_HAVE_SKB_LIST_WALK_SAFE
#undef skb_list_walk_safe
#define skb_list_walk_safe(first, skb, next_skb)				\
	for ((skb) = (first), (next_skb) = (skb) ? (skb)->next : NULL; (skb);	\
	     (skb) = (next_skb), (next_skb) = (skb) ? (skb)->next : NULL)
#define skb_mark_not_on_list(skb)	((skb)->next = NULL)
#endif

/* A counter that 64 bits read in one piece, and 32 bits under its seqcount. */
#ifndef XTUN_HAVE_U64_STATS_T
#define u64_stats_t				u64
#define u64_stats_add(p, n)			(*(p) += (n))
#define u64_stats_read(p)			READ_ONCE(*(p))
#define u64_stats_update_begin_irqsave(syncp)					\
	({									\
		unsigned long flags;						\
										\
		local_irq_save(flags);						\
		u64_stats_update_begin(syncp);					\
		flags;								\
	})
#define u64_stats_update_end_irqrestore(syncp, flags)				\
	do {									\
		u64_stats_update_end(syncp);					\
		local_irq_restore(flags);					\
	} while (0)
#endif

/* Drop reasons: the kernel has all that we name, or we have names only. */
#ifdef XTUN_HAVE_DROP_REASON
#ifndef XTUN_HAVE_DROP_REASON_QUEUE_PURGE
#define SKB_DROP_REASON_QUEUE_PURGE	SKB_DROP_REASON_NOT_SPECIFIED
#endif
#else
#define skb_drop_reason			xtun_compat_drop_reason
#define SKB_DROP_REASON_FULL_RING	XTUN_COMPAT_NO_REASON
#define SKB_DROP_REASON_SKB_UCOPY_FAULT	XTUN_COMPAT_NO_REASON
#define SKB_DROP_REASON_QUEUE_PURGE	XTUN_COMPAT_NO_REASON
#define SKB_DROP_REASON_NOT_SPECIFIED	XTUN_COMPAT_NO_REASON
#define SKB_DROP_REASON_PKT_TOO_BIG	XTUN_COMPAT_NO_REASON
#define SKB_DROP_REASON_DEV_READY	XTUN_COMPAT_NO_REASON
#define SKB_DROP_REASON_HDR_TRUNC	XTUN_COMPAT_NO_REASON
#define SKB_DROP_REASON_NOMEM		XTUN_COMPAT_NO_REASON
#define SKB_DROP_REASON_CPU_BACKLOG	XTUN_COMPAT_NO_REASON
#define kfree_skb_reason(skb, reason)	((void)(reason), kfree_skb(skb))

enum xtun_compat_drop_reason { XTUN_COMPAT_NO_REASON };
#endif

/* On 32 bits, readers must keep out the softirq that writes on their CPU. */
#ifdef XTUN_HAVE_U64_STATS_FETCH_IRQ
#undef u64_stats_fetch_begin
#undef u64_stats_fetch_retry
#define u64_stats_fetch_begin(syncp)		u64_stats_fetch_begin_irq(syncp)
#define u64_stats_fetch_retry(syncp, start)	u64_stats_fetch_retry_irq(syncp, start)
#endif

/* .get_ringparam has two more parameters. */
#ifdef XTUN_HAVE_KERNEL_RINGPARAM
#define XTUN_COMPAT_RINGPARAM_MORE						\
	, struct kernel_ethtool_ringparam *kernel_ring, struct netlink_ext_ack *extack
#else
#define XTUN_COMPAT_RINGPARAM_MORE
#endif

/**
 * xtun_compat_set_lltx() - say that the driver needs no lock of the core's
 * @dev: not yet registered
 *
 * It was a feature, and is a member of struct net_device.
 */
static inline void xtun_compat_set_lltx(struct net_device *dev)
{
#ifdef XTUN_HAVE_LLTX_MEMBER
	dev->lltx = true;
#else
	dev->features |= NETIF_F_LLTX;
#endif
}

#endif /* _XTUN_COMPAT_H */
