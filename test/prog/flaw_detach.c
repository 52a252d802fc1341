// SPDX-License-Identifier: GPL-2.0
/* Queues and interfaces that go while they are in use, and what they leave behind. */
#define _GNU_SOURCE
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "flaw.h"
#include "xt.h"

#define NAME	"flaw0"
#define WITNESS	"witness"	/* an interface that goes when a namespace ends */
#define MULTI	(TAP | IFF_MULTI_QUEUE)
#define TIMES	20
#define MANY	20000

static uint8_t buf[XT_BUF];

/* Tries every call of a file; none of them finds an interface. */
static bool says_gone(int fd)
{
	static const unsigned long calls[] = {
		TUNGETIFF, TUNGETSNDBUF, TUNGETVNETHDRSZ, TUNSETCARRIER, TUNSETPERSIST,
		TUNSETOFFLOAD, TUNDETACHFILTER, SIOCGIFHWADDR,
	};
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct ifreq ifr = { 0 };
	unsigned int i;
	bool fine = true;

	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		fine &= ioctl(fd, calls[i], &ifr) == -1 && errno == EBADFD;
	fine &= write(fd, buf, flaw_frame(buf, TAP)) == -1 && errno == EBADFD;
	fine &= read(fd, buf, sizeof(buf)) == -1 && errno == EBADFD;
	return fine && poll(&p, 1, 0) == 1 && p.revents & POLLERR;
}

/* The interface goes when its last file is closed, also if that file is detached. */
static void detached(void)
{
	int i, wrong = 0, a, b;

	for (i = 0; i < TIMES; i++) {
		a = flaw_new(NAME, MULTI);
		b = flaw_new(NAME, MULTI);
		wrong += flaw_queue(b, IFF_DETACH_QUEUE) != 0;
		wrong += flaw_queue(b, IFF_DETACH_QUEUE) != -1 || errno != EINVAL;
		close(a);
		wrong += !if_nametoindex(NAME);
		if (i % 2)
			wrong += flaw_queue(b, IFF_ATTACH_QUEUE) != 0;
		close(b);
		wrong += if_nametoindex(NAME) != 0;
	}
	ok(!wrong, "2022-49014: the last file is closed, attached or detached: the interface goes");
	wrong = 0;
	for (i = 0; i < TIMES; i++) {
		a = flaw_new(NAME, MULTI);
		b = flaw_new(NAME, MULTI);
		wrong += flaw_queue(a, IFF_DETACH_QUEUE) || flaw_delete(NAME);
		wrong += !says_gone(a) + !says_gone(b);
		wrong += flaw_queue(a, IFF_ATTACH_QUEUE) != -1 || errno != EINVAL;
		close(i % 2 ? a : b);
		close(i % 2 ? b : a);
	}
	ok(!wrong, "2022-49014: the interface is deleted: a detached file knows, no call finds it");
}

/* Leaves a namespace of its own, in which the file that it returns has an interface. */
static void *leave_namespace(void *arg)
{
	int fd;

	if (unshare(CLONE_NEWNET))
		die("unshare");
	run("ip link add " WITNESS " netns 1 type veth peer name inner");
	fd = flaw_new(NAME, MULTI);
	/* Not by flaw_up(), which keeps a socket. */
	run("ip link set " NAME " up");
	if (arg && flaw_queue(fd, IFF_DETACH_QUEUE))
		die("TUNSETQUEUE");
	return (void *)(intptr_t)fd;
}

/*
 * CVE-2022-49014: the file's reference to its namespace was dropped before the interface was
 * done with it (commit 5daadc86f27e).
 */
static void last_of_namespace(bool detach)
{
	long waited = 0, limit = 20000 * xt_slowness();
	pthread_t thread;
	bool there;
	void *fd;

	if (pthread_create(&thread, NULL, leave_namespace, detach ? "detach" : NULL) ||
	    pthread_join(thread, &fd))
		die("a thread");
	there = if_nametoindex(WITNESS) != 0;
	close((intptr_t)fd);
	for (; waited < limit && if_nametoindex(WITNESS); waited += 10)
		usleep(10000);
	ok(there && waited < limit, "2022-49014: a namespace ends with its last file, %s",
	   detach ? "detached" : "attached");
}

/* CVE-2022-49672: a NAPI stayed on the interface's list when its memory was freed. */
static void napi(void)
{
	static const int modes[] = {
		TAP | IFF_NAPI, MULTI | IFF_NAPI, FRAGS, FRAGS | IFF_MULTI_QUEUE,
	};
	unsigned int m;
	int i, k;

	for (m = 0; m < sizeof(modes) / sizeof(*modes); m++) {
		int wrong = 0;

		for (i = 0; i < TIMES; i++) {
			int fd = flaw_new(NAME, modes[m]), other = -1;

			if (modes[m] & IFF_MULTI_QUEUE)
				other = flaw_new(NAME, modes[m]);
			flaw_up(NAME, true);
			flaw_frame(buf, TAP);
			for (k = 0; k < 10; k++)
				wrong += write(fd, buf, 60) != 60;
			if (other >= 0 && i % 3)
				wrong += flaw_queue(other, IFF_DETACH_QUEUE) != 0;
			if (other >= 0 && i % 3 == 2)
				wrong += flaw_queue(other, IFF_ATTACH_QUEUE) != 0;
			if (i % 2)
				wrong += flaw_delete(NAME) != 0;
			close(fd);
			if (other >= 0)
				close(other);
			wrong += if_nametoindex(NAME) != 0;
		}
		ok(!wrong, "2022-49672: NAPI goes with its file or its interface, flags %#x",
		   modes[m]);
	}
}

/* In kB, the memory that could be given to programs. */
static long available(void)
{
	long kb = -1;
	char line[100];
	FILE *f = fopen("/proc/meminfo", "r");

	while (f && fgets(line, sizeof(line), f) && sscanf(line, "MemAvailable: %ld", &kb) != 1)
		;
	if (f)
		fclose(f);
	return kb;
}

/* Writes frames of each kind that is refused; returns how many were not refused. */
static int refused(int fd, int times, int flags)
{
	size_t head = flaw_header(flags), least = flags & IFF_TUN ? 1 : 14;
	uint8_t *edge = flaw_edge();
	int i, taken = 0;

	flaw_frame(buf, flags);
	for (i = 0; i < times; i++) {
		taken += write(fd, buf, head + i % least) > 0;
		taken += write(fd, NOWHERE, head + 100) > 0;
		taken += write(fd, edge - 50, head + 100) > 0;
		taken += write(fd, edge - 1000, 1500) > 0;
	}
	return taken;
}

#define LEAK_KB	4096

/* KASAN keeps freed objects, up to a share of all memory, until a cache is shrunk. */
static void give_back(void)
{
	if (system("for f in /sys/kernel/slab/*/shrink; do [ ! -e $f ] || echo 1 >$f; done"))
		die("cannot shrink what the kernel keeps");
}

/*
 * CVE-2022-49871: fragments that NAPI had begun to gather. CVE-2026-46320, -46321, -46322:
 * pages of frames that were too short or failed. Socket buffers are counted when the test
 * ends, memory is measured here.
 */
static void leaks(void)
{
	unsigned int m;

	for (m = 0; m < flaw_n_modes; m++) {
		int flags = flaw_modes[m].flags, fd = flaw_new(NAME, flags), taken;
		long before = 0, after = -LEAK_KB;
		int rounds;

		if (flags & IFF_TUN && !(flags & IFF_NO_PI)) {
			close(fd);
			continue;
		}
		flaw_up(NAME, true);
		taken = refused(fd, MANY / 20, flags);
		/* A leak shows in each round. */
		for (rounds = 0; rounds < 5 && before - after >= LEAK_KB; rounds++) {
			if (rounds)
				give_back();
			before = available();
			taken += refused(fd, MANY, flags);
			if (rounds)
				give_back();
			after = available();
		}
		ok(!taken && before - after < LEAK_KB,
		   "2022-49871, 2026-46320, -46321, -46322: %s, %d refused frames take no memory (%ld kB)",
		   flaw_modes[m].name, MANY, before - after);
		flaw_up(NAME, false);
		refused(fd, 100, flags);
		if (m % 2)
			flaw_delete(NAME);
		close(fd);
	}
}

void theme_flaw_detach(void)
{
	detached();
	if (xt_namespaces("a namespace's last file")) {
		last_of_namespace(false);
		last_of_namespace(true);
	}
	napi();
	leaks();
}
