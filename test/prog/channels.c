// SPDX-License-Identifier: GPL-2.0
/* How many queues an administrator gives to the files of an interface. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "flaw.h"
#include "xt.h"

#define LINK	"channels0"
#define FRAMES	40

static int inet = -1;

static long say(const char *name, struct ethtool_channels *channels)
{
	struct ifreq ifr = { .ifr_data = (void *)channels };

	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", name);
	return ioctl(inet, SIOCETHTOOL, &ifr);
}

/* As ethtool does: read all values, change one, write all. */
static long set(const char *name, unsigned int n)
{
	struct ethtool_channels c = { .cmd = ETHTOOL_GCHANNELS };

	say(name, &c);
	c.cmd = ETHTOOL_SCHANNELS;
	c.combined_count = n;
	return say(name, &c);
}

static bool tells(unsigned int n, unsigned int most)
{
	struct ethtool_channels c = { .cmd = ETHTOOL_GCHANNELS };

	return !say(LINK, &c) && c.combined_count == n && c.max_combined == most;
}

static void limited(int fd[4])
{
	int another = flaw_open();

	ok(tells(4, 4), "made with numtxqueues 4: ethtool -l has four of four");
	run("ethtool -L " LINK " combined 2");
	ok(tells(2, 4), "ethtool -L combined 2: two of four");
	fd[0] = flaw_new(LINK, TAP | IFF_MULTI_QUEUE);
	fd[1] = flaw_new(LINK, TAP | IFF_MULTI_QUEUE);
	fails(flaw_attach(another, LINK, TAP | IFF_MULTI_QUEUE), E2BIG,
	      "... the third file is one too many");
	ok(!set(LINK, 3) && !flaw_attach(another, LINK, TAP | IFF_MULTI_QUEUE),
	   "combined 3: now it gets a queue");
	fd[2] = another;
}

static void refused(int fd[4])
{
	fails(set(LINK, 0), EINVAL, "combined 0 is refused");
	fails(set(LINK, 5), EINVAL, "... 5, more than there may be, too");
	fails(set(LINK, 2), EBUSY, "... 2, as long as the third queue is a file's");
	flaw_queue(fd[2], IFF_DETACH_QUEUE);
	fails(set(LINK, 2), EBUSY, "... also while that is out of service");
	flaw_queue(fd[2], IFF_ATTACH_QUEUE);
	close(fd[1]);
	fails(set(LINK, 2), EBUSY, "... also if it would be one of two");
	ok(tells(3, 4), "and ethtool -l has as many as before");
	fd[1] = flaw_new(LINK, TAP | IFF_MULTI_QUEUE);
	close(fd[2]);
	ok(!set(LINK, 2), "its file is closed: combined 2");
}

/* Frames keep arriving at the files that are attached. */
static void carries(int fd[4])
{
	int packet, i;

	run("ip link set " LINK " up");
	packet = xt_packet(LINK);
	for (i = 0; i < FRAMES; i++)
		xt_transmit(packet, 60 + i, i * 7919);
	ok(xt_drain(fd[0]) + xt_drain(fd[1]) == FRAMES, "the two queues get every frame");
	xt_law(LINK);
	close(packet);
	close(fd[0]);
	close(fd[1]);
}

/* What a queue has lost is still shown when its file is closed and the queue is gone. */
static void remembers(void)
{
	uint64_t in = xt_counter_of(LINK, "tx_in"), lost = xt_counter_of(LINK, "tx_lost_detached");
	int first = flaw_new(LINK, TAP | IFF_MULTI_QUEUE);
	int second = flaw_new(LINK, TAP | IFF_MULTI_QUEUE);
	int packet = xt_packet(LINK), i;

	flaw_queue(first, IFF_DETACH_QUEUE);
	for (i = 0; i < FRAMES; i++)
		xt_transmit(packet, 60, i);
	close(second);
	close(first);
	close(packet);
	ok(xt_counter_of(LINK, "tx_in") == in + FRAMES &&
	   xt_counter_of(LINK, "tx_lost_detached") == lost + FRAMES,
	   "its file is closed: ethtool -S tells still what the second queue has lost");
	xt_law(LINK);
}

/* With one queue, a second file is refused. */
static void single(void)
{
	int fd, another = flaw_open();

	ok(!set(LINK, 1), "nobody has a queue: combined 1");
	fd = flaw_new(LINK, TAP | IFF_MULTI_QUEUE);
	fails(flaw_attach(another, LINK, TAP | IFF_MULTI_QUEUE), E2BIG,
	      "... and one file is all that it takes");
	close(another);
	close(fd);
}

/* As with tap, where the program decides about this. */
static void made_by_a_file(void)
{
	int fd = flaw_new("channels1", TAP | IFF_MULTI_QUEUE);

	fails(set("channels1", 1), EOPNOTSUPP, "made by TUNSETIFF: EOPNOTSUPP");
	fails(set("channels1", 1000), EOPNOTSUPP, "... whatever the number");
	close(fd);
}

void theme_channels(void)
{
	int fd[4];

	inet = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	run("ip link add " LINK " numtxqueues 4 type xtun");
	limited(fd);
	refused(fd);
	carries(fd);
	remembers();
	single();
	run("ip link del " LINK);
	made_by_a_file();
	close(inet);
}
