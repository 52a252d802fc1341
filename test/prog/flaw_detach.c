// SPDX-License-Identifier: GPL-2.0
/* Queues and interfaces that go while somebody has them, and what they leave. */
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "flaw.h"
#include "xt.h"

#define NAME	"flaw0"
#define MULTI	(TAP | IFF_MULTI_QUEUE)
#define TIMES	20
#define MANY	20000

static uint8_t buf[XT_BUF];

/* Every call that a file has; none of them finds an interface. */
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

/* CVE-2022-49014: the interface was gone, and then it was told of. */
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

/* CVE-2022-49672: a poller was on the interface's list, and its memory was gone. */
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

/* In kB, of what could be given to programs. */
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

/* Refused frames, of each kind there is; returns how many were not. */
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

/* KASAN keeps what is freed, up to a part of all memory, until its cache is shrunk. */
static void give_back(void)
{
	if (system("for f in /sys/kernel/slab/*/shrink; do [ ! -e $f ] || echo 1 >$f; done"))
		die("cannot shrink what the kernel keeps");
}

/*
 * CVE-2022-49871: fragments that NAPI had begun to gather. CVE-2026-46320, -46321,
 * -46322: pages of frames that were short, or came to nothing. Buffers are counted
 * when the test ends, memory here.
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
		/* What leaks does so in each round. */
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
	napi();
	leaks();
}
