// SPDX-License-Identifier: GPL-2.0
/*
 * A thousand interfaces, and 256 queues on one: created, used and removed, on tap and
 * then on xtun. The figures are for people; the test only fails if something does not
 * work.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "flaw.h"
#include "rings.h"
#include "xt.h"

#define INTERFACES	1000
#define QUEUES		256
#define FLOWS		(8 * QUEUES)
#define MQ_IF		"scale"

static int fds[INTERFACES];
static struct rings *rings;
static uint8_t buf[XT_BUF];

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* In KiB, the memory that is free or could be freed. */
static long available(void)
{
	char line[100];
	FILE *f = fopen("/proc/meminfo", "r");
	long n = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %ld", &n) == 1)
			break;
	if (f)
		fclose(f);
	return n;
}

static int try_tap(const char *device, const char *name, int flags)
{
	int fd = open(device, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && flaw_attach(fd, name, flags)) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool transmit(const char *name, uint32_t flow)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(name) };
	static int s = -1;
	size_t len = xt_udp(buf, xt_peer, xt_peer, "10.99.0.1", "10.99.0.2", flow, &flow,
			    sizeof(flow));

	if (s < 0)
		s = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	return sendto(s, buf, len, 0, (struct sockaddr *)&to, sizeof(to)) == (ssize_t)len;
}

static void say(const char *what, const char *device, unsigned int n, const double t[4], long kib)
{
	printf("# %u %s of %s: %.2f s to make, %.2f s to use, %.2f s to end; %ld KiB each\n", n,
	       what, device, t[1] - t[0], t[2] - t[1], t[3] - t[2], kib / (long)n);
	fflush(stdout);
}

static void interfaces(const char *device)
{
	unsigned int i, made = 0, used = 0, left = 0;
	long before = available(), kib;
	char name[IFNAMSIZ];
	double t[4];
	size_t len;

	t[0] = now();
	for (i = 0; i < INTERFACES; i++) {
		snprintf(name, sizeof(name), "scale%u", i);
		fds[i] = try_tap(device, name, TAP);
		made += fds[i] >= 0 && !flaw_up(name, true);
	}
	t[1] = now();
	kib = before - available();
	for (i = 0; i < INTERFACES; i++) {
		snprintf(name, sizeof(name), "scale%u", i);
		len = xt_numbered(buf, xt_everyone, xt_peer, 60, i);
		used += write(fds[i], buf, len) == (ssize_t)len && transmit(name, i) &&
			read(fds[i], buf, sizeof(buf)) > 42;
	}
	t[2] = now();
	for (i = 0; i < INTERFACES; i++)
		close(fds[i]);
	t[3] = now();
	for (i = 0; i < INTERFACES; i++) {
		snprintf(name, sizeof(name), "scale%u", i);
		left += !!if_nametoindex(name);
	}
	say("interfaces", device, INTERFACES, t, kib);
	ok(made == INTERFACES && used == INTERFACES && !left,
	   "%s: %u interfaces are made, up, used each way (%u), and gone (%u)", device, made, used,
	   left);
}

/* Takes all frames; returns the number of queues that had some. */
static unsigned int served(bool by_rings, unsigned int *frames)
{
	unsigned int i, n, queues = 0;

	*frames = 0;
	for (i = 0; i < QUEUES; i++) {
		n = by_rings ? rings_drain(&rings[i]) : (unsigned int)xt_drain(fds[i]);
		*frames += n;
		queues += !!n;
	}
	return queues;
}

static void queues(const char *device, bool by_rings)
{
	unsigned int i, made = 0, sent = 0, busy, frames;
	long before = available(), kib;
	double t[4];

	t[0] = now();
	for (i = 0; i < QUEUES; i++) {
		fds[i] = try_tap(device, MQ_IF, TAP | IFF_MULTI_QUEUE);
		made += fds[i] >= 0 && (!by_rings ||
					!rings_make(&rings[i], fds[i], XTUN_RING_MIN, 0));
	}
	fails(try_tap(device, MQ_IF, TAP | IFF_MULTI_QUEUE), E2BIG, "%s: one more queue", device);
	flaw_up(MQ_IF, true);
	t[1] = now();
	kib = before - available();
	for (i = 0; i < FLOWS; i++)
		sent += transmit(MQ_IF, i);
	busy = served(by_rings, &frames);
	t[2] = now();
	for (i = 0; i < QUEUES; i++) {
		if (by_rings)
			rings_unmap(&rings[i]);
		close(fds[i]);
	}
	t[3] = now();
	say(by_rings ? "queues with rings" : "queues", device, QUEUES, t, kib);
	ok(made == QUEUES && sent == FLOWS && frames == FLOWS && busy > QUEUES / 2,
	   "%s: %u queues%s, of which %u get %u frames", device, made,
	   by_rings ? " with rings" : "", busy, frames);
	ok(!if_nametoindex(MQ_IF), "... and the interface ends with the last");
}

void theme_scale(void)
{
	struct rlimit many = { .rlim_cur = INTERFACES + 100, .rlim_max = INTERFACES + 100 };

	rings = calloc(QUEUES, sizeof(*rings));
	if (!rings || setrlimit(RLIMIT_NOFILE, &many))
		die("setrlimit");
	interfaces("/dev/net/tun");
	interfaces(XT_DEV);
	queues("/dev/net/tun", false);
	queues(XT_DEV, false);
	if (rings_offered("queues with rings"))
		queues(XT_DEV, true);
	free(rings);
}
