// SPDX-License-Identifier: GPL-2.0
/* io_uring: read, write, poll, and multishot where the kernel has it. */
#include "xt.h"

#ifdef XT_LIBURING
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../xtun_uapi.h"

/* Newer than the header that this may be built with. */
#define OP_READ_MULTISHOT	49

static struct io_uring ring;
static uint8_t buf[16][2048] __attribute__((aligned(8)));
static int packet;

static struct io_uring_sqe *next(uint64_t id)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	if (!sqe)
		die("no sqe");
	sqe->user_data = id;
	return sqe;
}

static void prepare(int op, int fd, void *p, size_t len, uint64_t id)
{
	struct io_uring_sqe *sqe = next(id);

	io_uring_prep_rw(op, sqe, fd, p, len, 0);
	sqe->user_data = id;
	if (io_uring_submit(&ring) != 1)
		die("submit");
}

/* The next completion's result; -ETIME if there is none within @ms. */
static int complete(uint64_t *id, unsigned int *flags, int ms)
{
	struct __kernel_timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
	struct io_uring_cqe *cqe;
	int res = io_uring_wait_cqe_timeout(&ring, &cqe, &t);

	if (res)
		return res;
	res = cqe->res;
	if (id)
		*id = cqe->user_data;
	if (flags)
		*flags = cqe->flags;
	io_uring_cqe_seen(&ring, cqe);
	return res;
}

static void reads(int fd, const char *mode)
{
	uint64_t id = 0;
	int i, n = 0;

	xt_transmit(packet, 100, 1);
	prepare(IORING_OP_READ, fd, buf[0], sizeof(buf[0]), 1);
	ok(complete(&id, NULL, 20000) == 100 && id == 1 && xt_number(buf[0], 100) == 1,
	   "%s: read of a frame that is there", mode);

	for (i = 0; i < 4; i++)
		prepare(IORING_OP_READ, fd, buf[i], sizeof(buf[i]), 10 + i);
	ok(complete(&id, NULL, 100) == -ETIME, "%s: reads wait for frames", mode);
	for (i = 0; i < 4; i++)
		xt_transmit(packet, 100 + i, 20 + i);
	for (i = 0; i < 4; i++)
		n += complete(&id, NULL, 20000);
	ok(n == 406, "%s: four of them get four frames", mode);
}

static void writes(int fd)
{
	uint64_t before = xt_counter("rx_out");
	size_t len = xt_numbered(buf[0], xt_everyone, xt_peer, 500, 3);

	prepare(IORING_OP_WRITE, fd, buf[0], len, 2);
	ok(complete(NULL, NULL, 20000) == 500 && xt_counter("rx_out") == before + 1, "write");
	prepare(IORING_OP_WRITE, fd, buf[0], 5, 2);
	ok(complete(NULL, NULL, 20000) == -EINVAL, "write of a stump: EINVAL");
}

/* Each read fills its buffer with records, and each write takes them. */
static void batched(int fd)
{
	struct xtun_record *record = (void *)buf[0];
	uint64_t before = xt_counter("rx_out");
	uint32_t on = 1, off = 0;
	size_t len;
	int n;

	if (ioctl(fd, XTUN_IOC_SET_BATCH, &on))
		die("XTUN_IOC_SET_BATCH");
	prepare(IORING_OP_READ, fd, buf[0], sizeof(buf[0]), 40);
	ok(complete(NULL, NULL, 100) == -ETIME, "batch: a read waits");
	xt_transmit(packet, 100, 1);
	n = complete(NULL, NULL, 20000);
	ok(n == XTUN_RECORD_SIZE(100) && record->len == 100, "... for a record (%d)", n);
	for (n = 0; n < 3; n++)
		xt_transmit(packet, 100, n);
	prepare(IORING_OP_READ, fd, buf[0], sizeof(buf[0]), 41);
	n = complete(NULL, NULL, 20000);
	ok(n == 3 * XTUN_RECORD_SIZE(100), "batch: one read gets three (%d)", n);
	len = xt_numbered((uint8_t *)(record + 1), xt_everyone, xt_peer, 100, 3);
	*record = (struct xtun_record){ .len = len };
	memcpy(buf[0] + XTUN_RECORD_SIZE(len), buf[0], XTUN_RECORD_SIZE(len));
	prepare(IORING_OP_WRITE, fd, buf[0], 2 * XTUN_RECORD_SIZE(len), 42);
	n = complete(NULL, NULL, 20000);
	ok(n == 2 * XTUN_RECORD_SIZE(100) && xt_counter("rx_out") == before + 2,
	   "batch: one write brings two (%d)", n);
	if (ioctl(fd, XTUN_IOC_SET_BATCH, &off))
		die("XTUN_IOC_SET_BATCH");
}

static void polls(int fd)
{
	struct io_uring_sqe *sqe = next(0);

	io_uring_prep_poll_add(sqe, fd, POLLIN);
	sqe->user_data = 5;
	if (io_uring_submit(&ring) != 1)
		die("submit");
	ok(complete(NULL, NULL, 100) == -ETIME, "poll waits");
	xt_transmit(packet, 60, 1);
	ok(complete(NULL, NULL, 20000) == POLLIN, "... for a frame");
	ok(read(fd, buf[0], 100) == 60, "... which is there");
}

static void multishot(int fd)
{
	struct io_uring_probe *probe = io_uring_get_probe_ring(&ring);
	bool have = probe && io_uring_opcode_supported(probe, OP_READ_MULTISHOT);
	struct io_uring_sqe *sqe;
	unsigned int flags = 0;
	int i, n = 0, more = 0;

	io_uring_free_probe(probe);
	if (!have) {
		skip("this kernel has no multishot read", "multishot read");
		return;
	}
	sqe = next(6);
	io_uring_prep_provide_buffers(sqe, buf, sizeof(buf[0]), 16, 1, 0);
	if (io_uring_submit(&ring) != 1 || complete(NULL, NULL, 20000) < 0)
		die("cannot provide buffers");
	sqe = next(0);
	io_uring_prep_rw(OP_READ_MULTISHOT, sqe, fd, NULL, 0, 0);
	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->buf_group = 1;
	sqe->user_data = 7;
	if (io_uring_submit(&ring) != 1)
		die("submit");
	for (i = 0; i < 8; i++) {
		xt_transmit(packet, 100, i);
		if (complete(NULL, &flags, 20000) == 100 && flags & IORING_CQE_F_BUFFER)
			n += xt_number(buf[flags >> IORING_CQE_BUFFER_SHIFT], 100) == i;
		more += !!(flags & IORING_CQE_F_MORE);
	}
	ok(n == 8 && more == 8, "multishot read: one request gets eight frames (%d, %d)", n, more);
}

/* A request that waits when its interface goes. */
static void abandoned(int fd)
{
	prepare(IORING_OP_READ, fd, buf[0], sizeof(buf[0]), 30);
	ok(complete(NULL, NULL, 100) == -ETIME, "a read waits");
	run("ip link del %s; ip link add %s type xtun", XT_IF, XT_IF);
	ok(complete(NULL, NULL, 20000) == -EBADFD, "... and ends with EBADFD as its interface does");
}

void theme_uring(void)
{
	int fd, blocking, err;

	/* If there is io_uring, it fails on the missing parameters first. */
	if (syscall(__NR_io_uring_setup, 1, NULL) < 0 && errno != EFAULT) {
		skip("this kernel has no io_uring", "io_uring");
		return;
	}
	err = io_uring_queue_init(32, &ring, 0);
	if (err)
		die("io_uring: %d", err);
	xt_up();
	packet = xt_packet(XT_IF);
	blocking = xt_open(0);
	reads(blocking, "blocking file");
	close(blocking);
	fd = xt_open(0);
	writes(fd);
	batched(fd);
	polls(fd);
	abandoned(fd);
	close(fd);
	close(packet);
	xt_up();
	packet = xt_packet(XT_IF);
	fd = xt_open(0);
	multishot(fd);
	io_uring_queue_exit(&ring);
	close(packet);
	close(fd);
}

#else

void theme_uring(void)
{
	skip("there is no liburing for this ABI", "io_uring");
}
#endif
