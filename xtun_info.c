// SPDX-License-Identifier: GPL-2.0
/*
 * What sysfs and netlink report about an interface, like tap. libvirt and
 * "ip tuntap" read the sysfs attributes.
 */
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sysfs.h>
#include <linux/user_namespace.h>
#include <net/netlink.h>

#include "xtun.h"

/**
 * xtun_info_flags() - the flags that userspace knows
 * @xt: the interface
 *
 * Context: any.
 * Return: IFF_TUN or IFF_TAP, XTUN_FEATURES, IFF_PERSIST.
 */
unsigned int xtun_info_flags(const struct xtun *xt)
{
	return READ_ONCE(xt->flags) & (XTUN_FEATURES | IFF_PERSIST | TUN_TYPE_MASK);
}

static ssize_t tun_flags_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "0x%x\n", xtun_info_flags(netdev_priv(to_net_dev(dev))));
}

static ssize_t owner_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct xtun *xt = netdev_priv(to_net_dev(dev));
	kuid_t owner = READ_ONCE(xt->owner);

	if (!uid_valid(owner))
		return sysfs_emit(buf, "-1\n");
	return sysfs_emit(buf, "%u\n", from_kuid_munged(current_user_ns(), owner));
}

static ssize_t group_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct xtun *xt = netdev_priv(to_net_dev(dev));
	kgid_t group = READ_ONCE(xt->group);

	if (!gid_valid(group))
		return sysfs_emit(buf, "-1\n");
	return sysfs_emit(buf, "%u\n", from_kgid_munged(current_user_ns(), group));
}

static DEVICE_ATTR_RO(tun_flags);
static DEVICE_ATTR_RO(owner);
static DEVICE_ATTR_RO(group);

static struct attribute *xtun_info_attrs[] = {
	&dev_attr_tun_flags.attr,
	&dev_attr_owner.attr,
	&dev_attr_group.attr,
	NULL
};

const struct attribute_group xtun_info_group = {
	.attrs = xtun_info_attrs,
};

/**
 * xtun_info_size() - how much xtun_info_fill() may write
 * @dev: the interface
 *
 * Context: any.
 * Return: size in bytes.
 */
size_t xtun_info_size(const struct net_device *dev)
{
	return 4 * nla_total_size(sizeof(u32)) + 5 * nla_total_size(sizeof(u8));
}

/**
 * xtun_info_fill() - fill IFLA_INFO_DATA with tun's attributes
 * @skb: the message
 * @dev: the interface
 *
 * Context: process, under RTNL.
 * Return: 0 or -EMSGSIZE.
 */
int xtun_info_fill(struct sk_buff *skb, const struct net_device *dev)
{
	const struct xtun *xt = netdev_priv(dev);
	bool several = xt->flags & IFF_MULTI_QUEUE;
	unsigned int served = xtun_attach_count(dev, true);

	if (nla_put_u8(skb, IFLA_TUN_TYPE, xt->flags & TUN_TYPE_MASK) ||
	    nla_put_u8(skb, IFLA_TUN_PI, !(xt->flags & IFF_NO_PI)) ||
	    nla_put_u8(skb, IFLA_TUN_VNET_HDR, !!(xt->flags & IFF_VNET_HDR)) ||
	    nla_put_u8(skb, IFLA_TUN_PERSIST, !!(xt->flags & IFF_PERSIST)) ||
	    nla_put_u8(skb, IFLA_TUN_MULTI_QUEUE, several))
		return -EMSGSIZE;
	if (uid_valid(xt->owner) &&
	    nla_put_u32(skb, IFLA_TUN_OWNER, from_kuid_munged(current_user_ns(), xt->owner)))
		return -EMSGSIZE;
	if (gid_valid(xt->group) &&
	    nla_put_u32(skb, IFLA_TUN_GROUP, from_kgid_munged(current_user_ns(), xt->group)))
		return -EMSGSIZE;
	if (several &&
	    (nla_put_u32(skb, IFLA_TUN_NUM_QUEUES, served) ||
	     nla_put_u32(skb, IFLA_TUN_NUM_DISABLED_QUEUES,
			 xtun_attach_count(dev, false))))
		return -EMSGSIZE;
	return 0;
}
