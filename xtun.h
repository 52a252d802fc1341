/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xtun: an Ethernet interface whose other end is a file.
 *
 * Names follow the interface: tx is kernel to userspace (a program reads it),
 * rx is userspace to kernel (a program writes it).
 *
 * Who owns what
 * -------------
 * The interface (struct xtun) is the private part of the net_device and lives
 * as long. It has a slot per queue; the counters live in the slot, so that
 * they outlast the queue's users.
 *
 * The queue (struct xtun_queue) is allocated apart and refcounted: one
 * reference for its slot, one for each file on its list. An attached file keeps
 * its reference until release, so a read() or write() on it needs none of its
 * own; a file that is attached anew, after its interface was deleted, keeps the
 * dead queue beside the new one for the same reason. It never holds a reference
 * to the net_device: it borrows its slot under RCU, and the pointer is NULL once
 * the interface is gone. A program asleep in read() therefore pins a file and a
 * queue, never an interface.
 *
 * Slot 0 of an interface made by insmod or "ip link add" has its queue as long
 * as the interface lives, and files share it. Every other queue is the own one
 * of a file that said TUNSETIFF, or asked for rings, and ends with it.
 *
 * The file (struct xtun_file) owns its wait head, its fasync list, its account
 * of written frames (struct sock) and its reference to the namespace it was
 * opened in, from open to release; frames that the stack still holds may keep
 * the account a little longer. epoll
 * registers with the wait head once and for all, so the head never moves,
 * whatever queue the file is on.
 *
 * A pair of rings (struct xtun_ring) is its file's, from XTUN_IOC_SET_RINGS to
 * release; a mapping holds the file. A queue borrows it under RCU.
 *
 * Locks, outermost first
 * ----------------------
 *	RTNL		the shape: creating and deleting interfaces and own
 *			queues, and all that an ioctl sets
 *	xtun_file.lock	which queue a file is on
 *	xtun_steer.lock	which queues are in service; nobody holds a queue's
 *	xtun_why.lock	the losses that an interface remembers; a queue's or a ring's
 *			may be taken under it
 *	xtun_queue.lock	frames and files of a queue; taken with bottom halves
 *			off, since ndo_start_xmit() takes it
 *	xtun_ring.lock	the tx ring, and who is woken by it; likewise. Nobody holds
 *			it and a queue's
 *	wait head	of a file; woken under its queue's lock, its rings', or neither
 *	RCU		slot to queue and queue to slot, on the frame path
 *
 * A queue's files are woken under its lock and not by an RCU walk of the list:
 * a file may move from one queue to another (it joins provisionally, see
 * xtun_chr.c), and an RCU reader standing on it would follow it into the other
 * list and never meet the head it started from.
 *
 * The order of teardown, under RTNL, from ndo_uninit or the release of a file
 * with a queue of its own: clear the slot; mark the queue dead under its lock and
 * wake its files; after a grace period end its rings and its NAPI, then take the
 * frames that are left and count them as lost; drop the slot's reference. Whoever
 * puts a frame checks "dead" under the same lock, so none comes later.
 * unregister_netdevice() waits for one more grace period before it frees the slots.
 */
#ifndef _XTUN_H
#define _XTUN_H

#include <linux/fs.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/refcount.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/u64_stats_sync.h>
#include <linux/uidgid.h>
#include <linux/uio.h>
#include <linux/virtio_byteorder.h>
#include <linux/wait.h>
#include <net/xdp.h>

#include "compat/compat.h"
#include "xtun_uapi.h"

struct seq_file;
struct xtun_ring;
struct xtun_why;

#define XTUN_VERSION	"0.1.0"

/* As tap: the largest IP packet with its Ethernet header is 65535 bytes. */
#define XTUN_MTU_MAX	(65535 - ETH_HLEN)
/* One frame of the largest MTU that carries a VLAN tag. */
#define XTUN_FRAME_MAX	(XTUN_MTU_MAX + ETH_HLEN + VLAN_HLEN)
/*
 * Behind a vnet header the longest packet of IP, which is cut before it leaves, whatever the
 * MTU: 65535 bytes, of IPv6 40 more (RFC 8200, 3), and two tags. Tap takes it.
 */
#define XTUN_FRAME_VNET_MAX	(65535 + 40 + ETH_HLEN + 2 * VLAN_HLEN)
/* Protocol info and a vnet header, as anybody but a test has them in front of a frame. */
#define XTUN_HEADERS_USUAL	64
/* As tap: a queue for each processor of a large guest. */
#define XTUN_QUEUES_MAX	256

/* What TUNSETIFF may say of an interface, besides its type. */
#define XTUN_FEATURES	(IFF_NO_PI | IFF_ONE_QUEUE | IFF_VNET_HDR | IFF_MULTI_QUEUE | \
			 IFF_NAPI | IFF_NAPI_FRAGS | IFF_BACKPRESSURE)
/* In struct xtun.flags, above those that userspace knows. */
#define XTUN_VNET_LE	0x80000000
#define XTUN_VNET_BE	0x40000000

/* Offloads that a program has to ask for. */
#define XTUN_OFFLOADS	(NETIF_F_HW_CSUM | NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_TSO_ECN | \
			 XTUN_COMPAT_USO | XTUN_COMPAT_TUNNEL_OFFLOADS)

/*
 * Every counter of a queue, and for each loss the kernel's own drop reason.
 * The law, for each queue and direction:
 *
 *	in = out + waiting + the sum of the losses
 */
#define XTUN_COUNTERS(COUNT, LOSS)					\
	COUNT(TX_IN,		"tx_in")				\
	COUNT(TX_OUT,		"tx_out")				\
	COUNT(TX_QUEUED,	"tx_queued")				\
	COUNT(TX_BYTES,		"tx_bytes")				\
	COUNT(TX_PUT_BACK,	"tx_put_back")				\
	LOSS(TX_TXFILTER,	"tx_lost_txfilter",	TAP_TXFILTER)	\
	LOSS(TX_FILTER,		"tx_lost_filter",	SOCKET_FILTER)	\
	LOSS(TX_EBPF,		"tx_lost_ebpf",		TAP_FILTER)	\
	LOSS(TX_FULL,		"tx_lost_full",		FULL_RING)	\
	LOSS(TX_NOMEM,		"tx_lost_nomem",	SKB_UCOPY_FAULT) \
	LOSS(TX_UNFINISHED,	"tx_lost_unfinished",	NOT_SPECIFIED)	\
	LOSS(TX_STALE,		"tx_lost_stale",	QUEUE_PURGE)	\
	LOSS(TX_TRUNCATED,	"tx_lost_truncated",	PKT_TOO_BIG)	\
	LOSS(TX_DETACHED,	"tx_lost_detached",	QUEUE_PURGE)	\
	LOSS(TX_BROKEN,		"tx_lost_broken",	QUEUE_PURGE)	\
	COUNT(RX_IN,		"rx_in")				\
	COUNT(RX_OUT,		"rx_out")				\
	COUNT(RX_BYTES,		"rx_bytes")				\
	COUNT(RX_XDP_TX,	"rx_xdp_tx")				\
	COUNT(RX_XDP_REDIRECT,	"rx_xdp_redirect")			\
	COUNT(RX_XDP_GENERIC,	"rx_xdp_generic")			\
	LOSS(RX_DOWN,		"rx_lost_down",		DEV_READY)	\
	LOSS(RX_SHORT,		"rx_lost_short",	HDR_TRUNC)	\
	LOSS(RX_LONG,		"rx_lost_long",		PKT_TOO_BIG)	\
	LOSS(RX_HEADER,		"rx_lost_header",	HDR_TRUNC)	\
	LOSS(RX_PROTO,		"rx_lost_proto",	UNHANDLED_PROTO) \
	LOSS(RX_LAYOUT,		"rx_lost_layout",	HDR_TRUNC)	\
	LOSS(RX_FAULT,		"rx_lost_fault",	SKB_UCOPY_FAULT) \
	LOSS(RX_NOMEM,		"rx_lost_nomem",	NOMEM)		\
	LOSS(RX_BACKLOG,	"rx_lost_backlog",	CPU_BACKLOG)	\
	LOSS(RX_DETACHED,	"rx_lost_detached",	QUEUE_PURGE)	\
	LOSS(RX_BROKEN,		"rx_lost_broken",	HDR_TRUNC)	\
	LOSS(RX_XDP_DROP,	"rx_lost_xdp_drop",	XDP)		\
	LOSS(RX_XDP_ABORTED,	"rx_lost_xdp_aborted",	XDP)		\
	LOSS(RX_XDP_FAILED,	"rx_lost_xdp_failed",	XDP)

enum xtun_counter {
#define XTUN_ENUM(id, ...)	XTUN_##id,
	XTUN_COUNTERS(XTUN_ENUM, XTUN_ENUM)
#undef XTUN_ENUM
	XTUN_NCOUNTERS
};

extern const char * const xtun_counter_names[XTUN_NCOUNTERS];

/**
 * struct xtun_stats - the counters of a slot on one CPU
 * @syncp: for readers on 32-bit kernels
 * @v: the counters, indexed by enum xtun_counter
 */
struct xtun_stats {
	struct u64_stats_sync syncp;
	u64_stats_t v[XTUN_NCOUNTERS];
};

/**
 * struct xtun_slot - the place of one queue in an interface
 * @dev: the interface; constant
 * @index: number of the queue, as in skb_get_queue_mapping(); constant
 * @queue: written under RTNL, read under RCU; NULL before and after its time
 * @stats: counters; allocated with the first queue, freed with the interface
 */
struct xtun_slot {
	struct net_device *dev;
	u16 index;
	struct xtun_queue __rcu *queue;
	struct xtun_stats __percpu *stats;
};

/**
 * struct xtun - an interface, the private part of its net_device
 * @flags: IFF_TUN or IFF_TAP, XTUN_FEATURES, IFF_PERSIST, XTUN_VNET_LE or _BE;
 *	written under RTNL, read anywhere
 * @made_by_file: TUNSETIFF made it, and so carrier, persistence and end are
 *	those of tap; constant
 * @abandoned: its last file has been closed, and it goes; under RTNL
 * @owner: may attach without CAP_NET_ADMIN, if valid; written under RTNL, read
 *	anywhere
 * @group: members may attach without CAP_NET_ADMIN, if valid; likewise
 * @vnet_hdr_sz: bytes in front of each frame, if IFF_VNET_HDR; written under
 *	RTNL, read anywhere
 * @offloads: of XTUN_OFFLOADS, what a program asked for; under RTNL
 * @rx_direct: ethtool private flag: deliver in the writer's context, not
 *	through the backlog; written under RTNL, read anywhere
 * @slots: dev->num_tx_queues of them; constant from ndo_init on
 * @why: what it has lost lately, see xtun_why.c; constant from ndo_init on
 * @channels: of these, how many files may have, as ethtool has set it; under RTNL
 * @security: of the LSM; from ndo_init to the end
 * @msg_enable: as ethtool and TUNSETDEBUG set it; nothing depends on it
 * @speed: in Mbit/s, told and not kept; under RTNL
 * @duplex: likewise
 * @wake: when readers of rings are woken, unless they say otherwise; under RTNL
 * @xdp: native XDP program; written under RTNL, read under RCU
 * @filters: which frames are kept from the files, see xtun_filter.c
 * @steer: which queue a frame goes to, see xtun_steer.c
 */
struct xtun {
	unsigned int flags;
	bool made_by_file;
	bool abandoned;
	kuid_t owner;
	kgid_t group;
	int vnet_hdr_sz;
	netdev_features_t offloads;
	bool rx_direct;
	struct xtun_slot *slots;
	struct xtun_why *why;
	unsigned int channels;
	void *security;
	u32 msg_enable;
	u32 speed;
	u8 duplex;
	struct xtun_wake wake;
	struct bpf_prog __rcu *xdp;
	struct xtun_filters {
		struct xtun_macs __rcu *macs;
		struct bpf_prog __rcu *classic;
		struct bpf_prog __rcu *ebpf;
		struct sock_fprog told;	/* of @classic, as TUNGETFILTER tells; under RTNL */
	} filters;
	struct xtun_steer {
		struct bpf_prog __rcu *ebpf;
		struct xtun_flow *flows;	/* constant from ndo_init on */
		u16 *live;			/* likewise; its elements: read anywhere */
		spinlock_t lock;		/* live and count, against writers */
		unsigned int count;		/* of live; read anywhere */
	} steer;
};

/**
 * struct xtun_read - a frame was taken from a queue
 * @when: in jiffies
 * @pid: by a process, by its number in the first namespace of them; 0: by none
 */
struct xtun_read {
	u64 when;
	pid_t pid;
};

/**
 * struct xtun_queue - frames on their way to userspace, and who waits for them
 * @ref: slot, files
 * @rcu: to free it
 * @slot: read under RCU; cleared under @lock when the queue ends
 * @own: of one file, and ends with it; constant
 * @dead_node: with others that end with an interface; under RTNL
 * @rxq: where XDP programs see frames come from; registered as long as it lives
 * @napi: delivers written frames, if @napi_on, or those of @ring; shaped under RTNL
 * @ring: gets frames in place of @frames; written under RTNL and @lock, read
 *	under RCU
 * @lock: protects all that follows; taken with bottom halves off
 * @frames: transmitted, not yet read; oldest first
 * @written: frames that await @napi
 * @files: xtun_file.node of all that joined, provisionally or not
 * @readers: attached files that are open for reading; also read without the lock
 * @users: attached files
 * @exclusive: the one attached file is to be the only one
 * @last: who took the last frame
 * @before: who had taken one before
 * @stopped: the netdev queue is, for want of room
 * @enabled: not taken out of service by IFF_DETACH_QUEUE
 * @filtered: the interface's classic filter applies; written under RTNL alone
 * @napi_on: @napi delivers
 * @dead: the queue has ended; set once, also read without the lock
 */
struct xtun_queue {
	refcount_t ref;
	struct rcu_head rcu;
	struct xtun_slot __rcu *slot;
	bool own;
	struct list_head dead_node;
	struct xdp_rxq_info rxq;
	struct napi_struct napi;
	struct xtun_ring __rcu *ring;

	spinlock_t lock;	/* all that follows */
	struct sk_buff_head frames;
	struct sk_buff_head written;
	struct list_head files;
	unsigned int readers;
	unsigned int users;
	struct xtun_read last;
	struct xtun_read before;
	bool exclusive;
	bool stopped;
	bool enabled;
	bool filtered;
	bool napi_on;
	bool dead;
};

/**
 * struct xtun_file - an open /dev/xtun
 * @rcu: to free it, since @account may outlive it
 * @net: namespace in which it was opened; reference held; constant
 * @reader: open for reading; constant
 * @exclusive: is to be the sole user of its queue; written under @lock, or before it attaches
 * @tap: said TUNSETIFF: its frames carry what the interface's flags say;
 *	written under @lock before the @queue that it came with
 * @frags: IFF_NAPI_FRAGS: each iovec becomes a fragment; likewise
 * @batch: read() and write() move records; read and written anywhere
 * @ring: its rings; set once, under RTNL, and freed with it
 * @ifindex: of TUNSETIFINDEX; under RTNL
 * @account: of frames it wrote and the stack holds; made under RTNL, then constant
 * @nospace: bit 0: somebody has found no room, and is to be told of some
 * @wait: readers asleep, writers asleep for want of room, and pollers; never moves
 * @fasync: receivers of SIGIO
 * @lock: protects @queue and @attached against writers
 * @queue: where it joined, with a reference; read under RCU
 * @attached: joined for good: @queue stays until release, or until its interface is deleted
 *	and TUNSETIFF gives the file another
 * @past: queues it had before, see xtun_chr.c; under RTNL
 * @node: in xtun_queue.files; protected by that queue's lock
 */
struct xtun_file {
	struct rcu_head rcu;
	struct net *net;
	bool reader;
	bool exclusive;
	bool tap;
	bool frags;
	bool batch;
	struct xtun_ring *ring;
	int ifindex;
	struct sock *account;
	unsigned long nospace;

	wait_queue_head_t wait;
	struct fasync_struct *fasync;

	spinlock_t lock;	/* queue and attached */
	struct xtun_queue __rcu *queue;
	bool attached;
	struct list_head past;

	struct list_head node;
};

/**
 * struct xtun_meta - what came with a written frame
 * @proto: of its protocol info, if @has_pi
 * @vnet: offloads that it needs, if @has_vnet
 * @has_pi: the interface is without IFF_NO_PI
 * @has_vnet: it is with IFF_VNET_HDR
 * @xdp_done: an XDP program has seen the frame, or there is none
 */
struct xtun_meta {
	__be16 proto;
	struct xtun_compat_vnet vnet;
	bool has_pi;
	bool has_vnet;
	bool xdp_done;
};

/**
 * struct xtun_shape - how frames of one file look, and are built
 * @pi: bytes of protocol info in front
 * @vnet: bytes of vnet header, after it
 * @flags: of the interface
 * @offloads: that its readers can finish
 * @least: bytes that a frame has at least: an Ethernet header, or one
 * @headroom: to leave in front of a written one
 */
struct xtun_shape {
	unsigned int pi;
	unsigned int vnet;
	unsigned int flags;
	netdev_features_t offloads;
	unsigned int least;
	unsigned int headroom;
};

/**
 * struct xtun_plan - how one frame is to look to a program that shares memory
 * @headers: bytes in front of it; the rest counts only if there are any
 * @shape: of the program's file
 * @vnet: the vnet header
 */
struct xtun_plan {
	unsigned int headers;
	struct xtun_shape shape;
	struct xtun_compat_vnet vnet;
};

/**
 * struct xtun_backlog - frames that wait to be read, and who had read the last
 * @waiting: how many; of rings, those that are not known to have been taken
 * @oldest_ms: milliseconds for which the first has waited; 0 for rings
 * @ring_size: bytes of the tx ring in which they wait; 0 if there are no rings
 * @reader: the process, by its number in the first namespace of them; of rings the one
 *	that made them, if it was ever seen to read; 0: nobody
 * @idle_ms: milliseconds since it read; of rings, for which frames were seen to wait and
 *	none to be taken
 */
struct xtun_backlog {
	unsigned int waiting;
	unsigned int oldest_ms;
	u32 ring_size;
	pid_t reader;
	unsigned int idle_ms;
};

/**
 * struct xtun_sink - frames that are delivered at once
 * @slot: of the queue that they were written to
 * @q: that queue
 * @napi: for GRO, or NULL
 * @simple: of a frame with nothing in front of it there is nothing to ask: the
 *	interface is up and an Ethernet device, and has no XDP program
 * @rxq: what skb_record_rx_queue() is to say, and 1; 0: nothing
 * @learns: the interface learns where flows come from
 * @list: those that await xtun_sink_flush()
 * @frames: how many have been added
 * @bytes: of all of them
 */
struct xtun_sink {
	struct xtun_slot *slot;
	struct xtun_queue *q;
	struct napi_struct *napi;
	bool simple;
	bool learns;
	u16 rxq;
	struct list_head list;
	unsigned int frames;
	unsigned int bytes;
};

/**
 * xtun_count_n() - count several events at once
 * @slot: of the queue
 * @c: which
 * @n: how many
 *
 * Context: process or softirq; @slot is kept alive by RCU or RTNL.
 */
static inline void xtun_count_n(struct xtun_slot *slot, enum xtun_counter c, unsigned int n)
{
	struct xtun_stats *stats = get_cpu_ptr(slot->stats);
	unsigned long flags = u64_stats_update_begin_irqsave(&stats->syncp);

	u64_stats_add(&stats->v[c], n);
	u64_stats_update_end_irqrestore(&stats->syncp, flags);
	put_cpu_ptr(slot->stats);
}

/**
 * xtun_count() - count one event
 * @slot: of the queue
 * @c: which
 *
 * Context: as xtun_count_n().
 */
static inline void xtun_count(struct xtun_slot *slot, enum xtun_counter c)
{
	xtun_count_n(slot, c, 1);
}

/**
 * xtun_count_queued() - count a frame that was transmitted and is on its way
 * @slot: of the queue
 * @len: its length in bytes, Ethernet header included
 *
 * Context: bottom halves off; @slot is kept alive by RCU or RTNL.
 */
static inline void xtun_count_queued(struct xtun_slot *slot, unsigned int len)
{
	struct xtun_stats *stats = this_cpu_ptr(slot->stats);
	unsigned long flags = u64_stats_update_begin_irqsave(&stats->syncp);

	u64_stats_add(&stats->v[XTUN_TX_IN], 1);
	u64_stats_add(&stats->v[XTUN_TX_QUEUED], 1);
	u64_stats_add(&stats->v[XTUN_TX_BYTES], len);
	u64_stats_update_end_irqrestore(&stats->syncp, flags);
}

/**
 * xtun_count_received() - count frames that the stack has got
 * @slot: of the queue
 * @frames: how many
 * @bytes: of all of them, Ethernet headers included
 *
 * Context: process or softirq; @slot is kept alive by RCU or RTNL.
 */
static inline void xtun_count_received(struct xtun_slot *slot, unsigned int frames,
				       unsigned int bytes)
{
	struct xtun_stats *stats = get_cpu_ptr(slot->stats);
	unsigned long flags = u64_stats_update_begin_irqsave(&stats->syncp);

	u64_stats_add(&stats->v[XTUN_RX_OUT], frames);
	u64_stats_add(&stats->v[XTUN_RX_BYTES], bytes);
	u64_stats_update_end_irqrestore(&stats->syncp, flags);
	put_cpu_ptr(slot->stats);
}

/**
 * xtun_count_entered() - count a frame that was written, and that the stack has got
 * @slot: of the queue
 * @len: its length in bytes, Ethernet header included
 *
 * Context: bottom halves off; @slot is kept alive by RCU or RTNL.
 */
static inline void xtun_count_entered(struct xtun_slot *slot, unsigned int len)
{
	struct xtun_stats *stats = this_cpu_ptr(slot->stats);
	unsigned long flags = u64_stats_update_begin_irqsave(&stats->syncp);

	u64_stats_add(&stats->v[XTUN_RX_IN], 1);
	u64_stats_add(&stats->v[XTUN_RX_OUT], 1);
	u64_stats_add(&stats->v[XTUN_RX_BYTES], len);
	u64_stats_update_end_irqrestore(&stats->syncp, flags);
}

/**
 * xtun_is_up() - whether frames pass
 * @dev: an xtun
 *
 * Going down, the core stops the device before it clears the flag; coming up,
 * it starts the device before it sets it. Between the two nothing passes.
 *
 * Context: any; @dev is kept alive by RCU or RTNL.
 * Return: true if they do.
 */
static inline bool xtun_is_up(const struct net_device *dev)
{
	return (READ_ONCE(dev->flags) & IFF_UP) && netif_running(dev);
}

/**
 * xtun_vnet_is_le() - the byte order of vnet headers
 * @flags: of the interface
 *
 * Context: any.
 * Return: true if they are little-endian; else they are big-endian.
 */
static inline bool xtun_vnet_is_le(unsigned int flags)
{
	if (flags & XTUN_VNET_LE)
		return true;
	return !(flags & XTUN_VNET_BE) && virtio_legacy_is_little_endian();
}

/* xtun_net.c: the interface */
extern const struct ethtool_ops xtun_ethtool_ops;
extern const struct ethtool_ops xtun_ethtool_tap_ops;

bool xtun_net_is(const struct net_device *dev);
bool xtun_net_may_attach(const struct net_device *dev, const struct file *file);
int xtun_net_create(struct net *net, const char *name, unsigned int queues, kuid_t owner,
		    kgid_t group);
struct net_device *xtun_net_create_tap(struct net *net, const char *name, unsigned int flags,
				       int ifindex);
struct net_device *xtun_net_find_dev(struct net *net, const char *name, const struct file *file);
struct xtun_queue *xtun_net_find(struct net *net, const char *name, const struct file *file);
int xtun_net_open_slot(struct xtun_slot *slot, bool own);
void xtun_net_close_slot(struct xtun_slot *slot);
int xtun_net_set_queues(struct net_device *dev);
void xtun_net_restart(struct net_device *dev);
int xtun_net_init(void);
void xtun_net_exit(void);

/* xtun_tx.c: frames that the stack sends */
netdev_tx_t xtun_tx_xmit(struct sk_buff *skb, struct net_device *dev);

/**
 * xtun_rx_len() - the length of a frame whose Ethernet header has been taken off
 * @skb: the frame; if it has none, its first header is marked as such a one
 *
 * Context: any.
 * Return: bytes, that header included.
 */
static inline unsigned int xtun_rx_len(const struct sk_buff *skb)
{
	return skb->len + (skb->data - skb_mac_header(skb));
}

/* xtun_rx.c: frames from userspace enter the stack */
int xtun_rx_receive(struct xtun_queue *q, struct sk_buff *skb, struct xtun_meta *meta);
int xtun_rx_ask(struct xtun_queue *q);
void xtun_sink_init(struct xtun_sink *sink, struct xtun_slot *slot, struct xtun_queue *q,
		    struct napi_struct *napi);
void xtun_sink_put(struct xtun_sink *sink, struct sk_buff *skb, struct xtun_meta *meta);
void xtun_sink_flush(struct xtun_sink *sink);

/* xtun_dead.c: interfaces that are no more */
void xtun_dead_remember(const struct net_device *dev);
void xtun_dead_show(struct seq_file *seq);
int xtun_dead_init(void);
void xtun_dead_exit(void);

/* xtun_refused.c: calls that failed */
#define XTUN_REFUSED_ATTACH	_IO(XTUN_IOC_MAGIC, 0xff)	/* no ioctl */
void xtun_refused_remember(struct net *net, unsigned int cmd, const struct ifreq *ifr,
			   unsigned long value, int err);
void xtun_refused_show(struct seq_file *seq);
int xtun_refused_init(void);
void xtun_refused_exit(void);

/* xtun_proc.c: /proc/net/xtun */
/* What a name of somebody's choice may not bring to a terminal, or to whoever reads lines. */
#define XTUN_PROC_ESCAPED	"\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20\21\22\23\24" \
				"\25\26\27\30\31\32\33\34\35\36\37\177\\"
void xtun_proc_seconds(struct seq_file *seq, s64 ns);
int xtun_proc_init(void);
void xtun_proc_exit(void);

/* xtun_drops_file.c: /proc/net/xtun_drops */
int xtun_drops_init(void);
void xtun_drops_exit(void);

/* xtun_info.c: what sysfs and netlink tell */
extern const struct attribute_group xtun_info_group;

size_t xtun_info_size(const struct net_device *dev);
int xtun_info_fill(struct sk_buff *skb, const struct net_device *dev);
unsigned int xtun_info_flags(const struct xtun *xt);

/* xtun_steer.c: which queue */
int xtun_steer_init(struct net_device *dev);
void xtun_steer_free(struct net_device *dev);
void xtun_steer_update(struct net_device *dev);
unsigned int xtun_steer_count(const struct xtun *xt);
u16 xtun_steer_by_cpu(const struct xtun *xt);
u16 xtun_steer_select(struct net_device *dev, struct sk_buff *skb, struct net_device *sb_dev);
void xtun_steer_learn(const struct xtun_slot *slot, struct sk_buff *skb);

/* xtun_filter.c: which frames */
/**
 * xtun_filter_is_set() - whether there is any filter to ask
 * @xt: the interface
 *
 * Context: under RCU.
 * Return: true if so.
 */
static inline bool xtun_filter_is_set(const struct xtun *xt)
{
	return rcu_access_pointer(xt->filters.macs) || rcu_access_pointer(xt->filters.classic) ||
	       rcu_access_pointer(xt->filters.ebpf);
}

bool xtun_filter_pass(const struct xtun *xt, const struct xtun_queue *q, struct sk_buff *skb,
		      enum xtun_counter *loss);
int xtun_filter_take_macs(struct xtun_macs **macs, const void __user *arg);
void xtun_filter_free_macs(struct xtun_macs *macs);
int xtun_filter_set_macs(struct xtun *xt, struct xtun_macs *macs);
void xtun_filter_set_classic(struct xtun *xt, struct bpf_prog *prog);
void xtun_filter_clear_classic(struct xtun *xt);
int xtun_filter_set_ebpf(struct bpf_prog __rcu **where, int fd);
void xtun_filter_free(struct xtun *xt);

/**
 * xtun_presses_back() - whether a full queue is to stop its netdev queue
 * @slot: of the queue
 *
 * Without a qdisc nothing waits then: the core drops what comes, and we do not hear of it.
 *
 * Context: bottom halves off.
 * Return: true if so.
 */
static inline bool xtun_presses_back(const struct xtun_slot *slot)
{
	const struct xtun *xt = netdev_priv(slot->dev);

	if (likely(!(READ_ONCE(xt->flags) & IFF_BACKPRESSURE)))
		return false;
	return rcu_dereference_bh(netdev_get_tx_queue(slot->dev, slot->index)->qdisc)->enqueue;
}

/* xtun_queue.c: the queue between the two */
void xtun_queue_put(struct xtun_slot *slot, struct xtun_queue *q, struct sk_buff *skb);
struct sk_buff *xtun_queue_take(struct xtun_queue *q, struct xtun_file *xf, bool nowait);
void xtun_queue_take_more(struct xtun_queue *q, struct sk_buff_head *list, unsigned int most,
			  const struct xtun_shape *shape, size_t room);
void xtun_queue_delivered(struct xtun_queue *q, struct sk_buff_head *list);
void xtun_queue_put_back(struct xtun_queue *q, struct sk_buff *skb);
void xtun_queue_put_back_list(struct xtun_queue *q, struct sk_buff_head *list);
void xtun_queue_put_segments(struct xtun_queue *q, struct sk_buff *segs, unsigned int headers);
void xtun_queue_age(struct xtun_queue *q, struct sk_buff_head *stale);
void xtun_queue_restart_locked(struct xtun_queue *q);
void xtun_queue_resized(struct xtun_queue *q);
void xtun_queue_wake(struct xtun_queue *q, __poll_t events);
void xtun_queue_disown(struct xtun_queue *q);
unsigned int xtun_queue_next_len(struct xtun_queue *q);
__poll_t xtun_queue_poll(struct xtun_queue *q);
unsigned int xtun_queue_ms_since(u64 then);
void xtun_queue_backlog(struct xtun_queue *q, struct xtun_backlog *b);
void xtun_queue_gauges(struct xtun_slot *slot, u64 *waiting, u64 *readers);

/* xtun_queue_life.c: a queue from its making to its end, and its files */
struct xtun_queue *xtun_queue_create(struct xtun_slot *slot, bool own);
struct xtun_queue *xtun_queue_kill(struct xtun_slot *slot);
void xtun_queue_bury(struct xtun_slot *slot, struct xtun_queue *q);
void xtun_queue_moved(struct xtun_queue *q);
void xtun_queue_restart(struct xtun_queue *q);
int xtun_queue_join(struct xtun_queue *q, struct xtun_file *xf, bool attach,
		    struct sk_buff_head *stale);
void xtun_queue_lose_stale(struct xtun_queue *q, struct sk_buff_head *stale);
void xtun_queue_leave(struct xtun_queue *q, struct xtun_file *xf);
void xtun_queue_unlist(struct xtun_queue *q, struct xtun_file *xf);
void xtun_queue_unref(struct xtun_queue *q);
void xtun_queue_enable(struct xtun_slot *slot, struct xtun_queue *q, bool enable);

/* xtun_stats.c: the counters' names and sums, and the end of every frame that is lost */
void xtun_stats_sum(const struct xtun_slot *slot, u64 sum[XTUN_NCOUNTERS]);
void xtun_lose_err(struct xtun_slot *slot, enum xtun_counter loss, struct sk_buff *skb,
		   unsigned int len, int err);
void xtun_lose(struct xtun_slot *slot, enum xtun_counter loss, struct sk_buff *skb,
	       unsigned int len);
void xtun_lose_list(struct xtun_slot *slot, enum xtun_counter loss, struct sk_buff_head *list);

/* xtun_frame.c: what stands in front of a frame */
void xtun_frame_get_shape(const struct xtun_file *xf, const struct xtun_slot *slot,
			  struct xtun_shape *shape);
int xtun_frame_shape(const struct xtun_file *xf, struct xtun_queue *q, struct xtun_shape *shape);
unsigned int xtun_frame_header_len(struct xtun_file *xf, struct xtun_queue *q);

/* xtun_frame_rx.c: bytes to skb */
ssize_t xtun_frame_write(struct xtun_file *xf, struct xtun_queue *q, struct iov_iter *from,
			 bool nowait);
int xtun_frame_parse(const struct xtun_shape *shape, struct iov_iter *from,
		     struct xtun_meta *meta, enum xtun_counter *loss);
struct sk_buff *xtun_frame_from_iter(const struct xtun_shape *shape, struct iov_iter *from,
				     bool frags, enum xtun_counter *loss);
struct sk_buff *xtun_frame_from_bytes_slow(const struct xtun_shape *shape, const void *data,
					   unsigned int len, enum xtun_counter *loss);
struct sk_buff *xtun_frame_from_memory(const struct xtun_shape *shape, const void *data,
				       unsigned int len, struct page_frag *frag,
				       struct xtun_meta *meta, enum xtun_counter *loss);
int xtun_frame_refuse(struct xtun_queue *q, enum xtun_counter loss, struct sk_buff *skb,
		      unsigned int len, int err);

/* xtun_frame_tx.c: skb to bytes */
/**
 * xtun_frame_is_finished() - whether nothing is left to do to a frame
 * @skb: the frame
 *
 * Context: any.
 * Return: true if it is no large one, and its checksum is there.
 */
static __always_inline bool xtun_frame_is_finished(const struct sk_buff *skb)
{
	return !skb_is_gso(skb) && skb->ip_summed != CHECKSUM_PARTIAL;
}

/**
 * xtun_frame_to_bytes() - a frame, without anything in front of it
 * @skb: the frame; stays the caller's
 * @to: at least skb->len bytes
 *
 * Context: any.
 */
static __always_inline void xtun_frame_to_bytes(const struct sk_buff *skb, void *to)
{
	if (likely(!skb_is_nonlinear(skb)))
		memcpy(to, skb->data, skb->len);
	else
		skb_copy_bits(skb, 0, to, skb->len);
}

ssize_t xtun_frame_read(struct xtun_file *xf, struct xtun_queue *q, struct sk_buff *skb,
			struct iov_iter *to, bool *whole);
bool xtun_frame_is_ready(const struct xtun_shape *shape, struct sk_buff *skb);
int xtun_frame_to_iter(const struct xtun_shape *shape, struct sk_buff *skb, struct iov_iter *to);
bool xtun_frame_plan(const struct xtun_file *xf, const struct xtun_slot *slot,
		     struct sk_buff *skb, struct xtun_plan *plan);
void xtun_frame_to_memory(const struct xtun_plan *plan, const struct sk_buff *skb, void *to);
unsigned int xtun_frame_sum(const struct sk_buff *segs);
int xtun_frame_find_checksum(struct sk_buff *skb);
struct sk_buff *xtun_frame_finish_all(struct xtun_slot *slot, struct sk_buff *skb);

/* xtun_batch.c: several frames in one read() or write() */
ssize_t xtun_batch_read(struct xtun_file *xf, struct xtun_queue *q, struct iov_iter *to,
			bool nowait);
ssize_t xtun_batch_write(struct xtun_file *xf, struct xtun_queue *q, struct iov_iter *from,
			 bool nowait);

/* xtun_xdp.c: XDP programs, and frames from others' */
int xtun_xdp_queue_init(struct xtun_queue *q, struct xtun_slot *slot);
void xtun_xdp_queue_exit(struct xtun_queue *q);
int xtun_xdp_bpf(struct net_device *dev, struct netdev_bpf *bpf);
int xtun_xdp_xmit(struct net_device *dev, int n, struct xdp_frame **frames, u32 flags);
bool xtun_xdp_native(struct xtun_slot *slot, struct xtun_queue *q, struct sk_buff *skb,
		     bool *done);
struct sk_buff *xtun_xdp_generic(struct xtun_slot *slot, struct sk_buff *skb);

/* xtun_napi.c: frames that enter by NAPI */
void xtun_napi_start(struct xtun_slot *slot, struct xtun_queue *q);
void xtun_napi_stop(struct xtun_slot *slot, struct xtun_queue *q);
bool xtun_napi_put(struct xtun_queue *q, struct sk_buff *skb);

/* xtun_account.c: how much of what a file wrote the stack still holds */
int xtun_account_create(struct xtun_file *xf, const struct cred *opener);
void xtun_account_free(struct xtun_file *xf);
int xtun_account_wait(struct xtun_file *xf, struct xtun_queue *q, bool nowait);
void xtun_account_charge(struct xtun_file *xf, struct sk_buff *skb);
bool xtun_account_has_room(struct xtun_file *xf);

/* xtun_attach.c: the shape that TUNSETIFF and TUNSETQUEUE give */
int xtun_attach_set_iff(struct file *file, struct ifreq *ifr);
int xtun_attach_set_queue(struct xtun_file *xf, const struct ifreq *ifr);
int xtun_attach_rings(struct file *file, struct xtun_ring *ring);
void xtun_attach_release(struct xtun_file *xf);
unsigned int xtun_attach_count(const struct net_device *dev, bool in_service);
unsigned int xtun_attach_max(const struct net_device *dev);
int xtun_attach_set_channels(struct net_device *dev, unsigned int channels);

/* xtun_ctl.c: the ioctls of <linux/if_tun.h> */
long xtun_ctl_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
#ifdef CONFIG_COMPAT
long xtun_ctl_compat_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
#endif

/* xtun_ioc.c: the ioctls of <linux/xtun.h> */
long xtun_ioc_ioctl(struct file *file, unsigned int cmd, void __user *argp);
bool xtun_ioc_check_wake(const struct xtun_wake *wake);

/* xtun_main.c: module parameters that count later */
bool xtun_main_offers_rings(void);

/* xtun_chr.c: the device node */
struct xtun_queue *xtun_chr_queue_rtnl(struct xtun_file *xf);
int xtun_chr_attach_own(struct xtun_file *xf, struct xtun_queue *q, bool tap, bool frags);
struct net_device *xtun_chr_default_dev(const struct file *file);
int xtun_chr_init(const char *name);
void xtun_chr_exit(void);

#endif /* _XTUN_H */
