// SPDX-License-Identifier: GPL-2.0
/* A program that writes one wrong value into its rings, or nothing wrong at all. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ring_wrong.h"
#include "rings.h"
#include "xt.h"

#define SIZE	XTUN_RING_MIN
#define FRAME	1016

static struct rings r;

static void publish(uint32_t len, uint32_t flags, uint32_t prod)
{
	struct xtun_record *record = (void *)r.rx;

	record->len = len;
	record->flags = flags;
	r.user->rx_prod = prod;
	ioctl(r.fd, XTUN_IOC_DOORBELL);
}

/* The kernel reads this position when it needs room. */
static void consume(uint32_t cons)
{
	int packet = xt_packet(XT_IF);
	unsigned int i;

	r.user->tx_cons = cons;
	for (i = 0; i < 2 * SIZE / FRAME && !r.kernel->status; i++)
		xt_transmit(packet, FRAME, i);
	close(packet);
}

/* Everything correct, in both directions. */
static void do_right(void)
{
	int packet = xt_packet(XT_IF);

	publish(60, 0, 72);
	xt_transmit(packet, FRAME, 0);
	rings_drain(&r);
	close(packet);
}

/* Whenever it is continued, it takes what is there and stops again. */
static void sleep_on(void)
{
	for (;;) {
		rings_drain(&r);
		raise(SIGSTOP);
	}
}

int ring_wrong(const char *what)
{
	if (rings_make(&r, xt_open(O_NONBLOCK), strcmp(what, "size") ? SIZE : SIZE - 1, 0))
		err(1, "XTUN_IOC_SET_RINGS");
	if (!strcmp(what, "len"))
		publish(70000, 0, 128);
	else if (!strcmp(what, "nothing"))
		do_right();
	else if (!strcmp(what, "flags"))
		publish(60, 7, 128);
	else if (!strcmp(what, "rx_prod"))
		publish(0, 0, 3 * SIZE);
	else if (!strcmp(what, "rx_prod-inside"))
		publish(0, 0, 4);
	else if (!strcmp(what, "unread"))
		consume(0);
	else if (!strcmp(what, "asleep"))
		sleep_on();
	else if (!strcmp(what, "tx_cons"))
		consume(3 * SIZE);
	else if (!strcmp(what, "tx_cons-inside"))
		consume(4);
	else
		errx(2, "%s is none of nothing len flags rx_prod tx_cons unread asleep size", what);
	/* Not to read is no mistake. */
	return (r.kernel->status == XTUN_STATUS_BROKEN) ==
	       (!strcmp(what, "unread") || !strcmp(what, "nothing"));
}
