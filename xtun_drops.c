// SPDX-License-Identifier: GPL-2.0
/*
 * Which frames of an interface the kernel's stack drops. While somebody listens, a probe
 * on the kernel's tracepoint skb:kfree_skb sees every frame that the stack drops, and
 * keeps those that came in by an xtun, or were to leave by one, for the listener to
 * read. Without a listener there is no probe, and none of this code runs.
 *
 * The probe runs wherever a frame may be freed, hardware interrupts included, and the
 * frame may be half taken apart: skb->dev may hold a cache of UDP or a node of a tree,
 * or dangle. So skb->dev is compared with the existing devices, and never dereferenced.
 */
#include <linux/bsearch.h>
#include <linux/if_vlan.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <net/net_namespace.h>
#include <trace/events/skb.h>

#include "xtun.h"
#include "xtun_drops.h"

/**
 * struct xtun_drops_dev - a device of the listener's namespace
 * @dev: for comparison only, never dereferenced
 * @ifindex: its number
 * @iface: number of the xtun that it is, or that it is above, as a bridge or VLAN is; 0 if
 * none
 * @name: its name
 */
struct xtun_drops_dev {
	const struct net_device *dev;
	int ifindex;
	int iface;
	char name[IFNAMSIZ];
};

/*
 * The devices of a namespace: first ours, that is each xtun and the devices above one;
 * then the others, which only tell where a frame of ours is. Each part is sorted by address.
 */
struct xtun_drops_set {
	struct rcu_head rcu;
	unsigned int n;
	unsigned int ours;				/* how many are in the first part */
	const struct xtun_drops_dev **by_index;		/* these, sorted by their numbers */
	struct xtun_drops_dev devs[];
};

/* Changed under the mutex, walked under RCU or the mutex. */
static LIST_HEAD(xtun_drops_listeners);
static DEFINE_MUTEX(xtun_drops_mutex);

/* --- the devices of a namespace */

static int xtun_drops_compare(const void *a, const void *b)
{
	const struct xtun_drops_dev *x = a, *y = b;

	return x->dev < y->dev ? -1 : x->dev > y->dev;
}

/* Sorts ours before the others. */
static int xtun_drops_compare_part(const void *a, const void *b)
{
	const struct xtun_drops_dev *x = a, *y = b;

	return !x->iface - !y->iface ?: xtun_drops_compare(a, b);
}

static int xtun_drops_compare_index(const void *a, const void *b)
{
	const struct xtun_drops_dev *x = *(const struct xtun_drops_dev **)a;
	const struct xtun_drops_dev *y = *(const struct xtun_drops_dev **)b;

	return x->ifindex < y->ifindex ? -1 : x->ifindex > y->ifindex;
}

static struct xtun_drops_dev *xtun_drops_find(struct xtun_drops_dev *devs, unsigned int n,
					      const struct net_device *dev)
{
	const struct xtun_drops_dev key = { .dev = dev };

	return bsearch(&key, devs, n, sizeof(key), xtun_drops_compare);
}

/* Finds one of ours by its number. */
static const struct xtun_drops_dev *xtun_drops_nth(const struct xtun_drops_set *set, int ifindex)
{
	const struct xtun_drops_dev key = { .ifindex = ifindex }, *at = &key, **found;

	found = bsearch(&at, set->by_index, set->ours, sizeof(at), xtun_drops_compare_index);
	return found ? *found : NULL;
}

/* What priv->data points to: the set, and the xtun that the devices are above. */
struct xtun_drops_upon {
	struct xtun_drops_set *set;
	int iface;
};

static int xtun_drops_upper(struct net_device *upper, struct netdev_nested_priv *priv)
{
	const struct xtun_drops_upon *upon = priv->data;
	struct xtun_drops_dev *d = xtun_drops_find(upon->set->devs, upon->set->n, upper);

	if (d && !d->iface)
		d->iface = upon->iface;
	return 0;
}

static void xtun_drops_mark(struct xtun_drops_set *set, struct net_device *dev)
{
	struct xtun_drops_upon upon = { .set = set, .iface = dev->ifindex };
	struct netdev_nested_priv priv = { .data = &upon };

	xtun_drops_upper(dev, &priv);
	rcu_read_lock();
	netdev_walk_all_upper_dev_rcu(dev, xtun_drops_upper, &priv);
	rcu_read_unlock();
}

static void xtun_drops_sort(struct xtun_drops_set *set)
{
	unsigned int i;

	sort(set->devs, set->n, sizeof(set->devs[0]), xtun_drops_compare_part, NULL);
	set->by_index = (const struct xtun_drops_dev **)&set->devs[set->n];
	for (i = 0; i < set->n && set->devs[i].iface; i++)
		set->by_index[i] = &set->devs[i];
	set->ours = i;
	sort(set->by_index, set->ours, sizeof(set->by_index[0]), xtun_drops_compare_index, NULL);
}

static struct xtun_drops_set *xtun_drops_devices(struct net *net)
{
	struct xtun_drops_set *set;
	struct net_device *dev;
	unsigned int n = 0;

	for_each_netdev(net, dev)
		n++;
	set = kvmalloc(struct_size(set, devs, n) + n * sizeof(set->by_index[0]),
		       GFP_KERNEL_ACCOUNT);
	if (!set)
		return NULL;
	set->n = n;
	n = 0;
	for_each_netdev(net, dev) {
		struct xtun_drops_dev *d = &set->devs[n++];

		d->dev = dev;
		d->ifindex = dev->ifindex;
		d->iface = 0;
		strscpy(d->name, dev->name, sizeof(d->name));
	}
	sort(set->devs, set->n, sizeof(set->devs[0]), xtun_drops_compare, NULL);
	for_each_netdev(net, dev)
		if (xtun_net_is(dev))
			xtun_drops_mark(set, dev);
	xtun_drops_sort(set);
	return set;
}

static void xtun_drops_miss(struct xtun_listener *l)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&l->lock, flags);
	l->missed++;
	raw_spin_unlock_irqrestore(&l->lock, flags);
}

static void xtun_drops_tell(struct xtun_listener *l)
{
	if (xtun_drops_waits(l))
		wake_up(l->wait);
	/*
	 * A reader that has read everything may sleep until it may be told of the missed
	 * ones. Others may change the count meanwhile; those that raise it call this, too.
	 */
	if (data_race(l->missed))
		schedule_delayed_work(&l->wake_later, HZ);
}

static void xtun_drops_renew(struct xtun_listener *l)
{
	struct xtun_drops_set *set = xtun_drops_devices(l->net);
	struct xtun_drops_set *old = rtnl_dereference(l->set);

	/* Rather have no set than one with devices that no longer exist. */
	if (!set) {
		xtun_drops_miss(l);
		xtun_drops_tell(l);
	}
	rcu_assign_pointer(l->set, set);
	if (old)
		kvfree_rcu(old, rcu);
}

static int xtun_drops_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct xtun_listener *l = container_of(nb, struct xtun_listener, events);

	if (!l->settled)
		return NOTIFY_DONE;
	switch (event) {
	case NETDEV_REGISTER:
	case NETDEV_UNREGISTER:
	case NETDEV_CHANGENAME:
	case NETDEV_CHANGEUPPER:
		xtun_drops_renew(l);
	}
	return NOTIFY_DONE;
}

/* --- the probe */

/*
 * A frame in a socket has no device any more, and its skb_iif may be from any namespace.
 * It is reported to those who may see every namespace, if no other one has a device with
 * that number.
 */
static bool xtun_drops_alone(const struct net *own, int ifindex)
{
	struct net *net;

	for_each_net_rcu(net)
		if (net != own && dev_get_by_index_rcu(net, ifindex))
			return false;
	return true;
}

/* Under l->lock. */
static void xtun_drops_begin_second(struct xtun_listener *l, s64 now)
{
	if (now - l->second < NSEC_PER_SEC)
		return;
	l->second = now;
	l->put_before = l->put;
	l->asked = 0;
}

/* Under l->lock: whether the limit for this second is reached. */
static bool xtun_drops_enough(struct xtun_listener *l, s64 now)
{
	xtun_drops_begin_second(l, now);
	return l->put - l->put_before == XTUN_DROPS_A_SECOND;
}

/* Under l->lock: where to put the next drop; NULL if it has to be missed. */
static struct xtun_drop *xtun_drops_room(struct xtun_listener *l, s64 now)
{
	BUILD_BUG_ON_NOT_POWER_OF_2(XTUN_DROPS_WAITING);
	if (xtun_drops_enough(l, now) || l->put - l->got == XTUN_DROPS_WAITING)
		return NULL;
	return &l->drops[l->put % XTUN_DROPS_WAITING];
}

/*
 * To ask every namespace takes long if there are many. So it is done at most as often in
 * a second as drops may be reported, whatever the answers. A drop for which it is not
 * done counts as missed, even if it is not ours.
 */
static bool xtun_drops_may_ask(struct xtun_listener *l)
{
	s64 now = ktime_get_ns();
	unsigned long flags;
	bool may;

	raw_spin_lock_irqsave(&l->lock, flags);
	may = xtun_drops_room(l, now) && l->asked < XTUN_DROPS_A_SECOND;
	if (may)
		l->asked++;
	else
		l->missed++;
	raw_spin_unlock_irqrestore(&l->lock, flags);
	if (!may)
		irq_work_queue(&l->wake);
	return may;
}

/* How a dropped frame belongs to one of ours. */
struct xtun_drops_verdict {
	const struct xtun_drops_dev *iface;	/* the xtun */
	const struct xtun_drops_dev *at;	/* where it was dropped, if that is known */
	bool tx;
};

/*
 * A frame that this machine sends has a route but no device yet when it passes the filters
 * of OUTPUT: skb->dev may hold a node of TCP's tree. Only if netfilter drops the frame is
 * the route used, because a frame in a queue of TCP has a list in its place.
 */
static const struct xtun_drops_dev *xtun_drops_way(struct xtun_drops_set *set,
						   const struct sk_buff *skb)
{
	const struct dst_entry *dst = skb_dst(skb);

	return dst ? xtun_drops_find(set->devs, set->ours, READ_ONCE(dst->dev)) : NULL;
}

static bool xtun_drops_judge(struct xtun_listener *l, struct xtun_drops_set *set,
			     const struct sk_buff *skb, bool filtered,
			     struct xtun_drops_verdict *v)
{
	const struct xtun_drops_dev *in = xtun_drops_nth(set, skb->skb_iif);
	const struct xtun_drops_dev *at = xtun_drops_find(set->devs, set->ours, skb->dev);

	/* Only for frames of this machine: a forwarded one has a device. */
	if (!at && filtered && !skb->skb_iif)
		at = xtun_drops_way(set, skb);
	/* So it is for almost all frames that the machine drops. */
	if (!in && !at)
		return false;
	if (!at)
		at = xtun_drops_find(set->devs + set->ours, set->n - set->ours, skb->dev);
	if (!at && !(l->everywhere && xtun_drops_may_ask(l) &&
		     xtun_drops_alone(l->net, in->ifindex)))
		return false;

	v->tx = !in || (at && at->iface && at->iface != in->iface);
	v->iface = xtun_drops_nth(set, v->tx ? at->iface : in->iface);
	v->at = at;
	return v->iface;
}

/*
 * The offset of the Ethernet header if the frame still has one, else of the network
 * header. Only bytes from a header that was set are known to be the frame's own: the memory
 * before them may hold old data of others. A network header that was never set seems to be
 * at the very beginning of the buffer.
 */
static int xtun_drops_begin(const struct sk_buff *skb, bool *ethernet)
{
	int network = skb_network_offset(skb), mac;

	*ethernet = false;
	if (!skb_mac_header_was_set(skb))
		return max(network, 0);
	mac = skb_mac_offset(skb);
	*ethernet = network < mac || network - mac == ETH_HLEN || network - mac == VLAN_ETH_HLEN;
	return *ethernet ? mac : network;
}

static void xtun_drops_copy(const struct sk_buff *skb, struct xtun_drop *drop)
{
	int offset = xtun_drops_begin(skb, &drop->ethernet);

	drop->other_host = skb->pkt_type == PACKET_OTHERHOST;
	drop->proto = skb->protocol;
	drop->tagged = skb_vlan_tag_present(skb);
	drop->vlan = skb_vlan_tag_get_id(skb);
	drop->len = 0;
	drop->kept = 0;
	if (offset < -(int)skb_headroom(skb) || offset > (int)skb->len)
		return;
	drop->len = skb->len - offset;
	drop->kept = min(drop->len, XTUN_DROPS_BYTES);
	if (skb_copy_bits(skb, offset, drop->bytes, drop->kept))
		drop->kept = 0;
}

static void xtun_drops_put(struct xtun_listener *l, const struct xtun_drops_verdict *v,
			   const struct sk_buff *skb, void *location, const char *reason)
{
	struct xtun_drop *drop;
	s64 now = ktime_get_ns();
	unsigned long flags;

	raw_spin_lock_irqsave(&l->lock, flags);
	drop = xtun_drops_room(l, now);
	if (drop) {
		drop->missed = l->missed;
		l->missed = 0;
		drop->when = now;
		drop->location = location;
		drop->reason = reason;
		strscpy(drop->iface, v->iface->name, sizeof(drop->iface));
		drop->dev[0] = '\0';
		if (v->at && v->at != v->iface)
			strscpy(drop->dev, v->at->name, sizeof(drop->dev));
		drop->tx = v->tx;
		xtun_drops_copy(skb, drop);
		l->put++;
	} else {
		l->missed++;
	}
	raw_spin_unlock_irqrestore(&l->lock, flags);
	irq_work_queue(&l->wake);
}

static void xtun_drops_see(const struct sk_buff *skb, void *location, const char *reason,
			   bool filtered)
{
	struct xtun_drops_verdict verdict;
	struct xtun_drops_set *set;
	struct xtun_listener *l;

	/* xtun's own losses have a counter, and are in /proc/net/xtun. */
	if (within_module((unsigned long)location, THIS_MODULE))
		return;
	rcu_read_lock();
	list_for_each_entry_rcu(l, &xtun_drops_listeners, node) {
		set = rcu_dereference(l->set);
		if (set && xtun_drops_judge(l, set, skb, filtered, &verdict))
			xtun_drops_put(l, &verdict, skb, location, reason);
	}
	rcu_read_unlock();
}

static void xtun_drops_probe(void *data, XTUN_COMPAT_KFREE_SKB)
{
	xtun_drops_see(skb, location, XTUN_COMPAT_DROP_REASON_NAME, XTUN_COMPAT_FILTERED);
}

/* --- the listeners */

static void xtun_drops_wake(struct irq_work *work)
{
	xtun_drops_tell(container_of(work, struct xtun_listener, wake));
}

static void xtun_drops_wake_later(struct work_struct *work)
{
	xtun_drops_tell(container_of(to_delayed_work(work), struct xtun_listener, wake_later));
}

static int xtun_drops_add(struct xtun_listener *l)
{
	int err = 0;

	mutex_lock(&xtun_drops_mutex);
	if (list_empty(&xtun_drops_listeners))
		err = register_trace_kfree_skb(xtun_drops_probe, NULL);
	if (!err)
		list_add_rcu(&l->node, &xtun_drops_listeners);
	mutex_unlock(&xtun_drops_mutex);
	return err;
}

static void xtun_drops_remove(struct xtun_listener *l)
{
	mutex_lock(&xtun_drops_mutex);
	list_del_rcu(&l->node);
	if (list_empty(&xtun_drops_listeners))
		unregister_trace_kfree_skb(xtun_drops_probe, NULL);
	mutex_unlock(&xtun_drops_mutex);
	/* After this no probe uses the listener, or runs code that rmmod removes. */
	tracepoint_synchronize_unregister();
	irq_work_sync(&l->wake);
}

/**
 * xtun_drops_wake_all() - wake all who wait for the drops of a namespace
 * @net: the namespace
 *
 * Context: process.
 */
void xtun_drops_wake_all(const struct net *net)
{
	struct xtun_listener *l;

	mutex_lock(&xtun_drops_mutex);
	list_for_each_entry(l, &xtun_drops_listeners, node)
		if (l->net == net)
			wake_up_all(l->wait);
	mutex_unlock(&xtun_drops_mutex);
}

/* Registration and its end bring an event for each existing device: ignore these. */
static void xtun_drops_settle(struct xtun_listener *l, bool settled)
{
	rtnl_lock();
	l->settled = settled;
	if (settled)
		xtun_drops_renew(l);
	rtnl_unlock();
}

static void xtun_drops_forget(struct xtun_listener *l)
{
	xtun_drops_settle(l, false);
	unregister_netdevice_notifier_net(l->net, &l->events);
	/* No probe or event can schedule it again. */
	cancel_delayed_work_sync(&l->wake_later);
	kvfree(rcu_access_pointer(l->set));
}

/**
 * xtun_drops_listen() - start to record drops for a listener
 * @l: the listener, zeroed
 * @net: the namespace whose frames it gets; outlives @l
 * @everywhere: the listener may see frames of every namespace, so also those whose
 * namespace is not known
 * @wait: the wait queue to wake; outlives @l
 *
 * Context: process, takes RTNL.
 * Return: 0, -ENOMEM, or -ENOSYS where the kernel has no tracepoints.
 */
int xtun_drops_listen(struct xtun_listener *l, struct net *net, bool everywhere,
		      wait_queue_head_t *wait)
{
	int err;

	l->net = net;
	l->everywhere = everywhere;
	raw_spin_lock_init(&l->lock);
	init_irq_work(&l->wake, xtun_drops_wake);
	INIT_DELAYED_WORK(&l->wake_later, xtun_drops_wake_later);
	l->wait = wait;
	l->events.notifier_call = xtun_drops_event;
	err = register_netdevice_notifier_net(net, &l->events);
	if (err)
		return err;
	xtun_drops_settle(l, true);
	err = xtun_drops_add(l);
	if (err)
		xtun_drops_forget(l);
	return err;
}

/**
 * xtun_drops_leave() - undo xtun_drops_listen()
 * @l: the listener
 *
 * Context: process, takes RTNL and waits for a grace period of RCU.
 */
void xtun_drops_leave(struct xtun_listener *l)
{
	xtun_drops_remove(l);
	xtun_drops_forget(l);
}

/**
 * xtun_drops_waits() - whether a listener has something to read
 * @l: the listener
 *
 * Context: any.
 * Return: true if xtun_drops_get() would return a drop, or a number of missed ones.
 */
bool xtun_drops_waits(struct xtun_listener *l)
{
	s64 now = ktime_get_ns();
	unsigned long flags;
	bool waits;

	raw_spin_lock_irqsave(&l->lock, flags);
	waits = l->put != l->got || (l->missed && !xtun_drops_enough(l, now));
	raw_spin_unlock_irqrestore(&l->lock, flags);
	return waits;
}

/**
 * xtun_drops_get() - take the oldest drop that has not been read
 * @l: the listener
 * @drop: filled with it
 * @missed: set to how many were missed before it, or, if there is none, before now
 *
 * Context: process, one caller at a time.
 * Return: true if there is one.
 */
bool xtun_drops_get(struct xtun_listener *l, struct xtun_drop *drop, u64 *missed)
{
	s64 now = ktime_get_ns();
	unsigned long flags;
	bool got;

	*missed = 0;
	raw_spin_lock_irqsave(&l->lock, flags);
	got = l->put != l->got;
	if (got) {
		*drop = l->drops[l->got++ % XTUN_DROPS_WAITING];
		*missed = drop->missed;
	} else if (!xtun_drops_enough(l, now)) {
		*missed = l->missed;
		l->missed = 0;
	}
	raw_spin_unlock_irqrestore(&l->lock, flags);
	return got;
}
