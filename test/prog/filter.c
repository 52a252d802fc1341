// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "filter.h"
#include "flaw.h"
#include "xt.h"

#define LOSSES		3
#define LIMIT		20000	/* milliseconds; nothing here takes that long */

static const char * const losses[LOSSES] = {
	"tx_lost_txfilter", "tx_lost_filter", "tx_lost_ebpf" };

struct counted {
	uint64_t in, out, lost[LOSSES];
};

static int packet;
static uint32_t seq;
static uint8_t sent[XT_BUF], got[XT_BUF];

static struct counted count(void)
{
	struct counted c = { xt_counter_of(FILTER_IF, "tx_in"), xt_counter_of(FILTER_IF, "tx_out"),
			     {} };
	int i;

	for (i = 0; i < LOSSES; i++)
		c.lost[i] = xt_counter_of(FILTER_IF, losses[i]);
	return c;
}

int filter_open(void)
{
	int fd;

	run("sysctl -q -w net.ipv6.conf.default.disable_ipv6=1");
	fd = xt_tap(XT_DEV, FILTER_IF, FILTER_FLAGS);
	if (flaw_up(FILTER_IF, true))
		die("%s does not come up", FILTER_IF);
	packet = xt_packet(FILTER_IF);
	return fd;
}

/* When this returns, the driver has decided about the frame. */
static void transmit(const uint8_t *dst, size_t len, uint64_t in)
{
	int ms;

	xt_numbered(sent, dst, xt_peer, len, seq++);
	if (send(packet, sent, len, 0) != (ssize_t)len)
		die("send of %zu bytes", len);
	for (ms = 0; xt_counter_of(FILTER_IF, "tx_in") == in; ms++) {
		if (ms == LIMIT)
			die("the frame does not leave the kernel");
		usleep(1000);
	}
}

bool filter_passes(int fd, const uint8_t *dst, size_t len, size_t part)
{
	struct counted was = count(), is;

	transmit(dst, len, was.in);
	if (read(fd, got, sizeof(got)) != (ssize_t)part || memcmp(got, sent, part))
		return false;
	is = count();
	return is.in == was.in + 1 && is.out == was.out + 1 &&
	       !memcmp(is.lost, was.lost, sizeof(is.lost));
}

bool filter_refuses(int fd, const uint8_t *dst, size_t len, const char *counter)
{
	struct counted was = count(), is;
	int i;

	transmit(dst, len, was.in);
	if (read(fd, got, sizeof(got)) != -1 || errno != EAGAIN)
		return false;
	for (i = 0; i < LOSSES; i++)
		was.lost[i] += !strcmp(losses[i], counter);
	is = count();
	return is.in == was.in + 1 && is.out == was.out &&
	       !memcmp(is.lost, was.lost, sizeof(is.lost));
}
