// SPDX-License-Identifier: GPL-2.0
/*
 * Several files with rings on an interface with four queues, and plain files beside
 * them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rings.h"
#include "xt.h"

#define SIZE	XTUN_RING_MIN
#define QUEUES	4
#define FLOWS	200

static uint8_t buf[XT_BUF];
static int packet;

static bool fdinfo_says(int fd, const char *line)
{
	char path[50], text[2000] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	if (!f || !fread(text, 1, sizeof(text) - 1, f))
		die("cannot read %s", path);
	fclose(f);
	return strstr(text, line);
}

/* Frames that were queued before the rings came. */
static void first_come(void)
{
	uint64_t stale = xt_counter("tx_lost_stale");
	unsigned int i, right = 0;
	struct rings r;
	int fd = xt_open(O_NONBLOCK);

	xt_drain(fd);
	for (i = 0; i < 20; i++)
		xt_transmit(packet, 100 + i, i);
	if (rings_make(&r, fd, SIZE, 0))
		die("XTUN_IOC_SET_RINGS");
	for (; i < 40; i++)
		xt_transmit(packet, 100 + i, i);
	for (i = 0; i < 40; i++)
		right += rings_next_is(&r, 100 + i, i);
	ok(right == 40 && !rings_drain(&r),
	   "frames that were queued before the rings came are first in the ring (%u)", right);
	for (i = 0; i < 10; i++)
		xt_transmit(packet, 100, i);
	xt_law(XT_IF);
	rings_unmap(&r);
	close(fd);
	ok(xt_counter("tx_lost_detached") == 10, "what nobody has read at the end is lost as detached");
	xt_law(XT_IF);

	for (i = 0; i < 5; i++)
		xt_transmit(packet, 100, i);
	usleep(1300000);
	for (; i < 10; i++)
		xt_transmit(packet, 100, i);
	if (rings_make(&r, xt_open(O_NONBLOCK), SIZE, 0))
		die("XTUN_IOC_SET_RINGS");
	for (right = 0, i = 5; i < 10; i++)
		right += rings_next_is(&r, 100, i);
	ok(right == 5 && xt_counter("tx_lost_stale") - stale == 5,
	   "and those that had waited for more than a second are stale (%u)", right);
	rings_unmap(&r);
	close(r.fd);
	xt_law(XT_IF);
}

/* One flow, which always takes the same way. */
static void transmit_flow(unsigned int flow)
{
	uint32_t number = flow;
	size_t len = xt_udp(buf, xt_peer, xt_peer, "10.99.0.1", "10.99.0.2", 5000 + flow, &number,
			    sizeof(number));

	if (send(packet, buf, len, 0) != (ssize_t)len)
		die("send");
}

static long flow_of(const uint8_t *frame, uint32_t len)
{
	uint32_t number;

	if (len != 14 + 28 + sizeof(number))
		return -1;
	memcpy(&number, frame + 14 + 28, sizeof(number));
	return number;
}

/* Reads what is there, and notes which reader got which flow. */
static unsigned int collect(int plain, struct rings *r, unsigned int n, int8_t *whose)
{
	unsigned int i, got = 0;
	const uint8_t *frame;
	uint32_t len;
	ssize_t size;
	long flow;

	while ((size = read(plain, buf, sizeof(buf))) > 0) {
		flow = flow_of(buf, size);
		if (flow >= 0 && flow < FLOWS && whose[flow] < 0) {
			whose[flow] = 0;
			got++;
		}
	}
	for (i = 0; i < n; i++) {
		for (; (frame = rings_peek(&r[i], &len)); rings_release(&r[i])) {
			flow = flow_of(frame, len);
			if (flow >= 0 && flow < FLOWS && whose[flow] < 0) {
				whose[flow] = 1 + i;
				got++;
			}
		}
	}
	return got;
}

static unsigned int spread(int plain, struct rings *r, unsigned int n, int8_t *whose)
{
	unsigned int i;

	memset(whose, -1, FLOWS);
	for (i = 0; i < FLOWS; i++)
		transmit_flow(i);
	return collect(plain, r, n, whose);
}

static unsigned int share_of(const int8_t *whose, int reader)
{
	unsigned int i, n = 0;

	for (i = 0; i < FLOWS; i++)
		n += whose[i] == reader;
	return n;
}

static void several(void)
{
	int8_t first[FLOWS], second[FLOWS];
	struct rings r[QUEUES - 1], more;
	int plain = xt_open(O_NONBLOCK), fd;
	unsigned int i;
	size_t len;
	uint64_t out;
	char line[50];

	xt_drain(plain);
	for (i = 0; i < QUEUES - 1; i++) {
		fd = xt_open(O_NONBLOCK);
		snprintf(line, sizeof(line), "queue:\t%u", i + 1);
		ok(!rings_make(&r[i], fd, SIZE, 0) && fdinfo_says(fd, "iff:\t" XT_IF) &&
		   fdinfo_says(fd, line) && fdinfo_says(fd, "rings:\t131072 131072"),
		   "file %u gets rings, and queue %u; fdinfo says so", i, i + 1);
	}
	fd = xt_open(O_NONBLOCK);
	fails(rings_make(&more, fd, SIZE, 0), EBUSY, "one more has none");
	xt_law(XT_IF);

	ok(spread(plain, r, 3, first) == FLOWS, "%u flows all arrive", FLOWS);
	ok(share_of(first, 0) && share_of(first, 1) && share_of(first, 2) && share_of(first, 3),
	   "... some at each: %u plain, %u %u %u by rings", share_of(first, 0), share_of(first, 1),
	   share_of(first, 2), share_of(first, 3));
	ok(spread(plain, r, 3, second) == FLOWS && !memcmp(first, second, FLOWS),
	   "... and each again where it was");
	out = xt_counter("rx_out");
	len = xt_numbered(buf, xt_everyone, xt_peer, 100, 1);
	ok(write(plain, buf, len) == (ssize_t)len && xt_counter("rx_out") == out + 1,
	   "the plain file writes as ever");
	for (i = 0; i < 3; i++)
		ok(rings_send(&r[i], buf, len) == 1 && xt_counter("rx_out") == out + 2 + i,
		   "ring file %u sends", i);

	rings_unmap(&r[0]);
	close(r[0].fd);
	ok(spread(plain, r + 1, 2, second) == FLOWS, "one is closed: the others get its flows");
	xt_law(XT_IF);
	ok(!rings_make(&r[0], fd, SIZE, 0) && fdinfo_says(fd, "queue:\t1"),
	   "the one that waited gets its queue");
	ok(spread(plain, r, 3, second) == FLOWS && !memcmp(first, second, FLOWS),
	   "... and its flows");
	close(plain);
	plain = xt_open(O_NONBLOCK);
	ok(spread(plain, r, 3, second) == FLOWS && !share_of(second, 0),
	   "without a plain reader the rings have all");
	for (i = 0; i < 3; i++) {
		rings_unmap(&r[i]);
		close(r[i].fd);
	}
	xt_law(XT_IF);
	close(plain);
}

/* --- threads of a file that asks for rings meanwhile */

static void nothing(int signal)
{
	(void)signal;
}

static void *reader(void *arg)
{
	static int error;
	int fd = *(int *)arg;
	uint8_t byte[64];

	error = read(fd, byte, sizeof(byte)) < 0 ? errno : 0;
	return &error;
}

static void asleep(void)
{
	struct sigaction act = { .sa_handler = nothing };
	int fd = xt_open(0), *error = NULL, i, joined = ETIMEDOUT;
	struct timespec t;
	struct rings r;
	pthread_t thread;

	sigaction(SIGUSR1, &act, NULL);
	xt_counter("readers");
	if (pthread_create(&thread, NULL, reader, &fd))
		die("thread");
	for (i = 0; i < 2000 && !xt_counter("readers"); i++)
		usleep(1000);
	usleep(100000);
	if (rings_make(&r, fd, SIZE, 0))
		die("XTUN_IOC_SET_RINGS");
	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += 5;
	joined = pthread_timedjoin_np(thread, (void **)&error, &t);
	ok(!joined && *error == EBUSY, "a read that sleeps when the rings come ends with EBUSY (%d)",
	   joined ? joined : *error);
	if (joined) {
		pthread_kill(thread, SIGUSR1);
		pthread_join(thread, NULL);
	}
	rings_unmap(&r);
	close(fd);
}

/* More records than the kernel takes in one round, and a signal in between. */
static void interrupted(void)
{
	struct sigaction act = { .sa_handler = nothing };
	unsigned int i, n = 500, left;
	sigset_t set, old;
	struct rings r;
	uint32_t prod;
	size_t len;
	int ms;

	sigaction(SIGUSR1, &act, NULL);
	if (rings_make(&r, xt_open(O_NONBLOCK), SIZE, 0))
		die("XTUN_IOC_SET_RINGS");
	len = xt_numbered(buf, xt_everyone, xt_peer, 100, 1);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	for (i = 0, prod = 0; i < n; i++)
		rings_fill(&r, &prod, buf, len);
	sigprocmask(SIG_BLOCK, &set, &old);
	ok(rings_publish(&r, prod) == (int)n, "500 records at one doorbell are all taken");
	sigprocmask(SIG_SETMASK, &old, NULL);

	/* A signal that arrives while the ioctl runs. */
	for (i = 0; i < 100; i++) {
		struct sigevent e = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
		struct itimerspec when = { .it_value.tv_nsec = 20000 + 7000 * i };
		timer_t timer;
		unsigned int k;

		for (k = 0; k < n; k++)
			rings_fill(&r, &prod, buf, len);
		if (timer_create(CLOCK_MONOTONIC, &e, &timer) ||
		    timer_settime(timer, 0, &when, NULL))
			die("timer");
		rings_publish(&r, prod);
		for (ms = 0; ms < 5000 && r.kernel->rx_cons != prod; ms++)
			usleep(1000);
		timer_delete(timer);
		if (r.kernel->rx_cons != prod)
			break;
	}
	left = (prod - r.kernel->rx_cons) / XTUN_RECORD_SIZE(len);
	ok(!left, "a signal during the doorbell leaves nothing behind (round %u: %u)", i, left);
	rings_unmap(&r);
	close(r.fd);
	xt_law(XT_IF);
}

void theme_ring_share(void)
{
	if (!rings_offered("rings beside each other"))
		return;
	xt_up();
	packet = xt_packet(XT_IF);
	first_come();
	several();
	asleep();
	interrupted();
	close(packet);
}
