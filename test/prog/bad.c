// SPDX-License-Identifier: GPL-2.0
/* Bad input: the right errno, one counter, and nothing lost. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "xt.h"

static uint8_t frame[XT_BUF];

/* One write that must fail, and move rx_in and @counter by one each. */
static void refused(int fd, const void *buf, size_t len, int error, const char *counter,
		    const char *what)
{
	uint64_t in = xt_counter("rx_in"), n = xt_counter(counter), out = xt_counter("rx_out");

	fails(write(fd, buf, len), error, "write of %s, %zu bytes", what, len);
	ok(xt_counter(counter) == n + 1 && xt_counter("rx_in") == in + 1 &&
	   xt_counter("rx_out") == out, "... is counted as %s, once, and not delivered", counter);
}

static void lengths(int fd)
{
	static uint8_t huge[1 << 20];
	uint64_t n;

	xt_numbered(frame, xt_everyone, xt_peer, XT_FRAME_MAX, 1);
	memcpy(huge, frame, XT_FRAME_MAX);
	refused(fd, frame, 1, EINVAL, "rx_lost_short", "a stump");
	refused(fd, frame, 13, EINVAL, "rx_lost_short", "less than a header");
	ok(write(fd, frame, 14) == 14, "a bare header is a frame");
	ok(write(fd, huge, XT_FRAME_MAX) == XT_FRAME_MAX, "the longest frame is accepted");
	refused(fd, huge, XT_FRAME_MAX + 1, EINVAL, "rx_lost_long", "one byte more");
	refused(fd, huge, sizeof(huge), EINVAL, "rx_lost_long", "a megabyte");

	n = xt_counter("rx_in");
	fails(write(fd, frame, 0), EINVAL, "write of nothing while the interface is up");
	ok(xt_counter("rx_in") == n, "... is no frame");
}

static void down(int fd)
{
	uint64_t n;

	run("ip link set %s down", XT_IF);
	refused(fd, frame, 60, EIO, "rx_lost_down", "a frame to an interface that is down");
	refused(fd, frame, 60000, EIO, "rx_lost_down", "a large one");
	n = xt_counter("rx_in");
	fails(write(fd, frame, 0), EIO, "write of nothing while the interface is down");
	ok(xt_counter("rx_in") == n, "... is no frame");
	run("ip link set %s up", XT_IF);
}

/* Pages, one of which can be made inaccessible. */
static uint8_t *arena;
static size_t page;
#define ARENA_PAGES	20

static void forbid(size_t n, bool on)
{
	if (mprotect(arena + n * page, page, on ? PROT_NONE : PROT_READ | PROT_WRITE))
		die("mprotect");
}

static void bad_source(int fd, size_t len)
{
	uint64_t n = xt_counter("rx_lost_fault"), out = xt_counter("rx_out");
	size_t pages = (len + page - 1) / page, i, wrong = 0;

	for (i = 0; i < pages; i++) {
		memcpy(arena, frame, len);
		forbid(i, true);
		if (write(fd, arena, len) != -1 || errno != EFAULT)
			wrong++;
		forbid(i, false);
	}
	ok(!wrong, "write of %zu bytes with one of %zu pages missing: EFAULT, whichever", len,
	   pages);
	ok(xt_counter("rx_lost_fault") == n + pages && xt_counter("rx_out") == out,
	   "... is counted once each");
}

/* A buffer whose last byte is in a page that is not there, and one whose first byte is. */
static void straddle(int fd, size_t len)
{
	uint64_t n = xt_counter("rx_lost_fault");

	forbid(2, true);
	fails(write(fd, arena + 2 * page - len + 1, len), EFAULT,
	      "write of %zu bytes whose last is missing", len);
	ok(write(fd, arena + 2 * page - len, len) == (ssize_t)len, "... that end at the boundary");
	forbid(2, false);
	forbid(0, true);
	fails(write(fd, arena + page - 1, len), EFAULT, "... whose first is missing");
	ok(write(fd, arena + page, len) == (ssize_t)len, "... that begin at the boundary");
	forbid(0, false);
	ok(xt_counter("rx_lost_fault") == n + 2, "... two faults are counted");
}

static void bad_target(int fd, int packet, size_t len)
{
	uint64_t n = xt_counter("tx_put_back"), out = xt_counter("tx_out");
	size_t pages = (len + page - 1) / page, i, wrong = 0;

	xt_transmit(packet, len, 5);
	xt_transmit(packet, 60, 6);
	for (i = 0; i < pages; i++) {
		forbid(i, true);
		if (read(fd, arena, ARENA_PAGES * page) != -1 || errno != EFAULT)
			wrong++;
		forbid(i, false);
	}
	ok(!wrong, "read of %zu bytes with one of %zu pages missing: EFAULT, whichever", len,
	   pages);
	ok(xt_counter("tx_put_back") == n + pages && xt_counter("tx_out") == out,
	   "... is counted once each, and the frame waits on");
	ok(read(fd, arena, ARENA_PAGES * page) == (ssize_t)len && xt_number(arena, len) == 5,
	   "... and is read whole at last, before the one behind it");
	ok(read(fd, arena, ARENA_PAGES * page) == 60 && xt_number(arena, 60) == 6,
	   "... which follows");
}

static void pointers(int fd, int packet)
{
	page = sysconf(_SC_PAGESIZE);
	arena = mmap(NULL, ARENA_PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	if (arena == MAP_FAILED)
		die("mmap");
	xt_numbered(frame, xt_everyone, xt_peer, XT_FRAME_MAX, 1);
	memcpy(arena, frame, 4 * page);

	bad_source(fd, 60);
	bad_source(fd, 1514);
	bad_source(fd, 65535);
	memcpy(arena, frame, 4 * page);
	straddle(fd, 60);
	straddle(fd, 3000);
	bad_target(fd, packet, 60);
	bad_target(fd, packet, 1514);
	bad_target(fd, packet, 65535);
	fails(write(fd, (void *)-4096L, 60), EFAULT, "write from a kernel address");
	fails(ioctl(fd, FIONREAD, (void *)8L), EFAULT, "FIONREAD into nowhere");
}

static void short_buffer(int fd, int packet)
{
	uint64_t n = xt_counter("tx_lost_truncated");
	uint8_t in[2000] = { 0 };

	xt_transmit(packet, 1000, 9);
	xt_transmit(packet, 1000, 10);
	ok(read(fd, in, 0) == 0, "a read of no bytes takes nothing");
	xt_numbered(frame, xt_everyone, xt_peer, 1000, 9);
	ok(read(fd, in, 20) == 20 && !memcmp(in, frame, 20) && !in[20],
	   "a buffer of 20 bytes gets the frame's first 20, and no more");
	ok(xt_counter("tx_lost_truncated") == n + 1, "... and the frame is counted as truncated");
	ok(read(fd, in, sizeof(in)) == 1000 && xt_number(in, 1000) == 10, "... the next is whole");
}

static void other_calls(int fd)
{
	int n;

	fails(ioctl(fd, _IOW('x', 99, int), &n), ENOTTY, "an unknown ioctl");
	fails(ioctl(fd, _IOC(_IOC_READ, 0, 0, 0), NULL), ENOTTY, "ioctl number nought");
	fails(lseek(fd, 0, SEEK_SET), ESPIPE, "lseek");
	fails(pread(fd, frame, 100, 0), ESPIPE, "pread");
	fails(pwrite(fd, frame, 100, 0), ESPIPE, "pwrite");
	ok(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == ENODEV,
	   "mmap: ENODEV");
	fails(ftruncate(fd, 0), EINVAL, "ftruncate");
}

void theme_bad(void)
{
	int fd, packet;

	xt_up();
	run("ip link set %s mtu 65521", XT_IF);
	fd = xt_open(O_NONBLOCK);
	packet = xt_packet(XT_IF);
	xt_drain(fd);

	lengths(fd);
	down(fd);
	xt_drain(fd);
	pointers(fd, packet);
	short_buffer(fd, packet);
	other_calls(fd);
	close(packet);
	close(fd);
}
