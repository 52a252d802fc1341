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
 * as long as it does. It has one slot for each queue. The counters are in the
 * slot, so they outlive the users of the queue.
 *
 * The queue (struct xtun_queue) is allocated separately and refcounted: one
 * reference for its slot, one for each file on its list. An attached file keeps
 * its reference until release, so read() and write() need no reference of their
 * own. For the same reason, a file that is attached again after its interface
 * was deleted keeps the dead queue in addition to the new one. A queue never
 * holds a reference to the net_device: it borrows its slot under RCU, and the
 * pointer to the slot is NULL once the interface is gone. A program that sleeps
 * in read() therefore pins a file and a queue, but never an interface.
 *
 * Slot 0 of an interface made by insmod or "ip link add" has a queue as long as
 * the interface lives, and files share this queue. Every other queue belongs to
 * one file, which called TUNSETIFF or asked for rings, and ends with this file.
 *
 * The file (struct xtun_file) owns its wait head, its fasync list, its account
 * of written frames (struct sock) and its reference to the namespace it was
 * opened in. It keeps them until release; frames that the stack still holds may
 * keep the account a little longer. epoll registers with the wait head only
 * once, so the wait head never moves, whatever queue the file is on.
 *
 * A pair of rings (struct xtun_ring) belongs to its file from
 * XTUN_IOC_SET_RINGS until release. A mapping of the rings holds the file. The
 * queue borrows the rings under RCU.
 *
 * Locks, outermost first
 * ----------------------
 *	RTNL		creating and deleting interfaces and the queues of single
 *			files, attaching rings, and what the ioctls of tap set
 *	xtun_file.lock	which queue a file is on
 *	xtun_steer.lock	which queues are in service; not taken under a queue's lock
 *	xtun_why.lock	the losses that an interface remembers; the lock of a queue
 *			or a ring may be taken under it
 *	xtun_queue.lock	frames and files of a queue; taken with bottom halves
 *			off, because ndo_start_xmit() takes it
 *	xtun_ring.lock	the tx ring and its wake-ups; also taken with bottom halves
 *			off, and never together with a queue's lock
 *	wait head	of a file; woken under its queue's lock, its rings' lock, or
 *			neither
 *	RCU		slot to queue and queue to slot, on the frame path
 *
 * A queue's files are woken under its lock and not by an RCU walk of the list.
 * A file may move from one queue to another (it joins provisionally, see
 * xtun_chr.c). An RCU reader at this file would then follow it into the other
 * list and never reach the head of the list that it started from.
 *
 * Teardown runs under RTNL, from ndo_uninit or from the release of a file with a
 * queue of its own, in this order: clear the slot; mark the queue dead under its
 * lock and wake its files; after a grace period, stop its rings and its NAPI,
 * then take the remaining frames and count them as lost; drop the slot's
 * reference. The code that puts a frame on the queue checks "dead" under the
 * same lock, so no frame arrives later. unregister_netdevice() waits for one
 * more grace period before it frees the slots.
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

/* Like tap: the largest IP packet with its Ethernet header is 65535 bytes. */
#define XTUN_MTU_MAX	(65535 - ETH_HLEN)
/* A frame of the largest MTU with a VLAN tag. */
#define XTUN_FRAME_MAX	(XTUN_MTU_MAX + ETH_HLEN + VLAN_HLEN)
/*
 * A frame behind a vnet header is segmented before it leaves the machine. Whatever the MTU,
 * it may therefore hold the longest IP packet: 65535 bytes, 40 more for IPv6 (RFC 8200, 3),
 * and two VLAN tags. Tap accepts it, too.
 */
#define XTUN_FRAME_VNET_MAX	(65535 + 40 + ETH_HLEN + 2 * VLAN_HLEN)
/* Room for protocol info and a vnet header of any size that is used outside of tests. */
#define XTUN_HEADERS_USUAL	64
/* Like tap: a queue for each processor of a large guest. */
#define XTUN_QUEUES_MAX	256

/* Flags of an interface that TUNSETIFF may set, besides its type. */
#define XTUN_FEATURES	(IFF_NO_PI | IFF_ONE_QUEUE | IFF_VNET_HDR | IFF_MULTI_QUEUE | \
			 IFF_NAPI | IFF_NAPI_FRAGS | IFF_BACKPRESSURE)
/* Internal bits of struct xtun.flags, above those that userspace knows. */
#define XTUN_VNET_LE	0x80000000
#define XTUN_VNET_BE	0x40000000

/* Offloads that stay off until a program asks for them. */
#define XTUN_OFFLOADS	(NETIF_F_HW_CSUM | NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_TSO_ECN | \
			 XTUN_COMPAT_USO | XTUN_COMPAT_TUNNEL_OFFLOADS)

/*
 * Every counter of a queue, and for each loss the kernel's own drop reason.
 * The law, which holds for each queue and direction when no frame is in motion:
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
 * @queue: the queue; written under RTNL, read under RCU; NULL if there is none
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
 * @made_by_file: TUNSETIFF made it, so its carrier, its persistence and its
 *	deletion follow tap; constant
 * @abandoned: it is being deleted because its last file was closed; under RTNL
 * @owner: may attach without CAP_NET_ADMIN, if valid; written under RTNL, read
 *	anywhere
 * @group: members may attach without CAP_NET_ADMIN, if valid; likewise
 * @vnet_hdr_sz: bytes of the vnet header in front of each frame, if IFF_VNET_HDR
 *	is set; written under RTNL, read anywhere
 * @offloads: those of XTUN_OFFLOADS that a program asked for; under RTNL
 * @rx_direct: ethtool private flag: deliver in the writer's context, not
 *	through the backlog; written under RTNL, read anywhere
 * @slots: dev->num_tx_queues slots; constant from ndo_init on
 * @why: its recent losses, see xtun_why.c; constant from ndo_init on
 * @channels: how many of @slots files may use, set by ethtool; under RTNL
 * @security: data of the LSM; valid from ndo_init to ndo_uninit
 * @msg_enable: set by ethtool and TUNSETDEBUG; has no effect
 * @speed: in Mbit/s; only reported, has no effect; under RTNL
 * @duplex: likewise
 * @wake: when readers of rings are woken, unless they set it themselves; under RTNL
 * @xdp: native XDP program; written under RTNL, read under RCU
 * @filters: which frames are dropped before they reach the files, see xtun_filter.c
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
		struct sock_fprog told;	/* by TUNATTACHFILTER, for TUNGETFILTER; under RTNL */
	} filters;
	struct xtun_steer {
		struct bpf_prog __rcu *ebpf;
		struct xtun_flow *flows;	/* constant from ndo_init on */
		u16 *live;			/* likewise; its elements are read anywhere */
		spinlock_t lock;		/* serializes writers of live and count */
		unsigned int count;		/* elements of live; read anywhere */
	} steer;
};

/**
 * struct xtun_read - when a frame was taken from a queue, and by whom
 * @when: in jiffies
 * @pid: the process, by its id in the initial pid namespace; 0 if none was taken
 */
struct xtun_read {
	u64 when;
	pid_t pid;
};

/**
 * struct xtun_queue - frames on their way to userspace, and the files that wait for them
 * @ref: one for the slot, one for each file
 * @rcu: for freeing
 * @slot: its slot; read under RCU, cleared under @lock when the queue ends
 * @own: belongs to one file and ends with it; constant
 * @dead_node: list of queues that end together with their interface; under RTNL
 * @rxq: identifies the queue to XDP programs; registered until the queue has ended
 * @napi: delivers written frames if @napi_on is set, or the frames of @ring; added and
 *	removed under RTNL
 * @ring: receives frames instead of @frames; written under RTNL and @lock, read
 *	under RCU
 * @lock: protects all members below; taken with bottom halves off
 * @frames: frames that were transmitted and not yet read, oldest first
 * @written: written frames that wait for @napi
 * @files: list of xtun_file.node of all files that joined, provisionally or for good
 * @readers: number of attached files that are open for reading; also read without
 *	the lock
 * @users: number of attached files
 * @exclusive: the attached file must remain the only one
 * @last: when the last frame was taken, and by whom
 * @before: the same for the frame before it
 * @stopped: the netdev queue is stopped because there is no room
 * @enabled: in service; IFF_DETACH_QUEUE clears it
 * @filtered: the interface's classic filter applies; written under RTNL, not @lock
 * @napi_on: @napi delivers written frames
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

	spinlock_t lock;	/* protects all members below */
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
 * @rcu: for freeing, because @account may outlive the file and reads it under RCU
 * @net: namespace in which it was opened; reference held; constant
 * @reader: open for reading; constant
 * @exclusive: must be the only user of its queue; after open, written under RTNL
 * @tap: attached by TUNSETIFF, so the interface's flags decide which headers its
 *	frames have in front; written under @lock before the @queue that it belongs to
 * @frags: IFF_NAPI_FRAGS: each iovec but the first becomes a fragment; likewise
 * @batch: read() and write() move records; read and written without a lock
 * @ring: its rings; set once, under RTNL, and freed with the file
 * @ifindex: set by TUNSETIFINDEX; under RTNL
 * @account: accounts for written frames that the stack still holds; made under RTNL,
 *	then constant
 * @nospace: bit 0: a writer or poller found no room and must be woken when there is some
 * @wait: sleeping readers, writers that sleep until there is room, and pollers; never
 *	moves
 * @fasync: receivers of SIGIO
 * @lock: serializes writers of @queue and @attached
 * @queue: the queue that it joined, with a reference; read under RCU
 * @attached: joined for good: @queue does not change until release, unless its interface
 *	is deleted and TUNSETIFF attaches the file again
 * @past: queues that it was attached to before, see xtun_chr.c; under RTNL
 * @node: entry in xtun_queue.files; protected by that queue's lock
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
 * struct xtun_meta - what came in front of a written frame
 * @proto: protocol from its protocol info, if @has_pi
 * @vnet: its vnet header, if @has_vnet
 * @has_pi: it came with protocol info (IFF_NO_PI is not set)
 * @has_vnet: it came with a vnet header (IFF_VNET_HDR is set)
 * @xdp_done: an XDP program has seen the frame, or there is no program
 */
struct xtun_meta {
	__be16 proto;
	struct xtun_compat_vnet vnet;
	bool has_pi;
	bool has_vnet;
	bool xdp_done;
};

/**
 * struct xtun_shape - layout of the frames of one file
 * @pi: bytes of protocol info in front of a frame
 * @vnet: bytes of vnet header, after the protocol info
 * @flags: flags of the interface
 * @offloads: offloads that may be left to its readers
 * @least: minimum length of a frame in bytes: an Ethernet header, or 1 with IFF_TUN
 * @headroom: headroom to reserve in front of a written frame
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
 * struct xtun_plan - layout of one frame in memory that is shared with a program
 * @headers: bytes in front of the frame; the other members are valid only if not 0
 * @shape: of the program's file
 * @vnet: the vnet header
 */
struct xtun_plan {
	unsigned int headers;
	struct xtun_shape shape;
	struct xtun_compat_vnet vnet;
};

/**
 * struct xtun_backlog - frames that wait to be read, and who read the last one
 * @waiting: how many frames wait; with rings, those that are not known to be taken
 * @oldest_ms: milliseconds that the oldest has waited; 0 with rings
 * @ring_size: bytes of the tx ring in which they wait; 0 if there are no rings
 * @reader: the process that read last, by its id in the initial pid namespace; with
 *	rings, the one that made them, if it was ever seen to read; 0: none
 * @idle_ms: milliseconds since it read; with rings, how long frames were seen to wait
 *	while none was taken
 */
struct xtun_backlog {
	unsigned int waiting;
	unsigned int oldest_ms;
	u32 ring_size;
	pid_t reader;
	unsigned int idle_ms;
};

/**
 * struct xtun_sink - frames that are delivered together
 * @slot: of the queue that they were written to
 * @q: that queue
 * @napi: for GRO, or NULL
 * @simple: a frame with nothing in front of it needs no checks: the interface is
 *	up and an Ethernet device, and has no XDP program
 * @rxq: the queue number for skb_record_rx_queue(), plus 1; 0: do not record it
 * @learns: the interface learns which queue a flow is written to
 * @list: frames that wait for xtun_sink_flush()
 * @frames: how many were added
 * @bytes: total length of these
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
 * @c: the counter
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
 * @c: the counter
 *
 * Context: as xtun_count_n().
 */
static inline void xtun_count(struct xtun_slot *slot, enum xtun_counter c)
{
	xtun_count_n(slot, c, 1);
}

/**
 * xtun_count_queued() - count a frame that was transmitted and queued
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
 * xtun_count_received() - count frames that the stack has received
 * @slot: of the queue
 * @frames: how many
 * @bytes: their total length, Ethernet headers included
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
 * xtun_count_entered() - count a written frame that the stack has received
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
 * When the interface goes down, the core stops the device before it clears
 * IFF_UP; when it comes up, the core starts the device before it sets IFF_UP.
 * No frame passes in between.
 *
 * Context: any; @dev is kept alive by RCU or RTNL.
 * Return: true if frames pass.
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
 * xtun_rx_len() - the length of a frame whose Ethernet header was pulled
 * @skb: the frame; if it has no such header, its mac header is set to its first byte
 *
 * Context: any.
 * Return: length in bytes, Ethernet header included.
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

/* xtun_dead.c: interfaces that no longer exist */
void xtun_dead_remember(const struct net_device *dev);
void xtun_dead_show(struct seq_file *seq);
int xtun_dead_init(void);
void xtun_dead_exit(void);

/* xtun_refused.c: calls that failed */
#define XTUN_REFUSED_ATTACH	_IO(XTUN_IOC_MAGIC, 0xff)	/* not an ioctl */
void xtun_refused_remember(struct net *net, unsigned int cmd, const struct ifreq *ifr,
			   unsigned long value, int err);
void xtun_refused_show(struct seq_file *seq);
int xtun_refused_init(void);
void xtun_refused_exit(void);

/* xtun_proc.c: /proc/net/xtun */
/* Escape these in names that users choose: they must not reach a terminal or split a line. */
#define XTUN_PROC_ESCAPED	"\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20\21\22\23\24" \
				"\25\26\27\30\31\32\33\34\35\36\37\177\\"
void xtun_proc_seconds(struct seq_file *seq, s64 ns);
int xtun_proc_init(void);
void xtun_proc_exit(void);

/* xtun_drops_file.c: /proc/net/xtun_drops */
int xtun_drops_init(void);
void xtun_drops_exit(void);

/* xtun_info.c: what sysfs and netlink report */
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
 * xtun_filter_is_set() - whether any filter is set
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
 * xtun_presses_back() - whether a full queue must stop its netdev queue
 * @slot: of the queue
 *
 * Without a qdisc, no frame could wait while the netdev queue is stopped: the core
 * would drop it, and we could not count it.
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

/* xtun_queue.c: the queue between the interface and the files */
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

/* xtun_queue_life.c: creating and ending a queue, and its files */
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

/* xtun_frame.c: the headers in front of a frame */
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
 * Return: true if it needs no segmentation and its checksum is filled in.
 */
static __always_inline bool xtun_frame_is_finished(const struct sk_buff *skb)
{
	return !skb_is_gso(skb) && skb->ip_summed != CHECKSUM_PARTIAL;
}

/**
 * xtun_frame_to_bytes() - copy a frame, without anything in front of it
 * @skb: the frame; stays the caller's
 * @to: buffer of at least skb->len bytes
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

/* xtun_xdp.c: XDP programs, and frames that other devices' programs redirect */
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

/* xtun_attach.c: attaching files by TUNSETIFF and TUNSETQUEUE, and for rings */
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

/* xtun_main.c: module parameters that are read after load */
bool xtun_main_offers_rings(void);

/* xtun_chr.c: the device node */
struct xtun_queue *xtun_chr_queue_rtnl(struct xtun_file *xf);
int xtun_chr_attach_own(struct xtun_file *xf, struct xtun_queue *q, bool tap, bool frags);
struct net_device *xtun_chr_default_dev(const struct file *file);
int xtun_chr_init(const char *name);
void xtun_chr_exit(void);

#endif /* _XTUN_H */
