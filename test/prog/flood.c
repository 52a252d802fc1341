// SPDX-License-Identifier: GPL-2.0
/*
 * A minute of senders without a reader: no send is ever refused, memory use stays flat,
 * and each frame that found the queue full is counted.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "xt.h"

#define FILL		1000		/* frames of each sender that stay in the queue */
#define ROOM_KB		(8 << 10)	/* how much memory use may change in all of the minute */
#define ROOM_SKBS	512		/* heads that others hold, and CPUs keep in stock */

struct sender {
	int (*open)(void);
	int sndbuf;			/* 0: the default */
	int flags;
};

/* Shared with the child that sends. */
struct tally {
	uint64_t sent;
	int error;			/* of the first send that was refused */
};

struct memory {
	long available_kb, slab_kb, skbs;
};

static struct tally *tallies;

static int open_udp(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_aton("10.99.0.2", &to.sin_addr);
	if (s < 0 || connect(s, (struct sockaddr *)&to, sizeof(to)))
		die("UDP socket");
	return s;
}

static int open_packet(void)
{
	return xt_packet(XT_IF);
}

static const struct sender
	udp = { open_udp, 0, MSG_DONTWAIT },
	udp_small = { open_udp, 1, MSG_DONTWAIT },
	packet_small = { open_packet, 1, MSG_DONTWAIT },
	udp_waits = { open_udp, 0, 0 },
	udp_small_waits = { open_udp, 1, 0 },
	packet_small_waits = { open_packet, 1, 0 };

static int sender_open(const struct sender *sender)
{
	/* A sender that waits for its skbs would wait for ever: give up, and report it. */
	struct timeval patience = { .tv_sec = 20 };
	int s = sender->open();

	if (setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)))
		die("SO_SNDTIMEO");
	if (sender->sndbuf && setsockopt(s, SOL_SOCKET, SO_SNDBUF, &sender->sndbuf, sizeof(int)))
		die("SO_SNDBUF");
	return s;
}

static void flood(const struct sender *sender, time_t end, struct tally *tally)
{
	int s = sender_open(sender), i;
	uint8_t buf[1400];

	xt_numbered(buf, xt_everyone, xt_peer, sizeof(buf), 0);
	do {
		for (i = 0; i < 200 && !tally->error; i++) {
			if (send(s, buf, 60 + i * 37 % 1300, sender->flags) < 0)
				tally->error = errno;
			else
				tally->sent++;
		}
	} while (time(NULL) < end && !tally->error);
}

static long line_of(const char *path, const char *name)
{
	char format[64], line[512];
	FILE *f = fopen(path, "r");
	long value = -1;

	if (!f)
		die("cannot read %s", path);
	snprintf(format, sizeof(format), "%s %%ld", name);
	while (value < 0 && fgets(line, sizeof(line), f))
		sscanf(line, format, &value);
	fclose(f);
	if (value < 0)
		die("%s has no %s", path, name);
	return value;
}

static struct memory memory_now(void)
{
	return (struct memory){
		.available_kb = line_of("/proc/meminfo", "MemAvailable:"),
		.slab_kb = line_of("/proc/meminfo", "SUnreclaim:"),
		.skbs = line_of("/proc/slabinfo", "skbuff_head_cache"),
	};
}

static void memory_worst(struct memory *worst)
{
	struct memory now = memory_now();

	if (now.available_kb < worst->available_kb)
		worst->available_kb = now.available_kb;
	if (now.slab_kb > worst->slab_kb)
		worst->slab_kb = now.slab_kb;
	if (now.skbs > worst->skbs)
		worst->skbs = now.skbs;
}

static void start(const struct sender *sender, time_t end, struct tally *tally)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid)
		return;
	flood(sender, end, tally);
	_exit(0);
}

/* Frames that the qdisc dropped have never reached the driver. */
static uint64_t qdisc_drops(void)
{
	FILE *p = popen("tc -s qdisc show dev " XT_IF, "r");
	uint64_t drops = 0;
	char line[512];
	int n, found = 0;

	while (p && fgets(line, sizeof(line), p))
		if (sscanf(line, " Sent %*u bytes %*u pkt (dropped %d", &n) == 1) {
			drops += n;
			found++;
		}
	if (!p || pclose(p) || !found)
		die("tc shows no qdisc");
	return drops;
}

/* Returns how many frames were sent. */
static uint64_t flooded(const char *what, const struct sender *const *senders, int n,
			int seconds, struct memory *worst)
{
	uint64_t in = xt_counter("tx_in"), drops = qdisc_drops(), sent = 0;
	time_t end = time(NULL) + seconds;
	int i, status, error = 0;

	memset(tallies, 0, n * sizeof(*tallies));
	for (i = 0; i < n; i++)
		start(senders[i], end, &tallies[i]);
	while (waitpid(-1, &status, WNOHANG) >= 0) {
		memory_worst(worst);
		usleep(250000);
	}
	for (i = 0; i < n; i++) {
		sent += tallies[i].sent;
		error = error ?: tallies[i].error;
	}
	in = xt_counter("tx_in") - in;
	drops = qdisc_drops() - drops;
	errno = error;
	ok(sent > 1000 && !error, "%s: %llu frames sent, none refused", what,
	   (unsigned long long)sent);
	ok(sent == in + drops, "%s: each reached the driver (%llu), or the qdisc dropped it (%llu)",
	   what, (unsigned long long)in, (unsigned long long)drops);
	if (n == 1)
		ok(!drops, "%s: a lone sender loses nothing to the qdisc", what);
	return in;
}

/*
 * If a waiting frame were charged to its sender, sends would be refused long before the
 * queue is full.
 */
static int filled(const char *what, const struct sender *sender, int limit)
{
	int s = sender_open(sender), i;
	uint8_t buf[1360];

	limit += FILL;
	run("ip link set %s txqueuelen %d", XT_IF, limit);
	xt_numbered(buf, xt_everyone, xt_peer, sizeof(buf), 0);
	for (i = 0; i < FILL; i++)
		if (send(s, buf, sizeof(buf), sender->flags) < 0)
			break;
	ok(i == FILL, "%s: the queue takes %d frames of a single sender (%d)", what, FILL, i);
	ok((int)xt_counter("tx_waiting") == limit && !xt_counter("tx_lost_full"),
	   "%s: and loses none", what);
	close(s);
	return limit;
}

#define FLOOD(what, ...)						\
	flooded(what, (const struct sender *const[]){ __VA_ARGS__ },	\
		sizeof((const struct sender *[]){ __VA_ARGS__ }) / sizeof(void *), \
		seconds / 4, &worst)

void theme_flood(void)
{
	const char *minute = getenv("FLOOD_SECONDS");
	int seconds = minute ? atoi(minute) : 60, limit = 0;
	struct memory before, worst;
	uint64_t in, full;

	tallies = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tallies == MAP_FAILED)
		die("mmap");
	ok(!xt_counter("tx_in"), "nobody has sent anything yet");
	limit = filled("UDP", &udp, limit);
	limit = filled("UDP, smallest SO_SNDBUF", &udp_small, limit);
	limit = filled("AF_PACKET, smallest SO_SNDBUF", &packet_small, limit);
	before = memory_now();
	worst = before;

	in = limit;
	in += FLOOD("UDP", &udp);
	in += FLOOD("UDP, smallest SO_SNDBUF", &udp_small);
	in += FLOOD("AF_PACKET, smallest SO_SNDBUF", &packet_small);
	in += FLOOD("three at once", &udp_waits, &udp_small_waits, &packet_small_waits);

	full = xt_counter("tx_lost_full");
	ok((int)xt_counter("tx_waiting") == limit, "txqueuelen frames wait");
	ok(in == limit + full, "each frame that found the queue full is counted (%llu of %llu)",
	   (unsigned long long)full, (unsigned long long)in);
	ok(!xt_counter("tx_out") && (int)xt_counter("tx_queued") == limit,
	   "and none went elsewhere");

	printf("# MemAvailable %ld kB, at worst %ld; SUnreclaim %ld kB, %ld; skbs %ld, %ld\n",
	       before.available_kb, worst.available_kb, before.slab_kb, worst.slab_kb,
	       before.skbs, worst.skbs);
	/* KASAN keeps freed memory for a while. */
	if (!access("/sys/kernel/debug/kmemleak", F_OK)) {
		skip("on this kernel, KASAN has some", "how much memory is in use");
		return;
	}
	ok(worst.available_kb > before.available_kb - ROOM_KB,
	   "MemAvailable falls by less than %d kB", ROOM_KB);
	ok(worst.slab_kb < before.slab_kb + ROOM_KB,
	   "SUnreclaim grows by less than %d kB", ROOM_KB);
	ok(worst.skbs < limit + ROOM_SKBS, "there are never more than %d skbs",
	   limit + ROOM_SKBS);
}
