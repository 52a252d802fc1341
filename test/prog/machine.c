// SPDX-License-Identifier: GPL-2.0
/*
 * xtun-test machine DEVICE: makes the calls that QEMU makes on a descriptor that it is
 * handed or opens, in QEMU's order, from the probes at its start to what the guest's
 * driver negotiates. Prints the results. They must be the same on both devices.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "xt.h"

/* Newer than some headers. */
#define MACHINE_USO	(0x20 | 0x40)
#define MACHINE_TUNNEL	(0x80 | 0x100)
/* xtun has this on every kernel. */
#define MACHINE_BACKPRESSURE	0x80

static int fd;

static int told(const char *what, long asked, int ret, long answer)
{
	int error = ret < 0 ? errno : 0;

	printf("%s %#lx: %d, %s, %#lx\n", what, asked, ret, strerror(error), answer);
	errno = error;
	return ret;
}

static int offload(unsigned long flags)
{
	return told("TUNSETOFFLOAD", flags, ioctl(fd, TUNSETOFFLOAD, flags), 0);
}

static int by_pointer(const char *what, unsigned long request, int value)
{
	int answer = value;
	int ret = ioctl(fd, request, &answer);

	return told(what, value, ret, answer);
}

#define SAY(name, value)	by_pointer(#name, name, value)

static void ask_interface(void)
{
	struct ifreq ifr = { 0 };
	int ret = ioctl(fd, TUNGETIFF, &ifr);

	told("TUNGETIFF", 0, ret, ifr.ifr_flags);
	printf("it is '%s'\n", ifr.ifr_name);
}

/* As for an emulated network card: no offloads, a short header. */
static void begin(void)
{
	ask_interface();
	offload(TUN_F_CSUM | TUN_F_UFO);
	offload(TUN_F_CSUM | MACHINE_USO);
	offload(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | MACHINE_TUNNEL);
	offload(0);
	SAY(TUNGETVNETHDRSZ, 0);
	SAY(TUNSETVNETHDRSZ, sizeof(struct virtio_net_hdr));
	SAY(TUNSETSNDBUF, INT_MAX);
	SAY(TUNGETSNDBUF, 0);
}

/*
 * As for virtio-net: tries longer headers, the byte order and all offloads, fewer if
 * refused.
 */
static void negotiate(void)
{
	static const int sizes[] = { 12, 20, 24, 9, 12 };
	unsigned long all = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
	unsigned int i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		SAY(TUNSETVNETHDRSZ, sizes[i]);
		SAY(TUNGETVNETHDRSZ, 0);
	}
	SAY(TUNSETVNETLE, 1);
	SAY(TUNGETVNETLE, 0);
	SAY(TUNSETVNETBE, 1);
	SAY(TUNSETVNETBE, 0);
	if (offload(all | TUN_F_UFO | MACHINE_USO))
		offload(all | TUN_F_UFO);
	offload(TUN_F_TSO4);
	offload(1UL << 31);
	offload(all);
}

static void queue(int flags)
{
	struct ifreq ifr = { .ifr_flags = flags };

	told("TUNSETQUEUE", flags, ioctl(fd, TUNSETQUEUE, &ifr), ifr.ifr_flags);
}

/*
 * Writes a frame in two pieces, writes a header alone, and reads when there is no
 * frame.
 */
static void carry(void)
{
	struct virtio_net_hdr_mrg_rxbuf hdr = { 0 };
	uint8_t frame[60] = { 0 };
	struct iovec iov[] = { { &hdr, sizeof(hdr) }, { frame, sizeof(frame) } };

	frame[12] = XT_ETHERTYPE >> 8;
	frame[13] = XT_ETHERTYPE & 0xff;
	told("writev", 2, writev(fd, iov, 2), 0);
	told("writev of a header alone", 1, writev(fd, iov, 1), 0);
	told("readv", 2, readv(fd, iov, 2), 0);
}

int machine(const char *device)
{
	static const int flags[] = { IFF_VNET_HDR, IFF_VNET_HDR | IFF_MULTI_QUEUE, 0 };
	unsigned int i, features = 0;
	int ret;

	for (i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		fd = open(device, O_RDWR);
		if (fd < 0)
			die("open %s", device);
		ret = ioctl(fd, TUNGETFEATURES, &features);
		told("TUNGETFEATURES", 0, ret, features & ~MACHINE_BACKPRESSURE);
		SAY(TUNSETVNETHDRSZ, sizeof(struct virtio_net_hdr));
		close(fd);
		fd = xt_tap(device, "machine0", IFF_TAP | IFF_NO_PI | flags[i]);
		begin();
		negotiate();
		queue(IFF_DETACH_QUEUE);
		queue(IFF_ATTACH_QUEUE);
		carry();
		run("ip link set machine0 up");
		carry();
		close(fd);
	}
	return 0;
}
