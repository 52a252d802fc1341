/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Gives the rest of the module the newest kernel's interfaces, whichever
 * kernel it is built for. probes.mk finds out what that kernel has.
 */
#ifndef _XTUN_COMPAT_H
#define _XTUN_COMPAT_H

#include <linux/cacheinfo.h>
#include <linux/compat.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/hrtimer.h>
#include <linux/if_tun.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/poll.h>
#include <linux/proc_fs.h>
#include <linux/skbuff.h>
#include <linux/u64_stats_sync.h>
#include <linux/uaccess.h>
#include <linux/virtio_net.h>
#include <net/sock.h>
#include <net/xdp.h>

#include "generated.h"

/* Constants of the newest <linux/if_tun.h>. */
#ifndef IFF_NO_CARRIER
#define IFF_NO_CARRIER		0x0040
#endif
#ifndef IFF_BACKPRESSURE
#define IFF_BACKPRESSURE	0x0080
#endif
#ifndef TUN_F_USO4
#define TUN_F_USO4		0x20
#define TUN_F_USO6		0x40
#endif
#ifndef TUN_F_UDP_TUNNEL_GSO
#define TUN_F_UDP_TUNNEL_GSO		0x080
#define TUN_F_UDP_TUNNEL_GSO_CSUM	0x100
#endif

#if defined(CONFIG_ARM) && !defined(XTUN_HAVE_DCACHE_ALIASING)
#include <asm/cachetype.h>
#endif

/* skb_gso_segment() moved here from <linux/netdevice.h>. */
#ifdef XTUN_HAVE_NET_GSO
#include <net/gso.h>
#endif

/* Older kernels have a separate function for process context; now netif_rx() serves any. */
#ifdef XTUN_HAVE_NETIF_RX_NI
#define netif_rx(skb)	netif_rx_ni(skb)
#endif

/* The substitute reports no quiescent state to RCU-tasks. */
#ifndef XTUN_HAVE_TASKS_RCU_QS
#undef cond_resched_tasks_rcu_qs
#define cond_resched_tasks_rcu_qs()	cond_resched()
#endif

#ifndef XTUN_HAVE_NF_RESET_CT
#define nf_reset_ct(skb)	nf_reset(skb)
#endif

/* Before there were extensions of an skb, only IPsec kept data beside it. */
#ifndef XTUN_HAVE_SKB_EXT_RESET
#include <net/xfrm.h>

#define skb_ext_reset(skb)	secpath_reset(skb)
#endif

#ifndef XTUN_HAVE_VALIDATE_XMIT_AGAIN
#define validate_xmit_skb_list(skb, dev, again)	((void)(again), validate_xmit_skb_list(skb, dev))
#endif

/* A file without a position, so that two calls on it may run at the same time. */
#ifndef XTUN_HAVE_STREAM_OPEN
static inline int xtun_compat_stream_open(struct inode *inode, struct file *file)
{
	file->f_mode &= ~FMODE_ATOMIC_POS;
	return nonseekable_open(inode, file);
}

#define stream_open(inode, file)	xtun_compat_stream_open(inode, file)
#endif

/* Poll events had no type of their own, and only the names and values of userspace. */
#ifndef XTUN_HAVE_POLL_T
#define __poll_t		unsigned int
#define poll_to_key(events)	((void *)(unsigned long)(events))
#ifndef EPOLLIN
#define EPOLLIN			POLLIN
#define EPOLLOUT		POLLOUT
#define EPOLLERR		POLLERR
#define EPOLLHUP		POLLHUP
#define EPOLLRDNORM		POLLRDNORM
#define EPOLLWRNORM		POLLWRNORM
#endif
#endif

#ifndef XTUN_HAVE_SKB_LIST_WALK_SAFE
#undef skb_list_walk_safe
#define skb_list_walk_safe(first, skb, next_skb)				\
	for ((skb) = (first), (next_skb) = (skb) ? (skb)->next : NULL; (skb);	\
	     (skb) = (next_skb), (next_skb) = (skb) ? (skb)->next : NULL)
#define skb_mark_not_on_list(skb)	((skb)->next = NULL)
#endif

/* A counter that 64-bit kernels read in one piece, and 32-bit ones under its seqcount. */
#ifndef XTUN_HAVE_U64_STATS_T
#define u64_stats_t				u64
#define u64_stats_add(p, n)			(*(p) += (n))
#define u64_stats_read(p)			READ_ONCE(*(p))
#endif

/* Until 6.1, 32-bit kernels without SMP let interrupts come between a counter's halves. */
#if !defined(XTUN_HAVE_U64_STATS_T) || (BITS_PER_LONG == 32 && !defined(CONFIG_SMP))
#undef u64_stats_update_begin_irqsave
#undef u64_stats_update_end_irqrestore
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

/*
 * Before 5.11 a page that is charged to a memory cgroup has a page type, and pages with
 * one cannot be mapped: 18b2db3b0385 ("mm: Convert page kmemcg type to a page memcg flag").
 */
#ifdef PG_kmemcg
#define XTUN_COMPAT_GFP_MAPPED	GFP_KERNEL
#else
#define XTUN_COMPAT_GFP_MAPPED	GFP_KERNEL_ACCOUNT
#endif

/* Whether skb:kfree_skb passes a reason. Some such kernels lack reasons that xtun uses. */
#if defined(XTUN_HAVE_KFREE_SKB_REASON_TOLD) || defined(XTUN_HAVE_KFREE_SKB_SOCK_TOLD) ||	\
	defined(XTUN_HAVE_KFREE_SKB_CONST_SOCK_TOLD)
#define XTUN_COMPAT_REASON_TOLD
#endif

/* The parameters of the tracepoint skb:kfree_skb: the frame, the place, and more. */
#if defined(XTUN_HAVE_KFREE_SKB_CONST_SOCK_TOLD)
#define XTUN_COMPAT_KFREE_SKB	struct sk_buff *skb, void *location,			\
				enum skb_drop_reason reason, const struct sock *rx_sk
#elif defined(XTUN_HAVE_KFREE_SKB_SOCK_TOLD)
#define XTUN_COMPAT_KFREE_SKB	struct sk_buff *skb, void *location,			\
				enum skb_drop_reason reason, struct sock *rx_sk
#elif defined(XTUN_HAVE_KFREE_SKB_REASON_TOLD)
#define XTUN_COMPAT_KFREE_SKB	struct sk_buff *skb, void *location,			\
				enum skb_drop_reason reason
#else
#define XTUN_COMPAT_KFREE_SKB	struct sk_buff *skb, void *location
#endif

/* A reason's name, because numbers change between kernels. The kernel's own headers have it. */
#ifdef XTUN_COMPAT_REASON_TOLD
#define XTUN_COMPAT_DROP_REASON_NAME	xtun_compat_drop_reason_name(reason)
#else
#define XTUN_COMPAT_DROP_REASON_NAME	NULL
#endif

/* Whether netfilter drops the frame; always false in a kernel that does not tell. */
#if defined(XTUN_COMPAT_REASON_TOLD) && defined(XTUN_HAVE_DROP_REASON_NETFILTER_DROP)
#define XTUN_COMPAT_FILTERED		(reason == SKB_DROP_REASON_NETFILTER_DROP)
#else
#define XTUN_COMPAT_FILTERED		false
#endif

/**
 * xtun_compat_drop_reason_name() - the kernel's name of a drop reason
 * @reason: as the tracepoint gives it
 *
 * Context: any.
 * Return: its name without SKB_DROP_REASON_; "OTHER" for reasons that a subsystem defines
 * for itself; NULL if the kernel's headers list no names.
 */
static inline const char *xtun_compat_drop_reason_name(unsigned int reason)
{
#ifdef DEFINE_DROP_REASON
#define XTUN_COMPAT_NAME(name)	[SKB_DROP_REASON_##name] = #name,
	static const char * const names[] = {
		DEFINE_DROP_REASON(XTUN_COMPAT_NAME, XTUN_COMPAT_NAME)
	};
#undef XTUN_COMPAT_NAME

	return reason < ARRAY_SIZE(names) && names[reason] ? names[reason] : "OTHER";
#else
	return NULL;
#endif
}

/* Drop reasons: either the kernel has all that xtun uses, or these are mere names. */
#ifdef XTUN_HAVE_DROP_REASON
#ifndef XTUN_HAVE_DROP_REASON_QUEUE_PURGE
#define SKB_DROP_REASON_QUEUE_PURGE	SKB_DROP_REASON_NOT_SPECIFIED
#endif
#else
#ifdef XTUN_COMPAT_REASON_TOLD
/* The tracepoint already uses enum skb_drop_reason, which lacks reasons that xtun uses. */
#define XTUN_COMPAT_NO_REASON		SKB_DROP_REASON_NOT_SPECIFIED
#else
#define skb_drop_reason			xtun_compat_drop_reason
#define SKB_DROP_REASON_NOT_SPECIFIED	XTUN_COMPAT_NO_REASON

enum xtun_compat_drop_reason { XTUN_COMPAT_NO_REASON };
#endif
#define SKB_DROP_REASON_FULL_RING	XTUN_COMPAT_NO_REASON
#define SKB_DROP_REASON_SKB_UCOPY_FAULT	XTUN_COMPAT_NO_REASON
#define SKB_DROP_REASON_QUEUE_PURGE	XTUN_COMPAT_NO_REASON
#define SKB_DROP_REASON_PKT_TOO_BIG	XTUN_COMPAT_NO_REASON
#define SKB_DROP_REASON_DEV_READY	XTUN_COMPAT_NO_REASON
#define SKB_DROP_REASON_HDR_TRUNC	XTUN_COMPAT_NO_REASON
#define SKB_DROP_REASON_NOMEM		XTUN_COMPAT_NO_REASON
#define SKB_DROP_REASON_CPU_BACKLOG	XTUN_COMPAT_NO_REASON
#define SKB_DROP_REASON_TAP_TXFILTER	XTUN_COMPAT_NO_REASON
#define SKB_DROP_REASON_TAP_FILTER	XTUN_COMPAT_NO_REASON
#define SKB_DROP_REASON_SOCKET_FILTER	XTUN_COMPAT_NO_REASON
#define SKB_DROP_REASON_UNHANDLED_PROTO	XTUN_COMPAT_NO_REASON
#define SKB_DROP_REASON_XDP		XTUN_COMPAT_NO_REASON
#define kfree_skb_reason(skb, reason)	((void)(reason), kfree_skb(skb))
#endif

/* Files in /proc had a struct file_operations, like any file. */
#ifndef XTUN_HAVE_PROC_OPS
#define proc_ops	file_operations
#define proc_open	open
#define proc_read	read
#define proc_poll	poll
#define proc_release	release
#endif

#ifndef XTUN_HAVE_PDE_DATA
#define pde_data(inode)	PDE_DATA(inode)
#endif

/* In 32-bit kernels, readers must keep out the softirq that writes on their CPU. */
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

/* .get_coalesce and .set_coalesce have two more parameters, too. */
#ifdef XTUN_HAVE_KERNEL_COALESCE
#define XTUN_COMPAT_COALESCE_MORE						\
	, struct kernel_ethtool_coalesce *kernel_coalesce, struct netlink_ext_ack *extack
#else
#define XTUN_COMPAT_COALESCE_MORE
#endif

/* Which settings of "ethtool -C" a driver accepts; before, the core let all of them pass. */
#ifdef XTUN_HAVE_SUPPORTED_COALESCE_PARAMS
#define XTUN_COMPAT_COALESCE_PARAMS(params)	.supported_coalesce_params = (params),
#else
#define XTUN_COMPAT_COALESCE_PARAMS(params)
#endif

/**
 * xtun_compat_hrtimer_init() - initialize a timer that expires in softirq
 * @timer: the timer
 * @function: called when it expires
 */
static inline void xtun_compat_hrtimer_init(struct hrtimer *timer,
					    enum hrtimer_restart (*function)(struct hrtimer *))
{
#ifdef XTUN_HAVE_HRTIMER_SETUP
	hrtimer_setup(timer, function, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
#else
	hrtimer_init(timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
	timer->function = function;
#endif
}

/**
 * xtun_compat_dcache_aliases() - whether two mappings of a page may show different data
 *
 * Return: true if so.
 */
static inline bool xtun_compat_dcache_aliases(void)
{
#if defined(XTUN_HAVE_DCACHE_ALIASING)
	return cpu_dcache_is_aliasing();
#elif defined(cpu_has_dc_aliases)
	return cpu_has_dc_aliases;
#elif defined(CONFIG_ARM)
	return cache_is_vivt() || cache_is_vipt_aliasing();
#else
	/* Some of the other architectures alias on some processors: offer rings on none of them. */
	return !(IS_ENABLED(CONFIG_X86) || IS_ENABLED(CONFIG_ARM64) || IS_ENABLED(CONFIG_S390) ||
		 IS_ENABLED(CONFIG_PPC) || IS_ENABLED(CONFIG_RISCV) ||
		 IS_ENABLED(CONFIG_LOONGARCH));
#endif
}

/**
 * xtun_compat_vm_flags_clear() - vm_flags_clear()
 * @vma: a mapping that is being made
 * @flags: to be cleared
 */
static inline void xtun_compat_vm_flags_clear(struct vm_area_struct *vma, unsigned long flags)
{
#ifdef XTUN_HAVE_VM_FLAGS_CLEAR
	vm_flags_clear(vma, flags);
#else
	vma->vm_flags &= ~flags;
#endif
}

/* napi_build_skb() takes the sk_buff from a cache of the CPU; build_skb() allocates it. */
#ifndef XTUN_HAVE_NAPI_BUILD_SKB
#define napi_build_skb(data, size)	build_skb(data, size)
#endif

/**
 * xtun_compat_set_lltx() - declare that the driver transmits without the core's lock
 * @dev: the interface, not yet registered
 *
 * It was a feature bit, and is now a member of struct net_device.
 */
static inline void xtun_compat_set_lltx(struct net_device *dev)
{
#ifdef XTUN_HAVE_LLTX_MEMBER
	dev->lltx = true;
#else
	dev->features |= NETIF_F_LLTX;
#endif
}

/* Large UDP frames: a gso_type of the vnet header, with its own feature bit. */
#ifdef XTUN_HAVE_VNET_USO
#define XTUN_COMPAT_USO			NETIF_F_GSO_UDP_L4
#else
#define XTUN_COMPAT_USO			((netdev_features_t)0)
#endif

/* A vnet header that can describe the headers of a UDP tunnel. */
#ifdef XTUN_HAVE_VNET_TUNNEL
#define XTUN_COMPAT_TUNNEL_OFFLOADS	(NETIF_F_GSO_UDP_TUNNEL | NETIF_F_GSO_UDP_TUNNEL_CSUM)
#define XTUN_COMPAT_VNET_MAX		struct virtio_net_hdr_v1_hash_tunnel
#else
#define XTUN_COMPAT_TUNNEL_OFFLOADS	((netdev_features_t)0)
#define XTUN_COMPAT_VNET_MAX		struct virtio_net_hdr
#endif

/**
 * struct xtun_compat_vnet - a vnet header, as far as this kernel knows it
 * @hdr: the part that all kernels know
 * @max: the same, with the part that only newer ones know
 * @tunnel: @max is there, not only @hdr
 */
struct xtun_compat_vnet {
	union {
		struct virtio_net_hdr hdr;
		XTUN_COMPAT_VNET_MAX max;
	};
	bool tunnel;
};

/**
 * xtun_compat_vnet_size() - how much of a vnet header this kernel reads and writes
 * @bytes: the header's length
 *
 * Return: the number of bytes, at most @bytes.
 */
static inline size_t xtun_compat_vnet_size(size_t bytes)
{
	return bytes >= sizeof(XTUN_COMPAT_VNET_MAX) ? sizeof(XTUN_COMPAT_VNET_MAX) :
						       sizeof(struct virtio_net_hdr);
}

/**
 * xtun_compat_vnet_to_skb() - apply a vnet header to a frame
 * @skb: the frame, with skb->data at its first header, and skb->dev set
 * @vnet: the header
 * @le: the header is little-endian
 * @offset: offset of the network header in bytes
 *
 * Return: 0, -EINVAL if it does not fit the frame.
 */
static inline int xtun_compat_vnet_to_skb(struct sk_buff *skb, const struct xtun_compat_vnet *vnet,
					  bool le, unsigned int offset)
{
#ifdef XTUN_HAVE_VNET_TUNNEL
	/* For segments that need no checksum, some kernels look for the headers there. */
	skb_set_network_header(skb, offset);
	return virtio_net_hdr_tnl_to_skb(skb, &vnet->max, vnet->tunnel, vnet->tunnel, le);
#else
	return virtio_net_hdr_to_skb(skb, &vnet->hdr, le);
#endif
}

/**
 * xtun_compat_vnet_from_skb() - describe in a vnet header what is left to do to a frame
 * @skb: the frame
 * @vnet: the header; the caller has set its member tunnel
 * @offloads: features that the reader asked for
 * @le: the header is to be little-endian
 *
 * Return: 0, -EINVAL if the header cannot describe it.
 */
static inline int xtun_compat_vnet_from_skb(struct sk_buff *skb, struct xtun_compat_vnet *vnet,
					    netdev_features_t offloads, bool le)
{
#ifdef XTUN_HAVE_VNET_TUNNEL
	bool tunnel = vnet->tunnel && offloads & XTUN_COMPAT_TUNNEL_OFFLOADS;

	return virtio_net_hdr_tnl_from_skb(skb, &vnet->max, tunnel, le, 0, true, false);
#else
	return virtio_net_hdr_from_skb(skb, &vnet->hdr, le, true, 0);
#endif
}

#ifndef XTUN_HAVE_ITER_IOV
#define iter_iov(iter)	((iter)->iov)
#endif

#ifndef XTUN_HAVE_SYSFS_EMIT
#define sysfs_emit(buf, fmt, ...)	scnprintf(buf, PAGE_SIZE, fmt, ##__VA_ARGS__)
#endif

/**
 * xtun_compat_has_xps() - whether XPS is set up
 * @dev: the interface
 *
 * Context: under RCU.
 * Return: true if so.
 */
static inline bool xtun_compat_has_xps(const struct net_device *dev)
{
#if !defined(CONFIG_XPS)
	return false;
#elif defined(XTUN_HAVE_XPS_MAPS_ARRAY)
	return rcu_access_pointer(dev->xps_maps[XPS_CPUS]) ||
	       rcu_access_pointer(dev->xps_maps[XPS_RXQS]);
#else
	return rcu_access_pointer(dev->xps_cpus_map) || rcu_access_pointer(dev->xps_rxqs_map);
#endif
}

/**
 * xtun_compat_napi_add() - netif_napi_add() with the usual weight
 * @dev: the interface
 * @napi: the NAPI of one of its queues
 * @poll: its poll function
 *
 * Context: process, under RTNL.
 */
static inline void xtun_compat_napi_add(struct net_device *dev, struct napi_struct *napi,
					int (*poll)(struct napi_struct *napi, int budget))
{
#ifdef XTUN_HAVE_NAPI_WEIGHT
	netif_napi_add(dev, napi, poll, NAPI_POLL_WEIGHT);
#else
	netif_napi_add(dev, napi, poll);
#endif
}

/**
 * xtun_compat_sock_init() - sock_init_data() for an owner who is not the caller
 * @sk: new, without a socket
 * @uid: the owner
 *
 * Context: process.
 */
static inline void xtun_compat_sock_init(struct sock *sk, kuid_t uid)
{
#ifdef XTUN_HAVE_SOCK_INIT_DATA_UID
	sock_init_data_uid(NULL, sk, uid);
#else
	sock_init_data(NULL, sk);
	sk->sk_uid = uid;
#endif
}

/* Some kernels declare sa_data without a length. */
#define XTUN_COMPAT_SA_DATA	(sizeof(struct sockaddr) - offsetof(struct sockaddr, sa_data))

/**
 * xtun_compat_set_mac() - set an address as SIOCSIFHWADDR does
 * @dev: the interface
 * @sa: the address, from a struct ifreq
 *
 * Context: process, under RTNL.
 * Return: 0 or a negative errno.
 */
static inline int xtun_compat_set_mac(struct net_device *dev, const struct sockaddr *sa)
{
	/* An address may be longer than sa_data in a struct sockaddr. */
	struct sockaddr_storage ss = { .ss_family = sa->sa_family };

	memcpy(ss.__data, sa->sa_data, XTUN_COMPAT_SA_DATA);
#ifndef XTUN_HAVE_SET_MAC_USER
	return dev_set_mac_address(dev, (struct sockaddr *)&ss, NULL);
#elif defined(XTUN_HAVE_MAC_SOCKADDR_STORAGE)
	return dev_set_mac_address_user(dev, &ss, NULL);
#else
	return dev_set_mac_address_user(dev, (struct sockaddr *)&ss, NULL);
#endif
}

/* 32-bit programs have their own struct sock_fprog, and so their own ioctl numbers. */
#ifdef CONFIG_COMPAT
/**
 * xtun_compat_fprog_cmd() - the number that a 64-bit program uses for an ioctl
 * @cmd: the number that a 32-bit program uses
 *
 * Return: the number, which is @cmd for all but those with a struct sock_fprog.
 */
static inline unsigned int xtun_compat_fprog_cmd(unsigned int cmd)
{
	switch (cmd) {
	case _IOW('T', 213, struct compat_sock_fprog):
		return TUNATTACHFILTER;
	case _IOW('T', 214, struct compat_sock_fprog):
		return TUNDETACHFILTER;
	case _IOR('T', 219, struct compat_sock_fprog):
		return TUNGETFILTER;
	default:
		return cmd;
	}
}
#endif

/**
 * xtun_compat_get_fprog() - read the caller's struct sock_fprog
 * @fprog: filled
 * @arg: address of the caller's
 *
 * Context: process.
 * Return: 0 or -EFAULT.
 */
static inline int xtun_compat_get_fprog(struct sock_fprog *fprog, const void __user *arg)
{
#ifdef CONFIG_COMPAT
	struct compat_sock_fprog fprog32;

	if (in_compat_syscall()) {
		if (copy_from_user(&fprog32, arg, sizeof(fprog32)))
			return -EFAULT;
		fprog->len = fprog32.len;
		fprog->filter = compat_ptr(fprog32.filter);
		return 0;
	}
#endif
	return copy_from_user(fprog, arg, sizeof(*fprog)) ? -EFAULT : 0;
}

/**
 * xtun_compat_put_fprog() - write the caller's struct sock_fprog
 * @arg: address of the caller's
 * @fprog: what to write there
 *
 * Context: process.
 * Return: 0 or -EFAULT.
 */
static inline int xtun_compat_put_fprog(void __user *arg, const struct sock_fprog *fprog)
{
#ifdef CONFIG_COMPAT
	struct compat_sock_fprog fprog32;

	if (in_compat_syscall()) {
		memset(&fprog32, 0, sizeof(fprog32));
		fprog32.len = fprog->len;
		fprog32.filter = ptr_to_compat(fprog->filter);
		return copy_to_user(arg, &fprog32, sizeof(fprog32)) ? -EFAULT : 0;
	}
#endif
	return copy_to_user(arg, fprog, sizeof(*fprog)) ? -EFAULT : 0;
}

#include "xdp.h"

#endif /* _XTUN_COMPAT_H */
