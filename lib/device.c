// SPDX-License-Identifier: GPL-2.0 OR MIT
/* libxtun: the descriptor, and what it is attached to. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

int xtun_device_open(const char *path)
{
	return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

int xtun_device_unblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

/* They are the interface's, and may be what a program before has left there. */
static int set_header(int fd, const struct xtun_options *o)
{
	int size = sizeof(struct virtio_net_hdr), native = 0;

	return ioctl(fd, TUNSETVNETHDRSZ, &size) < 0 || ioctl(fd, TUNSETVNETLE, &native) < 0 ||
	       ioctl(fd, TUNSETOFFLOAD, (unsigned long)o->offloads) < 0 ? -errno : 0;
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
	return o->flags & XTUN_VNET_HDR ? set_header(fd, o) : 0;
}

int xtun_device_join(int fd)
{
	struct stat s;

	/* To whoever is at the other end of a socket it would be a message. */
	if (fstat(fd, &s) < 0)
		return -errno;
	if (!S_ISCHR(s.st_mode))
		return 0;
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
