// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Tests libxtun without the kernel module, whose part this file plays. Prints TAP. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"
#include "../tools/tap.h"

static int fake_ioctl(int fd, unsigned long request, ...);
static void *fake_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);

#define ioctl	fake_ioctl
#define mmap	fake_mmap
#include "rings.c"
#include "batch.c"
#undef ioctl
#undef mmap

#define TX_SIZE		XTUN_RING_MIN
#define RX_SIZE		(2 * XTUN_RING_MIN)
#define PART		0x10000		/* bytes of the file for each page of positions */
#define STRESS		300000		/* frames each way */

/* The kernel's side. Its memory is a file: both pages of positions, the tx ring, the rx ring. */
static struct {
	int memory;
	struct xtun_rings rings;
	struct xtun_wake wake;
	struct xtun_ring_user *user;
	struct xtun_ring_kernel *kernel;
	unsigned char *tx, *rx;
	uint32_t tx_prod, rx_cons;
	__u32 features;
	int ring_error, batch_error;	/* errno of the ioctls, or 0 */
	unsigned int doorbells;
} k;

static void *view(size_t size, off_t offset)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, k.memory, offset);
}

static void *view_twice(size_t size, off_t offset)
{
	unsigned char *at = mmap(NULL, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, k.memory, offset);
	mmap(at + size, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, k.memory, offset);
	return at;
}

static int set_rings(const struct xtun_rings *rings)
{
	if (k.ring_error) {
		errno = k.ring_error;
		return -1;
	}
	k.rings = *rings;
	if (ftruncate(k.memory, 2 * PART + rings->tx_size + rings->rx_size) < 0)
		abort();
	k.user = view(sizeof(*k.user), 0);
	k.kernel = view(sizeof(*k.kernel), PART);
	k.tx = view_twice(rings->tx_size, 2 * PART);
	k.rx = view_twice(rings->rx_size, 2 * PART + rings->tx_size);
	return 0;
}

static int fake_ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;

	(void)fd;
	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	switch (request) {
	case XTUN_IOC_FEATURES:
		*(__u32 *)argument = k.features;
		return 0;
	case XTUN_IOC_SET_RINGS:
		return set_rings(argument);
	case XTUN_IOC_SET_WAKE:
		k.wake = *(struct xtun_wake *)argument;
		return 0;
	case XTUN_IOC_DOORBELL:
		k.doorbells++;
		return 0;
	case XTUN_IOC_SET_BATCH:
		errno = k.batch_error;
		return k.batch_error ? -1 : 0;
	default:
		errno = ENOTTY;
		return -1;
	}
}

static void *fake_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
	off_t from = offset == XTUN_MMAP_TX ? 2 * PART : 2 * PART + k.rings.tx_size;

	if (flags & MAP_ANONYMOUS || offset < XTUN_MMAP_TX)
		return mmap(at, size, protection, flags, fd, offset);
	mmap(at, size / 2, protection, flags, fd, from);
	mmap((unsigned char *)at + size / 2, size / 2, protection, flags, fd, from);
	return at;
}

static void fill_frame(unsigned char *frame, uint32_t len, uint32_t number)
{
	uint32_t i;

	memcpy(frame, &number, sizeof(number));
	for (i = sizeof(number); i < len; i++)
		frame[i] = number + i;
}

static bool is_frame(const unsigned char *frame, uint32_t len, uint32_t number)
{
	uint32_t i;

	if (memcmp(frame, &number, sizeof(number)))
		return false;
	for (i = sizeof(number); i < len; i++) {
		if (frame[i] != (unsigned char)(number + i))
			return false;
	}
	return true;
}

/* 14 to 1553 bytes, in no particular order. */
static uint32_t length_of(uint32_t number)
{
	return 14 + number * 2654435761u % 1540;
}

/* The kernel transmits; false if the ring is full. */
static bool kernel_puts(uint32_t len, uint32_t number)
{
	const uint32_t cons = __atomic_load_n(&k.user->tx_cons, __ATOMIC_ACQUIRE);
	struct xtun_record *record = xtun_record_at(k.tx, k.rings.tx_size, k.tx_prod);

	if (k.rings.tx_size - (k.tx_prod - cons) < XTUN_RECORD_SIZE(len))
		return false;
	record->len = len;
	fill_frame((unsigned char *)(record + 1), len, number);
	k.tx_prod += XTUN_RECORD_SIZE(len);
	__atomic_store_n(&k.kernel->tx_prod, k.tx_prod, __ATOMIC_RELEASE);
	return true;
}

/* The kernel receives: 1 the expected frame, 0 a wrong one, -1 none. */
static int kernel_takes(uint32_t len, uint32_t number)
{
	struct xtun_record *record = xtun_record_at(k.rx, k.rings.rx_size, k.rx_cons);
	bool good;

	if (__atomic_load_n(&k.user->rx_prod, __ATOMIC_ACQUIRE) == k.rx_cons)
		return -1;
	good = record->len == len && !record->flags &&
	       is_frame((unsigned char *)(record + 1), len, number);
	k.rx_cons += XTUN_RECORD_SIZE(record->len);
	__atomic_store_n(&k.kernel->rx_cons, k.rx_cons, __ATOMIC_RELEASE);
	return good;
}

static bool program_puts(struct xtun *x, uint32_t len, uint32_t number)
{
	unsigned char *frame = xtun_reserve(x, len);

	if (!frame)
		return false;
	fill_frame(frame, len, number);
	return !xtun_send(x, len);
}

static struct xtun *open_rings(uint32_t poller_usecs)
{
	const struct xtun_options o = {
		.fd = memfd_create("rings", 0),
		.way = XTUN_WAY_RINGS,
		.tx_size = TX_SIZE - 1,
		.rx_size = TX_SIZE + 1,
		.poller_usecs = poller_usecs,
		.wake_frames = 32,
		.wake_usecs = 100,
	};

	memset(&k, 0, sizeof(k));
	k.features = XTUN_F_RINGS | XTUN_F_POLLER;
	k.memory = o.fd;
	return xtun_open(&o);
}

static void test_options(void)
{
	struct xtun_options o = { .reserved[7] = 1 };
	struct xtun *x = open_rings(1000);

	ok(x && xtun_way(x) == XTUN_WAY_RINGS && !strcmp(xtun_why(x), ""), "there are rings");
	ok(k.rings.tx_size == TX_SIZE && k.rings.rx_size == RX_SIZE, "of sizes rounded up");
	ok(k.rings.flags == XTUN_RINGS_POLLER && k.rings.idle_usecs == 1000, "with a poller");
	ok(k.wake.frames == 32 && k.wake.usecs == 100, "and what wakes");
	xtun_close(x);
	ok(!xtun_open(&o) && errno == EINVAL, "what is reserved must be 0");
	o = (struct xtun_options){ .flags = XTUN_VNET_HDR };
	ok(!xtun_open(&o) && errno == EINVAL, "a vnet header needs a name");
	o = (struct xtun_options){ .device = "/nowhere" };
	ok(!xtun_open(&o) && errno == ENOENT, "a device that is named must be there");
}

static void test_receive(void)
{
	struct xtun *x = open_rings(0);
	struct xtun_frame f[4];
	uint32_t i;

	ok(xtun_receive(x, f, 4) == 0, "nothing to receive");
	for (i = 0; i < 6; i++)
		kernel_puts(100 + i, i);
	ok(xtun_receive(x, f, 4) == 4, "four frames of six");
	ok(f[3].len == 103 && is_frame(f[3].data, 103, 3), "the fourth is the fourth");
	ok(k.user->tx_cons == 0, "they are the program's still");
	ok(xtun_receive(x, f, 4) == 2 && is_frame(f[1].data, 105, 5), "and the other two");
	ok(k.user->tx_cons == 4 * XTUN_RECORD_SIZE(104), "the first are the kernel's again");
	ok(k.doorbells == 0, "nobody wanted a doorbell");
	k.kernel->doorbell = XTUN_DOORBELL_TX;
	ok(xtun_arm(x, XTUN_CAN_RECEIVE) == 0, "it may sleep");
	ok(k.user->tx_cons == k.tx_prod && k.doorbells == 1, "after all was given back");
	ok(k.user->tx_wake == k.user->tx_cons, "and asks to be woken");
	kernel_puts(60, 6);
	ok(xtun_arm(x, XTUN_CAN_RECEIVE) == XTUN_CAN_RECEIVE, "it may not: a frame came");
	k.kernel->status = XTUN_STATUS_DETACHED;
	ok(xtun_receive(x, f, 4) == 1, "it is there even if the interface has gone");
	ok(xtun_receive(x, f, 4) == -1 && errno == EBADFD, "then there is an error");
	ok(xtun_wait(x, XTUN_CAN_RECEIVE, -1) == XTUN_CAN_RECEIVE, "and nothing to wait for");
	xtun_close(x);
}

static void test_send(void)
{
	struct xtun *x = open_rings(0);
	const uint32_t record = XTUN_RECORD_SIZE(1514);
	uint32_t n = 0, i;

	k.kernel->doorbell = XTUN_DOORBELL_RX;
	ok(xtun_send(x, 60) == -1 && errno == EINVAL, "nothing is sent without a room");
	ok(!xtun_reserve(x, 70000) && errno == EMSGSIZE, "no room for what is no frame");
	ok(program_puts(x, 60, 0) && kernel_takes(60, 0) == -1, "what is not flushed is not there");
	ok(xtun_flush(x) == 0 && kernel_takes(60, 0) == 1, "and then it is");
	ok(k.doorbells == 1, "the doorbell was rung");
	xtun_flush(x);
	ok(k.doorbells == 1, "but not for nothing");
	while (program_puts(x, 1514, n))
		n++;
	ok(errno == EAGAIN && n == RX_SIZE / record, "the ring can be filled");
	ok(k.user->rx_prod == XTUN_RECORD_SIZE(60) + n * record, "and that flushes it");
	ok(xtun_arm(x, XTUN_CAN_SEND) == 0, "it may sleep");
	for (i = 0; (int)(k.rx_cons - k.user->rx_wake) <= 0 && i < n; i++)
		kernel_takes(1514, i);
	ok(RX_SIZE - (k.user->rx_prod - k.rx_cons) >= record, "until there is room");
	ok(RX_SIZE - (k.user->rx_prod - k.rx_cons) < 2 * record, "and no longer");
	ok(xtun_arm(x, XTUN_CAN_SEND) == XTUN_CAN_SEND, "then it may not sleep");
	ok(program_puts(x, 1514, n), "there is room again");
	k.kernel->status = XTUN_STATUS_BROKEN;
	ok(xtun_flush(x) == -1 && errno == EPIPE, "a broken ring is told of");
	xtun_close(x);
}

static void *kernel_transmits(void *arg)
{
	uint32_t i;

	for (i = 0; i < STRESS; i++) {
		while (!kernel_puts(length_of(i), i))
			sched_yield();
	}
	return arg;
}

static void *kernel_receives(void *arg)
{
	unsigned long *wrong = arg;
	uint32_t i;
	int got;

	for (i = 0; i < STRESS; i++) {
		while ((got = kernel_takes(length_of(i), i)) < 0)
			sched_yield();
		*wrong += !got;
	}
	return NULL;
}

static void *program_sends(void *arg)
{
	struct xtun *x = arg;
	uint32_t i;

	for (i = 0; i < STRESS; i++) {
		while (!program_puts(x, length_of(i), i))
			sched_yield();
		if (i % 16 == 0)
			xtun_flush(x);
	}
	xtun_flush(x);
	return NULL;
}

static unsigned long program_receives(struct xtun *x)
{
	struct xtun_frame f[32];
	unsigned long wrong = 0;
	uint32_t number = 0;
	int i, n;

	while (number < STRESS) {
		n = xtun_receive(x, f, 32);
		for (i = 0; i < n; i++, number++)
			wrong += f[i].len != length_of(number) ||
				 !is_frame(f[i].data, f[i].len, number);
		if (!n)
			sched_yield();
	}
	return wrong;
}

static void begin_at(struct xtun *x, uint32_t position)
{
	k.tx_prod = position;
	k.user->tx_cons = position;
	k.kernel->tx_prod = position;
	x->receiver.end = position;
	x->receiver.next = position;
	x->receiver.start = position;

	k.rx_cons = position;
	k.user->rx_prod = position;
	k.kernel->rx_cons = position;
	x->sender.next = position;
	x->sender.sent = position;
	x->sender.start = position;
}

/* Four threads: both sides of both rings. */
static void test_threads(void)
{
	struct xtun *x = open_rings(0);
	unsigned long sent_wrong = 0, received_wrong;
	pthread_t threads[3];
	int i;

	/* So that positions soon wrap at 2^32. */
	begin_at(x, -4096u);

	pthread_create(&threads[0], NULL, kernel_transmits, NULL);
	pthread_create(&threads[1], NULL, kernel_receives, &sent_wrong);
	pthread_create(&threads[2], NULL, program_sends, x);
	received_wrong = program_receives(x);
	for (i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	ok(!received_wrong, "frames received by one thread are as they were sent");
	ok(!sent_wrong, "and so are those sent by another");
	xtun_close(x);
}

/* A descriptor where each read() and write() is one message. */
static struct xtun *open_socket(enum xtun_way way, int *other)
{
	struct xtun_options o = { .way = way };
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds) < 0)
		abort();
	o.fd = fds[0];
	*other = fds[1];
	return xtun_open(&o);
}

static void test_fallback(int ring_error, int batch_error, enum xtun_way way)
{
	struct xtun *x;
	int other, error;
	char nothing;

	memset(&k, 0, sizeof(k));
	k.features = ring_error == EOPNOTSUPP ? 0 : XTUN_F_RINGS;
	k.ring_error = ring_error;
	k.batch_error = batch_error;
	x = open_socket(XTUN_WAY_ANY, &other);
	error = errno;
	if (way == XTUN_WAY_ANY)
		ok(!x && error == ring_error, "no way");
	else if (ok(x && xtun_way(x) == way, xtun_way_name(way)))
		printf("# %s\n", xtun_why(x));
	if (x)
		ok(read(other, &nothing, 1) < 0 && errno == EAGAIN,
		   "... and nothing is sent before a frame is");
	xtun_close(x);
	close(other);
}

/* xtun_send() fails if it does not match a reservation, in every way. */
static void test_forgotten(struct xtun *x)
{
	ok(xtun_reserve(x, 13) && xtun_send(x, 14) < 0 && errno == EINVAL,
	   "a frame longer than its room is none");
	ok(xtun_reserve(x, 100) && !xtun_flush(x) && xtun_send(x, 100) < 0 && errno == EINVAL,
	   "a flush forgets a room");
	xtun_close(x);
}

static void test_forgets(void)
{
	int other;

	memset(&k, 0, sizeof(k));
	test_forgotten(open_rings(0));
	test_forgotten(open_socket(XTUN_WAY_PLAIN, &other));
	close(other);
}

static void test_fallbacks(void)
{
	test_fallback(EOPNOTSUPP, 0, XTUN_WAY_BATCH);
	test_fallback(EPERM, 0, XTUN_WAY_BATCH);
	test_fallback(ENOMEM, 0, XTUN_WAY_BATCH);
	test_fallback(EOPNOTSUPP, ENOTTY, XTUN_WAY_PLAIN);
	test_fallback(EBUSY, 0, XTUN_WAY_ANY);
}

static void test_plain(void)
{
	unsigned char buffer[256];
	struct xtun_frame f[4];
	struct xtun *x;
	int other, i;

	x = open_socket(XTUN_WAY_PLAIN, &other);
	for (i = 0; i < 6; i++) {
		fill_frame(buffer, 100 + i, i);
		send(other, buffer, 100 + i, 0);
	}
	ok(xtun_receive(x, f, 4) == 4 && f[3].len == 103 && is_frame(f[3].data, 103, 3),
	   "plain: four frames");
	ok(xtun_receive(x, f, 4) == 2 && is_frame(f[1].data, 105, 5), "plain: and two");
	ok(xtun_receive(x, f, 4) == 0 && !xtun_wait(x, XTUN_CAN_RECEIVE, 1), "plain: no more");
	for (i = 0; i < 3; i++)
		program_puts(x, 60, i);
	ok(recv(other, buffer, 256, 0) < 0 && !xtun_flush(x), "plain: sent with the flush");
	for (i = 0; recv(other, buffer, 256, 0) == 60 && is_frame(buffer, 60, i); i++)
		;
	ok(i == 3, "plain: all three");
	for (i = 0; program_puts(x, 1000, i); i++)
		;
	ok(errno == EAGAIN && xtun_flush(x) == -1 && errno == EAGAIN, "plain: until it is full");
	ok(!xtun_arm(x, XTUN_CAN_SEND), "plain: then one sleeps");
	while (recv(other, buffer, 256, 0) > 0)
		;
	close(other);
	ok(xtun_receive(x, f, 4) < 0 && errno == EPIPE, "plain: the end");
	xtun_close(x);
}

static void test_batch(void)
{
	uint64_t records[64];
	struct xtun_record *record = (struct xtun_record *)records;
	struct xtun_frame f[4];
	struct xtun *x;
	int other;

	memset(&k, 0, sizeof(k));
	x = open_socket(XTUN_WAY_BATCH, &other);
	record->len = 61;
	fill_frame((unsigned char *)(record + 1), 61, 1);
	record = xtun_record_at(records, 512, XTUN_RECORD_SIZE(61));
	record->len = 63;
	fill_frame((unsigned char *)(record + 1), 63, 2);
	send(other, records, XTUN_RECORD_SIZE(61) + 8 + 63, 0);
	ok(xtun_receive(x, f, 1) == 1 && f[0].len == 61 && is_frame(f[0].data, 61, 1),
	   "batch: the first of a read");
	ok(xtun_arm(x, XTUN_CAN_RECEIVE) == XTUN_CAN_RECEIVE, "batch: one does not sleep");
	ok(xtun_receive(x, f, 4) == 1 && f[0].len == 63 && is_frame(f[0].data, 63, 2),
	   "batch: the second, without what is between records");
	program_puts(x, 60, 1);
	program_puts(x, 70, 2);
	ok(!xtun_flush(x) && recv(other, records, 512, 0) == 72 + 80, "batch: two in one write");
	record = (struct xtun_record *)records;
	ok(record->len == 60 && record[9].len == 70, "batch: as records");
	close(other);
	xtun_close(x);
}

int main(void)
{
	test_options();
	test_receive();
	test_send();
	test_threads();
	test_forgets();
	test_fallbacks();
	test_plain();
	test_batch();
	return tap_end();
}
