/* SPDX-License-Identifier: GPL-2.0 */
/* The frames of an interface that the kernel's stack drops, for those who listen. */
#ifndef _XTUN_DROPS_H
#define _XTUN_DROPS_H

#include <linux/irq_work.h>
#include <linux/netdevice.h>
#include <linux/rculist.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

/* Bytes kept of a frame: all of it, on a link with the usual MTU. */
#define XTUN_DROPS_BYTES	1600U
/* How many drops may wait for a listener; a power of two. */
#define XTUN_DROPS_WAITING	128U
/* How many drops a listener gets in a second at most. */
#define XTUN_DROPS_A_SECOND	1000U

/**
 * struct xtun_drop - a frame that the stack has dropped
 * @missed: how many were missed since the one before it
 * @when: in nanoseconds, as ktime_get_ns()
 * @location: address of the call that freed it
 * @reason: name of the kernel's drop reason; NULL if this kernel gives none
 * @iface: name of the xtun that it belongs to
 * @dev: name of the device where it was dropped; empty if that is @iface, or not known
 * @tx: it was on its way out
 * @ethernet: @bytes begin with the Ethernet header, not with the network header
 * @other_host: the stack had marked it as for another machine
 * @proto: EtherType
 * @tagged: it has a VLAN tag, which the stack has removed from the bytes
 * @vlan: number of that VLAN
 * @len: length of the frame in bytes, from the header with which @bytes begin
 * @kept: how many of @bytes are used
 * @bytes: the frame as it was when it was dropped
 */
struct xtun_drop {
	u64 missed;
	s64 when;
	void *location;
	const char *reason;
	char iface[IFNAMSIZ];
	char dev[IFNAMSIZ];
	bool tx;
	bool ethernet;
	bool other_host;
	__be16 proto;
	bool tagged;
	u16 vlan;
	unsigned int len;
	unsigned int kept;
	u8 bytes[XTUN_DROPS_BYTES];
};

struct xtun_drops_set;

/**
 * struct xtun_listener - an open file that reports drops
 * @node: in the list of all listeners
 * @net: the namespace whose frames it gets
 * @everywhere: it may see the frames of every namespace
 * @set: the devices of @net; read under RCU, changed under RTNL
 * @events: keeps @set up to date
 * @settled: events are real, not those that a new or ending notifier gets; under RTNL
 * @lock: protects all that follows up to @wake, and @drops
 * @put: how many drops were put into @drops so far
 * @got: how many drops were taken from @drops so far
 * @missed: how many drops were missed since the last one in @drops
 * @second: when the current second began, in nanoseconds
 * @put_before: what @put was then
 * @asked: how often since then all namespaces were searched for the one of a drop
 * @wake: wakes @wait from any context in which a frame may be dropped
 * @wake_later: wakes @wait a second later, when it may report the missed drops
 * @wait: the wait queue of the readers
 * @drops: indexed by @put and @got, modulo its size
 */
struct xtun_listener {
	struct list_head node;
	struct net *net;
	bool everywhere;
	struct xtun_drops_set __rcu *set;
	struct notifier_block events;
	bool settled;
	raw_spinlock_t lock;
	unsigned int put;
	unsigned int got;
	u64 missed;
	s64 second;
	unsigned int put_before;
	unsigned int asked;
	struct irq_work wake;
	struct delayed_work wake_later;
	wait_queue_head_t *wait;
	struct xtun_drop drops[XTUN_DROPS_WAITING];
};

int xtun_drops_listen(struct xtun_listener *l, struct net *net, bool everywhere,
		      wait_queue_head_t *wait);
void xtun_drops_leave(struct xtun_listener *l);
void xtun_drops_wake_all(const struct net *net);
bool xtun_drops_waits(struct xtun_listener *l);
bool xtun_drops_get(struct xtun_listener *l, struct xtun_drop *drop, u64 *missed);

#endif /* _XTUN_DROPS_H */
