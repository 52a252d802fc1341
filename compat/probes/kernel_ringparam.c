// SPDX-License-Identifier: GPL-2.0
#include <linux/ethtool.h>
#include <linux/netdevice.h>

void probe(struct net_device *dev, const struct ethtool_ops *ops,
	   struct ethtool_ringparam *ring, struct kernel_ethtool_ringparam *kernel_ring);
void probe(struct net_device *dev, const struct ethtool_ops *ops,
	   struct ethtool_ringparam *ring, struct kernel_ethtool_ringparam *kernel_ring)
{
	ops->get_ringparam(dev, ring, kernel_ring, NULL);
}
