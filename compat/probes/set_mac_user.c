// SPDX-License-Identifier: GPL-2.0
/* 3b23a32a6321: it takes the lock that excludes readers of the address. */
#include <linux/netdevice.h>

void *probe(void);
void *probe(void)
{
	return dev_set_mac_address_user;
}
