// SPDX-License-Identifier: GPL-2.0
/*
 * The interface: an ordinary Ethernet device of the link kind "xtun".
 *
 * Carrier is on from the start, reader or none, and no close destroys it.
 */
#include <linux/etherdevice.h>
#include <linux/poll.h>
#include <linux/rtnetlink.h>
#include <net/dst.h>
#include <net/net_namespace.h>
#include <net/rtnetlink.h>

#include "xtun.h"
#include "xtun_trace.h"

static void xtun_net_free_slots(struct net_device *dev)
{
	struct xtun *xt = netdev_priv(dev);
	unsigned int i;

	for (i = 0; xt->slots && i < dev->num_tx_queues; i++)
		free_percpu(xt->slots[i].stats);
	kfree(xt->slots);
	xt->slots = NULL;
}

static int xtun_net_alloc_slots(struct net_device *dev)
{
	struct xtun *xt = netdev_priv(dev);
	unsigned int i;
	int cpu;

	xt->slots = kcalloc(dev->num_tx_queues, sizeof(*xt->slots), GFP_KERNEL_ACCOUNT);
	if (!xt->slots)
		return -ENOMEM;

	for (i = 0; i < dev->num_tx_queues; i++) {
		struct xtun_slot *slot = &xt->slots[i];

		slot->dev = dev;
		slot->index = i;
		slot->stats = alloc_percpu_gfp(struct xtun_stats, GFP_KERNEL_ACCOUNT);
		if (!slot->stats)
			goto err;
		for_each_possible_cpu(cpu)
			u64_stats_init(&per_cpu_ptr(slot->stats, cpu)->syncp);
	}
	return 0;

err:
	xtun_net_free_slots(dev);
	return -ENOMEM;
}

/*
 * register_netdevice() calls neither ndo_uninit nor the destructor when this
 * fails, and both when it fails itself later.
 */
static int xtun_net_dev_init(struct net_device *dev)
{
	struct xtun *xt = netdev_priv(dev);
	struct xtun_queue *q;
	int err;

	/* "ip link add numtxqueues N" has said how many there may ever be. */
	err = netif_set_real_num_tx_queues(dev, 1);
	if (err)
		return err;
	err = xtun_net_alloc_slots(dev);
	if (err)
		return err;

	q = xtun_queue_create(&xt->slots[0]);
	if (!q) {
		xtun_net_free_slots(dev);
		return -ENOMEM;
	}
	rcu_assign_pointer(xt->slots[0].queue, q);
	netdev_dbg(dev, "create\n");
	return 0;
}

static void xtun_net_dev_uninit(struct net_device *dev)
{
	struct xtun *xt = netdev_priv(dev);

	netdev_dbg(dev, "delete\n");
	xtun_queue_destroy(&xt->slots[0]);
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
 * The frame may wait for ever: let go of the sender's socket and of all that
 * the stack has attached. The time stamp goes to the socket, so it comes first.
 */
static void xtun_net_let_go(struct sk_buff *skb)
{
	skb_tx_timestamp(skb);
	skb_orphan(skb);
	skb_dst_drop(skb);
	skb_ext_reset(skb);
	nf_reset_ct(skb);
}

static void xtun_net_xmit_one(struct xtun_slot *slot, struct sk_buff *skb)
{
	xtun_count(slot, XTUN_TX_IN);

	/* The sender's own pages, of a zero-copy send. */
	if (unlikely(skb_orphan_frags_rx(skb, GFP_ATOMIC))) {
		xtun_lose(slot, XTUN_TX_NOMEM, skb, skb->len);
		return;
	}
	xtun_net_let_go(skb);
	xtun_queue_put(slot, skb, READ_ONCE(slot->dev->tx_queue_len));
}

/*
 * A frame that did not come by way of validate_xmit_skb(): generic XDP
 * redirects it as another device received it, its tag beside it, its checksum
 * to be filled in, and several segments in one if that is within our MTU.
 */
static void xtun_net_xmit_unfinished(struct xtun_slot *slot, struct sk_buff *skb)
{
	unsigned int len = skb->len;
	struct sk_buff *next;
	bool again;

	skb = validate_xmit_skb_list(skb, slot->dev, &again);
	if (!skb) {
		xtun_count(slot, XTUN_TX_IN);
		xtun_lose(slot, XTUN_TX_UNFINISHED, NULL, len);
		return;
	}
	skb_list_walk_safe(skb, skb, next) {
		skb_mark_not_on_list(skb);
		xtun_net_xmit_one(slot, skb);
	}
}

static netdev_tx_t xtun_net_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct xtun *xt = netdev_priv(dev);
	unsigned int i = skb_get_queue_mapping(skb);

	/* tc programs can write any number there. */
	if (unlikely(i >= dev->real_num_tx_queues))
		i = 0;
	/* Nobody else does it for a driver without the core's lock. */
	netif_trans_update(dev);

	if (unlikely(skb_is_gso(skb) || skb_vlan_tag_present(skb) ||
		     skb->ip_summed == CHECKSUM_PARTIAL))
		xtun_net_xmit_unfinished(&xt->slots[i], skb);
	else
		xtun_net_xmit_one(&xt->slots[i], skb);
	return NETDEV_TX_OK;
}

/*
 * There is no filter: a reader gets every frame. But the core refuses
 * SIOCADDMULTI to a device without this operation.
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
		/* Unfinished ones the core has counted as dropped. */
		stats->tx_dropped += sum[XTUN_TX_FULL] + sum[XTUN_TX_NOMEM];
		/* These were transmitted, as far as tx_packets goes. */
		stats->tx_errors += sum[XTUN_TX_STALE] + sum[XTUN_TX_TRUNCATED] +
				    sum[XTUN_TX_DETACHED];
		stats->rx_packets += sum[XTUN_RX_OUT];
		stats->rx_bytes += sum[XTUN_RX_BYTES];
		stats->rx_length_errors += sum[XTUN_RX_SHORT] + sum[XTUN_RX_LONG];
		/* Of a full backlog, the core has counted the frame as dropped. */
		stats->rx_dropped += sum[XTUN_RX_DOWN] + sum[XTUN_RX_FAULT] +
				     sum[XTUN_RX_NOMEM];
	}
	stats->rx_errors += stats->rx_length_errors;
}

static const struct net_device_ops xtun_net_ops = {
	.ndo_init		= xtun_net_dev_init,
	.ndo_uninit		= xtun_net_dev_uninit,
	.ndo_open		= xtun_net_open,
	.ndo_stop		= xtun_net_stop,
	.ndo_start_xmit		= xtun_net_xmit,
	.ndo_set_rx_mode	= xtun_net_set_rx_mode,
	.ndo_get_stats64	= xtun_net_get_stats64,
	.ndo_set_mac_address	= eth_mac_addr,
	.ndo_validate_addr	= eth_validate_addr,
};

static void xtun_net_setup(struct net_device *dev)
{
	struct xtun *xt = netdev_priv(dev);

	ether_setup(dev);
	dev->netdev_ops = &xtun_net_ops;
	dev->ethtool_ops = &xtun_ethtool_ops;
	dev->needs_free_netdev = true;
	dev->priv_destructor = xtun_net_free_slots;
	dev->max_mtu = XTUN_MTU_MAX;

	/* So that TCP hands down large segments; the core cuts them for us. */
	dev->features = NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HIGHDMA;
	dev->hw_features = dev->features;

	/* The queue's own lock is enough. */
	xtun_compat_set_lltx(dev);
	/* netpoll transmits with interrupts off, a queue may be locked then. */
	dev->priv_flags |= IFF_DISABLE_NETPOLL | IFF_LIVE_ADDR_CHANGE;
	/* A queued skb cannot be transmitted a second time. */
	dev->priv_flags &= ~IFF_TX_SKB_SHARING;

	eth_hw_addr_random(dev);
	xt->owner = INVALID_UID;
	xt->group = INVALID_GID;
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
};

/**
 * xtun_net_create() - make an interface
 * @net: namespace
 * @name: of the interface
 * @owner: who may attach, or INVALID_UID
 * @group: whose members may attach, or INVALID_GID
 *
 * Context: process, takes RTNL.
 * Return: 0, -ENOMEM, or what register_netdev() refuses with (-EEXIST).
 */
int xtun_net_create(struct net *net, const char *name, kuid_t owner, kgid_t group)
{
	struct net_device *dev;
	struct xtun *xt;
	int err;

	dev = alloc_netdev(sizeof(*xt), name, NET_NAME_USER, xtun_net_setup);
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

/*
 * The opener is judged, and not the caller: a privileged program that is
 * handed a descriptor must not lend its rights to it.
 */
static bool xtun_net_may_attach(struct net_device *dev, const struct file *file)
{
	struct xtun *xt = netdev_priv(dev);
	bool owner = uid_valid(xt->owner);
	bool group = gid_valid(xt->group);

	if ((owner || group) &&
	    (!owner || uid_eq(file->f_cred->euid, xt->owner)) &&
	    (!group || xtun_net_in_group(file->f_cred, xt->group)))
		return true;
	return file_ns_capable(file, dev_net(dev)->user_ns, CAP_NET_ADMIN);
}

/**
 * xtun_net_find() - the shared queue of an interface
 * @net: namespace
 * @name: of the interface
 * @file: who wants to use it
 *
 * Context: under RCU.
 * Return: the queue, borrowed; ERR_PTR(-ENODEV) if there is no such xtun,
 * ERR_PTR(-EPERM) if the opener of @file may not use it.
 */
struct xtun_queue *xtun_net_find(struct net *net, const char *name, const struct file *file)
{
	struct net_device *dev = dev_get_by_name_rcu(net, name);
	struct xtun_queue *q;
	struct xtun *xt;

	if (!dev || dev->netdev_ops != &xtun_net_ops)
		return ERR_PTR(-ENODEV);
	if (!xtun_net_may_attach(dev, file))
		return ERR_PTR(-EPERM);

	xt = netdev_priv(dev);
	q = rcu_dereference(xt->slots[0].queue);
	return q ?: ERR_PTR(-ENODEV);
}

static int xtun_net_deliver(const struct xtun *xt, struct sk_buff *skb)
{
	if (!READ_ONCE(xt->rx_direct))
		return netif_rx(skb);

	/* What becomes of it here is the stack's: it counts its own drops. */
	local_bh_disable();
	netif_receive_skb(skb);
	local_bh_enable();
	return NET_RX_SUCCESS;
}

/**
 * xtun_net_receive() - a frame from userspace enters the stack
 * @q: the queue; its file is attached
 * @skb: the frame, at least an Ethernet header, linear that far; consumed
 *
 * Context: process, bottom halves on.
 * Return: 0, also when the backlog was full (that loss is counted); -EIO if
 * the interface is down, -EBADFD if it is gone.
 */
int xtun_net_receive(struct xtun_queue *q, struct sk_buff *skb)
{
	unsigned int len = skb->len;
	struct xtun_slot *slot;
	int err = 0;

	rcu_read_lock();
	slot = rcu_dereference(q->slot);
	if (unlikely(!slot)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_DEV_READY);
		err = -EBADFD;
		goto unlock;
	}
	if (unlikely(!xtun_is_up(slot->dev))) {
		xtun_lose(slot, XTUN_RX_DOWN, skb, len);
		err = -EIO;
		goto unlock;
	}

	skb->protocol = eth_type_trans(skb, slot->dev);
	if (unlikely(xtun_net_deliver(netdev_priv(slot->dev), skb) == NET_RX_DROP)) {
		xtun_lose(slot, XTUN_RX_BACKLOG, NULL, len);
	} else {
		xtun_count_bytes(slot, XTUN_RX_OUT, XTUN_RX_BYTES, len);
		trace_xtun_rx(slot->dev, slot->index, len);
	}
unlock:
	rcu_read_unlock();
	return err;
}

/**
 * xtun_net_ask() - what a write of no bytes is answered
 * @q: the queue; its file is attached
 *
 * Context: any.
 * Return: -EINVAL if the interface is up, -EIO if down, -EBADFD if gone.
 */
int xtun_net_ask(struct xtun_queue *q)
{
	struct xtun_slot *slot;
	int err = -EBADFD;

	rcu_read_lock();
	slot = rcu_dereference(q->slot);
	if (slot)
		err = xtun_is_up(slot->dev) ? -EINVAL : -EIO;
	rcu_read_unlock();
	return err;
}

/* ndo_open runs before the interface counts as up: too early for writers. */
static int xtun_net_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct xtun_queue *q;
	struct xtun *xt;

	if (event != NETDEV_UP || dev->netdev_ops != &xtun_net_ops)
		return NOTIFY_DONE;

	xt = netdev_priv(dev);
	q = rtnl_dereference(xt->slots[0].queue);
	if (q)
		xtun_queue_wake(q, EPOLLOUT | EPOLLWRNORM);
	return NOTIFY_DONE;
}

static struct notifier_block xtun_net_notifier = {
	.notifier_call	= xtun_net_event,
};

/**
 * xtun_net_init() - make the link kind known
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
 * xtun_net_exit() - forget the link kind, and with it every interface
 *
 * Context: module exit, takes RTNL.
 */
void xtun_net_exit(void)
{
	rtnl_link_unregister(&xtun_link_ops);
	unregister_netdevice_notifier(&xtun_net_notifier);
}
