// SPDX-License-Identifier: GPL-2.0
/* How xtun why parses the module's lines and the frames in them. Prints TAP. */
#include "why.h"
#include "tap.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MACS "0200000000aa0200000000bb"
#define IPS "0a6300020a630001"
#define UDP_WORDS "xtun rx 12.500000: __udp4_lib_rcv.part.0, NO_SOCKET, 46 bytes, Ethernet 0800"

static struct xtun_drops drops;
static int feed;

static void open_pipe(void)
{
	int fds[2];

	if (pipe2(fds, O_NONBLOCK | O_CLOEXEC))
		abort();
	memset(&drops, 0, sizeof(drops));
	drops.fd = fds[0];
	feed = fds[1];
}

static void told(const char *text)
{
	if (write(feed, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
}

static void test_lines(void)
{
	struct xtun_drop d;

	open_pipe();
	ok(!xtun_drops_next(&drops, &d), "nothing was told");
	told(UDP_WORDS ", VLAN 7, for another host, at br0\n    0102\n");
	ok(xtun_drops_next(&drops, &d) && !strcmp(d.iface, "xtun") && d.direction == XTUN_RX &&
	   d.when == 12.5, "which interface, which way and when");
	ok(!strcmp(d.function, "__udp4_lib_rcv") && !strcmp(d.reason, "NO_SOCKET"),
	   "where, without what the compiler has added, and the kernel's reason");
	ok(d.len == 46 && d.ethernet && d.proto == 0x0800 && d.vlan == 7 && d.other_host &&
	   !strcmp(d.dev, "br0"),
	   "how long, and what it is of");
	ok(d.kept == 2 && d.bytes[0] == 1 && d.bytes[1] == 2, "the bytes");

	told("xtun tx 1.0: nf_hook_slow, no reason, 2 bytes, network 86dd\n    60");
	ok(!xtun_drops_next(&drops, &d), "half a line is not told");
	told("00\n");
	ok(xtun_drops_next(&drops, &d) && d.kept == 2 && d.bytes[1] == 0, "until the rest has come");
	ok(!d.reason[0] && !d.ethernet && d.vlan == -1 && !strcmp(d.dev, "xtun") &&
	   d.direction == XTUN_TX, "what was not said is not there");
	told("missed 12\nmissed 3\n" UDP_WORDS "\n\n");
	ok(xtun_drops_next(&drops, &d) && drops.missed == 15 && !d.kept,
	   "those that could not be told are counted; a frame may have no bytes");
	told("something new\n    0102\n" UDP_WORDS "\n    03\n");
	ok(xtun_drops_next(&drops, &d) && d.bytes[0] == 3, "what is not known is passed over");
	close(feed);
	xtun_drops_close(&drops);
}

static void frame(struct xtun_drop *d, const char *hex)
{
	unsigned int byte;

	memset(d, 0, sizeof(*d));
	d->ethernet = true;
	d->vlan = -1;
	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		d->bytes[d->kept++] = byte;
	d->len = d->kept;
}

static void parse(struct xtun_packet *p, const char *hex)
{
	static struct xtun_drop d;

	frame(&d, hex);
	xtun_packet_parse(p, &d);
}

/* From 10.99.0.2 port 4242 to 10.99.0.1 port 9, four bytes, with correct checksums. */
#define IP_HEADER "450000200000400040112605"
#define UDP_RIGHT MACS "0800" IP_HEADER IPS "10920009000c15ac61626364"

static void test_sums(void)
{
	struct xtun_packet p;

	parse(&p, UDP_RIGHT);
	ok(p.family == AF_INET && p.proto == 17 && p.sport == 4242 && p.dport == 9 &&
	   p.total == 32 && p.net_len == 32 && p.ttl == 64, "an IPv4 packet taken apart");
	ok(p.ip.verdict == XTUN_SUM_RIGHT, "its header's checksum is right");
	ok(p.sum.verdict == XTUN_SUM_RIGHT, "and UDP's");
	parse(&p, MACS "0800450000200000400040112606" IPS "10920009000c15ac61626364");
	ok(p.ip.verdict == XTUN_SUM_WRONG && p.ip.found == 0x2606 && p.ip.right == 0x2605,
	   "one that is wrong, and what it ought to be");
	parse(&p, MACS "0800" IP_HEADER IPS "10920009000c15ad61626364");
	ok(p.sum.verdict == XTUN_SUM_WRONG && p.sum.right == 0x15ac, "the same of UDP");
	parse(&p, MACS "0800" IP_HEADER IPS "10920009000c000061626364");
	ok(p.sum.verdict == XTUN_SUM_UNKNOWN, "none was made (RFC 768)");
	parse(&p, MACS "0800" IP_HEADER IPS "10920009000c14e661626364");
	ok(p.sum.verdict == XTUN_SUM_UNKNOWN, "one that is still to be finished");
}

/* From fd00::2 to fd00::1, an echo request without a checksum. */
#define IP6_ECHO "6000000000083a40fd000000000000000000000000000002fd0000000000000000000000000000018000000000000000"

static void test_shapes(void)
{
	struct xtun_packet p;
	struct xtun_drop d;

	parse(&p, MACS "810000050800" IP_HEADER IPS "10920009000c15ac61626364");
	ok(p.vlan == 5 && p.type == 0x0800 && p.sum.verdict == XTUN_SUM_RIGHT, "behind a VLAN tag");
	parse(&p, MACS "08004500");
	ok(!p.family && p.proto == -1, "a header that is cut short");
	parse(&p, MACS "08004f00002000004000401127cf" IPS);
	ok(p.family == AF_INET && !p.transport && p.dport == -1, "options that are cut short");
	parse(&p, MACS "0800450000200000200040112605" IPS "10920009000c15ac61626364");
	ok(p.fragment && p.dport == -1, "a fragment has no ports");
	frame(&d, UDP_RIGHT);
	for (d.kept = 0; d.kept < d.len; d.kept++) {
		xtun_packet_parse(&p, &d);
		if (p.sum.verdict != XTUN_SUM_UNKNOWN)
			break;
	}
	ok(d.kept == d.len, "no checksum is judged of a frame that is not all there");
	frame(&d, IP6_ECHO);
	d.ethernet = false;
	d.proto = 0x86dd;
	xtun_packet_parse(&p, &d);
	ok(p.family == AF_INET6 && p.proto == 58 && p.ttl == 64 && !p.mac &&
	   p.sum.verdict == XTUN_SUM_WRONG, "IPv6 without an Ethernet header");
}

/* IPv6 options fill all bytes that are kept, and announce a header behind them. */
static void test_nothing_behind(void)
{
	static struct xtun_drop d;
	struct xtun_packet p;

	frame(&d, IP6_ECHO);
	d.ethernet = false;
	d.proto = 0x86dd;
	d.kept = sizeof(d.bytes);
	d.len = d.kept + 8;
	d.bytes[6] = 0;
	d.bytes[40] = 58;
	d.bytes[41] = (d.kept - 40) / 8 - 1;
	xtun_packet_parse(&p, &d);
	ok(p.proto == 58 && !p.transport, "what begins where no byte is kept is not there");
	d.bytes[41]--;
	xtun_packet_parse(&p, &d);
	ok(p.transport == d.bytes + d.kept - 8, "... and what begins before that is");
	parse(&p, MACS "08004500001c0000400001026518" IPS "1100eeff00000000");
	ok(p.sum.verdict == XTUN_SUM_RIGHT, "the checksum of IGMP is of its own bytes alone");
}

static void test_header(void)
{
	struct xtun_drop d;
	size_t kept;

	frame(&d, UDP_RIGHT);
	ok(xtun_has_ethernet_header(d.bytes, d.kept, d.len), "a frame where a packet should be");
	ok(!xtun_has_ethernet_header(d.bytes, d.kept, d.len + 1), "not if the lengths differ");
	ok(!xtun_has_ethernet_header(d.bytes + ETH_HEADER, d.kept - ETH_HEADER, d.len - ETH_HEADER),
	   "nor of a packet");
	for (kept = 0; kept < ETH_HEADER + 20; kept++)
		if (xtun_has_ethernet_header(d.bytes, kept, kept))
			break;
	ok(kept == ETH_HEADER + 20, "nor of what is cut short");
	frame(&d, MACS "86dd" IP6_ECHO);
	ok(xtun_has_ethernet_header(d.bytes, d.kept, d.len), "the same of IPv6");
}

static void test_words(void)
{
	static const char longest[] = "'''''''''''''''";
	struct xtun_word w;

	ok(!strcmp(xtun_word("br-lan.5", &w), "br-lan.5"), "a plain name stands as it is");
	ok(!strcmp(xtun_word("$(x)", &w), "'$(x)'"), "one that a shell would run is quoted");
	ok(!strcmp(xtun_word("a'b", &w), "'a'\\''b'"), "one with a quote too");
	ok(strlen(xtun_word(longest, &w)) == 2 + 4 * strlen(longest), "the longest there is fits");
}

/* Called by pcapng.c for the comment, which is not tested here. */
void xtun_finding_cause(FILE *out, const struct xtun_finding *v)
{
	fputs(v->where, out);
}

/* Count the blocks of a type. VALUE is set to the 16 bits at offset N of the last one. */
static size_t blocks(const char *file, size_t size, uint32_t type, size_t n, uint16_t *value)
{
	uint32_t head[2] = { 0, 0 };
	size_t count = 0;

	for (size_t i = 0; i + 12 <= size; i += head[1]) {
		memcpy(head, file + i, sizeof(head));
		if (head[1] < 12 || head[1] > size - i)
			return 0;
		if (head[0] != type)
			continue;
		memcpy(value, file + i + n, sizeof(*value));
		count++;
	}
	return count;
}

static void test_file(void)
{
	struct xtun_finding v = { .where = "somewhere", .whole = true };
	uint16_t link = 0, interface = 9;
	struct xtun_pcapng p;
	struct xtun_drop d;
	char *file;
	size_t size;
	FILE *out = open_memstream(&file, &size);

	if (!out)
		abort();
	frame(&d, UDP_RIGHT);
	v.bytes = d.bytes;
	v.kept = d.kept;
	v.len = d.len;
	xtun_pcapng_begin(&p, out, "tun0");
	xtun_pcapng_frame(&p, &v);
	v.whole = false;
	xtun_pcapng_frame(&p, &v);
	fflush(out);
	ok(blocks(file, size, 1, 8, &link) == 1 && link == 101,
	   "a file of a tun has one interface, of packets, for whole frames too");
	ok(blocks(file, size, 6, 8, &interface) == 2 && interface == 0, "and both are of it");
	v.ethernet = true;
	xtun_pcapng_frame(&p, &v);
	fflush(out);
	ok(blocks(file, size, 1, 8, &link) == 2 && link == 1 &&
	   blocks(file, size, 6, 8, &interface) == 3 && interface == 1,
	   "where there is such a header, it is of another");
	fclose(out);
	free(file);
}

/* Whether PRINT prints exactly WANTED. */
static bool prints(void (*print)(FILE *out, const struct xtun_cause *cause),
		   const struct xtun_cause *cause, const char *wanted)
{
	char text[256] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	if (!out)
		abort();
	print(out, cause);
	fclose(out);
	return !strcmp(text, wanted);
}

static void test_causes(void)
{
	static const struct xtun_cause
		all = { .cure = "c", .undo = "u", .advice = "a" },
		advised = { .advice = "a\033b" },
		none = { .why = "w" };

	ok(prints(xtun_cause_print, &all,
		  "  fix: c\n  undo: u\n  or: a\n"),
	   "a cure, what takes it back, and advice besides");
	ok(prints(xtun_cause_print, &advised, "  fix: a\\033b\n"),
	   "advice alone mends it, and obeys no terminal");
	ok(prints(xtun_cause_print, &none, ""), "of what nothing mends nothing is printed");
	ok(prints(xtun_cause_json, &all, ",\"cure\":\"c\",\"undo\":\"u\",\"advice\":\"a\""),
	   "the same for programs");
	ok(prints(xtun_cause_json, &none, ",\"cure\":null,\"undo\":null,\"advice\":null"),
	   "... to whom it is null");
}

static const struct xtun_cause *gone(const char *line)
{
	static struct xtun_cause cause;
	struct xtun_dead dead;

	if (!xtun_dead_parse(line, "tap5", &dead))
		return NULL;
	xtun_dead_mend(&cause, "tap5", &dead);
	return &cause;
}

static void test_gone(void)
{
	const struct xtun_cause *c;

	ok(!gone("tap5: up, carrier, mtu 1500\n") &&
	   !gone("tap55: gone 0.1 s ago: x[1] deleted it\n"),
	   "one that is there, or another, is not gone");
	c = gone("tap5: gone 0.025 s ago: cat[8] closed its last file\n");
	ok(!strcmp(c->cure, "ip link add tap5 type xtun") &&
	   !strcmp(c->undo, "ip link del dev tap5") && !c->why[0],
	   "a tap that is gone can be made by hand");
	c = gone("tap5: gone 0.025 s ago, a tap of 4 queues: cat[8] deleted it\n");
	ok(!strcmp(c->cure, "ip link add tap5 numtxqueues 4 type xtun"), "with as many queues");
	c = gone("tap5: gone 0.025 s ago, a tun: cat[8] closed its last file\n");
	ok(!c->cure[0] && !c->undo[0] && c->advice[0], "a tun cannot");
	c = gone("tap5: gone 1.5 s ago, a tun of 2 queues: cat[8] closed its last file\n");
	ok(!c->cure[0], "whatever its queues");
	c = gone("tap5: gone 1.5 s ago: moved to another namespace by ip[8]\n");
	ok(!c->cure[0] && strstr(c->advice, " netns "), "one that moved is not made once more");
	c = gone("tap5: gone 1.5 s ago: , a tun[8] closed its last file; it had lost 3, the last 2.5 s ago: rx_lost_down, errno 5\n");
	ok(c->cure[0] && !strcmp(c->why, "written while tap5 was down; write() failed with EIO"),
	   "a program is not taken for that by its name; and what was lost last is told");
	c = gone("tap5: gone 1.5 s ago: x[8] deleted it; it had lost 3, the last 2.5 s ago: rx_lost_layout, errno 90\n");
	ok(!strncmp(c->why, "more pieces", 11), "... by its errno, too");
}

int main(void)
{
	test_causes();
	test_gone();
	test_words();
	test_lines();
	test_sums();
	test_shapes();
	test_nothing_behind();
	test_header();
	test_file();
	return tap_end();
}
