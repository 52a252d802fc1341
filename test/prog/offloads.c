// SPDX-License-Identifier: GPL-2.0
/*
 * xtun-test offloads DEVICE: for each set of offloads, what a reader gets of frames
 * that others are to finish, and what the stack gets of such frames that are written.
 * Prints all of it, which must be the same on both devices.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gso.h"
#include "xt.h"

#define NAME	"offload0"
#define USO	(0x20 | 0x40)
#define LIMIT	20000	/* milliseconds; nothing here takes that long */

static const unsigned int sets[] = {
	0, TUN_F_CSUM, TUN_F_CSUM | TUN_F_TSO4, TUN_F_CSUM | TUN_F_TSO6,
	TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6,
	TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN,
	TUN_F_CSUM | USO,
	TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN | USO,
};

static const struct {
	const char *name;
	struct gso g;
} kinds[] = {
	{ "TCP, checksum", { .port = 1, .payload = 500 } },
	{ "UDP, checksum", { .port = 2, .udp = true, .payload = 501 } },
	{ "TSO", { .port = 3, .mss = 1000, .payload = 4321 } },
	{ "TSO, IPv6", { .port = 4, .v6 = true, .mss = 1000, .payload = 4321 } },
	{ "TSO, ECN", { .port = 5, .ecn = true, .mss = 1000, .payload = 4321 } },
	{ "TSO, ECN, IPv6", { .port = 6, .ecn = true, .v6 = true, .mss = 1000, .payload = 4321 } },
	{ "TSO, the longest", { .port = 9, .mss = 1000, .payload = 65535 - 40 } },
	{ "TSO, IPv6, the longest",
	  { .port = 10, .v6 = true, .mss = 1000, .payload = 65535 - 20 } },
	{ "USO", { .port = 7, .udp = true, .mss = 1000, .payload = 4321 } },
	{ "USO, IPv6", { .port = 8, .udp = true, .v6 = true, .mss = 1000, .payload = 4321 } },
};

static int fd, packet;
static uint8_t buf[XT_BUF];

/* FNV-1a */
static uint32_t hash(const uint8_t *p, size_t len)
{
	uint32_t h = 2166136261u;

	while (len--)
		h = (h ^ *p++) * 16777619u;
	return h;
}

/*
 * Without hdr_len, which only says how much the sender has in one piece, and may
 * differ.
 */
static void tell(const char *what, ssize_t len)
{
	struct virtio_net_hdr h;

	if (len < GSO_VNET) {
		printf("%s: %zd, %s\n", what, len, len < 0 ? strerror(errno) : "");
		return;
	}
	memcpy(&h, buf, sizeof(h));
	printf("%s: %zd bytes, flags %u, type %#x, size %u, sum %u+%u, %08x\n", what, len,
	       h.flags, h.gso_type, h.gso_size, h.csum_start, h.csum_offset,
	       hash(buf + GSO_VNET, len - GSO_VNET));
}

/* When send() returns, all of the frame has been queued. */
static void to_reader(const struct gso *g)
{
	size_t len = gso_make(buf, g);
	ssize_t n;

	n = send(packet, buf, len, 0);
	if (n < 0) {
		tell("  cannot be sent", n);
		return;
	}
	while ((n = read(fd, buf, sizeof(buf))) >= 0)
		tell("  read", n);
}

/* A second frame, written after this one, marks its end. */
static void to_stack(const struct gso *g)
{
	static uint8_t end[GSO_VNET + 60];
	size_t len = gso_make(buf, g);
	ssize_t n = write(fd, buf, len);

	if (n < 0)
		tell("  cannot be written", n);
	end[GSO_VNET + 12] = XT_ETHERTYPE >> 8;
	end[GSO_VNET + 13] = XT_ETHERTYPE & 0xff;
	if (write(fd, end, sizeof(end)) != sizeof(end))
		die("write");
	for (;;) {
		if (xt_poll(packet, POLLIN, LIMIT, NULL) < 0)
			die("the stack receives nothing");
		n = recv(packet, buf, sizeof(buf), 0);
		if (n == sizeof(end))
			break;
		tell("  received", n);
	}
}

int offloads(const char *device)
{
	fd = xt_tap(device, NAME, IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);
	run("sysctl -q -w net.ipv6.conf." NAME ".disable_ipv6=1; ip link set " NAME " up");
	packet = gso_packet(NAME);
	for (size_t s = 0; s < sizeof(sets) / sizeof(*sets); s++) {
		int ret = ioctl(fd, TUNSETOFFLOAD, (unsigned long)sets[s]);

		printf("offloads %#x: %d\n", sets[s], ret ? errno : 0);
		for (size_t k = 0; !ret && k < sizeof(kinds) / sizeof(*kinds); k++) {
			printf(" %s\n", kinds[k].name);
			to_reader(&kinds[k].g);
			to_stack(&kinds[k].g);
		}
	}
	close(packet);
	close(fd);
	return 0;
}
