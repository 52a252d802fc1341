// SPDX-License-Identifier: GPL-2.0
/*
 * TUNSETSNDBUF: a writer may have only so much in the stack. What it writes goes
 * through a bridge to a port whose reader is slow and whose qdisc waits for the reader:
 *
 *   writer ---- WRITER_IF ---- bridge ---- READER_IF ---- reader
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flaw.h"
#include "xt.h"

#ifndef IFF_BACKPRESSURE
#define IFF_BACKPRESSURE	0x0080
#endif

#define WRITER_IF	"sndbuf0"
#define READER_IF	"sndbuf1"
#define BRIDGE		"sndbufbr"
#define LENGTH		10	/* txqueuelen */
#define SNDBUF		40000
#define SIZE		1000	/* of a frame */
#define MOST		200	/* more frames than there is room for */
#define MANY		600
#define LIMIT		20000	/* milliseconds; nothing here takes that long */
#define MOMENT		500

static const uint8_t unknown[6] = { 2, 0, 0, 0, 7, 7 };
static int writer, reader;
static int sent, received;	/* frames of the current case */

static bool prepared(void)
{
	cpu_set_t first_cpu;

	/* On another processor frames would take another backlog, in another order. */
	CPU_ZERO(&first_cpu);
	CPU_SET(0, &first_cpu);
	if (sched_setaffinity(0, sizeof(first_cpu), &first_cpu))
		die("sched_setaffinity");
	run("sysctl -q -w net.ipv6.conf.default.disable_ipv6=1");
	if (system("ip link add " BRIDGE " type bridge mcast_snooping 0"))
		return false;
	writer = xt_tap(XT_DEV, WRITER_IF, TAP);
	reader = xt_tap(XT_DEV, READER_IF, TAP | IFF_BACKPRESSURE);
	run("for i in %s %s; do ip link set $i txqueuelen %d master " BRIDGE " up; done; "
	    "ip link set " BRIDGE " up", WRITER_IF, READER_IF, LENGTH);
	return !system("tc qdisc replace dev " READER_IF " root pfifo limit 1000");
}

static ssize_t put(void)
{
	uint8_t frame[SIZE];
	ssize_t n;

	xt_numbered(frame, unknown, xt_peer, SIZE, sent);
	n = write(writer, frame, SIZE);
	if (n == SIZE)
		sent++;
	else if (n >= 0)
		die("a part of a frame was written");
	return n;
}

/*
 * Writes until nothing more is taken, now or soon: some may still be on its way to the
 * queue.
 */
static void fill(void)
{
	do {
		while (sent < MANY && put() > 0)
			;
		xt_poll(writer, POLLOUT, MOMENT, NULL);
	} while (sent < MANY && put() > 0);
}

/* Whether the next frame comes, and is the next one in order. */
static bool take(void)
{
	uint8_t frame[2000];

	if (xt_poll(reader, POLLIN, LIMIT, NULL) < 0)
		return false;
	return read(reader, frame, sizeof(frame)) == SIZE && xt_number(frame, SIZE) == received++;
}

static bool take_all(void)
{
	while (received < sent)
		if (!take())
			return false;
	return true;
}

static void begin(void)
{
	sent = 0;
	received = 0;
}

static void unlimited(void)
{
	begin();
	while (sent < MANY && put() > 0)
		;
	ok(sent == MANY && take_all(), "without TUNSETSNDBUF: %d frames are taken", MANY);
}

static void full(void)
{
	short got;

	begin();
	fill();
	ok(sent > LENGTH && sent < MOST, "TUNSETSNDBUF: frames are taken until it is used up (%d)",
	   sent);
	fails(put(), EAGAIN, "... and then no more");
	ok(xt_poll(writer, POLLOUT | POLLIN, 0, &got) < 0, "... nor does poll() say POLLOUT");
}

static void goes_on(void)
{
	bool ordered = true;
	int ready = 0;

	while (received < sent) {
		ordered &= take();
		if (sent < MOST && xt_poll(writer, POLLOUT, 0, NULL) >= 0)
			ready += put() > 0;
	}
	ok(ready > 0 && sent == MOST, "as they are read: POLLOUT, and more are taken");
	ok(ordered, "... and all %d arrive in order", received);
}

/* Registered once, edge-triggered, while there is room all the time. */
static void quiet(void)
{
	struct epoll_event e = { .events = EPOLLOUT | EPOLLET };
	int i, ep = epoll_create1(EPOLL_CLOEXEC);
	bool first;

	begin();
	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, writer, &e))
		die("epoll");
	first = epoll_wait(ep, &e, 1, 0) == 1;
	for (i = 0; i < LENGTH; i++)
		put();
	ok(take_all() && first && epoll_wait(ep, &e, 1, 0) == 0,
	   "who has room is not told of each frame that the stack lets go of");
	close(ep);
}

/* A child that calls the function; returns once it sleeps. */
static pid_t sleeper(int (*what)(void))
{
	pid_t pid = xt_fork();

	if (!pid)
		_exit(what());
	usleep(MOMENT * 1000);
	xt_await_sleep(pid);
	return pid;
}

static int write_all(void)
{
	fcntl(writer, F_SETFL, 0);
	while (sent < MOST)
		if (put() < 0)
			return 1;
	return 0;
}

static void blocking(const char *limit)
{
	int status;
	pid_t pid;

	begin();
	pid = sleeper(write_all);
	sent = MOST;
	ok(!waitpid(pid, &status, WNOHANG), "%s: a writer that blocks sleeps", limit);
	if (!ok(take_all(), "... goes on as they are read, and all arrive in order"))
		kill(pid, SIGKILL);
	ok(waitpid(pid, &status, 0) == pid && !status, "... and it comes to its end");
	fcntl(writer, F_SETFL, O_NONBLOCK);
}

static void ignore(int sig)
{
	(void)sig;
}

static int interrupted_in_write(void)
{
	struct sigaction sa = { .sa_handler = ignore };

	sigaction(SIGUSR1, &sa, NULL);
	fcntl(writer, F_SETFL, 0);
	return !(put() == -1 && errno == EINTR);
}

static void interrupted(void)
{
	int status;
	pid_t pid;

	begin();
	fill();
	pid = sleeper(interrupted_in_write);
	kill(pid, SIGUSR1);
	ok(waitpid(pid, &status, 0) == pid && !status,
	   "a signal ends a write that waits for room: EINTR");
	fcntl(writer, F_SETFL, O_NONBLOCK);
	ok(take_all() && xt_drain(reader) == 0, "... which gave the interface nothing");
}

static int wait_in_write(void)
{
	fcntl(writer, F_SETFL, 0);
	return !(put() == -1 && errno == EBADFD);
}

/* Frames that the stack still holds belong to a file that is gone. */
static void closed(void)
{
	int status;
	pid_t pid;

	begin();
	fill();
	pid = sleeper(wait_in_write);
	ok(!flaw_delete(WRITER_IF) && waitpid(pid, &status, 0) == pid && !status,
	   "its interface is deleted: a writer that sleeps gets EBADFD");
	close(writer);
	ok(take_all(), "... and what the stack held of it still arrives");
	ok(xt_drain(reader) == 0, "... and no more");
}

static void limit(int sndbuf)
{
	if (ioctl(writer, TUNSETSNDBUF, &sndbuf))
		die("TUNSETSNDBUF");
}

void theme_sndbuf(void)
{
	if (!prepared()) {
		skip("this kernel has no bridge or no qdiscs", "TUNSETSNDBUF");
		return;
	}
	unlimited();
	limit(SNDBUF);
	quiet();
	full();
	goes_on();
	blocking("TUNSETSNDBUF");
	limit(1);
	blocking("a limit less than a frame");
	limit(SNDBUF);
	interrupted();
	closed();
	xt_law(READER_IF);
	close(reader);
	run("ip link del " BRIDGE);
}
