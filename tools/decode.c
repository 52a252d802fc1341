// SPDX-License-Identifier: GPL-2.0
/* Print a frame as one line of text. Never reads past the bytes it was given. */
#include "tool.h"

#include <arpa/inet.h>
#include <ctype.h>

enum {
	ETH_IP = 0x0800, ETH_ARP = 0x0806, ETH_VLAN = 0x8100, ETH_IP6 = 0x86dd, ETH_QINQ = 0x88a8,
	ETH_LENGTH_MAX = 1500,
	PROTO_HOPOPTS = 0, PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17, PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44, PROTO_ICMP6 = 58, PROTO_DSTOPTS = 60,
};

/* A frame, or a part of it, of len bytes, of which the first n are kept. */
struct bytes {
	const uint8_t *p;
	size_t n, len;
};

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static struct bytes skip(struct bytes b, size_t n)
{
	size_t kept = least(n, b.n);

	return (struct bytes){ b.p + kept, b.n - kept, b.len - least(n, b.len) };
}

static struct bytes cut(struct bytes b, size_t n)
{
	return (struct bytes){ b.p, least(n, b.n), least(n, b.len) };
}

static unsigned int get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void truncated(FILE *out, const char *what, struct bytes b)
{
	if (b.len > b.n)
		fprintf(out, "%s [%zu of its %zu bytes are kept]", what, b.n, b.len);
	else
		fprintf(out, "%s [cut short after %zu bytes]", what, b.n);
}

static void print_mac(FILE *out, const uint8_t *mac)
{
	fprintf(out, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		mac[5]);
}

static void print_ip(FILE *out, int family, const uint8_t *ip)
{
	char text[INET6_ADDRSTRLEN];

	fputs(inet_ntop(family, ip, text, sizeof(text)), out);
}

/* The addresses of a packet. */
struct ends {
	int family;
	const uint8_t *src, *dst;
};

static void print_ends(FILE *out, const struct ends *e, const uint8_t *ports)
{
	print_ip(out, e->family, e->src);
	if (ports)
		fprintf(out, ".%u", get16(ports));
	fputs(" > ", out);
	print_ip(out, e->family, e->dst);
	if (ports)
		fprintf(out, ".%u", get16(ports + 2));
	fputc(' ', out);
}

static void decode_arp(FILE *out, struct bytes b)
{
	static const uint8_t ethernet_ip[] = { 0, 1, 8, 0, 6, 4 };
	unsigned int op;

	if (b.n < 28) {
		truncated(out, "ARP", b);
		return;
	}
	for (size_t i = 0; i < sizeof(ethernet_ip); i++) {
		if (b.p[i] != ethernet_ip[i]) {
			fputs("ARP, not for Ethernet and IPv4", out);
			return;
		}
	}
	op = get16(b.p + 6);
	if (op == 1) {
		fputs("ARP who has ", out);
		print_ip(out, AF_INET, b.p + 24);
		fputs(" tell ", out);
		print_ip(out, AF_INET, b.p + 14);
	} else if (op == 2) {
		fputs("ARP reply ", out);
		print_ip(out, AF_INET, b.p + 14);
		fputs(" is at ", out);
		print_mac(out, b.p + 8);
	} else {
		fprintf(out, "ARP operation %u", op);
	}
}

struct type_name {
	uint8_t type;
	const char *name;
};

static const struct type_name icmp_types[] = {
	{ 0, "echo reply" }, { 3, "unreachable" }, { 5, "redirect" }, { 8, "echo request" },
	{ 11, "time exceeded" }, { 12, "parameter problem" },
	{ 13, "timestamp request" }, { 14, "timestamp reply" },
};

static const struct type_name icmp6_types[] = {
	{ 1, "unreachable" }, { 2, "packet too big" }, { 3, "time exceeded" },
	{ 4, "parameter problem" }, { 128, "echo request" }, { 129, "echo reply" },
	{ 130, "multicast query" }, { 131, "multicast report" }, { 132, "multicast done" },
	{ 133, "router solicitation" }, { 134, "router advertisement" },
	{ 135, "neighbour solicitation" }, { 136, "neighbour advertisement" },
	{ 137, "redirect" }, { 143, "multicast report v2" },
};

static void print_type(FILE *out, const struct type_name *names, size_t n, const uint8_t *icmp)
{
	for (size_t i = 0; i < n; i++) {
		if (names[i].type == icmp[0]) {
			fputs(names[i].name, out);
			if (icmp[1])
				fprintf(out, " code %u", icmp[1]);
			return;
		}
	}
	fprintf(out, "type %u code %u", icmp[0], icmp[1]);
}

static void print_id_seq(FILE *out, const uint8_t *icmp)
{
	fprintf(out, ", id %u, seq %u", get16(icmp + 4), get16(icmp + 6));
}

static void decode_icmp(FILE *out, const struct ends *e, struct bytes b)
{
	print_ends(out, e, NULL);
	if (b.n < 8) {
		truncated(out, "ICMP", b);
		return;
	}
	fputs("ICMP ", out);
	print_type(out, icmp_types, ARRAY_SIZE(icmp_types), b.p);
	if (b.p[0] == 0 || b.p[0] == 8)
		print_id_seq(out, b.p);
	fprintf(out, ", length %zu", b.len);
}

static void decode_icmp6(FILE *out, const struct ends *e, struct bytes b)
{
	print_ends(out, e, NULL);
	if (b.n < 8) {
		truncated(out, "ICMP6", b);
		return;
	}
	fputs("ICMP6 ", out);
	print_type(out, icmp6_types, ARRAY_SIZE(icmp6_types), b.p);
	if (b.p[0] == 128 || b.p[0] == 129) {
		print_id_seq(out, b.p);
	} else if ((b.p[0] == 135 || b.p[0] == 136) && b.n >= 24) {
		fputs(b.p[0] == 135 ? ", who has " : ", target ", out);
		print_ip(out, AF_INET6, b.p + 8);
	}
	fprintf(out, ", length %zu", b.len);
}

static void print_flags(FILE *out, unsigned int flags)
{
	static const char letters[] = "FSRP.UEW";

	fputc('[', out);
	for (int i = 0; letters[i]; i++)
		if (flags & 1u << i)
			fputc(letters[i], out);
	fputc(']', out);
}

static void decode_tcp(FILE *out, const struct ends *e, struct bytes b)
{
	unsigned int header, flags;

	if (b.n < 20) {
		print_ends(out, e, NULL);
		truncated(out, "TCP", b);
		return;
	}
	header = (b.p[12] >> 4) * 4;
	flags = b.p[13];
	print_ends(out, e, b.p);
	fputs("TCP ", out);
	print_flags(out, flags);
	fprintf(out, " seq %lu", (unsigned long)get32(b.p + 4));
	if (flags & 1u << 4)
		fprintf(out, " ack %lu", (unsigned long)get32(b.p + 8));
	fprintf(out, " win %u, length %zu", get16(b.p + 14), skip(b, header).len);
}

static void decode_udp(FILE *out, const struct ends *e, struct bytes b)
{
	if (b.n < 8) {
		print_ends(out, e, NULL);
		truncated(out, "UDP", b);
		return;
	}
	print_ends(out, e, b.p);
	fprintf(out, "UDP, length %zu", b.len - 8);
}

static void decode_transport(FILE *out, const struct ends *e, unsigned int proto,
			     struct bytes b)
{
	switch (proto) {
	case PROTO_ICMP:
		decode_icmp(out, e, b);
		break;
	case PROTO_ICMP6:
		decode_icmp6(out, e, b);
		break;
	case PROTO_TCP:
		decode_tcp(out, e, b);
		break;
	case PROTO_UDP:
		decode_udp(out, e, b);
		break;
	default:
		print_ends(out, e, NULL);
		fprintf(out, "protocol %u, length %zu", proto, b.len);
	}
}

static void decode_fragment(FILE *out, const struct ends *e, unsigned int proto,
			    unsigned int offset, struct bytes b)
{
	print_ends(out, e, NULL);
	fprintf(out, "protocol %u, fragment at %u, length %zu", proto, offset, b.len);
}

/* Print how many bytes are missing if the frame is shorter than its IP header says. */
static void check_length(FILE *out, size_t promised, size_t there)
{
	if (promised > there)
		fprintf(out, " [%zu bytes are missing]", promised - there);
}

static void decode_ip(FILE *out, struct bytes b)
{
	struct ends e = { .family = AF_INET };
	unsigned int header, total, offset;
	struct bytes rest;

	if (b.n < 20) {
		truncated(out, "IP", b);
		return;
	}
	header = (b.p[0] & 15) * 4;
	total = get16(b.p + 2);
	offset = (get16(b.p + 6) & 0x1fff) * 8;
	if (b.p[0] >> 4 != 4 || header < 20 || (total && total < header)) {
		fputs("IP with an invalid header", out);
		return;
	}
	e.src = b.p + 12;
	e.dst = b.p + 16;
	rest = skip(total ? cut(b, total) : b, header);
	fputs("IP ", out);
	if (offset)
		decode_fragment(out, &e, b.p[9], offset, rest);
	else
		decode_transport(out, &e, b.p[9], rest);
	if (get16(b.p + 6) & 0x2000)
		fputs(", more fragments", out);
	check_length(out, total, b.len);
}

/* Skip one IPv6 extension header; false if NEXT is not one. */
static bool skip_extension(unsigned int *next, unsigned int *offset, struct bytes *b)
{
	size_t len;

	if (b->n < 8)
		return false;
	switch (*next) {
	case PROTO_FRAGMENT:
		*offset = get16(b->p + 2) & 0xfff8;
		len = 8;
		break;
	case PROTO_HOPOPTS:
	case PROTO_ROUTING:
	case PROTO_DSTOPTS:
		len = (b->p[1] + 1) * 8;
		break;
	default:
		return false;
	}
	*next = b->p[0];
	*b = skip(*b, len);
	return true;
}

static void decode_ip6(FILE *out, struct bytes b)
{
	struct ends e = { .family = AF_INET6 };
	unsigned int payload, next, offset = 0;
	struct bytes rest;

	if (b.n < 40) {
		truncated(out, "IP6", b);
		return;
	}
	if (b.p[0] >> 4 != 6) {
		fputs("IP6 with an invalid header", out);
		return;
	}
	payload = get16(b.p + 4);
	next = b.p[6];
	e.src = b.p + 8;
	e.dst = b.p + 24;
	rest = skip(payload ? cut(b, 40 + payload) : b, 40);
	while (!offset && skip_extension(&next, &offset, &rest))
		;
	fputs("IP6 ", out);
	if (offset)
		decode_fragment(out, &e, next, offset, rest);
	else
		decode_transport(out, &e, next, rest);
	check_length(out, payload, b.len - 40);
}

static void decode_payload(FILE *out, unsigned int type, struct bytes b)
{
	switch (type) {
	case ETH_ARP:
		decode_arp(out, b);
		break;
	case ETH_IP:
		decode_ip(out, b);
		break;
	case ETH_IP6:
		decode_ip6(out, b);
		break;
	default:
		if (type <= ETH_LENGTH_MAX)
			fprintf(out, "802.3, length %u", type);
		else
			fprintf(out, "ethertype 0x%04x, length %zu", type, b.len);
	}
}

/**
 * xtun_decode() - print a frame as one line, without a newline
 * @out: where to
 * @frame: its first bytes
 * @kept: how many of them there are
 * @len: how many it had on the wire
 */
void xtun_decode(FILE *out, const uint8_t *frame, size_t kept, size_t len)
{
	struct bytes b = { frame, kept, len };
	unsigned int type, tci;

	if (kept < ETH_HEADER) {
		truncated(out, "Ethernet", b);
		return;
	}
	type = get16(frame + 12);
	b = skip(b, ETH_HEADER);
	while (type == ETH_VLAN || type == ETH_QINQ) {
		if (b.n < 4) {
			truncated(out, "VLAN", b);
			return;
		}
		tci = get16(b.p);
		fprintf(out, "vlan %u", tci & 0xfff);
		if (tci >> 13)
			fprintf(out, " priority %u", tci >> 13);
		fputs(", ", out);
		type = get16(b.p + 2);
		b = skip(b, 4);
	}
	decode_payload(out, type, b);
}

void xtun_decode_macs(FILE *out, const uint8_t *frame, size_t len)
{
	if (len < ETH_HEADER)
		return;
	print_mac(out, frame + MAC_LEN);
	fputs(" > ", out);
	print_mac(out, frame);
	fputc(' ', out);
}

static void hex_line(FILE *out, size_t at, const uint8_t *p, size_t n)
{
	fprintf(out, "  %04zx ", at);
	for (size_t i = 0; i < 16; i++)
		fprintf(out, i < n ? " %02x" : "   ", i < n ? p[i] : 0);
	fputs("  ", out);
	for (size_t i = 0; i < n; i++)
		fputc(isascii(p[i]) && isprint(p[i]) ? p[i] : '.', out);
	fputc('\n', out);
}

void xtun_hex(FILE *out, const uint8_t *frame, size_t len)
{
	for (size_t at = 0; at < len; at += 16)
		hex_line(out, at, frame + at, len - at < 16 ? len - at : 16);
}
