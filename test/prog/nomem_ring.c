// SPDX-License-Identifier: GPL-2.0
/* Allocations of rings and batches fail: ENOMEM, the loss is counted, nothing is left. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "inject.h"
#include "rings.h"
#include "xt.h"

#define SIZE	(2 * XTUN_RING_MIN)

static struct rings r;
static uint8_t frame[XT_BUF], batch[4 * XT_BUF] __attribute__((aligned(8)));
static size_t len;
static int fd = -1, packet = -1;
static void *mapped;

static void open_fd(void)
{
	fd = xt_open(O_NONBLOCK);
}

static void close_fd(void)
{
	close(fd);
}

/* --- rings */

static long set_rings(void)
{
	struct xtun_rings want = { .tx_size = XTUN_RING_MIN, .rx_size = XTUN_RING_MIN };

	return ioctl(fd, XTUN_IOC_SET_RINGS, &want);
}

static void ring_fd(void)
{
	open_fd();
	if (set_rings())
		die("XTUN_IOC_SET_RINGS");
}

static long map(void)
{
	mapped = mmap(NULL, 2 * XTUN_RING_MIN, PROT_READ, MAP_SHARED, fd, XTUN_MMAP_TX);
	return mapped == MAP_FAILED ? -1 : 0;
}

static void unmap(void)
{
	munmap(mapped, 2 * XTUN_RING_MIN);
	close_fd();
}

/* If a call has failed, its file is closed before the next one. */
static void anew(void)
{
	if (fd >= 0)
		close(fd);
	open_fd();
}

static void anew_with_rings(void)
{
	if (fd >= 0)
		close(fd);
	ring_fd();
}

static void forget(void)
{
	close_fd();
	fd = -1;
}

static void forget_mapping(void)
{
	unmap();
	fd = -1;
}

static void files(void)
{
	const struct inject_case rings = {
		"XTUN_IOC_SET_RINGS", .before = anew, .call = set_rings, .after = forget };
	const struct inject_case mapping = {
		"mmap", .before = anew_with_rings, .call = map, .after = forget_mapping };

	inject_each(&rings, NULL);
	inject_each(&mapping, NULL);
}

/* --- the doorbell: a frame without memory is lost, and the ring goes on */

static void publish(void)
{
	uint32_t prod = r.user->rx_prod;

	rings_fill(&r, &prod, frame, len);
	__atomic_store_n(&r.user->rx_prod, prod, __ATOMIC_RELEASE);
}

static long doorbell(void)
{
	return ioctl(r.fd, XTUN_IOC_DOORBELL);
}

static void doorbells(void)
{
	static const size_t sizes[] = { 60, 1514, 9000, XT_FRAME_MAX };
	struct inject_case c = { .before = publish, .call = doorbell, .must_succeed = true };
	char what[50];
	unsigned int i;

	c.what = what;
	if (rings_make(&r, xt_open(O_NONBLOCK), SIZE, 0))
		die("XTUN_IOC_SET_RINGS");
	inject_within_module("xtun");
	for (i = 0; i < 4; i++) {
		uint64_t lost = xt_counter("rx_lost_nomem"), out = xt_counter("rx_out");
		int failed, spared;

		len = sizes[i];
		snprintf(what, sizeof(what), "doorbell for %zu bytes", len);
		failed = inject_each(&c, &spared);
		lost = xt_counter("rx_lost_nomem") - lost;
		out = xt_counter("rx_out") - out;
		ok(!failed && lost + out == (uint64_t)spared + 1 &&
		   r.kernel->rx_cons == r.user->rx_prod && !r.kernel->status,
		   "... %d without memory: %d lost as rx_lost_nomem, %d got through", spared,
		   (int)lost, (int)out);
	}
	ok(xt_counter("rx_lost_nomem"), "some were lost");
	inject_within(NULL);
	rings_unmap(&r);
	close(r.fd);
}

/* --- batches */

static void set_batch(void)
{
	uint32_t on = 1;

	open_fd();
	if (ioctl(fd, XTUN_IOC_SET_BATCH, &on))
		die("XTUN_IOC_SET_BATCH");
}

static long write_batch(void)
{
	return write(fd, batch, 3 * XTUN_RECORD_SIZE(len));
}

static long read_batch(void)
{
	return read(fd, batch, sizeof(batch));
}

static void three_wait(void)
{
	open_fd();
	xt_drain(fd);
	close_fd();
	set_batch();
	xt_transmit(packet, 1000, 1);
	xt_transmit(packet, 60000, 2);
	xt_transmit(packet, 60, 3);
}

static void batches(void)
{
	static const size_t sizes[] = { 60, 1514, 9000, 60000 };
	const struct inject_case reading = {
		"batched read", .before = three_wait, .call = read_batch, .after = close_fd,
		.must_succeed = true };
	struct inject_case c = { .before = set_batch, .call = write_batch, .after = close_fd };
	char what[50];
	unsigned int i, k;

	c.what = what;
	inject_each(&reading, NULL);
	inject_within_module("xtun");
	for (i = 0; i < 4; i++) {
		uint64_t lost = xt_counter("rx_lost_nomem");
		int failed;

		len = sizes[i];
		for (k = 0; k < 3; k++) {
			struct xtun_record *record = (void *)(batch + k * XTUN_RECORD_SIZE(len));

			*record = (struct xtun_record){ .len = len };
			memcpy(record + 1, frame, len);
		}
		snprintf(what, sizeof(what), "batched write of 3 times %zu bytes", len);
		failed = inject_each(&c, NULL);
		ok(xt_counter("rx_lost_nomem") == lost + failed,
		   "... and each that took none is counted as rx_lost_nomem, and no other");
	}
	inject_within(NULL);
}

void theme_nomem_ring(void)
{
	if (!rings_offered("rings without memory"))
		return;
	packet = xt_packet(XT_IF);
	xt_numbered(frame, xt_everyone, xt_peer, XT_FRAME_MAX, 1);
	files();
	if (fd >= 0)
		forget();
	doorbells();
	batches();
	open_fd();
	xt_drain(fd);
	close_fd();
	xt_law(XT_IF);
}
