// SPDX-License-Identifier: GPL-2.0
/*
 * xtun-test gro DEVICE: TCP segments are written one by one; what does GRO make of them
 * if frames enter by NAPI? GRO only waits for frames of the same tick, so a round in
 * which a tick passes may fail, and is repeated.
 */
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "gso.h"
#include "xt.h"

#define NAME		"gro0"
#define SEGMENTS	5
#define HEAD(g)		((g)->v6 ? 74 : 54)
#define ROUNDS		200
#define LIMIT		20000	/* milliseconds; nothing here takes that long */

enum outcome { WRONG, SEPARATE, PARTLY, WHOLE };

struct segment {
	uint8_t frame[2048];
	size_t len;
};

static struct segment segments[SEGMENTS];
static uint8_t buf[XT_BUF];
static int fd, packet;

/* The kernel cuts a large frame when it transmits it. Keep the segments. */
static void cut(const struct gso *g)
{
	size_t len = gso_make(buf, g);

	if (send(packet, buf, len, 0) != (ssize_t)len)
		die("send");
	for (int i = 0; i < SEGMENTS; i++) {
		ssize_t n = read(fd, segments[i].frame, sizeof(segments[i].frame));

		if (n < 0 || !gso_is_segment(g, i, segments[i].frame, n))
			die("segment %d, %zd bytes", i, n);
		segments[i].len = n;
	}
}

/* The headers, and then the payload in pieces of different sizes. */
static void put(const struct segment *s, size_t head)
{
	size_t rest = s->len - head;
	struct iovec iov[] = {
		{ (void *)s->frame, head },
		{ (void *)(s->frame + head), 1 },
		{ (void *)(s->frame + head + 1), rest / 3 },
		{ (void *)(s->frame + head + 1 + rest / 3), rest - 1 - rest / 3 },
	};

	if (writev(fd, iov, 4) != (ssize_t)s->len)
		die("writev");
}

/* A frame of a protocol that GRO does not handle, and so does not hold back. */
static void put_end(void)
{
	uint8_t end[60] = { [12] = XT_ETHERTYPE >> 8, [13] = XT_ETHERTYPE & 0xff };

	if (write(fd, end, sizeof(end)) != sizeof(end))
		die("write");
}

static enum outcome receive(const struct gso *g)
{
	enum outcome out = SEPARATE;
	int frames = 0;

	for (;;) {
		ssize_t n;

		if (xt_poll(packet, POLLIN, LIMIT, NULL) < 0)
			die("the stack receives nothing");
		n = recv(packet, buf, sizeof(buf), 0);
		if (n == GSO_VNET + 60)
			break;
		if (gso_is_whole(g, GSO_VNET, buf, n))
			return WHOLE;
		if (n < GSO_VNET || !gso_is_segment(g, frames, buf + GSO_VNET, n - GSO_VNET))
			out = PARTLY;
		frames++;
	}
	if (out == SEPARATE && frames != SEGMENTS)
		return WRONG;
	return out;
}

static enum outcome round_of(const struct gso *g)
{
	enum outcome out;

	for (int i = 0; i < SEGMENTS; i++)
		put(&segments[i], HEAD(g));
	put_end();
	out = receive(g);
	if (out == WHOLE && recv(packet, buf, sizeof(buf), 0) != GSO_VNET + 60)
		return WRONG;
	return out;
}

static const char *name_of(const struct gso *g)
{
	return g->v6 ? "IPv6" : "IPv4";
}

static void judge(const struct gso *g, const char *mode, bool merges)
{
	enum outcome out = SEPARATE;
	int i, wrong = 0;

	for (i = 0; i < (merges ? ROUNDS : 20) && out != WHOLE; i++) {
		out = round_of(g);
		wrong += out == WRONG;
	}
	ok(!wrong && (out == WHOLE) == merges, "%s, %s: %s (%d rounds)", mode,
	   name_of(g), merges ? "one" : "as they were written", i);
}

static void in_mode(const char *device, const char *mode, int flags, bool merges)
{
	static const struct gso kinds[] = {
		{ .port = 1, .mss = 1000, .payload = 4321 },
		{ .port = 2, .v6 = true, .mss = 1000, .payload = 4321 },
	};

	fd = xt_tap(device, NAME, IFF_TAP | IFF_NO_PI | IFF_NAPI | flags);
	run("sysctl -q -w net.ipv6.conf." NAME ".disable_ipv6=1; ip link set " NAME " up;"
	    "echo 100000000 >/sys/class/net/" NAME "/gro_flush_timeout");
	packet = gso_packet(NAME);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		cut(&kinds[k]);
		judge(&kinds[k], mode, merges);
	}
	close(packet);
	close(fd);
}

int gro(const char *device)
{
	bool tap = !strcmp(device, "/dev/net/tun");

	in_mode(device, "IFF_NAPI", 0, true);
	/* In this mode tap ends the NAPI round after each frame. */
	in_mode(device, "IFF_NAPI_FRAGS", IFF_NAPI_FRAGS, !tap);
	return 0;
}
