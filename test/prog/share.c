// SPDX-License-Identifier: GPL-2.0
/*
 * Several readers and writers, an exclusive one, one that is killed, one that comes
 * late.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "xt.h"

#define FRAMES	3000
#define WORKERS	6

static _Atomic int seen[FRAMES];
static _Atomic int damaged;
static int packet;

static void mark(const uint8_t *buf, ssize_t n)
{
	long seq = xt_number(buf, n);

	if (seq < 0 || seq >= FRAMES)
		damaged++;
	else
		seen[seq]++;
}

static void clear(void)
{
	memset(seen, 0, sizeof(seen));
	damaged = 0;
}

static int once(void)
{
	int i, n = 0;

	for (i = 0; i < FRAMES; i++)
		n += seen[i] == 1;
	return n;
}

static int total(void)
{
	int i, n = 0;

	for (i = 0; i < FRAMES; i++)
		n += seen[i];
	return n;
}

static void *reader(void *arg)
{
	int fd = (intptr_t)arg;
	uint8_t buf[2000];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		mark(buf, n);
	return (void *)(intptr_t)errno;
}

static void ignore(int sig)
{
	(void)sig;
}

/* Frames wait that the readers have not taken: give them the CPU. */
static void await_room(void)
{
	int i;

	for (i = 0; xt_counter("tx_waiting") > 200; i++) {
		if (i > 20000)
			die("the readers do not read");
		usleep(500);
	}
}

static void readers(void)
{
	int fds[] = { xt_open(0), xt_open(0), xt_open(0) };
	struct sigaction sa = { .sa_handler = ignore };
	pthread_t t[WORKERS];
	int i, interrupted = 0;
	void *error;

	clear();
	sigaction(SIGUSR1, &sa, NULL);
	for (i = 0; i < WORKERS; i++)	/* two threads on each file */
		if (pthread_create(&t[i], NULL, reader, (void *)(intptr_t)fds[i % 3]))
			die("thread");
	for (i = 0; i < FRAMES; i++) {
		xt_transmit(packet, 60 + i % 1000, i);
		if (i % 100 == 0)
			await_room();
	}
	for (i = 0; total() < FRAMES && i < 20000; i++)
		usleep(1000);
	ok(once() == FRAMES && !damaged, "six readers on three files get each of %d frames once (%d)",
	   FRAMES, once());
	for (i = 0; i < WORKERS; i++) {
		/* The signal may come before the read: repeat it. */
		while (pthread_kill(t[i], SIGUSR1), pthread_tryjoin_np(t[i], &error))
			usleep(2000);
		interrupted += (intptr_t)error == EINTR;
	}
	ok(interrupted == WORKERS, "a signal ends a read that waits: EINTR");
	for (i = 0; i < 3; i++)
		close(fds[i]);
}

/*
 * Two readers of one file, and two frames at almost the same time: neither reader may
 * sleep while a frame waits.
 */
static void none_left_behind(void)
{
	int fd = xt_open(0), i, k, stuck = 0;
	struct sigaction sa = { .sa_handler = ignore };
	pthread_t t[2];
	void *error;

	clear();
	sigaction(SIGUSR1, &sa, NULL);
	for (k = 0; k < 2; k++)
		if (pthread_create(&t[k], NULL, reader, (void *)(intptr_t)fd))
			die("thread");
	for (i = 0; i < FRAMES; i += 2) {
		xt_transmit(packet, 60, i);
		xt_transmit(packet, 60, i + 1);
		for (k = 0; total() < i + 2 && k < 5000; k++)
			usleep(100);
		if (total() < i + 2) {
			stuck++;
			break;
		}
	}
	ok(!stuck, "a frame that comes as a reader leaves with another wakes the next reader");
	for (k = 0; k < 2; k++)
		while (pthread_kill(t[k], SIGUSR1), pthread_tryjoin_np(t[k], &error))
			usleep(2000);
	close(fd);
}

struct writer {
	int fd, first;
};

static void *writer(void *arg)
{
	struct writer *w = arg;
	uint8_t buf[2000];
	int i;

	for (i = w->first; i < FRAMES; i += WORKERS) {
		size_t len = xt_numbered(buf, xt_everyone, xt_peer, 60 + i % 1400, i);

		if (write(w->fd, buf, len) != (ssize_t)len)
			damaged++;
		/*
		 * The backlog of a CPU holds a thousand frames. It is not under test
		 * here.
		 */
		if (i % 50 == w->first)
			usleep(2000);
	}
	return NULL;
}

static void writers(void)
{
	int s = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(XT_ETHERTYPE));
	uint64_t lost = xt_counter("rx_lost_backlog");
	int fds[] = { xt_open(0), xt_open(0) }, size = 16 << 20, i;
	struct writer w[WORKERS];
	pthread_t t[WORKERS];
	uint8_t buf[2000];

	if (s < 0 || setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		die("packet socket");
	clear();
	for (i = 0; i < WORKERS; i++) {
		w[i] = (struct writer){ fds[i % 2], i };
		if (pthread_create(&t[i], NULL, writer, &w[i]))
			die("thread");
	}
	while (total() + damaged < FRAMES && xt_poll(s, POLLIN, 3000, NULL) >= 0)
		mark(buf, recv(s, buf, sizeof(buf), 0));
	for (i = 0; i < WORKERS; i++)
		pthread_join(t[i], NULL);
	lost = xt_counter("rx_lost_backlog") - lost;
	ok(once() + lost == FRAMES && !damaged,
	   "six writers on two files: each of %d frames arrives once, undamaged (%d, and %d counted as lost)",
	   FRAMES, once(), (int)lost);
	ok(!lost, "... and none was lost");
	close(s);
	close(fds[0]);
	close(fds[1]);
}

/*
 * A reader is killed once @after frames were sent. What it had not taken is left for
 * others. Returns how many frames are missing.
 */
static int killed_once(atomic_int *taken, int after)
{
	int fd, i, left;
	uint8_t buf[2000];
	pid_t pid;

	*taken = 0;
	pid = xt_fork();
	if (!pid) {
		fd = xt_open(0);
		while (read(fd, buf, sizeof(buf)) > 0)
			++*taken;
		_exit(1);
	}
	xt_await_sleep(pid);
	for (i = 0; i < 100; i++) {
		if (i == after)
			kill(pid, SIGKILL);
		xt_transmit(packet, 60, i);
	}
	waitpid(pid, NULL, 0);
	fd = xt_open(O_NONBLOCK);
	left = xt_drain(fd);
	close(fd);
	return 100 - left - *taken;
}

static void killed(void)
{
	atomic_int *taken = mmap(NULL, sizeof(*taken), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	/* Frames become stale only without a reader. */
	int idle = xt_open(O_NONBLOCK), i, wrong = 0, dead = 0;

	xt_drain(idle);
	for (i = 0; i < 50; i++) {
		int missing = killed_once(taken, i * 2 + 1);

		/* It may have taken one frame, and been killed before it counted it. */
		wrong += missing < 0 || missing > 1;
	}
	ok(!wrong, "a reader killed in read loses nothing it had not taken, 50 times");
	for (i = 0; i < 50; i++)
		dead += killed_once(taken, 0) || *taken;
	ok(!dead, "one that was killed in its sleep takes nothing that comes afterwards, 50 times (%d)",
	   dead);
	close(idle);
}

static void exclusive(void)
{
	int a = xt_open(O_NONBLOCK), b = xt_open(O_NONBLOCK), c;
	uint8_t buf[100];

	fails(read(a, buf, sizeof(buf)), EAGAIN, "a first user");
	fails(read(b, buf, sizeof(buf)), EAGAIN, "a second");
	fails(open(XT_DEV, O_RDWR | O_EXCL), EBUSY, "O_EXCL while there are others");
	close(a);
	fails(open(XT_DEV, O_RDWR | O_EXCL), EBUSY, "O_EXCL while there is another");
	close(b);
	c = open(XT_DEV, O_RDWR | O_EXCL | O_NONBLOCK);
	ok(c >= 0, "O_EXCL when there is nobody");
	a = xt_open(O_NONBLOCK);
	fails(read(a, buf, sizeof(buf)), EBUSY, "read while there is a sole user");
	fails(write(a, buf, 60), EBUSY, "write while there is a sole user");
	fails(open(XT_DEV, O_RDWR | O_EXCL), EBUSY, "O_EXCL while there is a sole user");
	xt_transmit(packet, 60, 3);
	ok(read(c, buf, sizeof(buf)) == 60, "the sole user reads");
	close(c);
	fails(read(a, buf, sizeof(buf)), EAGAIN, "read once it has gone");
	close(a);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* 5 frames become stale and 3 are fresh when the first reader comes. */
static void stale(void)
{
	uint64_t n = xt_counter("tx_lost_stale");
	uint8_t buf[100];
	double start;
	int fd, i;

	do {
		fd = xt_open(O_NONBLOCK);
		xt_drain(fd);
		close(fd);
		n = xt_counter("tx_lost_stale");
		for (i = 0; i < 5; i++)
			xt_transmit(packet, 60, i);
		usleep(1300000);
		start = seconds();
		for (i = 5; i < 8; i++)
			xt_transmit(packet, 60, i);
		fd = xt_open(O_NONBLOCK);
		i = read(fd, buf, sizeof(buf));
	} while (seconds() - start > 0.9 && (close(fd), 1));	/* a stopped guest */

	ok(i == 60 && xt_number(buf, 60) == 5, "the first reader after none meets a fresh frame first");
	ok(xt_drain(fd) == 2, "... and the other fresh ones");
	ok(xt_counter("tx_lost_stale") == n + 5, "... and the old ones are counted as stale");

	xt_transmit(packet, 60, 1);
	usleep(1300000);
	i = xt_open(O_NONBLOCK);
	ok(read(i, buf, sizeof(buf)) == 60, "a second reader loses nothing, however old");
	close(i);
	close(fd);
}

void theme_share(void)
{
	xt_up();
	packet = xt_packet(XT_IF);
	readers();
	none_left_behind();
	writers();
	killed();
	exclusive();
	stale();
	ok(!xt_counter("tx_lost_full") && !xt_counter("tx_lost_truncated"), "nothing else was lost");
	close(packet);
}
