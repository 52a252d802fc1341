// SPDX-License-Identifier: GPL-2.0
/*
 * An interface with a file that takes large frames and one that does not. What the
 * kernel transmits goes to either of them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "flaw.h"
#include "gso.h"
#include "rings.h"
#include "xt.h"

#define FRAMES		96
#define LIMIT		20000	/* milliseconds; nothing here takes that long */

static int plain, vnet, packet;
static int vnet_size = GSO_VNET;
static uint8_t buf[XT_BUF];

static void prepare(void)
{
	int one = 1;

	run("ip link del " XT_IF "; ip link add " XT_IF " numtxqueues 4 type xtun");
	xt_up();
	plain = xt_open(O_NONBLOCK);
	xt_drain(plain);
	vnet = xt_tap(XT_DEV, XT_IF, TAP | IFF_MULTI_QUEUE | IFF_VNET_HDR);
	if (ioctl(vnet, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6))
		die("TUNSETOFFLOAD");
	packet = xt_packet(XT_IF);
	if (setsockopt(packet, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)))
		die("PACKET_VNET_HDR");
}

/*
 * Some of each kind: cut into eleven, into two, not cut, and with only a checksum
 * missing.
 */
static struct gso nth(int i)
{
	struct gso g = { .v6 = i & 1, .port = 1000 + i, .mss = i & 1 ? 1440 : 1460 };
	static const size_t payloads[3] = { 15377, 1461, 500 };

	g.payload = payloads[i % 3];
	if (g.payload < g.mss)
		g.mss = 0;
	return g;
}

static void transmit(const struct gso *g)
{
	size_t len = gso_make(buf, g);

	if (send(packet, buf, len, 0) != (ssize_t)len)
		die("send of %zu bytes", len);
}

/* All of its segments come next. */
static bool comes_cut(const struct gso *g)
{
	int i, right = 0;
	ssize_t n;

	for (i = 0; i < gso_segments(g); i++) {
		memset(buf, 0xff, sizeof(buf));
		n = read(plain, buf, sizeof(buf));
		right += n > 0 && gso_is_segment(g, i, buf, n);
	}
	return right == gso_segments(g);
}

static bool comes_whole(const struct gso *g)
{
	ssize_t n;

	memset(buf, 0xff, sizeof(buf));
	n = read(vnet, buf, sizeof(buf));
	return n > 0 && gso_is_whole(g, vnet_size, buf, n);
}

/* Each frame goes to one of the files by its flow. */
static void mixed(void)
{
	int i, cut = 0, cut_right = 0, whole = 0, whole_right = 0, out = 0;
	uint64_t in_before = xt_counter("tx_in"), out_before = xt_counter("tx_out");

	for (i = 0; i < FRAMES; i++) {
		struct pollfd p[2] = { { plain, POLLIN, 0 }, { vnet, POLLIN, 0 } };
		struct gso g = nth(i);

		transmit(&g);
		if (poll(p, 2, LIMIT) < 1)
			die("frame %d does not come", i);
		if (p[0].revents) {
			cut++;
			out += gso_segments(&g);
			cut_right += comes_cut(&g);
		} else {
			whole++;
			out++;
			whole_right += comes_whole(&g);
		}
	}
	ok(cut > 0 && cut_right == cut,
	   "a plain file gets %d of %d frames cut into segments, and finished", cut, FRAMES);
	ok(whole > 0 && whole_right == whole,
	   "a file with a vnet header of %d bytes gets %d of them as they were made, and the header",
	   vnet_size, whole);
	ok(!xt_drain(plain) && !xt_drain(vnet), "... and neither gets more");
	ok(xt_counter("tx_in") - in_before == (uint64_t)out &&
	   xt_counter("tx_out") - out_before == (uint64_t)out, "each segment counts as a frame");
	xt_law(XT_IF);
}

/* A frame's segments go before the frames that already wait. */
static void in_order(void)
{
	int i, right = 0;

	if (flaw_queue(vnet, IFF_DETACH_QUEUE))
		die("IFF_DETACH_QUEUE");
	for (i = 0; i < FRAMES; i++) {
		struct gso g = nth(i);

		transmit(&g);
	}
	for (i = 0; i < FRAMES; i++) {
		struct gso g = nth(i);

		right += comes_cut(&g);
	}
	ok(right == FRAMES && !xt_drain(plain), "%d frames that wait for a plain file come in order",
	   FRAMES);
	xt_law(XT_IF);
	if (flaw_queue(vnet, IFF_ATTACH_QUEUE))
		die("IFF_ATTACH_QUEUE");
}

/* If nobody finishes them, the core does. */
static void without_offloads(void)
{
	int i, right = 0;

	if (ioctl(vnet, TUNSETOFFLOAD, 0))
		die("TUNSETOFFLOAD");
	close(vnet);
	for (i = 0; i < FRAMES; i++) {
		struct gso g = nth(i);

		transmit(&g);
		right += comes_cut(&g);
	}
	ok(right == FRAMES, "with offloads switched off the core cuts them, to the same effect");
	xt_law(XT_IF);
}

/* --- a filter cuts a frame, before or after its checksum */

static void leave(int fd, unsigned int bytes)
{
	struct sock_filter code = BPF_STMT(BPF_RET | BPF_K, bytes);
	struct sock_fprog prog = { .filter = &code, .len = 1 };

	if (ioctl(fd, TUNATTACHFILTER, &prog))
		die("TUNATTACHFILTER");
}

/* The first @same bytes contain no checksum. */
static int beginnings(struct rings *r, int fd, unsigned int bytes, size_t same)
{
	uint8_t sent[100];
	int i, right = 0;
	const uint8_t *got;
	uint32_t len;

	leave(fd, bytes);
	for (i = 0; i < FRAMES; i++) {
		struct gso g = nth(i);

		transmit(&g);
		memcpy(sent, buf + GSO_VNET, sizeof(sent));
		got = r ? rings_peek(r, &len) : buf;
		if (!r)
			len = read(fd, buf, sizeof(buf));
		right += got && len == bytes && !memcmp(got, sent, same);
		if (r)
			rings_drain(r);
	}
	return right;
}

static void filtered(bool by_ring)
{
	const char *how = by_ring ? "rings" : "read()";
	int fd = flaw_new("cut0", TAP), one = 1;
	struct rings r;

	run("sysctl -q -w net.ipv6.conf.cut0.disable_ipv6=1; ip link set cut0 up");
	if (ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6) ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) ||
	    (by_ring && rings_make(&r, fd, XTUN_RING_MIN, 0)))
		die("offloads and rings");
	packet = xt_packet("cut0");
	if (setsockopt(packet, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)))
		die("PACKET_VNET_HDR");
	ok(beginnings(by_ring ? &r : NULL, fd, 20, 20) == FRAMES,
	   "%s: 20 bytes of frames that want a checksum, or to be cut", how);
	ok(beginnings(by_ring ? &r : NULL, fd, 100, 50) == FRAMES,
	   "... and 100, in which the checksum has its place");
	xt_law("cut0");
	if (by_ring)
		rings_unmap(&r);
	close(packet);
	close(fd);
}

void theme_cut(void)
{
	prepare();
	mixed();
	vnet_size = 64;
	if (ioctl(vnet, TUNSETVNETHDRSZ, &vnet_size))
		die("TUNSETVNETHDRSZ");
	mixed();
	in_order();
	without_offloads();
	close(plain);
	close(packet);
	filtered(false);
	if (rings_offered("a filter and rings"))
		filtered(true);
}
