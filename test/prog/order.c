// SPDX-License-Identifier: GPL-2.0
/*
 * The byte order of the headers in front of a frame, given byte by byte: a missing
 * conversion shows on machines of the other order.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gso.h"
#include "xt.h"

#define IFACE	"order0"
#define LIMIT	20000	/* milliseconds; nothing here takes that long */
#define PI	4	/* bytes of struct tun_pi */
#define HEADERS	54	/* of Ethernet, IP and TCP */

static const struct gso large = { .port = 1000, .mss = 500, .payload = 1500 };
static uint8_t buf[XT_BUF];

static bool is_little(void)
{
	const uint16_t one = 1;

	return *(const uint8_t *)&one;
}

static void put(uint8_t *p, uint16_t v, bool le)
{
	p[!le] = v;
	p[le] = v >> 8;
}

static uint16_t get(const uint8_t *p, bool le)
{
	return p[!le] | p[le] << 8;
}

/*
 * It sees what the interface receives, and transmits, with a header in this machine's
 * byte order.
 */
static int packet_open(void)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(IFACE),
	};
	int s = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0), one = 1;

	if (s < 0 || setsockopt(s, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) ||
	    bind(s, (struct sockaddr *)&at, sizeof(at)))
		die("packet socket");
	return s;
}

/* The next frame with @want bytes behind its header; returns its length, or -1. */
static ssize_t await(int fd, size_t front, size_t want)
{
	ssize_t len = -1;

	while (len != (ssize_t)(front + want) && xt_poll(fd, POLLIN, LIMIT, NULL) >= 0) {
		len = read(fd, buf, sizeof(buf));
		if (len < 0 && errno != EAGAIN)
			die("read");
	}
	return len;
}

static void to_userspace(int fd, int packet, bool le, const char *what)
{
	size_t len = gso_make(buf, &large) - GSO_VNET;
	const uint8_t *vnet = buf + PI;
	unsigned int hdr_len;

	if (send(packet, buf, GSO_VNET + len, 0) != (ssize_t)(GSO_VNET + len))
		die("send of a large frame");
	if (await(fd, PI + GSO_VNET, len) < 0)
		die("no large frame comes");
	hdr_len = get(vnet + 2, le);
	ok(buf[2] == 0x08 && buf[3] == 0x00, "%s: the protocol is as on the wire", what);
	ok(vnet[0] == VIRTIO_NET_HDR_F_NEEDS_CSUM && vnet[1] == VIRTIO_NET_HDR_GSO_TCPV4 &&
	   hdr_len >= HEADERS && hdr_len <= len && get(vnet + 4, le) == large.mss &&
	   get(vnet + 6, le) == HEADERS - 20 && get(vnet + 8, le) == 16,
	   "%s: so is each number of the vnet header that is read", what);
}

static void from_userspace(int fd, int packet, bool le, const char *what)
{
	size_t len = gso_make(buf + PI, &large) - GSO_VNET;
	struct virtio_net_hdr h;
	uint8_t *vnet = buf + PI;

	memcpy(buf, (const uint8_t []){ 0, 0, 0x08, 0x00 }, PI);
	put(vnet + 2, HEADERS, le);
	put(vnet + 4, large.mss, le);
	put(vnet + 6, HEADERS - 20, le);
	put(vnet + 8, 16, le);
	if (!ok(write(fd, buf, PI + GSO_VNET + len) == (ssize_t)(PI + GSO_VNET + len),
		"%s: a large frame is taken", what))
		return;
	if (await(packet, GSO_VNET, len) < 0)
		die("no large frame arrives");
	memcpy(&h, buf, sizeof(h));
	ok(h.gso_type == VIRTIO_NET_HDR_GSO_TCPV4 && h.gso_size == large.mss &&
	   h.csum_start == HEADERS - 20 && h.csum_offset == 16,
	   "%s: each number of the vnet header that is written arrives", what);
}

static void both_ways(int fd, int packet, bool le, const char *what)
{
	to_userspace(fd, packet, le, what);
	from_userspace(fd, packet, le, what);
}

void theme_order(void)
{
	int fd = xt_tap(XT_DEV, IFACE, IFF_TAP | IFF_VNET_HDR), packet, one = 1, zero = 0;

	run("sysctl -q -w net.ipv6.conf." IFACE ".disable_ipv6=1; ip link set " IFACE " up");
	if (ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4))
		die("TUNSETOFFLOAD");
	packet = packet_open();
	both_ways(fd, packet, is_little(), "this machine's order");
	if (ioctl(fd, TUNSETVNETLE, &one))
		die("TUNSETVNETLE");
	both_ways(fd, packet, true, "little-endian");
	if (ioctl(fd, TUNSETVNETLE, &zero))
		die("TUNSETVNETLE");
	if (ioctl(fd, TUNSETVNETBE, &one))
		skip("this kernel has no TUNSETVNETBE", "big-endian");
	else
		both_ways(fd, packet, false, "big-endian");
	close(packet);
	close(fd);
}
