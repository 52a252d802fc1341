/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel's stack drops of an interface's frames, for whoever listens. */
#ifndef _XTUN_DROPS_H
#define _XTUN_DROPS_H

#include <linux/irq_work.h>
#include <linux/netdevice.h>
#include <linux/rculist.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

/* How much is kept of a frame: all that a link of the usual MTU carries. */
#define XTUN_DROPS_BYTES	1600U
/* How many a listener may be behind; a power of two. */
#define XTUN_DROPS_WAITING	128U
/* And how many it is told of in a second. */
#define XTUN_DROPS_A_SECOND	1000U

/**
 * struct xtun_drop - a frame that the stack has dropped
 * @missed: how many were missed since the one before it
 * @when: in nanoseconds, as ktime_get_ns()
 * @location: of the call that freed it
 * @reason: of the kernel's, by name; NULL if this kernel gives none
 * @iface: name of the interface of ours that it is of
 * @dev: name of the device at which it was; empty if that is @iface, or not known
 * @tx: it was on its way out
 * @ethernet: @bytes begin with an Ethernet header, and not with that of the network layer
 * @other_host: the stack had found it to be for another machine
 * @proto: EtherType
 * @tagged: it has a VLAN tag, which the stack has taken out of the bytes
 * @vlan: number of that VLAN
 * @len: bytes from there on
 * @kept: how many of @bytes count
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
 * struct xtun_listener - an open file that is told of drops
 * @node: among all of them
 * @net: the namespace whose frames it is told of
 * @everywhere: it may see those of any namespace
 * @set: the devices of @net; under RCU, changed under RTNL
 * @events: keeps @set true
 * @settled: not just being told of the devices that there are; under RTNL
 * @lock: all that follows up to @wake
 * @put: drops ever put into @drops
 * @got: drops ever got
 * @missed: drops since the last one in @drops, that it is not told of
 * @second: when the present second began, in nanoseconds
 * @put_before: what @put was then
 * @asked: how often it was asked since which namespace a drop was of
 * @wake: wakes @wait, from wherever a frame is dropped
 * @wake_later: the same, once a second is over of which enough has been told
 * @wait: whom to wake
 * @drops: by @put and @got, modulo their number
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
