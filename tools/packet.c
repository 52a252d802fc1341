// SPDX-License-Identifier: GPL-2.0
/* Parse a frame, to find what is wrong with its own bytes. */
#include "why.h"

#include <string.h>
#include <sys/socket.h>

enum { TYPE_IP = 0x0800, TYPE_VLAN = 0x8100, TYPE_QINQ = 0x88a8, TYPE_IP6 = 0x86dd };
enum {
	PROTO_HOP_BY_HOP = 0, PROTO_ICMP = 1, PROTO_IGMP = 2, PROTO_TCP = 6, PROTO_UDP = 17,
	PROTO_ICMP6 = 58
};

static unsigned int get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

/* The sum of RFC 1071, not folded yet. */
static uint32_t add(uint32_t sum, const uint8_t *p, size_t n)
{
	for (; n > 1; p += 2, n -= 2)
		sum += get16(p);
	return n ? sum + (p[0] << 8) : sum;
}

static unsigned int fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* SUM covers everything but the checksum field. FOUND is that field. */
static void judge(struct xtun_checksum *c, uint32_t sum, unsigned int found)
{
	c->found = found;
	c->right = ~fold(sum) & 0xffff;
	/* In ones' complement 0000 and ffff are the same. */
	c->verdict = c->found % 0xffff == c->right % 0xffff ? XTUN_SUM_RIGHT : XTUN_SUM_WRONG;
}

/* Check the checksum at OFFSET of the LEN bytes from the transport header on. */
static void judge_transport(struct xtun_packet *p, size_t len, size_t offset)
{
	size_t n = p->family == AF_INET ? 4 : 16;
	unsigned int found = get16(p->transport + offset);
	uint32_t pseudo = 0;

	if (p->proto != PROTO_ICMP && p->proto != PROTO_IGMP)
		pseudo = add(add(p->proto + len, p->src, n), p->dst, n);
	judge(&p->sum, add(pseudo, p->transport, len) - found, found);
	/* The sum of the pseudo header alone: left to the hardware to complete. */
	if (pseudo && found == fold(pseudo))
		p->sum.verdict = XTUN_SUM_UNKNOWN;
	if (p->proto != PROTO_UDP)
		return;
	/* RFC 768: 0 means that there is no checksum, and a sum of 0 is sent as ffff. */
	if (!found && p->family == AF_INET)
		p->sum.verdict = XTUN_SUM_UNKNOWN;
	else if (!p->sum.right)
		p->sum.right = 0xffff;
}

static void parse_transport(struct xtun_packet *p, const uint8_t *transport)
{
	static const struct {
		int proto;
		size_t header, offset;
	} sums[] = {
		{ PROTO_ICMP, 8, 2 }, { PROTO_IGMP, 8, 2 }, { PROTO_TCP, 20, 16 },
		{ PROTO_UDP, 8, 6 }, { PROTO_ICMP6, 8, 2 },
	};
	size_t before = transport - p->net, kept, len;

	if (before >= p->net_kept || p->fragment)
		return;
	p->transport = transport;
	kept = p->net_kept - before;
	if (kept >= 4 && (p->proto == PROTO_TCP || p->proto == PROTO_UDP)) {
		p->sport = get16(transport);
		p->dport = get16(transport + 2);
	}
	if (p->total < before)
		return;
	len = p->total - before;
	/* Bytes beyond UDP's own length are not part of it, and the stack may have cut them. */
	if (p->proto == PROTO_UDP && kept >= 8 && get16(transport + 4)) {
		if (get16(transport + 4) > len)
			return;
		len = get16(transport + 4);
	}
	if (len > kept)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(sums); i++)
		if (sums[i].proto == p->proto && len >= sums[i].header)
			judge_transport(p, len, sums[i].offset);
}

static void parse_ip(struct xtun_packet *p)
{
	size_t header = (p->net[0] & 15) * 4;

	if (p->net_kept < 20 || p->net[0] >> 4 != 4 || header < 20)
		return;
	p->family = AF_INET;
	p->src = p->net + 12;
	p->dst = p->net + 16;
	p->total = get16(p->net + 2);
	p->ttl = p->net[8];
	p->fragment = get16(p->net + 6) & 0x3fff;
	p->proto = p->net[9];
	if (header > p->net_kept)
		return;
	judge(&p->ip, add(0, p->net, header) - get16(p->net + 10), get16(p->net + 10));
	parse_transport(p, p->net + header);
}

/* Of the extension headers, only the hop-by-hop options are skipped. */
static void parse_ip6(struct xtun_packet *p)
{
	size_t header = 40;

	if (p->net_kept < 40 || p->net[0] >> 4 != 6)
		return;
	p->family = AF_INET6;
	p->src = p->net + 8;
	p->dst = p->net + 24;
	p->total = 40 + get16(p->net + 4);
	p->ttl = p->net[7];
	p->proto = p->net[6];
	if (p->proto == PROTO_HOP_BY_HOP && p->net_kept >= header + 2) {
		p->proto = p->net[header];
		header += (p->net[header + 1] + 1) * 8;
	}
	parse_transport(p, p->net + header);
}

/**
 * xtun_has_ethernet_header() - whether the bytes of a supposed packet are an Ethernet frame
 * @bytes: the first bytes
 * @kept: how many of them there are
 * @len: the length on the wire
 *
 * Return: true if the first 14 bytes are an Ethernet header that announces IPv4 or IPv6, and
 * an IP packet of exactly the remaining length follows.
 */
bool xtun_has_ethernet_header(const uint8_t *bytes, size_t kept, size_t len)
{
	const uint8_t *net = bytes + ETH_HEADER;
	unsigned int type;

	if (kept < ETH_HEADER + 20)
		return false;
	type = get16(bytes + 12);
	len -= ETH_HEADER;
	return (type == TYPE_IP && net[0] >> 4 == 4 && get16(net + 2) == len) ||
	       (type == TYPE_IP6 && net[0] >> 4 == 6 && get16(net + 4) + 40U == len);
}

/**
 * xtun_packet_parse() - parse a frame
 * @p: filled; points into @drop
 * @drop: the frame
 *
 * Parts that are cut short or make no sense are left unset.
 */
void xtun_packet_parse(struct xtun_packet *p, const struct xtun_drop *drop)
{
	size_t offset = 0;

	memset(p, 0, sizeof(*p));
	p->type = drop->proto;
	p->vlan = drop->vlan;
	p->proto = -1;
	p->sport = -1;
	p->dport = -1;
	if (drop->ethernet && drop->kept >= ETH_HEADER) {
		p->mac = drop->bytes;
		p->type = get16(drop->bytes + 12);
		offset = ETH_HEADER;
		while ((p->type == TYPE_VLAN || p->type == TYPE_QINQ) && offset + 4 <= drop->kept) {
			if (p->vlan < 0)
				p->vlan = get16(drop->bytes + offset) & 0xfff;
			p->type = get16(drop->bytes + offset + 2);
			offset += 4;
		}
	}
	if (offset >= drop->kept)
		return;
	p->net = drop->bytes + offset;
	p->net_len = drop->len - offset;
	p->net_kept = drop->kept - offset;
	if (p->type == TYPE_IP)
		parse_ip(p);
	else if (p->type == TYPE_IP6)
		parse_ip6(p);
}
