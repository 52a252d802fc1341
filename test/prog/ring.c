// SPDX-License-Identifier: GPL-2.0
/* Frames through a pair of rings, both ways: bytes, counters, sleep, and its end. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rings.h"
#include "xt.h"

#define SIZE	XTUN_RING_MIN

static void both_ways(struct rings *r, int packet)
{
	uint8_t frame[2048], mac[6];
	unsigned int i, good = 0;
	const uint8_t *got;
	uint32_t len;
	size_t n;

	for (i = 0; i < 200; i++) {
		xt_transmit(packet, 60 + i, i);
		got = rings_peek(r, &len);
		good += got && len == 60 + i && xt_number(got, len) == i;
		if (got)
			rings_release(r);
	}
	ok(good == 200, "200 frames by the tx ring, whole and in order (%u)", good);
	ok(!rings_peek(r, &len), "... and no more");

	xt_mac(XT_IF, mac);
	for (good = i = 0; i < 200; i++) {
		n = xt_numbered(frame, mac, xt_peer, 60 + i, i);
		good += rings_send(r, frame, n) == 1;
	}
	ok(good == 200, "200 frames by the rx ring, each taken at its doorbell (%u)", good);
	ok(xt_counter("rx_out") == 200, "... are with the stack");
	xt_law(XT_IF);
}

static void round_the_ring(struct rings *r, int packet)
{
	uint32_t len, turns = r->tx_size / 1024 * 3;
	unsigned int i, good = 0;
	const uint8_t *got;
	uint64_t out = xt_counter("tx_out");

	for (i = 0; i < turns; i++) {
		xt_transmit(packet, 1000, i);
		got = rings_peek(r, &len);
		good += got && len == 1000 && xt_number(got, len) == i;
		if (got)
			rings_release(r);
	}
	ok(good == turns, "three times round the ring: %u of %u", good, turns);
	ok(xt_counter("tx_out") - out == turns, "... all counted as out");
}

static void full(struct rings *r, int packet)
{
	uint64_t lost = xt_counter("tx_lost_full");
	unsigned int fit = r->tx_size / XTUN_RECORD_SIZE(1000), i, got = 0;
	uint32_t len;

	for (i = 0; i < fit + 10; i++)
		xt_transmit(packet, 1000, i);
	ok(xt_counter("tx_lost_full") - lost == 10, "a full ring loses the new ones, and counts them");
	ok(xt_counter("tx_waiting") == fit, "... and %u wait", fit);
	while (rings_peek(r, &len)) {
		got += len == 1000;
		rings_release(r);
	}
	ok(got == fit && !xt_counter("tx_waiting"), "... which are whole");
	xt_law(XT_IF);
}

static void end(struct rings *r, int packet)
{
	short events;

	xt_transmit(packet, 100, 1);
	run("ip link del " XT_IF);
	ok(xt_poll(r->fd, POLLIN, 1000, &events) >= 0 && events & POLLERR && events & POLLHUP,
	   "deleted under it: POLLERR, POLLHUP");
	ok(r->kernel->status & XTUN_STATUS_DETACHED, "... and the rings say so");
	fails(ioctl(r->fd, XTUN_IOC_DOORBELL), EBADFD, "... and the doorbell");
}

void theme_ring(void)
{
	struct rings r;
	int fd, packet;
	char byte[64];

	if (!rings_offered("rings"))
		return;
	xt_up();
	packet = xt_packet(XT_IF);
	fd = xt_open(O_NONBLOCK);
	fails(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0, ENODEV,
	      "mmap before there are rings");
	ok(!rings_make(&r, fd, SIZE, 0), "a plain file gets rings");
	fails(read(fd, byte, sizeof(byte)), EBUSY, "then read");
	fails(write(fd, byte, sizeof(byte)), EBUSY, "and write are not for it");
	both_ways(&r, packet);
	round_the_ring(&r, packet);
	full(&r, packet);
	end(&r, packet);
	rings_unmap(&r);
	close(fd);
	close(packet);
}
