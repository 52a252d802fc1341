// SPDX-License-Identifier: GPL-2.0 OR MIT
/* libxtun: the descriptor, and the interface it is attached to. */
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

int xtun_device_adopt(int fd)
{
	int flags = fcntl(fd, F_GETFL), at_exec = fcntl(fd, F_GETFD);

	return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	       at_exec < 0 || fcntl(fd, F_SETFD, at_exec | FD_CLOEXEC) < 0 ? -errno : 0;
}

/*
 * The first file of an interface determines for all of them what precedes a frame. Protocol
 * info cannot be checked: TUNGETIFF uses the bit of IFF_NO_PI for IFF_NOFILTER as well.
 */
static int looks_as_asked(int fd, short asked)
{
	const short shape = IFF_TAP | IFF_TUN | IFF_VNET_HDR;
	struct ifreq ifr;

	if (ioctl(fd, TUNGETIFF, &ifr) < 0)
		return -errno;
	return (ifr.ifr_flags ^ asked) & shape ? -EINVAL : 0;
}

/* These settings belong to the interface, and an earlier program may have changed them. */
static int set_header(int fd, const struct xtun_options *o)
{
	int size = sizeof(struct virtio_net_hdr), native = 0;

	/* EINVAL: the kernel is built without TUNSETVNETBE, so there is nothing to reset. */
	if (o->flags & XTUN_VNET_HDR && ioctl(fd, TUNSETVNETBE, &native) < 0 && errno != EINVAL)
		return -errno;
	if (o->flags & XTUN_VNET_HDR &&
	    (ioctl(fd, TUNSETVNETHDRSZ, &size) < 0 || ioctl(fd, TUNSETVNETLE, &native) < 0))
		return -errno;
	return ioctl(fd, TUNSETOFFLOAD, (unsigned long)o->offloads) < 0 ? -errno : 0;
}

int xtun_device_attach(int fd, const char *ifname, const struct xtun_options *o)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	short asked;
	int error;

	if (strlen(ifname) >= sizeof(ifr.ifr_name))
		return -EINVAL;
	strcpy(ifr.ifr_name, ifname);
	if (o->flags & XTUN_MULTI_QUEUE)
		ifr.ifr_flags |= IFF_MULTI_QUEUE;
	if (o->flags & XTUN_VNET_HDR)
		ifr.ifr_flags |= IFF_VNET_HDR;
	asked = ifr.ifr_flags;
	if (ioctl(fd, TUNSETIFF, &ifr) < 0)
		return -errno;
	error = looks_as_asked(fd, asked);
	return error ? error : set_header(fd, o);
}

int xtun_device_join(int fd)
{
	struct stat s;

	/* On a socket, an empty write would send a message to the peer. */
	if (fstat(fd, &s) < 0)
		return -errno;
	if (!S_ISCHR(s.st_mode))
		return 0;
	/* A write of 0 bytes attaches the file. It then fails in any case, as it is no frame. */
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
