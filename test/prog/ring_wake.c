// SPDX-License-Identifier: GPL-2.0
/*
 * Sleepers are woken, and not too often: poll, epoll, SIGIO, for frames and for room,
 * by the rules of XTUN_IOC_SET_WAKE and ethtool -C. And the kernel's poller.
 *
 * The kernel's own timer may end a wait after at most a second. A case about what
 * happens before that is repeated if the machine took longer.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rings.h"
#include "xt.h"

#define SIZE	XTUN_RING_MIN
#define FRAME	100
#define RECORD	XTUN_RECORD_SIZE(FRAME)
#define LIMIT	(20000 * xt_slowness())	/* milliseconds; nothing here takes that long */
#define TRIES	50
#define SECOND	1000000
#define TRACING	"/sys/kernel/tracing/"
#define INSTANCE TRACING "instances/xtun/"

static uint8_t buf[XT_BUF];
static struct rings r;
static int packet;

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ULL + t.tv_nsec / 1000;
}

/* What a program does before it sleeps; true if it may sleep. */
static bool ask(void)
{
	__atomic_store_n(&r.user->tx_wake, r.user->tx_cons, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&r.kernel->tx_prod, __ATOMIC_RELAXED) == r.user->tx_cons;
}

static void ask_when_empty(void)
{
	do {
		rings_drain(&r);
	} while (!ask());
}

static void set_wake(uint32_t frames, uint32_t bytes, uint32_t usecs)
{
	struct xtun_wake wake = { .frames = frames, .bytes = bytes, .usecs = usecs };

	if (ioctl(r.fd, XTUN_IOC_SET_WAKE, &wake))
		die("XTUN_IOC_SET_WAKE");
}

static int epoll_on(unsigned int events)
{
	struct epoll_event e = { .events = events };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, r.fd, &e))
		die("epoll");
	return ep;
}

static unsigned int next_event(int ep, int ms)
{
	struct epoll_event e;

	return epoll_wait(ep, &e, 1, ms) == 1 ? e.events : 0;
}

/* A child that calls the function once its parent sleeps. */
static pid_t later(void (*what)(void))
{
	pid_t parent = getpid(), pid = xt_fork();

	if (pid)
		return pid;
	xt_await_sleep(parent);
	what();
	_exit(0);
}

static void reap(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || status)
		die("a child failed");
}

static void transmit_one(void)
{
	xt_transmit(packet, FRAME, 1);
}

static void doorbell(void)
{
	if (ioctl(r.fd, XTUN_IOC_DOORBELL) < 0)
		die("doorbell");
}

/* --- frames */

static void polled(void)
{
	short got;
	pid_t pid;

	rings_drain(&r);
	ok(xt_poll(r.fd, POLLIN, 50, NULL) == -1, "poll: no frame, no POLLIN");
	ok(xt_poll(r.fd, POLLIN | POLLOUT, 0, &got) >= 0 && got == POLLOUT,
	   "poll: up and room, so POLLOUT");
	pid = later(transmit_one);
	ok(xt_poll(r.fd, POLLIN, LIMIT, &got) >= 0 && got == POLLIN, "poll: a frame wakes it");
	reap(pid);
	ok(xt_poll(r.fd, POLLIN, 0, &got) >= 0 && got == POLLIN, "... until it is taken");
	ok(rings_drain(&r) == 1 && xt_poll(r.fd, POLLIN, 0, NULL) == -1, "... and no longer");
	run("ip link set " XT_IF " down");
	ok(xt_poll(r.fd, POLLIN | POLLOUT, 0, NULL) == -1, "poll: down, so no POLLOUT");
	run("ip link set " XT_IF " up");
	ok(xt_poll(r.fd, POLLOUT, LIMIT, &got) >= 0 && got == POLLOUT, "poll: and up");
}

/* It is woken once, and then again only if it asks by tx_wake. */
static void edge_triggered(void)
{
	int ep = epoll_on(EPOLLIN | EPOLLET), i, woken = 0, frames = 0, n = 2000;
	pid_t pid;

	rings_drain(&r);
	next_event(ep, 0);
	transmit_one();
	ok(next_event(ep, LIMIT) == EPOLLIN && !next_event(ep, 20), "epoll, edge: a frame, told once");
	transmit_one();
	ok(!next_event(ep, 50) && rings_drain(&r) == 2, "a reader that has not asked is let be");
	ok(ask(), "it asks");
	transmit_one();
	ok(next_event(ep, LIMIT) == EPOLLIN, "... and is told");
	transmit_one();
	ok(!next_event(ep, 50) && rings_drain(&r) == 2, "... once");

	pid = xt_fork();
	if (!pid) {
		for (i = 0; i < n; i++) {
			transmit_one();
			if (i % 7 == 0)
				usleep(i % 500);
		}
		_exit(0);
	}
	while (frames < n) {
		frames += rings_drain(&r);
		if (frames >= n || !ask())
			continue;
		if (!next_event(ep, LIMIT))
			break;
		woken++;
	}
	ok(frames == n, "%d frames meet a reader that asks before it sleeps (%d, %d sleeps)", n,
	   frames, woken);
	reap(pid);
	close(ep);
}

static int signals(int code, int ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
	siginfo_t info;
	sigset_t set;
	int n = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	for (; sigtimedwait(&set, &info, &t) == SIGRTMIN; t = (struct timespec){ 0 })
		n += info.si_fd == r.fd && info.si_code == code;
	return n;
}

/* A real-time signal, which queues, so that each can be counted. */
static void signalled(bool on)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (fcntl(r.fd, F_SETSIG, SIGRTMIN) ||
	    fcntl(r.fd, F_SETFL, O_NONBLOCK | (on ? O_ASYNC : 0)))
		die("fcntl");
}

static void by_signal(void)
{
	int n;

	signalled(true);
	ask_when_empty();
	signals(POLL_IN, 0);
	transmit_one();
	n = signals(POLL_IN, LIMIT);
	ok(n == 1, "SIGIO: one frame, one signal (%d)", n);
	transmit_one();
	n = signals(POLL_IN, 50);
	ok(!n, "SIGIO: none for who has not asked again (%d)", n);
	ask_when_empty();
	transmit_one();
	transmit_one();
	n = signals(POLL_IN, LIMIT);
	ok(n == 1, "SIGIO: two frames, but it asked once (%d)", n);
	signalled(false);
	rings_drain(&r);
}

/* --- room in the rx ring */

/* Fills more than half of the ring, without the doorbell. */
static void fill(void)
{
	size_t len = xt_numbered(buf, xt_everyone, xt_peer, FRAME, 1);
	uint32_t prod = r.user->rx_prod;
	unsigned int i;

	for (i = 0; i < SIZE / RECORD * 3 / 4; i++)
		rings_fill(&r, &prod, buf, len);
	__atomic_store_n(&r.user->rx_prod, prod, __ATOMIC_RELEASE);
}

static void room(void)
{
	int ep, n;
	short got;
	pid_t pid;

	/* A value of rx_wake that no movement of rx_cons passes. */
	r.user->rx_wake = r.kernel->rx_cons - 8;
	fill();
	ok(xt_poll(r.fd, POLLOUT, 0, NULL) == -1, "little room in the rx ring: no POLLOUT");
	pid = later(doorbell);
	ok(xt_poll(r.fd, POLLOUT, LIMIT, &got) >= 0 && got == POLLOUT, "poll: room wakes it");
	reap(pid);

	ep = epoll_on(EPOLLOUT | EPOLLET);
	ok(next_event(ep, 0) == EPOLLOUT, "epoll, edge: there is room");
	fill();
	doorbell();
	ok(!next_event(ep, 50), "a writer that has not asked is let be");
	fill();
	__atomic_store_n(&r.user->rx_wake, r.kernel->rx_cons, __ATOMIC_RELAXED);
	doorbell();
	ok(next_event(ep, LIMIT) == EPOLLOUT, "... who asks by rx_wake is told");
	fill();
	__atomic_store_n(&r.user->rx_wake, r.user->rx_prod, __ATOMIC_RELAXED);
	doorbell();
	ok(!next_event(ep, 50), "... and not before rx_cons passes that");
	signalled(true);
	signals(POLL_OUT, 0);
	fill();
	doorbell();
	n = signals(POLL_OUT, LIMIT);
	ok(n == 1 && next_event(ep, LIMIT) == EPOLLOUT, "SIGIO: POLL_OUT, too (%d)", n);
	signalled(false);
	close(ep);
}

/* --- moderation */

/*
 * The frame at which the program is woken, and how often it was; -1: the timer came
 * first.
 */
static int woken_at(int ep, int most, int *edges)
{
	uint64_t start;
	int i;

	ask_when_empty();
	while (next_event(ep, 0))
		ask_when_empty();
	*edges = 0;
	start = now_us();
	for (i = 1; i <= most && !*edges; i++) {
		transmit_one();
		*edges += !!next_event(ep, 0);
	}
	return now_us() - start < SECOND / 2 ? i - 1 : -1;
}

static void wakes_at(int ep, uint32_t frames, uint32_t bytes, int want)
{
	int i, at = -1, edges = 0;

	set_wake(frames, bytes, SECOND);
	for (i = 0; i < TRIES && at < 0; i++)
		at = woken_at(ep, want + 5, &edges);
	if (at < 0)
		skip("this machine is too slow", "%u frames, %u bytes", frames, bytes);
	else
		ok(at == want && edges == 1, "%u frames, %u bytes: woken at frame %d (%d)", frames,
		   bytes, want, at);
}

/* The number of wake-ups for @n frames; -1: the timer came first. */
static int count_wakes(int ep, int n)
{
	uint64_t start = now_us();
	int i, woken = 0;

	ask_when_empty();
	while (next_event(ep, 0))
		ask_when_empty();
	for (i = 0; i < n; i++) {
		transmit_one();
		if (next_event(ep, 0)) {
			woken++;
			ask_when_empty();
		}
	}
	return now_us() - start < SECOND ? woken : -1;
}

static void counted(int ep)
{
	int i, woken = -1;

	set_wake(16, 0, SECOND);
	for (i = 0; i < TRIES && woken < 0; i++)
		woken = count_wakes(ep, 160);
	if (woken < 0)
		skip("this machine is too slow", "wake-ups in 160 frames");
	else
		ok(woken == 10, "160 frames, waking at 16: ten wake-ups (%d)", woken);
}

static void by_timer(int ep)
{
	uint64_t start, took;

	set_wake(1000, 1000000, 30000);
	ask_when_empty();
	next_event(ep, 0);
	ask_when_empty();
	start = now_us();
	transmit_one();
	transmit_one();
	transmit_one();
	ok(next_event(ep, LIMIT) == EPOLLIN && rings_drain(&r) == 3, "too few frames: the timer wakes");
	took = now_us() - start;
	ok(took >= 30000, "... but not before its time (%u us)", (unsigned int)took);
	ask_when_empty();
	ok(!next_event(ep, 100), "... and not again for nothing");
	transmit_one();
	ok(next_event(ep, LIMIT) == EPOLLIN && rings_drain(&r) == 1, "... but for the next one");
}

static void by_new_rules(int ep)
{
	set_wake(1000, 0, SECOND);
	ask_when_empty();
	next_event(ep, 0);
	ask_when_empty();
	transmit_one();
	set_wake(2000, 0, SECOND);
	ok(next_event(ep, LIMIT) == EPOLLIN && rings_drain(&r) == 1,
	   "new rules while frames wait: it is told, and sees for itself");
}

static void by_full_ring(int ep)
{
	uint64_t lost = xt_counter("tx_lost_full"), start;
	int k, early = 0, woken = 0;
	unsigned int i;

	for (k = 0; k < TRIES; k++) {
		set_wake(100000, 0, SECOND);
		ask_when_empty();
		next_event(ep, 0);
		ask_when_empty();
		start = now_us();
		lost = xt_counter("tx_lost_full");
		for (i = 0; i < SIZE / RECORD; i++)
			transmit_one();
		early = !!next_event(ep, 0);
		transmit_one();
		woken = !!next_event(ep, 0);
		if (now_us() - start < SECOND / 2)
			break;
	}
	if (k == TRIES)
		skip("this machine is too slow", "a full ring wakes");
	else
		ok(!early && woken && xt_counter("tx_lost_full") == lost + 1,
		   "a full ring wakes whatever the rules (%d, %d)", early, woken);
	rings_drain(&r);
}

static void by_poll(void)
{
	short got;

	set_wake(8, 0, 30000);
	ask_when_empty();
	/* Asked for only by poll(). */
	r.user->tx_wake = r.user->tx_cons - 8;
	ok(xt_poll(r.fd, POLLIN, 0, &got) == -1, "poll asks, too");
	transmit_one();
	ok(xt_poll(r.fd, POLLIN, LIMIT, &got) >= 0 && got == POLLIN, "... and finds what is there");
	rings_drain(&r);
}

static void defaults(void)
{
	struct rings other;
	struct xtun_wake wake;
	int ret;

	if (system("ethtool -C " XT_IF " tx-usecs 300 tx-frames 16")) {
		ok(false, "ethtool -C");
		return;
	}
	ok(!system("ethtool -c " XT_IF " | grep -q '^tx-usecs:[[:space:]]*300$'") &&
	   !system("ethtool -c " XT_IF " | grep -q '^tx-frames:[[:space:]]*16$'"),
	   "ethtool -C sets, and -c shows");
	ok(system("ethtool -C " XT_IF " tx-usecs 0 2>/dev/null"), "... but not a wait without end");
	ret = ioctl(r.fd, XTUN_IOC_GET_WAKE, &wake);
	ok(!ret && wake.frames == 8 && wake.usecs == 30000, "rings that are there keep their rules");
	rings_unmap(&r);
	close(r.fd);
	if (rings_make(&other, xt_open(O_NONBLOCK), SIZE, 0))
		die("XTUN_IOC_SET_RINGS");
	ret = ioctl(other.fd, XTUN_IOC_GET_WAKE, &wake);
	ok(!ret && wake.frames == 16 && wake.usecs == 300 && !wake.bytes && !wake.reserved,
	   "new ones have those of ethtool");
	rings_unmap(&other);
	close(other.fd);
	run("ethtool -C " XT_IF " tx-usecs 0 tx-frames 0");
}

/* --- the kernel's poller */

static bool doorbell_is_wanted(bool want)
{
	int ms;

	for (ms = 0; ms < LIMIT; ms++) {
		if (!(__atomic_load_n(&r.kernel->doorbell, __ATOMIC_RELAXED) &
		      XTUN_DOORBELL_RX) == !want)
			return true;
		usleep(1000);
	}
	return false;
}

static bool taken(uint32_t prod)
{
	int ms;

	for (ms = 0; ms < LIMIT &&
	     __atomic_load_n(&r.kernel->rx_cons, __ATOMIC_ACQUIRE) != prod; ms++)
		usleep(1000);
	return r.kernel->rx_cons == prod;
}

/*
 * The number of kernel threads that work for xtun: an idle one of a pool is named
 * "-xtun".
 */
static int threads(void)
{
	char path[300], name[100];
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	FILE *f;
	int n = 0;

	while (proc && (entry = readdir(proc))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		f = fopen(path, "r");
		if (!f)
			continue;
		if (fgets(name, sizeof(name), f) && strstr(name, "xtun") &&
		    strncmp(name, "xtun-test", 9) && !strstr(name, "-xtun"))
			n++;
		fclose(f);
	}
	closedir(proc);
	return n;
}

/* Sends without a system call; -1: the poller went to sleep meanwhile. */
static int send_silently(unsigned int n)
{
	size_t len = xt_numbered(buf, xt_everyone, xt_peer, FRAME, 1);
	uint32_t prod = r.user->rx_prod;
	unsigned int i;

	for (i = 0; i < n; i++) {
		rings_fill(&r, &prod, buf, len);
		__atomic_store_n(&r.user->rx_prod, prod, __ATOMIC_RELEASE);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (r.kernel->doorbell & XTUN_DOORBELL_RX) {
			doorbell();
			return -1;
		}
	}
	return n;
}

static void poller(void)
{
	size_t len = xt_numbered(buf, xt_everyone, xt_peer, FRAME, 1);
	uint64_t out = xt_counter("rx_out");
	int i, n = -1;

	if (rings_make(&r, xt_open(O_NONBLOCK), SIZE, 300000))
		die("XTUN_IOC_SET_RINGS");
	ok(r.kernel->doorbell == XTUN_DOORBELL_RX && !threads(), "a poller is there when it is asked for");
	ok(rings_send(&r, buf, len) == 1, "the doorbell takes the first record");
	ok(doorbell_is_wanted(false), "... and from then on it is not wanted");
	for (i = 0; i < TRIES && n < 0; i++) {
		n = send_silently(1000);
		if (!taken(r.user->rx_prod))
			break;
	}
	if (n < 0 && i == TRIES)
		skip("this machine is too slow", "1000 records without a doorbell");
	else
		ok(n == 1000, "1000 records are taken without a doorbell");
	ok(xt_counter("rx_out") - out == r.user->rx_prod / XTUN_RECORD_SIZE(len),
	   "... and are with the stack");
	ok(doorbell_is_wanted(true), "when none comes, the doorbell is wanted again");
	usleep(10000);
	for (i = 0; i < LIMIT && threads(); i += 10)
		usleep(10000);
	ok(!threads(), "... and no thread is left");
	xt_law(XT_IF);
	rings_send(&r, buf, len);
	doorbell_is_wanted(false);
	rings_unmap(&r);
	close(r.fd);
	ok(true, "closed while it polls");

	if (rings_make(&r, xt_open(O_NONBLOCK), SIZE, XTUN_IDLE_MAX))
		die("XTUN_IOC_SET_RINGS");
	/* See the thread first: otherwise its absence afterwards would prove nothing. */
	for (i = 0; i < TRIES && !threads(); i++)
		rings_send(&r, buf, len);
	ok(i < TRIES, "it is a thread that polls");
	rings_send(&r, buf, len);
	doorbell_is_wanted(false);
	run("ip link del " XT_IF);
	ok(r.kernel->status == XTUN_STATUS_DETACHED, "deleted while it polls");
	rings_unmap(&r);
	close(r.fd);
}

/*
 * The doorbell is not wanted, or is not rung: the kernel takes all that the program has
 * published, however soon the file is closed.
 */
static void closed_at_once(uint32_t idle_usecs, const char *what)
{
	size_t len = xt_numbered(buf, xt_everyone, xt_peer, FRAME, 1);
	uint64_t out = xt_counter("rx_out");
	uint32_t prod;
	int i;

	for (i = 0; i < TRIES; i++) {
		if (rings_make(&r, xt_open(O_NONBLOCK), SIZE, idle_usecs))
			die("XTUN_IOC_SET_RINGS");
		rings_send(&r, buf, len);
		prod = r.user->rx_prod;
		rings_fill(&r, &prod, buf, len);
		__atomic_store_n(&r.user->rx_prod, prod, __ATOMIC_RELEASE);
		rings_unmap(&r);
		close(r.fd);
	}
	ok(xt_counter("rx_out") - out == 2 * TRIES, "%s: closed at once, all is taken (%d of %d)",
	   what, (int)(xt_counter("rx_out") - out), 2 * TRIES);
}

/* Removing a tracer waits until each task has slept or has reported a quiescent state. */
static bool takes_tracer_away(void)
{
	return !system("mkdir " INSTANCE) &&
	       !system("echo vfs_open >" INSTANCE "set_ftrace_filter") &&
	       !system("echo function >" INSTANCE "current_tracer") &&
	       !system("echo nop >" INSTANCE "current_tracer") && !system("rmdir " INSTANCE);
}

static void keeps_nobody(void)
{
	size_t len = xt_numbered(buf, xt_everyone, xt_peer, FRAME, 1);
	int ms, status = -1;
	pid_t pid;

	if (access(TRACING "instances", F_OK) ||
	    system("grep -qw function " TRACING "available_tracers")) {
		skip("this kernel cannot trace functions", "a poller keeps no tracer");
		return;
	}
	if (rings_make(&r, xt_open(O_NONBLOCK), SIZE, XTUN_IDLE_MAX))
		die("XTUN_IOC_SET_RINGS");
	rings_send(&r, buf, len);
	pid = xt_fork();
	if (!pid)
		_exit(!takes_tracer_away());
	for (ms = 0; ms < LIMIT && !waitpid(pid, &status, WNOHANG); ms += 100) {
		rings_send(&r, buf, len);
		usleep(100000);
	}
	ok(ms < LIMIT && !status, "a poller that always has something to do keeps no tracer (%d ms)",
	   ms);
	rings_unmap(&r);
	close(r.fd);
	if (ms >= LIMIT)
		waitpid(pid, &status, 0);
}

/* --- how long a frame waits, with time that advances by instructions */

#define TICK	4000		/* microseconds, at the 250 Hz of Debian's kernels */

/* The time from just before it is transmitted until the program runs again. */
static uint64_t wait_for_one(int ep)
{
	uint64_t start;

	ask_when_empty();
	next_event(ep, 0);
	ask_when_empty();
	start = now_us();
	transmit_one();
	if (next_event(ep, LIMIT) != EPOLLIN)
		die("nobody is woken");
	return now_us() - start;
}

static void wakes_after(int ep, uint32_t usecs)
{
	uint64_t least = UINT64_MAX, most = 0;

	set_wake(1000, 1000000, usecs);
	for (int i = 0; i < TRIES; i++) {
		uint64_t took = wait_for_one(ep);

		least = took < least ? took : least;
		most = took > most ? took : most;
	}
	ok(least >= usecs && most <= usecs + TICK,
	   "to be woken after %u us: a frame waits no longer than that and a tick (%u to %u)",
	   usecs, (unsigned int)least, (unsigned int)most);
}

void theme_ring_time(void)
{
	static const uint32_t usecs[] = { 50, 300, 1000, 3000, 10000, 100000 };
	int ep;

	if (!rings_offered("how long a frame waits"))
		return;
	xt_up();
	packet = xt_packet(XT_IF);
	if (rings_make(&r, xt_open(O_NONBLOCK), SIZE, 0))
		die("XTUN_IOC_SET_RINGS");
	ep = epoll_on(EPOLLIN | EPOLLET);
	for (unsigned int i = 0; i < sizeof(usecs) / sizeof(*usecs); i++)
		wakes_after(ep, usecs[i]);
	rings_drain(&r);
	close(ep);
	close(packet);
	rings_unmap(&r);
	close(r.fd);
}

void theme_ring_wake(void)
{
	int ep;

	if (!rings_offered("sleep and wake"))
		return;
	xt_up();
	packet = xt_packet(XT_IF);
	if (rings_make(&r, xt_open(O_NONBLOCK), SIZE, 0))
		die("XTUN_IOC_SET_RINGS");
	polled();
	edge_triggered();
	by_signal();
	room();
	ep = epoll_on(EPOLLIN | EPOLLET);
	wakes_at(ep, 0, 0, 1);
	wakes_at(ep, 1, 0, 1);
	wakes_at(ep, 8, 0, 8);
	wakes_at(ep, 0, 5 * RECORD, 5);
	wakes_at(ep, 0, 5 * RECORD + 1, 6);
	wakes_at(ep, 8, 3 * RECORD, 3);
	wakes_at(ep, 3, 8 * RECORD, 3);
	counted(ep);
	by_timer(ep);
	by_new_rules(ep);
	by_full_ring(ep);
	close(ep);
	by_poll();
	xt_law(XT_IF);
	defaults();
	closed_at_once(300000, "a poller");
	closed_at_once(0, "no poller");
	keeps_nobody();
	poller();
	close(packet);
}
