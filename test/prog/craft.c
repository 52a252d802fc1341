// SPDX-License-Identifier: GPL-2.0
/*
 * One frame, correct except for what is asked to be wrong. It is written with one
 * write(), so that standard output may be /dev/xtun.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "craft.h"
#include "put.h"
#include "xt.h"

#define MOST	65000	/* bytes of payload: with all headers it is a frame */

struct craft {
	const char *dst, *src, *from, *to, *proto, *payload, *bad;
	long vlan, type, ttl, sport, dport, size, missing, df, headerless;
	bool six, named;	/* IPv6; the protocol has a header that we know */
	uint8_t number;		/* of the protocol */
	uint8_t data[MOST];
};

enum form { TEXT, DECIMAL, HEX };

static const struct {
	const char *name;
	enum form form;
	long most;
	size_t offset;
} keys[] = {
#define KEY(name, form, most)	{ #name, form, most, offsetof(struct craft, name) }
	KEY(dst, TEXT, 0),
	KEY(src, TEXT, 0),
	KEY(vlan, DECIMAL, 4095),
	KEY(type, HEX, 0xffff),
	KEY(from, TEXT, 0),
	KEY(to, TEXT, 0),
	KEY(ttl, DECIMAL, 255),
	KEY(proto, TEXT, 0),
	KEY(sport, DECIMAL, 65535),
	KEY(dport, DECIMAL, 65535),
	KEY(size, DECIMAL, MOST),
	KEY(payload, TEXT, 0),
	KEY(df, DECIMAL, 1),
	KEY(missing, DECIMAL, 65535),
	KEY(bad, TEXT, 0),
	KEY(headerless, DECIMAL, 1),
};

static const struct {
	const char *name;
	uint8_t number;
} protos[] = { { "icmp", IPPROTO_ICMP }, { "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP } };

/* --- the words */

static void unknown(const char *what) __attribute__((noreturn));

static void unknown(const char *what)
{
	size_t i;

	warnx("%s is no KEY=VALUE of these:", what);
	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		fprintf(stderr, " %s", keys[i].name);
	fputc('\n', stderr);
	exit(2);
}

static long number(const char *name, const char *value, int base, long most)
{
	char *end;
	long n = strtol(value, &end, base);

	if (!*value || *end || n < 0 || n > most)
		errx(2, "%s=%s is no number up to %ld", name, value, most);
	return n;
}

static void set(struct craft *c, const char *said)
{
	const char *value = strchr(said, '=');
	size_t i, len = value ? value++ - said : 0;

	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		char *field = (char *)c + keys[i].offset;

		if (!len || strlen(keys[i].name) != len || strncmp(keys[i].name, said, len))
			continue;
		if (keys[i].form == TEXT)
			*(const char **)field = value;
		else
			*(long *)field = number(keys[i].name, value,
						keys[i].form == HEX ? 16 : 10, keys[i].most);
		return;
	}
	unknown(said);
}

static bool is_six(const char *ip)
{
	return ip && strchr(ip, ':');
}

static void settle_addresses(struct craft *c)
{
	struct in6_addr any;

	c->six = is_six(c->from) || is_six(c->to);
	if (!c->from)
		c->from = c->six ? "fd99::2" : "10.99.0.2";
	if (!c->to)
		c->to = c->six ? "fd99::1" : "10.99.0.1";
	if (is_six(c->from) != is_six(c->to))
		errx(2, "from=%s and to=%s are of two kinds", c->from, c->to);
	if (inet_pton(c->six ? AF_INET6 : AF_INET, c->from, &any) != 1 ||
	    inet_pton(c->six ? AF_INET6 : AF_INET, c->to, &any) != 1)
		errx(2, "from=%s or to=%s is no address", c->from, c->to);
}

static void settle_proto(struct craft *c)
{
	size_t i;

	for (i = 0; i < sizeof(protos) / sizeof(*protos); i++) {
		if (strcmp(c->proto, protos[i].name))
			continue;
		c->named = true;
		c->number = protos[i].number;
		if (c->six && c->number == IPPROTO_ICMP)
			c->number = IPPROTO_ICMPV6;
		return;
	}
	c->number = number("proto", c->proto, 10, 255);
}

static void settle_payload(struct craft *c)
{
	size_t i, len = c->payload ? strlen(c->payload) : 0;

	if (c->size < 0)
		c->size = c->named && c->number == IPPROTO_TCP ? 0 : 20;
	if (!c->payload) {
		for (i = 0; i < (size_t)c->size; i++)
			c->data[i] = i;
		return;
	}
	if (len % 2 || len / 2 > MOST || strspn(c->payload, "0123456789abcdefABCDEF") != len)
		errx(2, "payload=%s is not made of pairs of hexadecimal digits", c->payload);
	for (c->size = 0; (size_t)c->size < len / 2; c->size++)
		if (sscanf(c->payload + 2 * c->size, "%2hhx", &c->data[c->size]) != 1)
			errx(2, "payload=%s", c->payload);
}

static void settle_bad(const struct craft *c)
{
	bool ip = !strcmp(c->bad, "ip") && !c->six;
	bool transport = c->named && !strcmp(c->bad, c->proto);

	if (*c->bad && (c->type >= 0 || !(ip || transport)))
		errx(2, "bad=%s is no checksum of this frame", c->bad);
}

/* --- the frame */

/* It must be wrong on the wire, and in UDP zero means that there is no checksum. */
static void put_checksum(const struct craft *c, uint8_t *p, uint32_t sum, const char *name)
{
	uint16_t right = xt_checksum(sum), value = right;

	if (!strcmp(c->bad, name))
		value++;
	else if (!right && !strcmp(name, "udp"))
		value = 0xffff;
	xt_put16(p, value);
}

static uint8_t *put_link(const struct craft *c, uint8_t *p, const uint8_t *dst, const uint8_t *src)
{
	uint16_t type = c->type >= 0 ? c->type : c->six ? 0x86dd : 0x0800;

	if (c->headerless)
		return p;
	if (c->vlan < 0)
		return xt_put_ether(p, dst, src, type);
	return xt_put16(xt_put16(xt_put_ether(p, dst, src, 0x8100), c->vlan), type);
}

static uint8_t *put_ipv6(const struct craft *c, uint8_t *p, size_t len)
{
	p = xt_put16(xt_put16(xt_put16(p, 0x6000), 0), len + c->missing);
	*p++ = c->number;
	*p++ = c->ttl;
	return xt_put_ip(xt_put_ip(p, c->from), c->to);
}

static uint8_t *put_ip(const struct craft *c, uint8_t *p, size_t len)
{
	uint8_t *start = p;

	if (c->six)
		return put_ipv6(c, p, len);
	p = xt_put_ipv4(p, c->from, c->to, c->number, len + c->missing);
	start[6] = c->df ? 0x40 : 0;
	start[8] = c->ttl;
	xt_put16(start + 10, 0);
	put_checksum(c, start + 10, xt_sum(0, start, 20), "ip");
	return p;
}

/* Writes the header; returns its length, and in *@at the place of the checksum. */
static size_t put_transport(const struct craft *c, uint8_t *p, size_t *at)
{
	static const uint8_t syn[4] = { 0x50, 0x02, 0xff, 0xff };

	memset(p, 0, 20);
	switch (c->number) {
	case IPPROTO_UDP:
		xt_put16(xt_put16(xt_put16(p, c->sport), c->dport), 8 + c->size);
		*at = 6;
		return 8;
	case IPPROTO_TCP:
		xt_put16(xt_put16(p, c->sport), c->dport);
		memcpy(p + 12, syn, 4);
		*at = 16;
		return 20;
	default:
		p[0] = c->six ? 128 : 8;	/* echo request */
		*at = 2;
		return 8;
	}
}

/* What the checksum covers beside the packet's own bytes: nothing for ICMP on IPv4. */
static uint32_t pseudo_sum(const struct craft *c, size_t len)
{
	uint8_t addresses[32];
	uint8_t *end = xt_put_ip(xt_put_ip(addresses, c->from), c->to);

	if (c->number == IPPROTO_ICMP)
		return 0;
	return xt_sum(c->number + len, addresses, end - addresses);
}

static uint8_t *put_packet(const struct craft *c, uint8_t *p)
{
	uint8_t transport[20];
	size_t at = 0, head = c->named ? put_transport(c, transport, &at) : 0;
	size_t len = head + c->size;

	p = put_ip(c, p, len);
	memcpy(p, transport, head);
	memcpy(p + head, c->data, c->size);
	if (at)
		put_checksum(c, p + at, xt_sum(pseudo_sum(c, len), p, len), c->proto);
	return p + len;
}

static void mac(const char *key, const char *value, uint8_t *bytes)
{
	char more;

	if (sscanf(value, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", bytes, bytes + 1, bytes + 2,
		   bytes + 3, bytes + 4, bytes + 5, &more) != 6)
		errx(2, "%s=%s is no MAC address", key, value);
}

static size_t build(const struct craft *c, uint8_t *buf)
{
	uint8_t dst[6], src[6], *p;

	memcpy(src, xt_peer, 6);
	if (c->src)
		mac("src", c->src, src);
	if (c->dst)
		mac("dst", c->dst, dst);
	else if (!c->headerless)
		xt_mac(XT_IF, dst);
	p = put_link(c, buf, dst, src);
	if (c->type < 0)
		return put_packet(c, p) - buf;
	memcpy(p, c->data, c->size);
	return p + c->size - buf;
}

int craft(char **argv)
{
	static struct craft c = { .proto = "udp", .bad = "", .vlan = -1, .type = -1, .ttl = 64,
				  .sport = 4242, .dport = 9, .size = -1 };
	static uint8_t buf[XT_BUF];
	int out = dup(STDOUT_FILENO);
	size_t len;

	/* What is printed from here on must not become a frame. */
	dup2(STDERR_FILENO, STDOUT_FILENO);
	for (; *argv; argv++)
		set(&c, *argv);
	settle_addresses(&c);
	settle_proto(&c);
	settle_payload(&c);
	settle_bad(&c);
	len = build(&c, buf);
	if (write(out, buf, len) != (ssize_t)len)
		errx(1, "%s", strerrorname_np(errno));
	return 0;
}
