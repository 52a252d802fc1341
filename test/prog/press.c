// SPDX-License-Identifier: GPL-2.0
/* Back-pressure: a full queue makes the qdisc wait, and everything that ends this wait. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flaw.h"
#include "xt.h"

#ifndef IFF_BACKPRESSURE
#define IFF_BACKPRESSURE	0x0080
#endif

#define PRESS_IF	"press0"
#define LENGTH		10	/* txqueuelen */
#define MANY		1000	/* the qdisc's limit, too */
#define SOME		300
#define LIMIT		20000	/* milliseconds; nothing here takes that long */

static uint8_t buf[XT_BUF];

static bool have_qdisc(const char *ifname)
{
	char command[200];

	snprintf(command, sizeof(command), "ip link set %s txqueuelen %d up; "
		 "tc qdisc replace dev %s root pfifo limit %d", ifname, LENGTH, ifname, MANY);
	return !system(command);
}

static void set_flag(const char *how)
{
	run("ethtool --set-priv-flags " XT_IF " backpressure %s", how);
}

static void send_some(const char *ifname, int first, int n)
{
	int packet = xt_packet(ifname), i;

	for (i = first; i < first + n; i++)
		xt_transmit(packet, 60, i);
	close(packet);
}

/* Whether @n frames have left the qdisc since @was, or do soon. */
static bool moved(const char *ifname, uint64_t was, unsigned int n)
{
	int ms;

	for (ms = 0; xt_counter_of(ifname, "tx_in") - was < n && ms < LIMIT; ms += 10)
		usleep(10000);
	return xt_counter_of(ifname, "tx_in") - was >= n;
}

/* A frame that leaves the qdisc is counted, and shortly after is counted as lost. */
static bool lost(const char *ifname, const char *counter, uint64_t was, unsigned int n)
{
	int ms;

	for (ms = 0; xt_counter_of(ifname, counter) - was < n && ms < LIMIT; ms += 10)
		usleep(10000);
	return xt_counter_of(ifname, counter) - was == n;
}

/* How many frames come in order, from number 0 on, to a slow reader. */
static int read_slowly(int fd, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		if (xt_poll(fd, POLLIN, LIMIT, NULL) < 0 || read(fd, buf, sizeof(buf)) != 60 ||
		    xt_number(buf, 60) != i)
			break;
		if (i % 20 == 0)
			usleep(2000);
	}
	return i;
}

static void none_is_lost(const char *ifname, int fd, const char *how)
{
	uint64_t full = xt_counter_of(ifname, "tx_lost_full");
	int status;
	pid_t pid = xt_fork();

	if (!pid) {
		send_some(ifname, 0, MANY);
		_exit(0);
	}
	ok(read_slowly(fd, MANY) == MANY && xt_drain(fd) == 0 &&
	   xt_counter_of(ifname, "tx_lost_full") == full,
	   "%s: a slow reader of %d gets %d frames, in order, none lost", how, LENGTH, MANY);
	if (waitpid(pid, &status, 0) != pid || status)
		die("the sender failed");
}

static void without(int fd)
{
	uint64_t full = xt_counter("tx_lost_full");

	send_some(XT_IF, 0, MANY);
	ok(xt_counter("tx_lost_full") - full == MANY - LENGTH && xt_drain(fd) == LENGTH,
	   "without back-pressure: of %d frames all but %d are lost", MANY, LENGTH);
}

/*
 * Nothing can hold frames back. The core would drop them, and only its log would say
 * so.
 */
static void without_qdisc(int fd)
{
	uint64_t full = xt_counter("tx_lost_full");

	run("tc qdisc replace dev " XT_IF " root noqueue");
	send_some(XT_IF, 0, SOME);
	ok(xt_counter("tx_lost_full") - full == SOME - LENGTH && xt_drain(fd) == LENGTH,
	   "with noqueue: of %d frames all but %d are lost, and counted", SOME, LENGTH);
	have_qdisc(XT_IF);
}

/* Fills the queue, so that the qdisc waits. Returns what tx_in was before. */
static uint64_t stop(const char *ifname, int fd)
{
	uint64_t in;

	while (xt_drain(fd))
		;
	in = xt_counter_of(ifname, "tx_in");
	send_some(ifname, 0, SOME);
	usleep(100000);
	if (xt_counter_of(ifname, "tx_in") - in != LENGTH ||
	    xt_counter_of(ifname, "tx_waiting") != LENGTH)
		die("%s is not stopped", ifname);
	return in;
}

static void lost_after(const char *ifname, uint64_t in, uint64_t full, const char *what)
{
	ok(moved(ifname, in, SOME) && lost(ifname, "tx_lost_full", full, SOME - LENGTH),
	   "%s: the qdisc waits no more, and what does not fit is lost", what);
}

static int close_reader(int fd)
{
	uint64_t full = xt_counter("tx_lost_full"), in = stop(XT_IF, fd);

	close(fd);
	lost_after(XT_IF, in, full, "its reader closes");
	fd = xt_open(O_NONBLOCK);
	xt_drain(fd);
	return fd;
}

static void switch_off(int fd)
{
	uint64_t full = xt_counter("tx_lost_full"), in = stop(XT_IF, fd);

	set_flag("off");
	lost_after(XT_IF, in, full, "back-pressure is switched off");
	set_flag("on");
}

/* The core empties the qdisc after either change. */
static void lengthen(int fd)
{
	uint64_t in = stop(XT_IF, fd);

	run("ip link set " XT_IF " txqueuelen %d", MANY);
	send_some(XT_IF, 0, SOME);
	ok(moved(XT_IF, in, LENGTH + SOME), "txqueuelen is made larger: frames go on");
	while (xt_drain(fd))
		;
	run("ip link set " XT_IF " txqueuelen %d", LENGTH);
	none_is_lost(XT_IF, fd, "... and smaller again");
}

/* Some kernels drop what the qdisc holds at that moment, and some do not. */
static void shorten(int fd)
{
	uint64_t full = xt_counter("tx_lost_full"), in = stop(XT_IF, fd);
	int n = 0;

	run("ip link set " XT_IF " txqueuelen 2");
	send_some(XT_IF, 0, SOME);
	while (xt_poll(fd, POLLIN, 1000, NULL) >= 0 && read(fd, buf, sizeof(buf)) == 60)
		n++;
	in = xt_counter("tx_in") - in;
	full = xt_counter("tx_lost_full") - full;
	ok(n >= LENGTH + SOME && in == (unsigned int)n && !full,
	   "txqueuelen is made smaller than what waits: all is read (%d), and none is lost (%u)",
	   n, (unsigned int)full);
	run("ip link set " XT_IF " txqueuelen %d", LENGTH);
}

/* The first TUNSETIFF decides whether there is back-pressure. */
static void taken_over(void)
{
	uint64_t in, full;
	int fd, tap;

	run("ip link del " XT_IF "; ip link add " XT_IF " numtxqueues 2 type xtun");
	xt_up();
	have_qdisc(XT_IF);
	fd = xt_open(O_NONBLOCK);
	xt_drain(fd);
	set_flag("on");
	full = xt_counter("tx_lost_full");
	in = stop(XT_IF, fd);
	tap = xt_tap(XT_DEV, XT_IF, TAP | IFF_MULTI_QUEUE);
	lost_after(XT_IF, in, full, "TUNSETIFF without IFF_BACKPRESSURE");
	close(tap);
	close(fd);
}

static void down_and_up(int fd)
{
	uint64_t in = stop(XT_IF, fd);

	run("ip link set " XT_IF " down; ip link set " XT_IF " up");
	send_some(XT_IF, 0, 1);
	ok(moved(XT_IF, in, LENGTH + 1), "down and up: frames go on");
	while (xt_drain(fd))
		;
	none_is_lost(XT_IF, fd, "... and back-pressure");
}

/* If this was the last queue in service, frames have nowhere to go. */
static void detach(int fd)
{
	uint64_t in = stop(PRESS_IF, fd), was = xt_counter_of(PRESS_IF, "tx_lost_detached");

	if (flaw_queue(fd, IFF_DETACH_QUEUE))
		die("IFF_DETACH_QUEUE");
	ok(moved(PRESS_IF, in, SOME) && lost(PRESS_IF, "tx_lost_detached", was, SOME),
	   "IFF_DETACH_QUEUE: the qdisc waits no more, and all are lost");
	if (flaw_queue(fd, IFF_ATTACH_QUEUE))
		die("IFF_ATTACH_QUEUE");
	none_is_lost(PRESS_IF, fd, "... and IFF_ATTACH_QUEUE");
	xt_law(PRESS_IF);
}

static void delete(int fd)
{
	stop(PRESS_IF, fd);
	ok(!flaw_delete(PRESS_IF) && !if_nametoindex(PRESS_IF),
	   "the interface is deleted while its qdisc waits");
	fails(read(fd, buf, sizeof(buf)), EBADFD, "... and its reader gets EBADFD");
}

void theme_press(void)
{
	int fd, flags = TAP | IFF_MULTI_QUEUE | IFF_BACKPRESSURE;

	xt_up();
	if (!have_qdisc(XT_IF)) {
		skip("this kernel has no qdiscs", "back-pressure");
		return;
	}
	fd = xt_open(O_NONBLOCK);
	xt_drain(fd);
	without(fd);
	set_flag("on");
	none_is_lost(XT_IF, fd, "backpressure on");
	fd = close_reader(fd);
	switch_off(fd);
	lengthen(fd);
	shorten(fd);
	down_and_up(fd);
	without_qdisc(fd);
	none_is_lost(XT_IF, fd, "... and with a qdisc again");
	set_flag("off");
	without(fd);
	xt_law(XT_IF);
	close(fd);
	taken_over();

	fd = xt_tap(XT_DEV, PRESS_IF, flags);
	have_qdisc(PRESS_IF);
	none_is_lost(PRESS_IF, fd, "IFF_BACKPRESSURE");
	detach(fd);
	delete(fd);
	close(fd);
}
