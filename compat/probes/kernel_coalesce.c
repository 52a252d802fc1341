// SPDX-License-Identifier: GPL-2.0
#include <linux/ethtool.h>
#include <linux/netdevice.h>

int probe(struct net_device *dev, const struct ethtool_ops *ops, struct ethtool_coalesce *coalesce,
	  struct kernel_ethtool_coalesce *kernel_coalesce);
int probe(struct net_device *dev, const struct ethtool_ops *ops, struct ethtool_coalesce *coalesce,
	  struct kernel_ethtool_coalesce *kernel_coalesce)
{
	return ops->get_coalesce(dev, coalesce, kernel_coalesce, NULL);
}
