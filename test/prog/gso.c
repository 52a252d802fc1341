// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "gso.h"
#include "xt.h"

#define ETHER		14
#define TCP		20
#define UDP		8
#define IP_ID		60000
#define SEQUENCE	0xfffff000	/* wraps within the frame */
#define ACK		0x10
#define PSH_FIN		0x09
#define CWR		0x80

static size_t ip_len(const struct gso *g)
{
	return g->v6 ? 40 : 20;
}

static size_t transport_len(const struct gso *g)
{
	return g->udp ? UDP : TCP;
}

/* Its offset in the TCP or UDP header. */
static size_t csum_at(const struct gso *g)
{
	return g->udp ? 6 : 16;
}

static size_t head_len(const struct gso *g)
{
	return ETHER + ip_len(g) + transport_len(g);
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static uint16_t get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static uint16_t add(uint32_t sum, const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		sum += i % 2 ? p[i] : p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static uint8_t protocol(const struct gso *g)
{
	return g->udp ? 17 : 6;
}

/* The pseudo header's share of the checksum: addresses, protocol and length. */
static uint16_t pseudo(const struct gso *g, const uint8_t *ip, size_t len)
{
	const size_t addresses = g->v6 ? 32 : 8;

	return add(protocol(g) + len, ip + ip_len(g) - addresses, addresses);
}

static uint8_t payload_byte(const struct gso *g, size_t i)
{
	return i + (i >> 8) * 3 + g->port;
}

static void put_ip(const struct gso *g, uint8_t *ip, size_t len)
{
	static const uint8_t four[20] = { 0x45, [6] = 0x40, [8] = 64,
					  [12] = 10, 99, 0, 1, 10, 99, 0, 2 };
	static const uint8_t six[40] = { 0x60, [7] = 64, [8] = 0xfd, [23] = 1,
					 [24] = 0xfd, [39] = 2 };

	memcpy(ip, g->v6 ? six : four, ip_len(g));
	ip[g->v6 ? 6 : 9] = protocol(g);
	if (g->v6) {
		put16(ip + 4, len);
		return;
	}
	put16(ip + 2, 20 + len);
	put16(ip + 4, IP_ID);
	put16(ip + 10, ~add(0, ip, 20));
}

/* The remaining fields of a TCP header. */
static void put_tcp(const struct gso *g, uint8_t *tcp)
{
	put16(tcp + 4, SEQUENCE >> 16);
	put16(tcp + 6, SEQUENCE & 0xffff);
	tcp[12] = TCP / 4 << 4;
	tcp[13] = ACK | PSH_FIN | (g->ecn ? CWR : 0);
}

static size_t make_frame(uint8_t *frame, const struct gso *g)
{
	size_t head = transport_len(g), len = head + g->payload, i;
	uint8_t *ip = frame + ETHER, *transport = ip + ip_len(g);

	memcpy(frame, xt_peer, 6);
	memcpy(frame + 6, xt_peer, 6);
	put16(frame + 12, g->v6 ? 0x86dd : 0x0800);
	put_ip(g, ip, len);
	memset(transport, 0, head);
	put16(transport, g->port);
	put16(transport + 2, 80);
	if (g->udp)
		put16(transport + 4, len);
	else
		put_tcp(g, transport);
	put16(transport + csum_at(g), pseudo(g, ip, len));
	for (i = 0; i < g->payload; i++)
		transport[head + i] = payload_byte(g, i);
	return ETHER + ip_len(g) + len;
}

/* Newer than some headers. */
#define GSO_UDP_L4	5

static uint8_t gso_type(const struct gso *g)
{
	if (!g->mss)
		return VIRTIO_NET_HDR_GSO_NONE;
	if (g->udp)
		return GSO_UDP_L4;
	return (g->v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4) |
	       (g->ecn ? VIRTIO_NET_HDR_GSO_ECN : 0);
}

size_t gso_make(uint8_t *buf, const struct gso *g)
{
	struct virtio_net_hdr h = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = gso_type(g),
		.hdr_len = head_len(g),
		.gso_size = g->mss,
		.csum_start = ETHER + ip_len(g),
		.csum_offset = csum_at(g),
	};

	memcpy(buf, &h, sizeof(h));
	return sizeof(h) + make_frame(buf + sizeof(h), g);
}

int gso_segments(const struct gso *g)
{
	return g->mss ? (g->payload + g->mss - 1) / g->mss : 1;
}

static bool is_ip_right(const struct gso *g, int i, const uint8_t *ip, size_t tcp_len)
{
	if (g->v6)
		return get16(ip + 4) == tcp_len;
	return get16(ip + 2) == 20 + tcp_len && get16(ip + 4) == (uint16_t)(IP_ID + i) &&
	       add(0, ip, 20) == 0xffff;
}

bool gso_is_segment(const struct gso *g, int i, const uint8_t *frame, size_t len)
{
	size_t from = (size_t)i * g->mss, part = g->payload - from, k;
	const uint8_t *ip = frame + ETHER, *tcp = ip + ip_len(g);
	bool last = i == gso_segments(g) - 1;

	if (!last)
		part = g->mss;
	if (len != head_len(g) + part || get16(frame + 12) != (g->v6 ? 0x86dd : 0x0800))
		return false;
	for (k = 0; k < part; k++)
		if (tcp[TCP + k] != payload_byte(g, from + k))
			return false;
	return is_ip_right(g, i, ip, TCP + part) && get16(tcp) == g->port &&
	       get32(tcp + 4) == (uint32_t)(SEQUENCE + from) &&
	       tcp[13] == (last ? ACK | PSH_FIN : ACK) &&
	       add(pseudo(g, ip, TCP + part), tcp, TCP + part) == 0xffff;
}

bool gso_is_whole(const struct gso *g, size_t vnet, const uint8_t *buf, size_t len)
{
	static uint8_t want[XT_BUF];
	size_t size = gso_make(want, g) - GSO_VNET, i;
	struct virtio_net_hdr h, w;

	if (len != vnet + size || memcmp(buf + vnet, want + GSO_VNET, size))
		return false;
	for (i = GSO_VNET; i < vnet; i++)
		if (buf[i])
			return false;
	memcpy(&h, buf, sizeof(h));
	memcpy(&w, want, sizeof(w));
	if (g->mss && (h.hdr_len < w.hdr_len || h.hdr_len > size || h.gso_size != w.gso_size))
		return false;
	return h.flags == w.flags && h.gso_type == w.gso_type &&
	       h.csum_start == w.csum_start && h.csum_offset == w.csum_offset;
}

int gso_packet(const char *ifname)
{
	struct sockaddr_ll all = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
				   .sll_ifindex = if_nametoindex(ifname) };
	int fd = xt_packet(ifname), one = 1;

	if (bind(fd, (struct sockaddr *)&all, sizeof(all)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)))
		die("packet socket");
	return fd;
}
