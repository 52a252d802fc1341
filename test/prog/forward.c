// SPDX-License-Identifier: GPL-2.0
/*
 * xtun-test forward DEVICE LEFT RIGHT [vnet]: makes two interfaces and carries each
 * frame that one transmits to the other, until it gets a signal. With vnet, a frame
 * keeps its virtio_net_hdr, so that the other side may finish what the first one has
 * left undone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "xt.h"

/* Only some kernels have it. */
#define USO	(0x20 | 0x40)

static struct port {
	int fd;
	unsigned long frames, segmented, unfinished, refused;
	size_t longest;
} ports[2];

static void offload(int fd)
{
	unsigned int all = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
	int size = sizeof(struct virtio_net_hdr_mrg_rxbuf);

	if (ioctl(fd, TUNSETVNETHDRSZ, &size))
		die("TUNSETVNETHDRSZ %d", size);
	if (ioctl(fd, TUNSETOFFLOAD, all | USO) && ioctl(fd, TUNSETOFFLOAD, all))
		die("TUNSETOFFLOAD 0x%x", all);
}

/* Carries what waits in @from, up to a limit; then it is the other's turn. */
static void carry(struct port *from, struct port *to, bool vnet)
{
	static uint8_t buf[sizeof(struct virtio_net_hdr_mrg_rxbuf) + XT_BUF];
	const struct virtio_net_hdr *hdr = (void *)buf;
	size_t skip = vnet ? sizeof(struct virtio_net_hdr_mrg_rxbuf) : 0;
	int i;

	for (i = 0; i < 64; i++) {
		ssize_t n = read(from->fd, buf, sizeof(buf));

		if (n < 0) {
			if (errno != EAGAIN && errno != EINTR)
				die("read");
			return;
		}
		from->frames++;
		if (n - skip > from->longest)
			from->longest = n - skip;
		if (vnet) {
			from->segmented += hdr->gso_type != VIRTIO_NET_HDR_GSO_NONE;
			from->unfinished += !!(hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM);
		}
		/* One of the interfaces comes up before the other. */
		if (write(to->fd, buf, n) != n && errno != EIO)
			to->refused++;
	}
}

/* A descriptor that becomes readable when a signal asks for the end. */
static int end_asked(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, 0);
}

int forward(const char *device, const char *left, const char *right, bool vnet)
{
	int flags = IFF_TAP | IFF_NO_PI | (vnet ? IFF_VNET_HDR : 0);
	struct pollfd fds[3];
	int i;

	ports[0].fd = xt_tap(device, left, flags);
	ports[1].fd = xt_tap(device, right, flags);
	for (i = 0; vnet && i < 2; i++)
		offload(ports[i].fd);
	fds[0] = (struct pollfd){ .fd = ports[0].fd, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = ports[1].fd, .events = POLLIN };
	fds[2] = (struct pollfd){ .fd = end_asked(), .events = POLLIN };
	do {
		if (poll(fds, 3, -1) < 0)
			die("poll");
		for (i = 0; i < 2; i++) {
			if (fds[i].revents & POLLIN)
				carry(&ports[i], &ports[!i], vnet);
		}
	} while (!fds[2].revents);
	for (i = 0; i < 2; i++)
		printf("%s: frames %lu longest %zu segmented %lu unfinished %lu refused %lu\n",
		       i ? right : left, ports[i].frames, ports[i].longest, ports[i].segmented,
		       ports[i].unfinished, ports[i].refused);
	return 0;
}
