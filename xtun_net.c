// SPDX-License-Identifier: GPL-2.0
/*
 * The interface: an ordinary Ethernet device of the link kind "xtun", or, if
 * TUNSETIFF asks for IFF_TUN, a point-to-point one that carries IP packets.
 *
 * An interface made by insmod or "ip link add" has its carrier on from the start,
 * with or without a reader, and stays when its files are closed. For an interface
 * made by TUNSETIFF, both depend on its files.
 */
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/mm.h>
#include <linux/poll.h>
#include <linux/rtnetlink.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <net/ip_tunnels.h>
#include <net/net_namespace.h>
#include <net/rtnetlink.h>

#include "xtun.h"
#include "xtun_why.h"

static void xtun_net_free_slots(struct net_device *dev)
{
	struct xtun *xt = netdev_priv(dev);
	unsigned int i;

	for (i = 0; xt->slots && i < dev->num_tx_queues; i++)
		free_percpu(xt->slots[i].stats);
	xtun_why_free(xt->why);
	xt->why = NULL;
	kvfree(xt->slots);
	xt->slots = NULL;
}

/* Counters are allocated with the first queue: an interface may have very many slots. */
static int xtun_net_alloc_stats(struct xtun_slot *slot)
{
	struct xtun_stats __percpu *stats;
	int cpu;

	if (slot->stats)
		return 0;
	stats = alloc_percpu_gfp(struct xtun_stats, GFP_KERNEL_ACCOUNT);
	if (!stats)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(stats, cpu)->syncp);
	/* Pairs with xtun_stats_sum(), which takes no lock. */
	smp_store_release(&slot->stats, stats);
	return 0;
}

static int xtun_net_alloc_slots(struct net_device *dev)
{
	struct xtun *xt = netdev_priv(dev);
	unsigned int i;
	int err;

	xt->slots = kvcalloc(dev->num_tx_queues, sizeof(*xt->slots), GFP_KERNEL_ACCOUNT);
	if (!xt->slots)
		return -ENOMEM;
	for (i = 0; i < dev->num_tx_queues; i++) {
		xt->slots[i].dev = dev;
		xt->slots[i].index = i;
	}
	xt->why = xtun_why_create();
	err = xt->why ? xtun_net_alloc_stats(&xt->slots[0]) : -ENOMEM;
	if (err)
		xtun_net_free_slots(dev);
	return err;
}

/**
 * xtun_net_open_slot() - give a slot a queue
 * @slot: the slot, which has none
 * @own: the queue belongs to one file
 *
 * Context: process, under RTNL.
 * Return: 0 or a negative errno.
 */
int xtun_net_open_slot(struct xtun_slot *slot, bool own)
{
	const struct xtun *xt = netdev_priv(slot->dev);
	struct xtun_queue *q;
	int err;

	err = xtun_net_alloc_stats(slot);
	if (err)
		return err;
	q = xtun_queue_create(slot, own);
	if (IS_ERR(q))
		return PTR_ERR(q);
	q->filtered = !!rcu_access_pointer(xt->filters.classic);
	rcu_assign_pointer(slot->queue, q);
	return 0;
}

/**
 * xtun_net_close_slot() - end a slot's queue
 * @slot: the slot
 *
 * Context: process, under RTNL.
 */
void xtun_net_close_slot(struct xtun_slot *slot)
{
	struct xtun_queue *q = xtun_queue_kill(slot);

	xtun_steer_update(slot->dev);
	synchronize_net();
	xtun_queue_bury(slot, q);
}

/**
 * xtun_net_set_queues() - tell the core how many queues there are
 * @dev: the interface
 *
 * Queues keep their numbers, so there may be gaps: the last queue determines the
 * number. The number of rx queues never decreases: a frame that waits in a backlog
 * may have recorded the highest one, and generic XDP warns about a queue that does
 * not exist (netif_get_rxqueue()).
 *
 * Context: process, under RTNL.
 * Return: 0 or a negative errno.
 */
int xtun_net_set_queues(struct net_device *dev)
{
	struct xtun *xt = netdev_priv(dev);
	unsigned int n = dev->num_tx_queues;
	unsigned int rx;
	int err;

	while (n > 1 && !(xt->slots && rtnl_dereference(xt->slots[n - 1].queue)))
		n--;
	/* Pairs with xtun_tx_xmit(): the last slot's counters and queue before the number. */
	smp_wmb();
	err = netif_set_real_num_tx_queues(dev, n);
	if (err)
		return err;
	rx = min(n, dev->num_rx_queues);
	if (dev->reg_state == NETREG_REGISTERED)
		rx = max(rx, dev->real_num_rx_queues);
	return netif_set_real_num_rx_queues(dev, rx);
}

/*
 * If this function fails, register_netdevice() calls neither ndo_uninit nor the
 * destructor. If register_netdevice() itself fails later, it calls both.
 */
static int xtun_net_dev_init(struct net_device *dev)
{
	struct xtun *xt = netdev_priv(dev);
	int err;

	/* "ip link add numtxqueues N" sets the maximum; the number in use starts at 1. */
	err = xtun_net_set_queues(dev);
	if (err)
		return err;
	if (dev->num_tx_queues > 1)
		xt->flags |= IFF_MULTI_QUEUE;
	xt->channels = xtun_attach_max(dev);
	err = xtun_net_alloc_slots(dev);
	if (err)
		return err;
	err = xtun_steer_init(dev);
	if (err)
		goto err_slots;
	err = security_tun_dev_alloc_security(&xt->security);
	if (err < 0)
		goto err_steer;
	if (!xt->made_by_file) {
		err = xtun_net_open_slot(&xt->slots[0], false);
		if (err)
			goto err_security;
	}
	netdev_dbg(dev, "create\n");
	return 0;

err_security:
	security_tun_dev_free_security(xt->security);
err_steer:
	xtun_steer_free(dev);
err_slots:
	xtun_net_free_slots(dev);
	return err;
}

static void xtun_net_dev_uninit(struct net_device *dev)
{
	struct xtun *xt = netdev_priv(dev);
	unsigned int i, n = dev->real_num_tx_queues;
	struct xtun_queue *q;
	LIST_HEAD(dead);

	netdev_dbg(dev, "delete\n");
	/* Otherwise register_netdevice() has failed, and the interface never existed. */
	if (dev->reg_state == NETREG_UNREGISTERING)
		xtun_dead_remember(dev);
	for (i = 0; i < n; i++) {
		if (!rtnl_dereference(xt->slots[i].queue))
			continue;
		q = xtun_queue_kill(&xt->slots[i]);
		list_add_tail(&q->dead_node, &dead);
	}
	synchronize_net();
	while ((q = list_first_entry_or_null(&dead, struct xtun_queue, dead_node))) {
		list_del(&q->dead_node);
		xtun_queue_bury(&xt->slots[q->rxq.queue_index], q);
	}
	xtun_filter_free(xt);
	security_tun_dev_free_security(xt->security);
}

/* The last reference to the interface is gone. */
static void xtun_net_free(struct net_device *dev)
{
	xtun_steer_free(dev);
	xtun_net_free_slots(dev);
}

static int xtun_net_open(struct net_device *dev)
{
	netdev_dbg(dev, "open\n");
	netif_tx_start_all_queues(dev);
	return 0;
}

static int xtun_net_stop(struct net_device *dev)
{
	netdev_dbg(dev, "stop\n");
	netif_tx_stop_all_queues(dev);
	return 0;
}

/*
 * There is no receive filter to set: a reader gets every frame. But the core
 * refuses SIOCADDMULTI on a device without this operation.
 */
static void xtun_net_set_rx_mode(struct net_device *dev)
{
}

static void xtun_net_get_stats64(struct net_device *dev, struct rtnl_link_stats64 *stats)
{
	struct xtun *xt = netdev_priv(dev);
	u64 sum[XTUN_NCOUNTERS];
	unsigned int i;

	for (i = 0; i < dev->num_tx_queues; i++) {
		xtun_stats_sum(&xt->slots[i], sum);
		stats->tx_packets += sum[XTUN_TX_QUEUED];
		stats->tx_bytes += sum[XTUN_TX_BYTES];
		/* Not TX_UNFINISHED: the core has already counted these as dropped. */
		stats->tx_dropped += sum[XTUN_TX_FULL] + sum[XTUN_TX_NOMEM] +
				     sum[XTUN_TX_TXFILTER] + sum[XTUN_TX_FILTER] +
				     sum[XTUN_TX_EBPF] + sum[XTUN_TX_BROKEN];
		/* Already counted in tx_packets, or there was no queue to wait in. */
		stats->tx_errors += sum[XTUN_TX_STALE] + sum[XTUN_TX_TRUNCATED] +
				    sum[XTUN_TX_DETACHED];
		stats->rx_packets += sum[XTUN_RX_OUT];
		stats->rx_bytes += sum[XTUN_RX_BYTES];
		stats->rx_length_errors += sum[XTUN_RX_SHORT] + sum[XTUN_RX_LONG];
		/* Not RX_BACKLOG: the core has already counted these as dropped. */
		stats->rx_dropped += sum[XTUN_RX_DOWN] + sum[XTUN_RX_FAULT] +
				     sum[XTUN_RX_NOMEM] + sum[XTUN_RX_DETACHED] +
				     sum[XTUN_RX_XDP_DROP] + sum[XTUN_RX_XDP_ABORTED] +
				     sum[XTUN_RX_XDP_FAILED];
		stats->rx_frame_errors += sum[XTUN_RX_HEADER] + sum[XTUN_RX_PROTO] +
					  sum[XTUN_RX_LAYOUT] + sum[XTUN_RX_BROKEN];
	}
	stats->rx_errors += stats->rx_length_errors + stats->rx_frame_errors;
}

static netdev_features_t xtun_net_fix_features(struct net_device *dev, netdev_features_t features)
{
	struct xtun *xt = netdev_priv(dev);

	/* Only the reading program can say, by TUNSETOFFLOAD, that it finishes frames itself. */
	return features & (xt->offloads | ~XTUN_OFFLOADS);
}

/* Like tap: there is no link without a program. */
static int xtun_net_change_carrier(struct net_device *dev, bool on)
{
	struct xtun *xt = netdev_priv(dev);

	if (on && xt->made_by_file && !xtun_attach_count(dev, true))
		return -EPERM;
	if (on)
		netif_carrier_on(dev);
	else
		netif_carrier_off(dev);
	return 0;
}

#define XTUN_NET_OPS_COMMON						\
	.ndo_init		= xtun_net_dev_init,			\
	.ndo_uninit		= xtun_net_dev_uninit,			\
	.ndo_open		= xtun_net_open,			\
	.ndo_stop		= xtun_net_stop,			\
	.ndo_start_xmit		= xtun_tx_xmit,			\
	.ndo_select_queue	= xtun_steer_select,			\
	.ndo_features_check	= passthru_features_check,		\
	.ndo_fix_features	= xtun_net_fix_features,		\
	.ndo_get_stats64	= xtun_net_get_stats64,			\
	.ndo_change_carrier	= xtun_net_change_carrier

static const struct net_device_ops xtun_net_ops = {
	XTUN_NET_OPS_COMMON,
	.ndo_set_rx_mode	= xtun_net_set_rx_mode,
	.ndo_set_mac_address	= eth_mac_addr,
	.ndo_validate_addr	= eth_validate_addr,
	.ndo_bpf		= xtun_xdp_bpf,
	.ndo_xdp_xmit		= xtun_xdp_xmit,
};

static const struct net_device_ops xtun_net_tun_ops = {
	XTUN_NET_OPS_COMMON,
};

static void xtun_net_setup_common(struct net_device *dev)
{
	struct xtun *xt = netdev_priv(dev);

	dev->ethtool_ops = &xtun_ethtool_ops;
	dev->sysfs_groups[0] = &xtun_info_group;
	dev->needs_free_netdev = true;
	dev->priv_destructor = xtun_net_free;
	dev->max_mtu = XTUN_MTU_MAX;

	/* So that TCP sends large segments, which the core cuts for us. */
	dev->features = NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HIGHDMA;
	dev->hw_features = dev->features | XTUN_OFFLOADS;
	dev->vlan_features = dev->hw_features;
	/* Without tunnel offloads, vnet headers cannot tell inner checksums from outer ones. */
	if (XTUN_COMPAT_TUNNEL_OFFLOADS)
		dev->hw_enc_features = dev->hw_features;

	/* The queue's own lock is enough. */
	xtun_compat_set_lltx(dev);
	/* netpoll transmits with interrupts off, perhaps while its CPU holds a queue's lock. */
	dev->priv_flags |= IFF_DISABLE_NETPOLL;
	/* A queued skb cannot be transmitted a second time. */
	dev->priv_flags &= ~IFF_TX_SKB_SHARING;

	xt->flags = IFF_TAP | IFF_NO_PI | IFF_PERSIST;
	xt->owner = INVALID_UID;
	xt->group = INVALID_GID;
	xt->vnet_hdr_sz = sizeof(struct virtio_net_hdr);
	/* Like tap: bonding and routing daemons query the speed. */
	xt->speed = SPEED_10000;
	xt->duplex = DUPLEX_FULL;
}

static void xtun_net_setup(struct net_device *dev)
{
	ether_setup(dev);
	xtun_net_setup_common(dev);
	dev->netdev_ops = &xtun_net_ops;
	dev->priv_flags |= IFF_LIVE_ADDR_CHANGE;
	xtun_compat_set_xdp_features(dev);
	eth_hw_addr_random(dev);
}

static void xtun_net_setup_tun(struct net_device *dev)
{
	xtun_net_setup_common(dev);
	dev->netdev_ops = &xtun_net_tun_ops;
	dev->header_ops = &ip_tunnel_header_ops;
	dev->type = ARPHRD_NONE;
	dev->flags = IFF_POINTOPOINT | IFF_NOARP | IFF_MULTICAST;
	dev->mtu = ETH_DATA_LEN;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = XTUN_MTU_MAX + ETH_HLEN;
	/* With 0, the core would treat it as a device without a queue. */
	dev->tx_queue_len = TUN_READQ_SIZE;
}

static int xtun_net_validate(struct nlattr *tb[], struct nlattr *data[],
			     struct netlink_ext_ack *extack)
{
	if (tb[IFLA_ADDRESS]) {
		if (nla_len(tb[IFLA_ADDRESS]) != ETH_ALEN)
			return -EINVAL;
		if (!is_valid_ether_addr(nla_data(tb[IFLA_ADDRESS])))
			return -EADDRNOTAVAIL;
	}
	return 0;
}

static struct rtnl_link_ops xtun_link_ops = {
	.kind		= "xtun",
	.priv_size	= sizeof(struct xtun),
	.setup		= xtun_net_setup,
	.validate	= xtun_net_validate,
	.get_size	= xtun_info_size,
	.fill_info	= xtun_info_fill,
};

/**
 * xtun_net_is() - whether an interface is ours
 * @dev: any interface
 *
 * Context: any.
 * Return: true if so.
 */
bool xtun_net_is(const struct net_device *dev)
{
	return dev->rtnl_link_ops == &xtun_link_ops;
}

/**
 * xtun_net_create_tap() - make an interface for TUNSETIFF
 * @net: namespace
 * @name: of the interface; may contain one "%d"
 * @flags: IFF_TUN or IFF_TAP, and XTUN_FEATURES
 * @ifindex: its number, or 0 for any
 *
 * Context: process, under RTNL.
 * Return: the interface; ERR_PTR(-ENOMEM), or the error of register_netdevice().
 */
struct net_device *xtun_net_create_tap(struct net *net, const char *name, unsigned int flags,
				       int ifindex)
{
	unsigned int queues = flags & IFF_MULTI_QUEUE ? XTUN_QUEUES_MAX : 1;
	struct net_device *dev;
	struct xtun *xt;
	int err;

	dev = alloc_netdev_mqs(sizeof(*xt), name, NET_NAME_UNKNOWN,
			       flags & IFF_TUN ? xtun_net_setup_tun : xtun_net_setup,
			       queues, queues);
	if (!dev)
		return ERR_PTR(-ENOMEM);
	dev_net_set(dev, net);
	dev->rtnl_link_ops = &xtun_link_ops;
	dev->ifindex = ifindex;
	dev->ethtool_ops = &xtun_ethtool_tap_ops;
	/*
	 * Like tap: all features are wanted until a program chooses some. They
	 * include VLAN tags: we insert a tag as well as the core does.
	 */
	dev->hw_features |= NETIF_F_HW_VLAN_CTAG_TX | NETIF_F_HW_VLAN_STAG_TX;
	dev->features |= dev->hw_features;
	xt = netdev_priv(dev);
	xt->made_by_file = true;
	xt->flags = flags;

	err = register_netdevice(dev);
	if (err) {
		free_netdev(dev);
		return ERR_PTR(err);
	}
	return dev;
}

/**
 * xtun_net_create() - make an interface
 * @net: namespace
 * @name: of the interface
 * @queues: how many it may have
 * @owner: who may attach, or INVALID_UID
 * @group: whose members may attach, or INVALID_GID
 *
 * Context: process, takes RTNL.
 * Return: 0, -ENOMEM, or the error of register_netdev(), such as -EEXIST.
 */
int xtun_net_create(struct net *net, const char *name, unsigned int queues, kuid_t owner,
		    kgid_t group)
{
	struct net_device *dev;
	struct xtun *xt;
	int err;

	dev = alloc_netdev_mqs(sizeof(*xt), name, NET_NAME_USER, xtun_net_setup, queues, queues);
	if (!dev)
		return -ENOMEM;
	dev_net_set(dev, net);
	dev->rtnl_link_ops = &xtun_link_ops;
	xt = netdev_priv(dev);
	xt->owner = owner;
	xt->group = group;

	err = register_netdev(dev);
	if (err)
		free_netdev(dev);
	return err;
}

static bool xtun_net_in_group(const struct cred *cred, kgid_t group)
{
	int i;

	if (gid_eq(cred->egid, group))
		return true;
	for (i = 0; i < cred->group_info->ngroups; i++)
		if (gid_eq(cred->group_info->gid[i], group))
			return true;
	return false;
}

/**
 * xtun_net_may_attach() - whether a file has the right to an interface
 * @dev: the interface
 * @file: open
 *
 * The rights of the opener count, not those of the caller: a privileged program
 * that is passed a descriptor must not lend its rights to it.
 *
 * Context: any; @dev is kept alive by RCU or RTNL.
 * Return: true if so.
 */
bool xtun_net_may_attach(const struct net_device *dev, const struct file *file)
{
	const struct xtun *xt = netdev_priv(dev);
	kuid_t owner = READ_ONCE(xt->owner);
	kgid_t group = READ_ONCE(xt->group);

	if ((uid_valid(owner) || gid_valid(group)) &&
	    (!uid_valid(owner) || uid_eq(file->f_cred->euid, owner)) &&
	    (!gid_valid(group) || xtun_net_in_group(file->f_cred, group)))
		return true;
	return file_ns_capable(file, dev_net(dev)->user_ns, CAP_NET_ADMIN);
}

/**
 * xtun_net_find_dev() - find the interface that a file attaches to without TUNSETIFF
 * @net: namespace
 * @name: of the interface
 * @file: the file that wants to use it
 *
 * Context: under RCU.
 * Return: the interface, borrowed; ERR_PTR(-ENODEV) if there is no such xtun,
 * ERR_PTR(-EPERM) if the opener of @file may not use it.
 */
struct net_device *xtun_net_find_dev(struct net *net, const char *name, const struct file *file)
{
	struct net_device *dev = dev_get_by_name_rcu(net, name);

	/* A plain file reads Ethernet frames, not IP packets, so IFF_TUN does not match. */
	if (!dev || dev->netdev_ops != &xtun_net_ops)
		return ERR_PTR(-ENODEV);
	if (!xtun_net_may_attach(dev, file))
		return ERR_PTR(-EPERM);
	return dev;
}

/**
 * xtun_net_find() - find the shared queue of an interface
 * @net: namespace
 * @name: of the interface
 * @file: the file that wants to use it
 *
 * Context: under RCU.
 * Return: the queue, borrowed; an ERR_PTR as xtun_net_find_dev() returns it, or
 * ERR_PTR(-EBUSY) if queue 0 belongs to another file.
 */
struct xtun_queue *xtun_net_find(struct net *net, const char *name, const struct file *file)
{
	struct net_device *dev = xtun_net_find_dev(net, name, file);
	struct xtun_queue *q;
	struct xtun *xt;

	if (IS_ERR(dev))
		return ERR_CAST(dev);
	xt = netdev_priv(dev);
	q = rcu_dereference(xt->slots[0].queue);
	if (!q)
		return ERR_PTR(-ENODEV);
	/* It belongs to a file that attached by TUNSETIFF or for rings, or is doing so now. */
	return q->own ? ERR_PTR(-EBUSY) : q;
}

static void xtun_net_tell_queues(struct net_device *dev, void (*tell)(struct xtun_queue *q))
{
	struct xtun *xt = netdev_priv(dev);
	struct xtun_queue *q;
	unsigned int i;

	for (i = 0; i < dev->real_num_tx_queues; i++) {
		q = rtnl_dereference(xt->slots[i].queue);
		if (q)
			tell(q);
	}
}

/**
 * xtun_net_restart() - let stopped qdiscs send again, whatever stopped them
 * @dev: the interface
 *
 * Context: process, under RTNL.
 */
void xtun_net_restart(struct net_device *dev)
{
	xtun_net_tell_queues(dev, xtun_queue_restart);
}

/* On NETDEV_UP, because ndo_open runs before the interface counts as up. */
static void xtun_net_wake_writers(struct xtun_queue *q)
{
	xtun_queue_wake(q, EPOLLOUT | EPOLLWRNORM);
}

static int xtun_net_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);

	if (!xtun_net_is(dev))
		return NOTIFY_DONE;
	switch (event) {
	case NETDEV_UP:
		xtun_net_tell_queues(dev, xtun_net_wake_writers);
		break;
	case NETDEV_CHANGE_TX_QUEUE_LEN:
		xtun_net_tell_queues(dev, xtun_queue_resized);
		break;
	case NETDEV_CHANGENAME:
		xtun_net_tell_queues(dev, xtun_queue_disown);
		break;
	case NETDEV_UNREGISTER:
		/* Only a move to another namespace: xtun_queue_kill() wakes files on deletion. */
		if (dev->reg_state != NETREG_REGISTERED)
			break;
		xtun_net_tell_queues(dev, xtun_queue_moved);
		xtun_dead_remember(dev);
		break;
	case NETDEV_REGISTER:
		/* After a move: the new namespace must not see frames lost before or on the way. */
		xtun_why_forget_frames(netdev_priv(dev));
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block xtun_net_notifier = {
	.notifier_call	= xtun_net_event,
};

/**
 * xtun_net_init() - register the link kind
 *
 * Context: module init.
 * Return: 0 or a negative errno.
 */
int xtun_net_init(void)
{
	int err = register_netdevice_notifier(&xtun_net_notifier);

	if (err)
		return err;
	err = rtnl_link_register(&xtun_link_ops);
	if (err)
		unregister_netdevice_notifier(&xtun_net_notifier);
	return err;
}

/**
 * xtun_net_exit() - unregister the link kind, which deletes every interface
 *
 * Context: module exit, takes RTNL.
 */
void xtun_net_exit(void)
{
	rtnl_link_unregister(&xtun_link_ops);
	unregister_netdevice_notifier(&xtun_net_notifier);
}
