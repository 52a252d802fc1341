// SPDX-License-Identifier: GPL-2.0
/* xtun with records: many frames in one read() and in one write(). */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"
#include "../../xtun_uapi.h"

/* Room for as many frames as one call transfers. */
#define SIZE	(BURST * FRAME_MAX)

/**
 * struct batch - the buffers of a file for both directions
 * @in: what was read
 * @got: its length in bytes
 * @next: the offset of the next record in it
 * @out: what is to be written, if frames were made here
 * @from: what is to be written: @out, or records as they were read
 * @size: its length in bytes
 */
struct batch {
	uint8_t in[SIZE] __attribute__((aligned(8)));
	size_t got, next;
	uint8_t out[SIZE] __attribute__((aligned(8)));
	uint8_t *from;
	size_t size;
};

static void batch_open(const struct way *way, struct end *end, const char *ifname)
{
	uint32_t on = 1;

	(void)ifname;
	end->fd = open(way->device, O_RDWR);
	check(end->fd >= 0, way->device);
	check(!ioctl(end->fd, XTUN_IOC_SET_BATCH, &on), "XTUN_IOC_SET_BATCH");
	end->private = calloc(1, sizeof(struct batch));
}

static int batch_receive(struct end *end, struct frame *frames, int max)
{
	struct batch *b = end->private;
	const struct xtun_record *record;
	int n;

	if (b->next >= b->got) {
		ssize_t got = read(end->fd, b->in, SIZE);

		check(got > 0, "read");
		b->got = got;
		b->next = 0;
	}
	for (n = 0; n < max && b->next < b->got; n++) {
		record = (const void *)(b->in + b->next);
		frames[n].data = (uint8_t *)(record + 1);
		frames[n].len = record->len;
		b->next += XTUN_RECORD_SIZE(record->len);
	}
	return n;
}

static void *batch_reserve(struct end *end, size_t len)
{
	struct batch *b = end->private;

	(void)len;
	return b->out + b->size + sizeof(struct xtun_record);
}

static void batch_send(struct end *end, size_t len)
{
	struct batch *b = end->private;
	struct xtun_record *record = (void *)(b->out + b->size);

	record->len = len;
	record->flags = 0;
	b->from = b->out;
	b->size += XTUN_RECORD_SIZE(len);
}

static void batch_flush(struct end *end)
{
	struct batch *b = end->private;

	check(write(end->fd, b->from, b->size) == (ssize_t)b->size, "write");
	b->size = 0;
}

/* Records that were read can be written as they are, and all that are adjacent at once. */
static void batch_pass(struct end *end, const struct frame *frame)
{
	struct batch *b = end->private;

	if (!b->size)
		b->from = frame->data - sizeof(struct xtun_record);
	b->size += XTUN_RECORD_SIZE(frame->len);
}

#define BATCHED	.device = "/dev/xtun", .open = batch_open, .batch = BURST,	\
	.receive = batch_receive, .release = rw_release,			\
	.reserve = batch_reserve, .send = batch_send, .flush = batch_flush, .pass = batch_pass

const struct way ways_batch[] = {
	{ .name = "batched", .about = "xtun, records: 32 frames a read() or write()", BATCHED },
	{ .name = NULL }
};
