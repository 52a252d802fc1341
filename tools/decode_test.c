// SPDX-License-Identifier: GPL-2.0
/* Tests that need no kernel module: decoding, answering, pcap. Prints TAP. */
#include "tool.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

/* Allocated to the exact size, so that a memory checker notices a read beyond the end. */
static uint8_t *from_hex(const char *hex, size_t *len)
{
	uint8_t *frame = malloc(strlen(hex) / 2 + 1);
	unsigned int byte;

	*len = 0;
	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		if (sscanf(hex++, "%2x", &byte) != 1)
			abort();
		frame[(*len)++] = byte;
	}
	return realloc(frame, *len);
}

static char *decoded(const uint8_t *frame, size_t kept, size_t len)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	xtun_decode(out, frame, kept, len);
	fclose(out);
	return text;
}

#define KERNEL "525400000001 "
#define HOST "027874756e01 "
#define IPS "0a630001 0a630002 "
#define TO_KERNEL "525400000001 027874756e01 "
#define V4 TO_KERNEL "0800 "
#define V6 TO_KERNEL "86dd 6000 0000 "
#define V6_IPS "fe800000000000000000000000000001 fe800000000000000000000000000002 "
#define ARP_HEADER "0806 0001 0800 06 04 "
#define ARP_REQUEST \
	"ffffffffffff " KERNEL ARP_HEADER "0001 " KERNEL "0a630001 000000000000 0a630002"
#define ARP_REPLY TO_KERNEL ARP_HEADER "0002 " HOST "0a630002 " KERNEL "0a630001"
#define ECHO_IP HOST KERNEL "0800 4500 0020 0001 4000 40 01 2605 " IPS
#define ECHO_REQUEST ECHO_IP "0800 f7fa 0001 0003 ffff0000"

static const struct {
	const char *name, *hex, *line;
} frames[] = {
	{ "ARP request", ARP_REQUEST, "ARP who has 10.99.0.2 tell 10.99.0.1" },
	{ "ARP reply", ARP_REPLY, "ARP reply 10.99.0.2 is at 02:78:74:75:6e:01" },
	{ "ARP for another protocol",
	  TO_KERNEL "0806 0001 86dd 06 04 0001 000000000000 00000000 000000000000 00000000",
	  "ARP, not for Ethernet and IPv4" },
	{ "ARP cut short", TO_KERNEL "0806 0001 0800", "ARP [cut short after 4 bytes]" },
	{ "ICMP echo request", ECHO_REQUEST,
	  "IP 10.99.0.1 > 10.99.0.2 ICMP echo request, id 1, seq 3, length 12" },
	{ "ICMP port unreachable",
	  V4 "4500 001c 0001 0000 40 01 0000 " IPS "0303 0000 00000000",
	  "IP 10.99.0.1 > 10.99.0.2 ICMP unreachable code 3, length 8" },
	{ "UDP with padding",
	  V4 "4500 001e 0000 0000 40 11 0000 " IPS "1f90 0035 000a 0000 6162 0000000000000000",
	  "IP 10.99.0.1.8080 > 10.99.0.2.53 UDP, length 2" },
	{ "UDP with less than its header promises",
	  V4 "4500 0030 0000 0000 40 11 0000 " IPS "1f90 0035 000a 0000 6162",
	  "IP 10.99.0.1.8080 > 10.99.0.2.53 UDP, length 2 [18 bytes are missing]" },
	{ "TCP SYN",
	  V4 "4500 0028 0000 0000 40 06 0000 " IPS "c350 0050 00000001 00000000 5002 faf0 00000000",
	  "IP 10.99.0.1.50000 > 10.99.0.2.80 TCP [S] seq 1 win 64240, length 0" },
	{ "TCP data, with options",
	  V4 "4500 002e 0000 0000 40 06 0000 " IPS
	  "c350 0050 ffffffff 00000002 6018 faf0 0000 0000 01010101 6162",
	  "IP 10.99.0.1.50000 > 10.99.0.2.80 TCP [P.] seq 4294967295 ack 2 win 64240, length 2" },
	{ "IP options are stepped over",
	  V4 "4600 0020 0000 0000 40 11 0000 " IPS "01010101 1f90 0035 0008 0000",
	  "IP 10.99.0.1.8080 > 10.99.0.2.53 UDP, length 0" },
	{ "first fragment",
	  V4 "4500 001c 0000 2000 40 11 0000 " IPS "1f90 0035 0800 0000",
	  "IP 10.99.0.1.8080 > 10.99.0.2.53 UDP, length 0, more fragments" },
	{ "later fragment",
	  V4 "4500 001c 0000 0003 40 11 0000 " IPS "1f90 0035 0800 0000",
	  "IP 10.99.0.1 > 10.99.0.2 protocol 17, fragment at 24, length 8" },
	{ "another IP protocol",
	  V4 "4500 0018 0000 0000 40 2f 0000 " IPS "00000000",
	  "IP 10.99.0.1 > 10.99.0.2 protocol 47, length 4" },
	{ "IP header of 16 bytes",
	  V4 "4400 0018 0000 0000 40 2f 0000 " IPS,
	  "IP with an invalid header" },
	{ "IPv6 neighbour solicitation",
	  V6 "0018 3a ff " V6_IPS "8700 0000 00000000 fe800000000000000000000000000002",
	  "IP6 fe80::1 > fe80::2 ICMP6 neighbour solicitation, who has fe80::2, length 24" },
	{ "IPv6 hop-by-hop options, multicast report",
	  V6 "0010 00 01 " V6_IPS "3a00 0502 0000 0100 8f00 0000 0000 0000",
	  "IP6 fe80::1 > fe80::2 ICMP6 multicast report v2, length 8" },
	{ "IPv6 later fragment",
	  V6 "000c 2c 40 " V6_IPS "1100 0009 00000001 61626364",
	  "IP6 fe80::1 > fe80::2 protocol 17, fragment at 8, length 4" },
	{ "IPv6 UDP",
	  V6 "0008 11 40 " V6_IPS "1f90 0035 0008 0000",
	  "IP6 fe80::1.8080 > fe80::2.53 UDP, length 0" },
	{ "VLAN tag", TO_KERNEL "8100 a005 0806",
	  "vlan 5 priority 5, ARP [cut short after 0 bytes]" },
	{ "two VLAN tags", TO_KERNEL "88a8 0007 8100 0005 88cc 0000",
	  "vlan 7, vlan 5, ethertype 0x88cc, length 2" },
	{ "VLAN cut short", TO_KERNEL "8100 00", "VLAN [cut short after 1 bytes]" },
	{ "802.3", TO_KERNEL "0003 424203", "802.3, length 3" },
	{ "shorter than its header", "525400", "Ethernet [cut short after 3 bytes]" },
};

static void test_lines(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
		size_t len;
		uint8_t *frame = from_hex(frames[i].hex, &len);
		char *text = decoded(frame, len, len);

		if (!ok(!strcmp(text, frames[i].line), frames[i].name))
			printf("# is   %s\n# want %s\n", text, frames[i].line);
		free(text);
		free(frame);
	}
}

static void is_line(const char *hex, size_t kept, const char *line, const char *name)
{
	size_t len;
	uint8_t *frame = from_hex(hex, &len);
	char *text = decoded(frame, kept, len);

	if (!ok(!strcmp(text, line), name))
		printf("# is   %s\n# want %s\n", text, line);
	free(text);
	free(frame);
}

/* Bytes that were not kept are not reported as missing. */
static void test_part_kept(void)
{
	is_line(ECHO_REQUEST, 14 + 20 + 8,
		"IP 10.99.0.1 > 10.99.0.2 ICMP echo request, id 1, seq 3, length 12",
		"of a frame whose headers are kept, nothing is missing");
	is_line(ECHO_REQUEST, 14 + 20 + 6,
		"IP 10.99.0.1 > 10.99.0.2 ICMP [6 of its 12 bytes are kept]",
		"of one that is not kept as far as that, it is not said that it was cut");
}

/* Any bytes give one line, and no read beyond them (make check CFLAGS=-fsanitize=address). */
static void test_any_bytes(void)
{
	const struct xtun_host host = { .ip = { 10, 99, 0, 2 } };
	bool one_line = true;

	srand(1);
	for (int round = 0; round < 20000; round++) {
		size_t len;
		uint8_t *whole = from_hex(frames[round % ARRAY_SIZE(frames)].hex, &len);
		size_t part = rand() % (len + 1);
		uint8_t *frame = malloc(part);
		char *text;

		memcpy(frame, whole, part);
		for (int flips = rand() % 4; part && flips; flips--)
			frame[rand() % part] = rand();
		text = decoded(frame, part, len);
		one_line = one_line && *text && !strchr(text, '\n');
		xtun_answer(&host, frame, part);
		free(text);
		free(frame);
		free(whole);
	}
	ok(one_line, "20000 frames cut and altered: one line each");
}

static unsigned int internet_sum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? p[i] : p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static const struct xtun_host host = {
	.mac = { 0x02, 0x78, 0x74, 0x75, 0x6e, 0x01 },
	.ip = { 10, 99, 0, 2 },
};

static void test_answer_arp(void)
{
	size_t len, want_len;
	uint8_t *frame = from_hex(ARP_REQUEST, &len);
	uint8_t *want = from_hex(ARP_REPLY, &want_len);

	ok(xtun_answer(&host, frame, len) == want_len && !memcmp(frame, want, want_len),
	   "an ARP request is answered");
	ok(!xtun_answer(&host, frame, len), "an ARP reply is not");
	free(frame);
	frame = from_hex(ARP_REQUEST, &len);
	frame[len - 1] = 3;
	ok(!xtun_answer(&host, frame, len), "nor is a request for another address");
	free(want);
	free(frame);
}

/* Tries every checksum, including those where the sum carries over. */
static void test_answer_echo(void)
{
	bool answered = true, valid = true;
	size_t len;
	uint8_t *request = from_hex(ECHO_REQUEST, &len);
	uint8_t frame[64];

	for (unsigned int seq = 0; seq < 65536; seq++) {
		unsigned int sum;

		memcpy(frame, request, len);
		frame[14 + 20 + 6] = seq >> 8;
		frame[14 + 20 + 7] = seq;
		memset(frame + 14 + 20 + 2, 0, 2);
		sum = ~internet_sum(frame + 34, len - 34);
		frame[14 + 20 + 2] = sum >> 8;
		frame[14 + 20 + 3] = sum;
		answered = answered && xtun_answer(&host, frame, len) == len &&
			   !memcmp(frame, request + 6, 6) && !memcmp(frame + 6, host.mac, 6) &&
			   !memcmp(frame + 26, host.ip, 4) && frame[34] == 0;
		valid = valid && internet_sum(frame + 34, len - 34) == 0xffff;
	}
	ok(answered, "each echo request is answered to its sender");
	ok(valid, "with a valid checksum");
	ok(!xtun_answer(&host, frame, len), "an echo reply is not answered");
	free(request);
}

static void test_swap(void)
{
	size_t len;
	uint8_t *frame = from_hex(ECHO_REQUEST, &len);

	xtun_swap_macs(&host, frame);
	ok(!memcmp(frame, "\x52\x54\0\0\0\1\x02xtun\1", 12), "the MAC addresses are swapped");
	free(frame);
	frame = from_hex(ARP_REQUEST, &len);
	xtun_swap_macs(&host, frame);
	ok(!memcmp(frame, "\x52\x54\0\0\0\1\x02xtun\1", 12),
	   "a broadcast comes back from the host's own address");
	free(frame);
}

static void test_pcap(void)
{
	uint8_t bytes[] = { 1, 2, 3 };
	struct xtun_frame frame = {
		.data = bytes,
		.len = 3,
		.wire_len = 9,
		.when = { .tv_sec = 7, .tv_nsec = 5999 },
	};
	uint32_t magic = 0xa1b2c3d4, seven = 7, five = 5, three = 3, nine = 9;
	char *file = NULL;
	size_t size;
	FILE *out = open_memstream(&file, &size);

	xtun_pcap_header(out);
	xtun_pcap_frame(out, &frame);
	fclose(out);
	ok(size == 24 + 16 + 3 && !memcmp(file, &magic, 4), "pcap: sizes and magic");
	ok(!memcmp(file + 24, &seven, 4) && !memcmp(file + 28, &five, 4) &&
	   !memcmp(file + 32, &three, 4) && !memcmp(file + 36, &nine, 4) &&
	   !memcmp(file + 40, bytes, 3), "pcap: a record");
	free(file);
}

int main(void)
{
	test_lines();
	test_part_kept();
	test_any_bytes();
	test_answer_arp();
	test_answer_echo();
	test_swap();
	test_pcap();
	return tap_end();
}
