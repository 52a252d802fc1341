// SPDX-License-Identifier: GPL-2.0
#include <linux/netdevice.h>

int probe(struct net_device *dev, struct sockaddr_storage *ss);
int probe(struct net_device *dev, struct sockaddr_storage *ss)
{
	return dev_set_mac_address_user(dev, ss, NULL);
}
