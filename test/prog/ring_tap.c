// SPDX-License-Identifier: GPL-2.0
/* Rings of files that called TUNSETIFF: the header of a frame is in its record. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "flaw.h"
#include "gso.h"
#include "rings.h"
#include "xt.h"

#define RING_IF		"rtap0"
#define SIZE		XTUN_RING_MIN
#define FRAMES		50
#define LIMIT		20000	/* milliseconds; nothing here takes that long */

static uint8_t buf[XT_BUF];

static int make(struct rings *r, int flags, uint32_t size)
{
	int fd = flaw_new(RING_IF, flags);

	if (rings_make(r, fd, size, 0))
		die("XTUN_IOC_SET_RINGS");
	run("sysctl -q -w net.ipv6.conf." RING_IF ".disable_ipv6=1; ip link set " RING_IF " up");
	return fd;
}

static void end(struct rings *r)
{
	xt_law(RING_IF);
	rings_unmap(r);
	close(r->fd);
}

/* --- every form that a frame can have */

static bool is_blank(const uint8_t *p, size_t n)
{
	while (n && !p[n - 1])
		n--;
	return !n;
}

/* The packet information has a protocol, and so is not blank. */
static bool is_header(const uint8_t *p, int flags)
{
	size_t pi = flags & IFF_NO_PI ? 0 : 4;

	return (!pi || is_blank(p, 2)) && is_blank(p + pi, flaw_header(flags) - pi);
}

static void form(const struct flaw_mode *mode)
{
	size_t head = flaw_header(mode->flags), len;
	unsigned int i, out = 0, in = 0, taken = 0;
	unsigned long received;
	struct rings r;
	const uint8_t *got;
	uint32_t n;
	int packet, ms;

	make(&r, mode->flags, SIZE);
	packet = xt_packet(RING_IF);
	for (i = 0; i < FRAMES; i++) {
		xt_transmit(packet, 60 + i, i);
		got = rings_peek(&r, &n);
		out += got && n == head + 60 + i && is_header(got, mode->flags) &&
		       xt_number(got + head, n - head) == i;
		rings_drain(&r);
	}
	ok(out == FRAMES, "%s: %u frames by the tx ring (%u)", mode->name, FRAMES, out);

	received = flaw_received(RING_IF);
	len = flaw_frame(buf, mode->flags);
	for (i = 0; i < FRAMES; i++)
		taken += rings_send(&r, buf, len);
	for (ms = 0; ms < LIMIT && in < FRAMES; ms += 10) {
		in = flaw_received(RING_IF) - received;
		if (in < FRAMES)
			usleep(10000);
	}
	ok(in == FRAMES && taken == FRAMES, "%s: %u by the rx ring (%u taken, %u received)",
	   mode->name, FRAMES, taken, in);
	close(packet);
	end(&r);
}

/* --- large frames, with what is left to do in the header */

static int vnet_packet(const char *ifname)
{
	int one = 1, packet = xt_packet(ifname);

	if (setsockopt(packet, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)))
		die("PACKET_VNET_HDR");
	return packet;
}

static struct gso nth(int i)
{
	static const size_t payloads[3] = { 60000, 1461, 500 };
	struct gso g = { .v6 = i & 1, .port = 1000 + i, .mss = i & 1 ? 1440 : 1460 };

	g.payload = payloads[i % 3];
	if (g.payload < g.mss)
		g.mss = 0;
	return g;
}

static void transmit(int packet, const struct gso *g)
{
	size_t len = gso_make(buf, g);

	if (send(packet, buf, len, 0) != (ssize_t)len)
		die("send of %zu bytes", len);
}

static void large_out(struct rings *r, int packet, int vnet)
{
	unsigned int i, right = 0;
	const uint8_t *got;
	uint32_t len;

	for (i = 0; i < FRAMES; i++) {
		struct gso g = nth(i);

		transmit(packet, &g);
		got = rings_peek(r, &len);
		right += got && gso_is_whole(&g, vnet, got, len);
		rings_drain(r);
	}
	ok(right == FRAMES, "large frames and a vnet header of %d bytes by the tx ring: %u of %u",
	   vnet, right, FRAMES);
}

/* What the stack receives is what a packet socket sees. */
static void large_in(struct rings *r, int vnet)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex(RING_IF),
	};
	unsigned int i, right = 0;
	int packet = vnet_packet(RING_IF);

	if (bind(packet, (struct sockaddr *)&ll, sizeof(ll)))
		die("bind");
	for (i = 0; i < FRAMES; i++) {
		struct gso g = nth(i);
		size_t len = gso_make(buf, &g);
		ssize_t n = -1;

		memmove(buf + vnet, buf + GSO_VNET, len - GSO_VNET);
		memset(buf + GSO_VNET, 0, vnet - GSO_VNET);
		rings_send(r, buf, len - GSO_VNET + vnet);
		if (xt_poll(packet, POLLIN, LIMIT, NULL) >= 0)
			n = recv(packet, buf, sizeof(buf), 0);
		right += n > 0 && gso_is_whole(&g, GSO_VNET, buf, n);
	}
	ok(right == FRAMES, "... and by the rx ring: %u of %u", right, FRAMES);
	close(packet);
}

static void large(int vnet)
{
	struct rings r;
	int packet, fd = make(&r, TAP | IFF_VNET_HDR, SIZE);

	if (ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6) ||
	    ioctl(fd, TUNSETVNETHDRSZ, &vnet))
		die("offloads");
	packet = vnet_packet(RING_IF);
	large_out(&r, packet, vnet);
	large_in(&r, vnet);
	close(packet);
	end(&r);
}

/* Which of the two gets the frame, whole or cut, and whether all of it is right. */
static bool comes(struct rings *plain, struct rings *vnet, const struct gso *g, bool *whole)
{
	const uint8_t *got;
	int k, good = 0;
	uint32_t len;

	got = rings_peek(vnet, &len);
	*whole = got;
	if (got) {
		good = gso_is_whole(g, GSO_VNET, got, len);
		return good && rings_drain(vnet) == 1 && !rings_drain(plain);
	}
	for (k = 0; (got = rings_peek(plain, &len)); k++) {
		good += gso_is_segment(g, k, got, len);
		rings_release(plain);
	}
	return good == k && k == gso_segments(g);
}

/* One file of the interface takes large frames, and a plain file gets them cut. */
static void cut(void)
{
	unsigned int i, right = 0, n = 0;
	struct rings plain, vnet;
	bool whole;
	int packet;

	run("ip link del " XT_IF "; ip link add " XT_IF " numtxqueues 4 type xtun");
	xt_up();
	/*
	 * The first TUNSETIFF decides about the headers, although its file is the
	 * second one.
	 */
	if (rings_make(&plain, xt_open(O_NONBLOCK), SIZE, 0) ||
	    rings_make(&vnet, flaw_new(XT_IF, TAP | IFF_MULTI_QUEUE | IFF_VNET_HDR), SIZE, 0) ||
	    ioctl(vnet.fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6))
		die("rings and offloads");
	packet = vnet_packet(XT_IF);
	for (i = 0; i < FRAMES; i++) {
		struct gso g = nth(i);

		transmit(packet, &g);
		right += comes(&plain, &vnet, &g, &whole);
		n += whole;
	}
	ok(right == FRAMES && n && n < FRAMES,
	   "a plain file's rings get segments, finished, another's whole frames: %u of %u right, %u whole",
	   right, FRAMES, n);
	xt_law(XT_IF);
	close(packet);
	rings_unmap(&vnet);
	close(vnet.fd);
	rings_unmap(&plain);
	close(plain.fd);
}

/* --- the largest frames */

static void largest(void)
{
	uint64_t lost = xt_counter_of(RING_IF, "tx_lost_full");
	unsigned int i, right = 0;
	struct rings r;
	int packet;

	make(&r, TAP | IFF_MULTI_QUEUE, 2 * SIZE);
	run("ip link set " RING_IF " mtu 65521");
	packet = xt_packet(RING_IF);
	for (i = 0; i < 3; i++)
		xt_transmit(packet, 65535, i);
	for (i = 0; i < 3; i++)
		right += rings_next_is(&r, 65535, i);
	ok(right == 3 && xt_counter_of(RING_IF, "tx_lost_full") == lost,
	   "three frames of 64 KiB in a ring of 256 KiB (%u)", right);
	for (right = i = 0; i < FRAMES; i++) {
		size_t len = xt_numbered(buf, xt_everyone, xt_peer, XT_FRAME_MAX, i);

		right += rings_send(&r, buf, len);
	}
	ok(right == FRAMES && xt_counter_of(RING_IF, "rx_out") == FRAMES,
	   "%u frames of %d bytes by the rx ring (%u)", FRAMES, XT_FRAME_MAX, right);
	for (right = i = 0; i < FRAMES; i++) {
		xt_transmit(packet, 65535, i);
		right += rings_next_is(&r, 65535, i);
	}
	ok(right == FRAMES, "... and of 65535 by the tx ring (%u)", right);
	close(packet);
	end(&r);
}

/* --- records that are no frames, each with the loss that a write() would have had */

static void loses(struct rings *r, const void *data, uint32_t len, const char *loss,
		  const char *what)
{
	char name[50];
	uint64_t in = xt_counter_of(RING_IF, "rx_in"), lost;
	int n;

	snprintf(name, sizeof(name), "rx_lost_%s", loss);
	lost = xt_counter_of(RING_IF, name);
	n = rings_send(r, data, len);
	ok(n == 1 && xt_counter_of(RING_IF, name) == lost + 1 &&
	   xt_counter_of(RING_IF, "rx_in") == in + 1 && !r->kernel->status,
	   "%s: lost as %s, and the ring goes on (%d)", what, loss, n);
}

static void losses_ethernet(void)
{
	struct rings r;

	make(&r, TAP, 2 * SIZE);
	xt_numbered(buf, xt_everyone, xt_peer, XT_FRAME_MAX, 1);
	loses(&r, buf, 0, "short", "a record of no bytes");
	loses(&r, buf, 13, "short", "a record of 13 bytes");
	loses(&r, buf, XT_FRAME_MAX + 1, "long", "a frame longer than any");
	ok(rings_send(&r, buf, 14) == 1 && xt_counter_of(RING_IF, "rx_out") == 1,
	   "a record of a header alone is a frame");
	run("ip link set " RING_IF " down");
	loses(&r, buf, 60, "down", "while the interface is down");
	run("ip link set " RING_IF " up");
	ok(rings_send(&r, buf, 60) == 1 && xt_counter_of(RING_IF, "rx_out") == 2,
	   "and up again, one more");
	end(&r);
}

static void losses_vnet(void)
{
	struct virtio_net_hdr h = { .hdr_len = 0xffff };
	struct rings r;

	make(&r, TAP | IFF_VNET_HDR, SIZE);
	memset(buf, 0, GSO_VNET);
	loses(&r, buf, GSO_VNET - 1, "short", "a vnet header that is not whole");
	loses(&r, buf, GSO_VNET + 13, "short", "a vnet header and 13 bytes");
	memcpy(buf, &h, sizeof(h));
	loses(&r, buf, 100, "header", "a vnet header that is longer than its frame");
	h.hdr_len = 0;
	h.gso_type = 77;
	memcpy(buf, &h, sizeof(h));
	xt_numbered(buf + sizeof(h), xt_everyone, xt_peer, 90, 1);
	loses(&r, buf, 100, "header", "a vnet header of a kind that there is not");
	h.gso_type = VIRTIO_NET_HDR_GSO_NONE;
	h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	h.csum_start = 14;
	h.csum_offset = 60000;
	memcpy(buf, &h, sizeof(h));
	loses(&r, buf, 100, "header", "a checksum beyond the frame");
	end(&r);
}

static void losses_tun(void)
{
	struct rings r;

	make(&r, TUN, SIZE);
	memset(buf, 0x70, 100);
	loses(&r, buf, 0, "short", "tun: a record of no bytes");
	loses(&r, buf, 100, "proto", "tun: a packet of IP version 7");
	end(&r);
	make(&r, IFF_TUN, SIZE);
	loses(&r, buf, 3, "short", "tun: protocol info that is not whole");
	end(&r);
}

/* --- IFF_DETACH_QUEUE */

static void detach(void)
{
	unsigned int i, right = 0;
	struct rings a, b;
	int packet, fd;
	uint64_t lost;

	fd = make(&a, TAP | IFF_MULTI_QUEUE, SIZE);
	packet = xt_packet(RING_IF);
	for (i = 0; i < 10; i++)
		xt_transmit(packet, 100, i);
	ok(!flaw_queue(fd, IFF_DETACH_QUEUE), "IFF_DETACH_QUEUE");
	for (i = 0; i < 10; i++)
		right += rings_next_is(&a, 100, i);
	ok(right == 10, "... what was in the ring can be read still (%u)", right);
	lost = xt_counter_of(RING_IF, "tx_lost_detached");
	xt_transmit(packet, 100, 1);
	ok(xt_counter_of(RING_IF, "tx_lost_detached") == lost + 1 && !rings_drain(&a),
	   "... the only queue is out of service: a frame is lost");
	fd = flaw_new(RING_IF, TAP | IFF_MULTI_QUEUE);
	if (rings_make(&b, fd, SIZE, 0))
		die("XTUN_IOC_SET_RINGS");
	xt_transmit(packet, 100, 2);
	ok(rings_next_is(&b, 100, 2) && !rings_drain(&a), "another file's rings get the next");
	ok(!flaw_queue(a.fd, IFF_ATTACH_QUEUE), "IFF_ATTACH_QUEUE");
	ok(!flaw_queue(b.fd, IFF_DETACH_QUEUE), "... and the other out of service");
	xt_transmit(packet, 100, 3);
	ok(rings_next_is(&a, 100, 3) && !rings_drain(&b), "the first gets frames again");
	close(packet);
	rings_unmap(&b);
	close(b.fd);
	end(&a);
}

/*
 * A program made the interface persistent, and one that does not call TUNSETIFF finds
 * it.
 */
static void left_behind(void)
{
	const uint8_t *frame = NULL;
	struct rings r;
	int fd, packet, i;
	uint32_t len;

	run("ip link del " XT_IF);
	fd = xt_tap(XT_DEV, XT_IF, TAP);
	if (ioctl(fd, TUNSETPERSIST, 1))
		die("TUNSETPERSIST");
	close(fd);
	xt_up();
	if (rings_make(&r, xt_open(O_NONBLOCK), SIZE, 0))
		die("XTUN_IOC_SET_RINGS");
	packet = xt_packet(XT_IF);
	/* The core notices the carrier within a second. */
	for (i = 0; i < LIMIT && !frame; i += 100) {
		xt_transmit(packet, 60, 7);
		frame = rings_await(&r, &len, 100);
	}
	ok(frame && xt_number(frame, len) == 7,
	   "an interface that was left behind: its carrier comes back, and frames with it");
	close(packet);
	rings_unmap(&r);
	close(r.fd);
	run("ip link del " XT_IF);
}

void theme_ring_tap(void)
{
	unsigned int i;

	if (!rings_offered("rings of taps"))
		return;
	for (i = 0; i < flaw_n_modes; i++)
		form(&flaw_modes[i]);
	large(GSO_VNET);
	large(64);
	cut();
	run("ip link add " RING_IF " numtxqueues 4 type xtun");
	largest();
	run("ip link del " RING_IF);
	losses_ethernet();
	losses_vnet();
	losses_tun();
	detach();
	left_behind();
}
