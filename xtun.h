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
 * own. It never holds a reference to the net_device: it borrows its slot under
 * RCU, and the pointer is NULL once the interface is gone. A program asleep in
 * read() therefore pins a file and a queue, never an interface.
 *
 * The file (struct xtun_file) owns its wait head, its fasync list and its
 * reference to the namespace it was opened in, from open to release. epoll
 * registers with the wait head once and for all, so the head never moves,
 * whatever queue the file is on.
 *
 * Locks, outermost first
 * ----------------------
 *	RTNL		the shape: creating and deleting interfaces and queues
 *	xtun_file.lock	which queue a file is on
 *	xtun_queue.lock	frames and files of a queue; taken with bottom halves
 *			off, since ndo_start_xmit() takes it
 *	wait head	of a file; files are woken under their queue's lock
 *	RCU		slot to queue and queue to slot, on the frame path
 *
 * Files are woken under the queue's lock and not by an RCU walk of the list:
 * a file may move from one queue to another (it joins provisionally, see
 * xtun_chr.c), and an RCU reader standing on it would follow it into the other
 * list and never meet the head it started from.
 *
 * The order of teardown, under RTNL, from ndo_uninit: clear the slot, mark the
 * queue dead and take its frames under its lock, wake its files, count the
 * frames as lost, drop the slot's reference. No grace period is needed before
 * the frames are taken, because whoever puts a frame checks "dead" under the
 * same lock. unregister_netdevice() waits for one before it frees the slots.
 */
#ifndef _XTUN_H
#define _XTUN_H

#include <linux/fs.h>
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/refcount.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/u64_stats_sync.h>
#include <linux/uidgid.h>
#include <linux/uio.h>
#include <linux/wait.h>

#include "compat/compat.h"

#define XTUN_VERSION	"0.1.0"

/* As tap: the largest IP packet with its Ethernet header is 65535 bytes. */
#define XTUN_MTU_MAX	(65535 - ETH_HLEN)
/* One frame of the largest MTU that carries a VLAN tag. */
#define XTUN_FRAME_MAX	(XTUN_MTU_MAX + ETH_HLEN + VLAN_HLEN)

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
	LOSS(TX_FULL,		"tx_lost_full",		FULL_RING)	\
	LOSS(TX_NOMEM,		"tx_lost_nomem",	SKB_UCOPY_FAULT) \
	LOSS(TX_UNFINISHED,	"tx_lost_unfinished",	NOT_SPECIFIED)	\
	LOSS(TX_STALE,		"tx_lost_stale",	QUEUE_PURGE)	\
	LOSS(TX_TRUNCATED,	"tx_lost_truncated",	PKT_TOO_BIG)	\
	LOSS(TX_DETACHED,	"tx_lost_detached",	QUEUE_PURGE)	\
	COUNT(RX_IN,		"rx_in")				\
	COUNT(RX_OUT,		"rx_out")				\
	COUNT(RX_BYTES,		"rx_bytes")				\
	LOSS(RX_DOWN,		"rx_lost_down",		DEV_READY)	\
	LOSS(RX_SHORT,		"rx_lost_short",	HDR_TRUNC)	\
	LOSS(RX_LONG,		"rx_lost_long",		PKT_TOO_BIG)	\
	LOSS(RX_FAULT,		"rx_lost_fault",	SKB_UCOPY_FAULT) \
	LOSS(RX_NOMEM,		"rx_lost_nomem",	NOMEM)		\
	LOSS(RX_BACKLOG,	"rx_lost_backlog",	CPU_BACKLOG)

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
 * @stats: counters; allocated and freed with the interface
 */
struct xtun_slot {
	struct net_device *dev;
	u16 index;
	struct xtun_queue __rcu *queue;
	struct xtun_stats __percpu *stats;
};

/**
 * struct xtun - an interface, the private part of its net_device
 * @owner: may attach without CAP_NET_ADMIN, if valid; written before registering
 * @group: members may attach without CAP_NET_ADMIN, if valid; likewise
 * @rx_direct: ethtool private flag: deliver in the writer's context, not
 *	through the backlog; written under RTNL, read anywhere
 * @slots: dev->num_tx_queues of them; constant from ndo_init on
 */
struct xtun {
	kuid_t owner;
	kgid_t group;
	bool rx_direct;
	struct xtun_slot *slots;
};

/**
 * struct xtun_queue - frames on their way to userspace, and who waits for them
 * @ref: slot, files
 * @rcu: to free it
 * @slot: read under RCU; cleared under @lock when the interface goes
 * @lock: protects all that follows; taken with bottom halves off
 * @frames: transmitted, not yet read; oldest first
 * @files: xtun_file.node of all that joined, provisionally or not
 * @readers: attached files that are open for reading
 * @users: attached files
 * @exclusive: the one attached file was opened with O_EXCL
 * @dead: the interface is gone; set once, also read without the lock
 */
struct xtun_queue {
	refcount_t ref;
	struct rcu_head rcu;
	struct xtun_slot __rcu *slot;

	spinlock_t lock;	/* all that follows */
	struct sk_buff_head frames;
	struct list_head files;
	unsigned int readers;
	unsigned int users;
	bool exclusive;
	bool dead;
};

/**
 * struct xtun_file - an open /dev/xtun
 * @net: namespace in which it was opened; reference held; constant
 * @reader: open for reading; constant
 * @exclusive: opened with O_EXCL; constant
 * @wait: readers asleep and pollers; never moves
 * @fasync: receivers of SIGIO
 * @lock: protects @queue and @attached against writers
 * @queue: where it joined, with a reference; read under RCU
 * @attached: joined for good: @queue stays until release
 * @node: in xtun_queue.files; protected by that queue's lock
 */
struct xtun_file {
	struct net *net;
	bool reader;
	bool exclusive;

	wait_queue_head_t wait;
	struct fasync_struct *fasync;

	spinlock_t lock;	/* queue and attached */
	struct xtun_queue __rcu *queue;
	bool attached;

	struct list_head node;
};

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

/* xtun_net.c: the interface */
extern const struct ethtool_ops xtun_ethtool_ops;

int xtun_net_create(struct net *net, const char *name, kuid_t owner, kgid_t group);
struct xtun_queue *xtun_net_find(struct net *net, const char *name, const struct file *file);
int xtun_net_receive(struct xtun_queue *q, struct sk_buff *skb);
int xtun_net_ask(struct xtun_queue *q);
int xtun_net_init(void);
void xtun_net_exit(void);

/* xtun_queue.c: the queue between the two */
struct xtun_queue *xtun_queue_create(struct xtun_slot *slot);
void xtun_queue_destroy(struct xtun_slot *slot);
int xtun_queue_join(struct xtun_queue *q, struct xtun_file *xf, bool attach,
		    struct sk_buff_head *stale);
void xtun_queue_lose_stale(struct xtun_queue *q, struct sk_buff_head *stale);
void xtun_queue_leave(struct xtun_queue *q, struct xtun_file *xf);
void xtun_queue_put(struct xtun_slot *slot, struct sk_buff *skb, unsigned int limit);
struct sk_buff *xtun_queue_take(struct xtun_queue *q, struct xtun_file *xf, bool nowait);
void xtun_queue_put_back(struct xtun_queue *q, struct sk_buff *skb);
void xtun_queue_wake(struct xtun_queue *q, __poll_t events);
unsigned int xtun_queue_next_len(struct xtun_queue *q);
__poll_t xtun_queue_poll(struct xtun_queue *q);
void xtun_queue_gauges(struct xtun_slot *slot, u64 *waiting, u64 *readers);

/* xtun_queue.c: counting, and the end of every frame */
void xtun_count(struct xtun_slot *slot, enum xtun_counter c);
void xtun_count_bytes(struct xtun_slot *slot, enum xtun_counter frames,
		      enum xtun_counter bytes, unsigned int len);
void xtun_stats_sum(const struct xtun_slot *slot, u64 sum[XTUN_NCOUNTERS]);
void xtun_lose(struct xtun_slot *slot, enum xtun_counter loss, struct sk_buff *skb,
	       unsigned int len);

/* xtun_frame.c: bytes to skb and skb to bytes */
ssize_t xtun_frame_read(struct xtun_queue *q, struct sk_buff *skb, struct iov_iter *to);
ssize_t xtun_frame_write(struct xtun_queue *q, struct iov_iter *from);

/* xtun_chr.c: the device node */
int xtun_chr_init(const char *name);
void xtun_chr_exit(void);

#endif /* _XTUN_H */
