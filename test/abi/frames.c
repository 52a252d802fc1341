// SPDX-License-Identifier: GPL-2.0
/* Frames on the wire, seen and sent by one packet socket for all interfaces. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "abi.h"

#define TO		"\x02\x11\x22\x33\x44\x55"
#define FROM		"\x02\x11\x22\x33\x44\x66"
#define EXPERIMENTAL	0x88b5		/* IEEE 802: local experiments */
#define PAYLOAD		3000
#define SEGMENT		1000

static int packet;

static uint8_t *put16(uint8_t *p, uint16_t v)
{
	*p++ = v >> 8;
	*p++ = v;
	return p;
}

static uint16_t sum(const uint8_t *p, size_t len, uint32_t start)
{
	for (; len > 1; p += 2, len -= 2)
		start += p[0] << 8 | p[1];
	while (start >> 16)
		start = (start & 0xffff) + (start >> 16);
	return start;
}

static uint8_t *put_ip(uint8_t *p, uint8_t protocol, size_t payload)
{
	static const uint8_t head[20] = { 0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, 0, 0, 0,
					  192, 0, 2, 1, 192, 0, 2, 2 };

	memcpy(p, head, sizeof(head));
	put16(p + 2, sizeof(head) + payload);
	p[9] = protocol;
	put16(p + 10, ~sum(p, sizeof(head), 0));
	return p + sizeof(head);
}

/* The checksum covers only the pseudo header so far, as for checksum offload. */
static size_t put_tcp(uint8_t *p, size_t payload)
{
	static const uint8_t head[20] = { 0x12, 0x34, 0, 80, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18 };
	uint8_t *ip = p;

	p = put_ip(p, IPPROTO_TCP, sizeof(head) + payload);
	memcpy(p, head, sizeof(head));
	put16(p + 16, sum(ip + 12, 8, IPPROTO_TCP + sizeof(head) + payload));
	memset(p + sizeof(head), 0x5a, payload);
	return 20 + sizeof(head) + payload;
}

/* The lists of TUNSETTXFILTER contain one of the two groups. */
static const char *destination(enum frame what)
{
	switch (what) {
	case FRAME_GROUP:       return "\x33\x33\x00\x00\x00\x01";
	case FRAME_OTHER_GROUP: return "\x33\x33\xff\x00\x00\x02";
	default:                return TO;
	}
}

static size_t put_frame(uint8_t *p, enum frame what)
{
	size_t len = what == FRAME_LONG ? 1400 : 60, i;

	if (what == FRAME_IP || what == FRAME_GSO_IP)
		return put_tcp(p, what == FRAME_IP ? 20 : PAYLOAD);
	memcpy(p, destination(what), 6);
	memcpy(p + 6, FROM, 6);
	if (what == FRAME_GSO) {
		put16(p + 12, ETH_P_IP);
		return 14 + put_tcp(p + 14, PAYLOAD);
	}
	put16(p + 12, EXPERIMENTAL);
	for (i = 14; i < len; i++)
		p[i] = i;
	return len;
}

static void offloads(struct virtio_net_hdr *h, enum frame what)
{
	size_t link = what == FRAME_GSO ? 14 : 0;

	memset(h, 0, sizeof(*h));
	if (what != FRAME_GSO && what != FRAME_GSO_IP)
		return;
	h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	h->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	h->hdr_len = link + 40;
	h->gso_size = SEGMENT;
	h->csum_start = link + 20;
	h->csum_offset = 16;
}

size_t frame_make(uint8_t *buf, enum frame what, unsigned int flags, int vnet_hdr_sz)
{
	uint8_t *p = buf;

	if (!(flags & IFF_NO_PI)) {
		p = put16(p, 0);
		p = put16(p, flags & IFF_TUN ? ETH_P_IP : 0);
	}
	if (flags & IFF_VNET_HDR) {
		struct virtio_net_hdr h;

		offloads(&h, what);
		memset(p, 0, vnet_hdr_sz);
		memcpy(p, &h, sizeof(h));
		p += vnet_hdr_sz;
	}
	return p + put_frame(p, what) - buf;
}

void frames_begin(void)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int one = 1;

	packet = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (packet < 0 || setsockopt(packet, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) ||
	    bind(packet, (struct sockaddr *)&to, sizeof(to)))
		die("packet socket");
}

int frame_send(int ifindex, enum frame what)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_ifindex = ifindex, .sll_halen = ETH_ALEN,
		.sll_protocol = htons(ETH_P_IP),
	};
	uint8_t buf[sizeof(struct virtio_net_hdr) + 14 + 40 + PAYLOAD];
	size_t len = frame_make(buf, what, IFF_NO_PI | IFF_VNET_HDR, sizeof(struct virtio_net_hdr));

	if (sendto(packet, buf, len, 0, (struct sockaddr *)&to, sizeof(to)) != (ssize_t)len)
		return -errno;
	return 0;
}

/* Skips what the kernel itself sends. */
static ssize_t receive(uint8_t *buf, size_t size, struct sockaddr_ll *from)
{
	socklen_t len = sizeof(*from);
	ssize_t n;

	do {
		n = recvfrom(packet, buf, size, 0, (struct sockaddr *)from, &len);
	} while (n >= 0 && from->sll_pkttype == PACKET_OUTGOING);
	return n;
}

void frames_received(struct trace *t, int step, const char *key, bool wait)
{
	static uint8_t buf[FRAME_MAX + 100];
	struct pollfd p = { .fd = packet, .events = POLLIN };
	struct sockaddr_ll from;
	unsigned int n = 0;
	ssize_t len;

	trace_add(t, step, key, "received");
	for (;;) {
		len = receive(buf, sizeof(buf), &from);
		/* With some drivers the frame is delivered in another context. */
		if (len < 0 && errno == EAGAIN && !n && wait && poll(&p, 1, 500) == 1)
			continue;
		if (len < 0 && errno == EAGAIN)
			break;
		if (len < 0) {
			trace_more(t, " %s", errno_name(errno));
			break;
		}
		n++;
		trace_more(t, " type %u protocol %04x", from.sll_pkttype, ntohs(from.sll_protocol));
		trace_bytes(t, buf, len);
	}
	if (!n)
		trace_more(t, " nothing");
}

void frames_forget(void)
{
	static uint8_t buf[100];
	struct sockaddr_ll from;

	while (receive(buf, sizeof(buf), &from) >= 0)
		;
}
