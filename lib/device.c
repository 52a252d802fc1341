// SPDX-License-Identifier: GPL-2.0 OR MIT
/* libxtun: the descriptor, and what it is attached to. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "internal.h"

int xtun_device_open(const char *path)
{
	return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

int xtun_device_attach(int fd, const char *ifname, const struct xtun_options *o)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };

	if (strlen(ifname) >= sizeof(ifr.ifr_name))
		return -EINVAL;
	strcpy(ifr.ifr_name, ifname);
	if (o->flags & XTUN_MULTI_QUEUE)
		ifr.ifr_flags |= IFF_MULTI_QUEUE;
	if (o->flags & XTUN_VNET_HDR)
		ifr.ifr_flags |= IFF_VNET_HDR;
	if (ioctl(fd, TUNSETIFF, &ifr) < 0)
		return -errno;
	if (o->offloads && ioctl(fd, TUNSETOFFLOAD, (unsigned long)o->offloads) < 0)
		return -errno;
	return 0;
}

int xtun_device_join(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	/* A write of no bytes attaches, and is no frame: it fails in any case. */
	if (write(fd, "", 0) == 0)
		return 0;
	switch (errno) {
	case ENODEV:
	case EPERM:
	case EACCES:
	case EBUSY:
	case EBADF:
	case EBADFD:
		return -errno;
	default:
		return 0;
	}
}
