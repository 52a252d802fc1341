// SPDX-License-Identifier: GPL-2.0
#include <linux/virtio_net.h>
#include <string.h>

#include "gso.h"
#include "xt.h"

#define ETHER		14
#define TCP		20
#define CSUM_AT		16	/* in the TCP header */
#define IP_ID		60000
#define SEQUENCE	0xfffff000	/* comes round within the frame */
#define ACK		0x10
#define PSH_FIN		0x09

static size_t ip_len(const struct gso *g)
{
	return g->v6 ? 40 : 20;
}

static size_t head_len(const struct gso *g)
{
	return ETHER + ip_len(g) + TCP;
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

/* What the addresses, the protocol and the length add to TCP's checksum. */
static uint16_t pseudo(const struct gso *g, const uint8_t *ip, size_t tcp_len)
{
	const size_t addresses = g->v6 ? 32 : 8;

	return add(6 + tcp_len, ip + ip_len(g) - addresses, addresses);
}

static uint8_t payload_byte(const struct gso *g, size_t i)
{
	return i + (i >> 8) * 3 + g->port;
}

static void put_ip(const struct gso *g, uint8_t *ip, size_t tcp_len)
{
	static const uint8_t four[20] = { 0x45, [6] = 0x40, [8] = 64, [9] = 6,
					  [12] = 10, 99, 0, 1, 10, 99, 0, 2 };
	static const uint8_t six[40] = { 0x60, [6] = 6, [7] = 64, [8] = 0xfd, [23] = 1,
					 [24] = 0xfd, [39] = 2 };

	memcpy(ip, g->v6 ? six : four, ip_len(g));
	if (g->v6) {
		put16(ip + 4, tcp_len);
		return;
	}
	put16(ip + 2, 20 + tcp_len);
	put16(ip + 4, IP_ID);
	put16(ip + 10, ~add(0, ip, 20));
}

static size_t make_frame(uint8_t *frame, const struct gso *g)
{
	size_t tcp_len = TCP + g->payload, i;
	uint8_t *ip = frame + ETHER, *tcp = ip + ip_len(g);

	memcpy(frame, xt_peer, 6);
	memcpy(frame + 6, xt_peer, 6);
	put16(frame + 12, g->v6 ? 0x86dd : 0x0800);
	put_ip(g, ip, tcp_len);
	memset(tcp, 0, TCP);
	put16(tcp, g->port);
	put16(tcp + 2, 80);
	put16(tcp + 4, SEQUENCE >> 16);
	put16(tcp + 6, SEQUENCE & 0xffff);
	tcp[12] = TCP / 4 << 4;
	tcp[13] = ACK | PSH_FIN;
	put16(tcp + CSUM_AT, pseudo(g, ip, tcp_len));
	for (i = 0; i < g->payload; i++)
		tcp[TCP + i] = payload_byte(g, i);
	return ETHER + ip_len(g) + tcp_len;
}

size_t gso_make(uint8_t *buf, const struct gso *g)
{
	struct virtio_net_hdr h = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_NONE,
		.hdr_len = head_len(g),
		.gso_size = g->mss,
		.csum_start = ETHER + ip_len(g),
		.csum_offset = CSUM_AT,
	};

	if (g->mss)
		h.gso_type = g->v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
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
