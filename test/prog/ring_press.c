// SPDX-License-Identifier: GPL-2.0
/*
 * Back-pressure of a ring: a full ring makes the qdisc wait, and everything that ends
 * this wait.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flaw.h"
#include "rings.h"
#include "xt.h"

#ifndef IFF_BACKPRESSURE
#define IFF_BACKPRESSURE	0x0080
#endif

#define PRESS_IF	"rpress0"
#define SIZE		XTUN_RING_MIN
#define FRAME		1000
#define MANY		900	/* the qdisc's limit, too */
#define SOME		300
#define LIMIT		20000	/* milliseconds; nothing here takes that long */

static const char *ifname;

static bool have_qdisc(void)
{
	char command[200];

	snprintf(command, sizeof(command), "sysctl -q -w net.ipv6.conf.%s.disable_ipv6=1; "
		 "ip link set %s up; tc qdisc replace dev %s root pfifo limit 1000", ifname,
		 ifname, ifname);
	return !system(command);
}

static void send_some(int n)
{
	int packet = xt_packet(ifname), i;

	for (i = 0; i < n; i++)
		xt_transmit(packet, FRAME, i);
	close(packet);
}

static uint64_t counted(const char *name)
{
	return xt_counter_of(ifname, name);
}

static int read_slowly(struct rings *r, int n)
{
	const uint8_t *frame;
	uint32_t len;
	int i;

	for (i = 0; i < n; i++) {
		frame = rings_await(r, &len, LIMIT);
		if (!frame || len != FRAME || xt_number(frame, len) != i)
			break;
		rings_release(r);
		if (i % 20 == 0)
			usleep(2000);
	}
	return i;
}

static void none_is_lost(struct rings *r, const char *how)
{
	uint64_t full = counted("tx_lost_full");
	int status, n;
	pid_t pid = xt_fork();

	if (!pid) {
		send_some(MANY);
		_exit(0);
	}
	n = read_slowly(r, MANY);
	ok(n == MANY && !rings_drain(r) && counted("tx_lost_full") == full,
	   "%s: a slow reader gets %d frames, in order, none lost (%d)", how, MANY, n);
	if (waitpid(pid, &status, 0) != pid || status)
		die("the sender failed");
}

static struct rings make(int flags)
{
	struct rings r;
	int fd = flaw_new(PRESS_IF, flags | IFF_BACKPRESSURE);

	if (rings_make(&r, fd, SIZE, 0))
		die("XTUN_IOC_SET_RINGS");
	ifname = PRESS_IF;
	have_qdisc();
	return r;
}

static void end(struct rings *r)
{
	xt_law(ifname);
	rings_unmap(r);
	close(r->fd);
}

/*
 * Fills the ring as far as it may be; the qdisc has the rest. Returns what tx_in was
 * before.
 */
static uint64_t stop(struct rings *r)
{
	uint64_t in;

	while (rings_drain(r))
		;
	in = counted("tx_in");
	send_some(SOME);
	usleep(100000);
	ok(counted("tx_in") - in < SOME && r->kernel->doorbell & XTUN_DOORBELL_TX,
	   "the qdisc waits with some, and the doorbell is wanted");
	return in;
}

/* Whether all frames have left the qdisc since @in, or do soon. */
static bool moved(uint64_t in)
{
	int ms;

	for (ms = 0; counted("tx_in") - in < SOME && ms < LIMIT; ms += 10)
		usleep(10000);
	return counted("tx_in") - in >= SOME;
}

static void doorbell(struct rings *r)
{
	uint64_t in = stop(r);
	struct rings silent = *r;
	int n;

	/* Frames are taken without a doorbell: the kernel does not know. */
	silent.fd = -1;
	n = rings_drain(&silent);
	usleep(50000);
	ok(n && counted("tx_in") - in == (uint64_t)n, "room alone does not start it");
	ok(ioctl(r->fd, XTUN_IOC_DOORBELL) == 0, "the doorbell");
	while (moved(in), rings_drain(r))
		;
	ok(counted("tx_in") - in == SOME, "... does");
}

static void switched_off(struct rings *r)
{
	uint64_t in = stop(r);

	run("ethtool --set-priv-flags %s backpressure off", ifname);
	ok(moved(in), "back-pressure is switched off: the qdisc waits no more");
	run("ethtool --set-priv-flags %s backpressure on", ifname);
}

static void down_and_up(struct rings *r)
{
	stop(r);
	run("ip link set %s down; ip link set %s up", ifname, ifname);
	rings_drain(r);
	none_is_lost(r, "down and up");
	/* Again, with what is in the ring from before. */
	stop(r);
	run("ip link set %s down; ip link set %s up", ifname, ifname);
	send_some(SOME);
	usleep(100000);
	ok(!counted("tx_lost_full"), "down and up: it presses back with a full ring, too (%u)",
	   (unsigned int)counted("tx_lost_full"));
	while (rings_drain(r))
		usleep(10000);
}

static void detach(void)
{
	struct rings r = make(TAP | IFF_MULTI_QUEUE);
	uint64_t in = stop(&r);

	if (flaw_queue(r.fd, IFF_DETACH_QUEUE))
		die("IFF_DETACH_QUEUE");
	ok(moved(in), "IFF_DETACH_QUEUE: the qdisc waits no more");
	if (flaw_queue(r.fd, IFF_ATTACH_QUEUE))
		die("IFF_ATTACH_QUEUE");
	while (rings_drain(&r))
		;
	none_is_lost(&r, "... and IFF_ATTACH_QUEUE");
	end(&r);
}

static void broken(void)
{
	struct rings r = make(TAP | IFF_MULTI_QUEUE);
	uint64_t in = stop(&r);

	r.user->rx_prod = 12345;
	fails(ioctl(r.fd, XTUN_IOC_DOORBELL), EPIPE, "its program writes nonsense: EPIPE");
	ok(moved(in), "broken: the qdisc waits no more");
	end(&r);
}

/* A header in front of the frame needs room, too. */
static void with_headers(void)
{
	struct rings r = make(TAP | IFF_VNET_HDR);
	int vnet = 64, packet;
	uint32_t len;

	if (ioctl(r.fd, TUNSETVNETHDRSZ, &vnet))
		die("TUNSETVNETHDRSZ");
	run("ip link set " PRESS_IF " mtu 65521");
	packet = xt_packet(PRESS_IF);
	/*
	 * After the first frame there is room for the longest frame, but not for its
	 * header.
	 */
	xt_transmit(packet, 65400, 1);
	xt_transmit(packet, 65535, 2);
	ok(rings_peek(&r, &len) && len == 65400 + 64, "a long frame");
	rings_release(&r);
	ok(rings_await(&r, &len, LIMIT) && len == 65535 + 64 && !counted("tx_lost_full"),
	   "... and one that would fit but for its header waits");
	rings_drain(&r);
	/* No ring has room for this header. */
	vnet = INT_MAX;
	if (ioctl(r.fd, TUNSETVNETHDRSZ, &vnet))
		die("TUNSETVNETHDRSZ");
	xt_transmit(packet, 100, 3);
	vnet = 10;
	if (ioctl(r.fd, TUNSETVNETHDRSZ, &vnet))
		die("TUNSETVNETHDRSZ");
	xt_transmit(packet, 100, 4);
	ok(counted("tx_lost_full") == 1 && rings_await(&r, &len, LIMIT) && len == 110,
	   "and none waits for room that there will never be");
	rings_drain(&r);
	close(packet);
	end(&r);
}

static void deleted(void)
{
	struct rings r = make(TAP);

	stop(&r);
	ok(!flaw_delete(PRESS_IF), "the interface is deleted while its qdisc waits");
	rings_unmap(&r);
	close(r.fd);
}

static void closed(void)
{
	struct rings r;
	uint64_t in;

	ifname = XT_IF;
	run("ethtool --set-priv-flags " XT_IF " backpressure on");
	if (rings_make(&r, xt_open(O_NONBLOCK), SIZE, 0))
		die("XTUN_IOC_SET_RINGS");
	have_qdisc();
	none_is_lost(&r, "backpressure on");
	in = stop(&r);
	rings_unmap(&r);
	close(r.fd);
	ok(moved(in), "the file is closed: the qdisc waits no more");
	xt_law(XT_IF);
	run("ethtool --set-priv-flags " XT_IF " backpressure off");
}

void theme_ring_press(void)
{
	struct rings r;

	if (!rings_offered("back-pressure of rings"))
		return;
	xt_up();
	ifname = XT_IF;
	if (!have_qdisc()) {
		skip("this kernel has no qdiscs", "back-pressure of rings");
		return;
	}
	r = make(TAP);
	none_is_lost(&r, "IFF_BACKPRESSURE");
	doorbell(&r);
	switched_off(&r);
	while (rings_drain(&r))
		;
	end(&r);
	r = make(TAP);
	down_and_up(&r);
	end(&r);
	detach();
	broken();
	with_headers();
	deleted();
	closed();
}
