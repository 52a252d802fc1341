// SPDX-License-Identifier: GPL-2.0
/* Frames both ways, whole and unchanged, and the stack's answers. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "xt.h"

static uint8_t out[XT_BUF], in[XT_BUF];
static uint8_t mac[6];

/* The next frame of that EtherType to our MAC; the stack sends others, too. */
static ssize_t read_answer(int fd, uint16_t type)
{
	ssize_t n;

	while (xt_poll(fd, POLLIN, 5000, NULL) >= 0) {
		n = read(fd, in, sizeof(in));
		if (n >= 14 && (in[12] << 8 | in[13]) == type && !memcmp(in, xt_peer, 6))
			return n;
	}
	return -1;
}

static void arp(int fd)
{
	size_t len = xt_arp(out, xt_peer, "10.99.0.2", "10.99.0.1");
	ssize_t n;

	ok(write(fd, out, len) == (ssize_t)len, "an ARP request is written");
	n = read_answer(fd, 0x0806);
	ok(n == 42, "the ARP reply has 42 bytes, header included (%zd)", n);
	ok(!memcmp(in, xt_peer, 6) && !memcmp(in + 6, mac, 6),
	   "its header goes from the interface's MAC to ours");
	ok(in[21] == 2 && !memcmp(in + 22, mac, 6), "it is a reply and names the MAC");
}

static void echo(int fd)
{
	size_t len = xt_echo(out, mac, xt_peer, "10.99.0.2", "10.99.0.1", 7, 56);
	ssize_t n;

	ok(write(fd, out, len) == (ssize_t)len, "an ICMP echo request is written");
	n = read_answer(fd, 0x0800);
	ok(n == (ssize_t)len && in[34] == 0 && !memcmp(in + 38, out + 38, len - 38),
	   "the echo reply carries the same payload (%zd bytes)", n);
}

static int listen_udp(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(7000) };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (s < 0 || bind(s, (struct sockaddr *)&a, sizeof(a)))
		die("UDP socket");
	return s;
}

static bool udp_arrives(int fd, int s, size_t size)
{
	size_t i, len;

	for (i = 0; i < size; i++)
		in[i] = i * 7;
	len = xt_udp(out, mac, xt_peer, "10.99.0.2", "10.99.0.1", 7000, in, size);
	if (write(fd, out, len) != (ssize_t)len || xt_poll(s, POLLIN, 5000, NULL) < 0)
		return false;
	memset(in, 0, sizeof(in));
	if (recv(s, in, sizeof(in), 0) != (ssize_t)size)
		return false;
	for (i = 0; i < size; i++)
		if (in[i] != (uint8_t)(i * 7))
			return false;
	return true;
}

static void udp(int fd)
{
	/*
	 * Sizes around what fits in a page, in a head and in several pages; the largest
	 * of UDP.
	 */
	static const size_t sizes[] = { 0, 1, 18, 1472, 3000, 3500, 3700, 3800, 4096, 9000,
					20000, 40000, 65479 };
	int s = listen_udp();
	unsigned int i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		ok(udp_arrives(fd, s, sizes[i]), "UDP of %zu bytes arrives unchanged", sizes[i]);
	close(s);
}

static void tcp(int fd)
{
	static const uint8_t syn[20] = { 0x12, 0x34, 0x1b, 0x59, 0, 0, 0, 1, 0, 0, 0, 0,
					 0x50, 0x02, 0xff, 0xff, 0, 0, 0, 0 };
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(0x1b59) };
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint32_t sum = 0;
	size_t i, len;
	ssize_t n;

	if (s < 0 || bind(s, (struct sockaddr *)&a, sizeof(a)) || listen(s, 1))
		die("TCP socket");
	/* A UDP frame serves as a template: protocol 6, and the TCP checksum filled in. */
	len = xt_udp(out, mac, xt_peer, "10.99.0.2", "10.99.0.1", 0, in, 12);
	memcpy(out + 34, syn, 20);
	out[23] = 6;
	out[24] += (out[25] + 11) >> 8;	/* protocol 17 to 6: the header's sum gains 11 */
	out[25] += 11;
	for (i = 26; i < 54; i += 2)
		sum += out[i] << 8 | out[i + 1];
	sum += 6 + 20;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	out[50] = ~sum >> 8;
	out[51] = ~sum;
	ok(write(fd, out, len) == (ssize_t)len, "a TCP SYN is written");
	n = read_answer(fd, 0x0800);
	ok(n >= 54 && in[23] == 6 && in[47] == 0x12, "a local socket answers with SYN, ACK");
	close(s);
}

static void pieces(int fd)
{
	size_t len = xt_echo(out, mac, xt_peer, "10.99.0.2", "10.99.0.1", 8, 40);
	struct iovec w[] = {
		{ out, 6 }, { out + 6, 1 }, { NULL, 0 }, { out + 7, 20 }, { out + 27, len - 27 },
	};
	uint8_t head[14], rest[2000];
	struct iovec r[] = { { head, 14 }, { rest, sizeof(rest) } };
	ssize_t n;

	ok(writev(fd, w, 5) == (ssize_t)len, "writev gathers its pieces into one frame");
	if (xt_poll(fd, POLLIN, 5000, NULL) < 0)
		die("no answer to a frame in pieces");
	n = readv(fd, r, 2);
	ok(n == (ssize_t)len && !memcmp(head, xt_peer, 6) && rest[20] == 0,
	   "its answer is read in two pieces with readv");
}

static void other_mac(int fd)
{
	static const uint8_t other[6] = { 2, 0xaa, 0, 0, 0, 9 };
	struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_protocol = htons(XT_ETHERTYPE) };
	int s = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(XT_ETHERTYPE));
	uint64_t before = xt_counter("rx_out");
	socklen_t size = sizeof(ll);
	ssize_t n = -1;

	if (s < 0)
		die("packet socket");
	xt_numbered(out, other, xt_peer, 100, 77);
	ok(write(fd, out, 100) == 100, "a frame for another MAC is written");
	if (xt_poll(s, POLLIN, 5000, NULL) >= 0)
		n = recvfrom(s, in, sizeof(in), 0, (struct sockaddr *)&ll, &size);
	ok(n == 100 && ll.sll_pkttype == PACKET_OTHERHOST,
	   "the stack gets it, and knows that it is for another host");
	ok(xt_counter("rx_out") == before + 1, "xtun counts it as delivered");
	close(s);
}

static void sizes(int fd)
{
	static const size_t sizes[] = { 18, 59, 60, 61, 1514, 1515, 4095, 4096, 4097, 9014, 16384,
					32768, 65534, 65535 };
	int packet = xt_packet(XT_IF);
	unsigned int i;

	xt_drain(fd);
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size_t len = sizes[i];

		xt_transmit(packet, len, i);
		xt_numbered(out, xt_everyone, xt_peer, len, i);
		memset(in, 0, sizeof(in));
		ok(read(fd, in, sizeof(in)) == (ssize_t)len && !memcmp(in, out, len),
		   "a frame of %zu bytes is read as it was sent", len);
	}
	close(packet);
}

void theme_rw(void)
{
	int fd;

	xt_up();
	run("ip link set %s mtu 65521; ip addr add 10.99.0.1/24 dev %s", XT_IF, XT_IF);
	xt_mac(XT_IF, mac);
	fd = xt_open(O_NONBLOCK);

	arp(fd);
	/* From here on the stack has no reason to send ARP on its own. */
	run("ip neigh replace 10.99.0.2 lladdr 02:00:00:00:00:02 dev %s nud permanent", XT_IF);
	echo(fd);
	udp(fd);
	tcp(fd);
	pieces(fd);
	other_mac(fd);
	sizes(fd);
	close(fd);
}
