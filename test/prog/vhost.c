// SPDX-License-Identifier: GPL-2.0
/* xtun-test vhost DEVICE: hands a descriptor to vhost-net, and prints the result. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/vhost.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "xt.h"

/* An empty ring. */
static void set_ring(int net)
{
	static uint8_t page[4096] __attribute__((aligned(4096)));
	struct vhost_vring_state entries = { .num = 8 }, none = { 0 };
	struct vhost_vring_addr addr = {
		.desc_user_addr = (uintptr_t)page,
		.avail_user_addr = (uintptr_t)page + 1024,
		.used_user_addr = (uintptr_t)page + 2048,
	};

	if (ioctl(net, VHOST_SET_VRING_NUM, &entries) || ioctl(net, VHOST_SET_VRING_BASE, &none) ||
	    ioctl(net, VHOST_SET_VRING_ADDR, &addr))
		die("vhost-net: a ring");
}

int vhost(const char *device)
{
	struct vhost_memory none = { 0 };
	struct vhost_vring_file backend = { .index = 0 };
	int net = open("/dev/vhost-net", O_RDWR);

	if (net < 0)
		die("open /dev/vhost-net");
	if (ioctl(net, VHOST_SET_OWNER) || ioctl(net, VHOST_SET_MEM_TABLE, &none))
		die("vhost-net");
	set_ring(net);
	backend.fd = xt_tap(device, "machine1", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);
	puts(strerror(ioctl(net, VHOST_NET_SET_BACKEND, &backend) ? errno : 0));
	close(net);
	close(backend.fd);
	return 0;
}
