// SPDX-License-Identifier: GPL-2.0
/*
 * Programs that write nonsense into their rings, or unmap them: each harms only its own
 * file, and is told. The rings of another file beside it go on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "flaw.h"
#include "rings.h"
#include "xt.h"

#define SIZE	XTUN_RING_MIN
#define FRAME	1016	/* a record with it divides the ring evenly */
#define RECORD	XTUN_RECORD_SIZE(FRAME)
#define FIT	(SIZE / RECORD)

static struct rings good, bad;
static uint8_t frame[XT_BUF];
static int packet;
static atomic_bool stop;

/* The counters of its queue exist from here on. */
static void make_bad(uint32_t idle_usecs)
{
	if (rings_make(&bad, xt_open(O_NONBLOCK), SIZE, idle_usecs))
		die("XTUN_IOC_SET_RINGS");
}

static void end_bad(void)
{
	rings_unmap(&bad);
	close(bad.fd);
}

static bool is_told(void)
{
	short got = 0;

	return xt_poll(bad.fd, POLLIN, 0, &got) >= 0 && got & POLLERR && got & POLLHUP &&
	       bad.kernel->status == XTUN_STATUS_BROKEN &&
	       ioctl(bad.fd, XTUN_IOC_DOORBELL) == -1 && errno == EPIPE;
}

/*
 * The other file sends, and gets all that is transmitted, because the bad one is out of
 * service.
 */
static bool others_go_on(void)
{
	unsigned int i, n = 0;

	rings_drain(&good);
	for (i = 0; i < 20; i++) {
		xt_transmit(packet, FRAME, i);
		n += rings_next_is(&good, FRAME, i);
		n += rings_send(&good, frame, FRAME) == 1;
	}
	return n == 40;
}

static void judge(const char *what, const char *loss, uint64_t before)
{
	ok(is_told(), "%s: that file is told", what);
	ok(xt_counter(loss) > before, "... and it counts as %s", loss);
	ok(others_go_on(), "... and the other goes on");
	end_bad();
}

/* --- the rx ring */

static void rx_position(uint32_t by, const char *what)
{
	uint64_t lost;

	make_bad(0);
	lost = xt_counter("rx_lost_broken");
	rings_send(&bad, frame, FRAME);
	bad.user->rx_prod += by;
	fails(ioctl(bad.fd, XTUN_IOC_DOORBELL), EPIPE, "rx_prod %s", what);
	judge(what, "rx_lost_broken", lost);
}

/* A sound record, and then this one. */
static void rx_record(uint32_t len, uint32_t flags, uint32_t published, const char *what)
{
	struct xtun_record *record;
	uint64_t lost, out;

	make_bad(0);
	lost = xt_counter("rx_lost_broken");
	out = xt_counter("rx_out");
	rings_fill(&bad, &(uint32_t){ 0 }, frame, FRAME);
	record = (void *)(bad.rx + RECORD);
	record->len = len;
	record->flags = flags;
	bad.user->rx_prod = RECORD + published;
	fails(ioctl(bad.fd, XTUN_IOC_DOORBELL), EPIPE, "%s", what);
	out = xt_counter("rx_out") - out;
	ok(out == 1, "... the one before it is taken (%u)", (unsigned int)out);
	judge(what, "rx_lost_broken", lost);
}

/*
 * Records as large as the ring, and up to its very end: too long for a frame, but no
 * nonsense.
 */
static void rx_whole_ring(void)
{
	struct xtun_record *record;
	uint64_t lost;

	make_bad(0);
	lost = xt_counter("rx_lost_long");
	record = (void *)bad.rx;
	record->len = SIZE - sizeof(*record);
	record->flags = 0;
	bad.user->rx_prod = SIZE;
	ok(ioctl(bad.fd, XTUN_IOC_DOORBELL) == 1 && xt_counter("rx_lost_long") == lost + 1 &&
	   !bad.kernel->status, "a record as large as the ring is but a long frame");
	record = (void *)(bad.rx + SIZE - 8);
	bad.user->rx_prod += SIZE - 8;
	((struct xtun_record *)bad.rx)->len = SIZE - 16;
	ok(ioctl(bad.fd, XTUN_IOC_DOORBELL) == 1, "... and one up to the last eight bytes");
	record->len = FRAME;
	record->flags = 0;
	memcpy(record + 1, frame, FRAME);
	bad.user->rx_prod += RECORD;
	ok(ioctl(bad.fd, XTUN_IOC_DOORBELL) == 1 && !bad.kernel->status,
	   "... and one across the end");
	end_bad();
}

/* --- the tx ring */

/*
 * The hash sends some of these frames to the bad file. The kernel checks the consumer's
 * position when the ring is full.
 */
static void flood(unsigned int n)
{
	static uint8_t udp[XT_BUF], data[FRAME];
	unsigned int i;
	size_t len;

	for (i = 0; i < n; i++) {
		len = xt_udp(udp, xt_peer, xt_peer, "10.99.0.1", "10.99.0.2", i, data, FRAME);
		if (send(packet, udp, len, 0) != (ssize_t)len)
			die("send");
		rings_drain(&good);
	}
}

static void fill_bad(void)
{
	int i;

	for (i = 0; i < 1000 && SIZE - (bad.kernel->tx_prod - bad.user->tx_cons) >= 2 * RECORD; i++)
		flood(10);
	if (i == 1000)
		die("no frame comes");
}

static void tx_position(uint32_t by, const char *what)
{
	uint64_t lost;

	make_bad(0);
	lost = xt_counter("tx_lost_broken");
	fill_bad();
	rings_drain(&bad);
	/* The kernel takes these as consumed. */
	fill_bad();
	bad.user->tx_cons += by;
	flood(20 * FIT);
	judge(what, "tx_lost_broken", lost);
}

/* --- both rings, written all the time while the kernel reads */

static void *scribble(void *arg)
{
	unsigned int seed = (uintptr_t)arg;

	while (!stop) {
		uint32_t value = rand_r(&seed);
		uint32_t *words[] = { &bad.user->rx_prod, &bad.user->tx_cons, &bad.user->tx_wake,
				      &bad.user->rx_wake, (uint32_t *)bad.rx,
				      (uint32_t *)bad.rx + 1, (uint32_t *)(bad.rx + RECORD) };

		if (value & 0x100)
			value = FRAME + (value & 7);
		*(volatile uint32_t *)words[rand_r(&seed) % 7] = value;
	}
	return NULL;
}

/* Sound records whose headers change after they have been published. */
static void *rewrite(void *arg)
{
	unsigned int seed = (uintptr_t)arg, i;

	while (!stop) {
		for (i = 0; i < FIT; i++)
			*(volatile uint32_t *)(bad.rx + i * RECORD) = FRAME - rand_r(&seed) % 8;
		if (bad.user->rx_prod - bad.kernel->rx_cons < SIZE - 2 * RECORD)
			bad.user->rx_prod += RECORD;
		ioctl(bad.fd, XTUN_IOC_DOORBELL);
	}
	return NULL;
}

static void *publish(void *arg)
{
	uint32_t prod;

	(void)arg;
	while (!stop) {
		prod = bad.user->rx_prod;
		if (prod - bad.kernel->rx_cons < SIZE - 2 * RECORD)
			bad.user->rx_prod = prod + RECORD;
		ioctl(bad.fd, XTUN_IOC_DOORBELL);
	}
	return NULL;
}

static void *ring_doorbells(void *arg)
{
	unsigned long n = 0;

	(void)arg;
	while (!stop) {
		ioctl(bad.fd, XTUN_IOC_DOORBELL);
		n++;
	}
	return (void *)n;
}

static void *transmit_all(void *arg)
{
	uint8_t own[2000];
	unsigned int i;
	size_t len;

	(void)arg;
	for (i = 0; !stop; i++) {
		len = xt_udp(own, xt_peer, xt_peer, "10.99.0.1", "10.99.0.2", i, own + 1000, 900);
		/* The interface may be down, or gone. */
		if (send(packet, own, len, 0) < 0)
			usleep(100);
	}
	return NULL;
}

static void *read_good(void *arg)
{
	(void)arg;
	while (!stop) {
		rings_drain(&good);
		rings_send(&good, frame, FRAME);
	}
	return NULL;
}

/* Runs for a tenth of the time of races, or @part of that. */
static unsigned long for_a_while(void *(*what)(void *), unsigned int threads, unsigned int part)
{
	pthread_t thread[8], other[2];
	unsigned long sum = 0;
	unsigned int i;
	void *ret;

	stop = false;
	for (i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, what, (void *)(uintptr_t)(i + 1)))
			die("thread");
	if (pthread_create(&other[0], NULL, transmit_all, NULL) ||
	    pthread_create(&other[1], NULL, read_good, NULL))
		die("thread");
	for (i = 0; i < 100 / part; i++) {
		ioctl(bad.fd, XTUN_IOC_DOORBELL);
		usleep(flaw_race_seconds() * 1000);
	}
	stop = true;
	for (i = 0; i < threads; i++) {
		pthread_join(thread[i], &ret);
		sum += (unsigned long)ret;
	}
	pthread_join(other[0], NULL);
	pthread_join(other[1], NULL);
	return sum;
}

static void fill_rx(void)
{
	uint32_t i, at;

	for (i = 0; i < FIT; i++) {
		at = i * RECORD;
		rings_fill(&bad, &at, frame, FRAME);
	}
}

#define DOORBELLS	1000000

static void races(void)
{
	unsigned int turns;
	unsigned long n;
	uint32_t i;

	for (i = 0; i < 20; i++) {
		make_bad(i & 1 ? 1000 : 0);
		for_a_while(scribble, 2, 10);
		end_bad();
	}
	ok(others_go_on(), "positions and records written at any time: the other goes on");
	make_bad(0);
	fill_rx();
	for_a_while(rewrite, 2, 1);
	end_bad();
	ok(others_go_on(), "headers rewritten while they are read: the other goes on");
	make_bad(0);
	fill_rx();
	for_a_while(publish, 3, 1);
	end_bad();
	ok(others_go_on(), "three threads that publish the same ring: the other goes on");
	for (i = 0; i < 2; i++) {
		bool well;

		make_bad(i);
		for (n = 0, turns = 0; n < DOORBELLS / 2 && turns < 60; turns++)
			n += for_a_while(ring_doorbells, 4, 1);
		well = !bad.kernel->status;
		end_bad();
		ok(n >= DOORBELLS / 2 && well && others_go_on(),
		   "%lu doorbells of four threads harm nobody%s", n,
		   i ? ", nor with a poller that ends at once" : "");
	}
	xt_law(XT_IF);
}

/* --- mappings */

static void *remap(void *arg)
{
	size_t page = sysconf(_SC_PAGESIZE);
	struct rings own;

	(void)arg;
	while (!stop) {
		own = bad;
		own.rx = mmap(NULL, 2 * SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, bad.fd,
			      XTUN_MMAP_RX);
		if (own.rx == MAP_FAILED)
			die("mmap");
		memset(own.rx, 0, page);
		mprotect(own.rx, SIZE, PROT_NONE);
		madvise(own.rx + SIZE, SIZE, MADV_DONTNEED);
		mremap(own.rx + page, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, own.rx);
		munmap(own.rx, 2 * SIZE);
		mprotect(bad.user, page, PROT_NONE);
		mprotect(bad.user, page, PROT_READ | PROT_WRITE);
	}
	return NULL;
}

static void mappings(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	unsigned int i, right = 0;
	struct rings r;
	int status;
	pid_t pid;

	make_bad(0);
	for_a_while(remap, 2, 1);
	right = !bad.kernel->status;
	end_bad();
	ok(right && others_go_on(), "mapped, protected, moved, unmapped while frames flow");

	/* All is unmapped: the kernel has a mapping of its own. */
	make_bad(0);
	rings_unmap(&bad);
	flood(5 * FIT);
	ok(ioctl(bad.fd, XTUN_IOC_DOORBELL) == 0, "unmapped: the kernel does not care");
	bad.kernel = mmap(NULL, page, PROT_READ, MAP_SHARED, bad.fd, XTUN_MMAP_KERNEL);
	ok(bad.kernel != MAP_FAILED && bad.kernel->tx_prod, "... and it may be mapped again");
	munmap((void *)bad.kernel, page);
	close(bad.fd);

	/* A child shares this memory, and keeps it. */
	make_bad(0);
	pid = xt_fork();
	if (!pid) {
		uint32_t *writable = (uint32_t *)bad.rx, last = bad.kernel->tx_prod;

		/* Waits until its parent says that it is gone. */
		while (bad.user->tx_wake != 77)
			usleep(1000);
		*writable = 1;
		last = bad.kernel->tx_prod - last;
		_exit(!(last && *writable == 1 && !bad.kernel->status));
	}
	r = bad;
	close(bad.fd);
	flood(5 * FIT);
	ok(xt_counter("readers") == 2, "closed, and mapped still: it is in service");
	fails(syscall(SYS_delete_module, "xtun", O_NONBLOCK), EAGAIN, "... and keeps the module");
	r.user->tx_wake = 77;
	rings_unmap(&r);
	ok(waitpid(pid, &status, 0) == pid && !status, "a child that has the mapping alone sees frames");
	for (i = 0; i < 2000 && xt_counter("readers") != 1; i++)
		usleep(1000);
	ok(xt_counter("readers") == 1, "... and with it the file is gone");

	for (right = i = 0; i < 20; i++) {
		make_bad(i & 1 ? 100000 : 0);
		pid = xt_fork();
		if (!pid) {
			stop = false;
			publish(NULL);
			_exit(0);
		}
		close(bad.fd);
		rings_unmap(&bad);
		flood(10);
		kill(pid, SIGKILL);
		right += waitpid(pid, &status, 0) == pid && WIFSIGNALED(status);
	}
	ok(right == 20 && others_go_on(), "killed in the middle, 20 times");
	xt_law(XT_IF);
}

/* --- enormous requests */

static void enormous(void)
{
	struct xtun_rings want = { .tx_size = XTUN_RING_MAX, .rx_size = SIZE };
	int fd = xt_open(O_NONBLOCK), tap, size = INT_MAX, ret;
	struct rings r;

	ret = ioctl(fd, XTUN_IOC_SET_RINGS, &want);
	ok(!ret || errno == ENOMEM, "a tx ring of 64 MiB: %s", ret ? "no memory" : "it is there");
	close(fd);
	fd = xt_open(O_NONBLOCK);
	want.tx_size = SIZE;
	want.rx_size = XTUN_RING_MAX;
	ret = ioctl(fd, XTUN_IOC_SET_RINGS, &want);
	ok(!ret || errno == ENOMEM, "an rx ring of 64 MiB: %s", ret ? "no memory" : "it is there");
	close(fd);

	tap = xt_tap(XT_DEV, "rbad0", TAP | IFF_VNET_HDR);
	if (rings_make(&r, tap, SIZE, 0))
		die("XTUN_IOC_SET_RINGS");
	if (ioctl(tap, TUNSETVNETHDRSZ, &size))
		die("TUNSETVNETHDRSZ");
	run("ip link set rbad0 up");
	fd = xt_packet("rbad0");
	xt_transmit(fd, FRAME, 1);
	ok(!rings_drain(&r) && xt_counter_of("rbad0", "tx_lost_full"),
	   "a vnet header of 2 GiB fits no ring");
	ok(rings_send(&r, frame, FRAME) == 1 && xt_counter_of("rbad0", "rx_lost_short") == 1,
	   "... and no frame has one");
	xt_law("rbad0");
	close(fd);
	rings_unmap(&r);
	close(tap);
}

/* --- deleted in the middle */

static void *live(void *arg)
{
	struct rings r;
	int fd;

	(void)arg;
	while (!stop) {
		fd = xt_open(O_NONBLOCK);
		if (!rings_make(&r, fd, SIZE, (uintptr_t)arg & 1 ? 5000 : 0)) {
			while (!stop && !r.kernel->status) {
				if (r.user->rx_prod - r.kernel->rx_cons < SIZE / 2)
					rings_send(&r, frame, FRAME);
				ioctl(fd, XTUN_IOC_DOORBELL);
				rings_drain(&r);
				xt_poll(fd, POLLIN | POLLOUT, 0, NULL);
			}
			rings_unmap(&r);
		}
		close(fd);
	}
	return NULL;
}

static void deleted(void)
{
	pthread_t thread[3], sender;
	int i, rounds = 2 + flaw_race_seconds() / 4;

	close(packet);
	stop = false;
	for (i = 0; i < 3; i++)
		if (pthread_create(&thread[i], NULL, live, (void *)(uintptr_t)i))
			die("thread");
	for (i = 0; i < rounds; i++) {
		packet = xt_packet(XT_IF);
		stop = false;
		if (pthread_create(&sender, NULL, transmit_all, NULL))
			die("thread");
		usleep(100000);
		run("ip link del " XT_IF);
		pthread_cancel(sender);
		pthread_join(sender, NULL);
		close(packet);
		run("ip link add " XT_IF " numtxqueues 4 type xtun");
		xt_up();
	}
	stop = true;
	for (i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	ok(true, "deleted %d times under three files that send, receive and poll", rounds);
	xt_law(XT_IF);
}

/* --- the log */

static int lines(void)
{
	FILE *f;
	int n;

	f = popen("dmesg | grep -c \"the rings' program wrote\"", "r");
	if (!f || fscanf(f, "%d", &n) != 1)
		die("dmesg");
	pclose(f);
	return n;
}

static void logged(void)
{
	int before = lines(), i, n;

	ok(before, "the log says what was wrong");
	for (i = 0; i < 100; i++) {
		make_bad(0);
		bad.user->rx_prod = 1;
		ioctl(bad.fd, XTUN_IOC_DOORBELL);
		ioctl(bad.fd, XTUN_IOC_DOORBELL);
		end_bad();
	}
	n = lines() - before;
	ok(n < 90, "... but not a hundred times (%d)", n);
}

void theme_ring_bad(void)
{
	if (!rings_offered("nonsense in rings"))
		return;
	xt_up();
	packet = xt_packet(XT_IF);
	xt_numbered(frame, xt_everyone, xt_peer, FRAME, 1);
	if (rings_make(&good, xt_open(O_NONBLOCK), SIZE, 0))
		die("XTUN_IOC_SET_RINGS");

	rx_position(SIZE + 8, "too far ahead");
	rx_position(0x80000000, "2 GiB ahead");
	rx_position(-8, "backward");
	rx_position(-RECORD, "backward by a record");
	rx_position(4, "at half a word");
	rx_position(1, "odd");
	rx_record(0xffffffff, 0, RECORD, "a record of 4 GiB");
	rx_record(0xfffffff0, 0, RECORD, "a record of nearly 4 GiB");
	rx_record(SIZE, 0, SIZE - RECORD, "a record larger than the ring");
	rx_record(SIZE + 1, 0, RECORD, "a record one byte larger");
	rx_record(FRAME + 1, 0, RECORD, "a record of more than was published");
	rx_record(FRAME, 1, RECORD, "a record with a flag");
	rx_record(FRAME, 0x80000000, RECORD, "a record with another flag");
	rx_whole_ring();
	tx_position(8, "tx_cons within a record");
	tx_position(3, "tx_cons odd");
	tx_position(SIZE + 8, "tx_cons ahead of all");
	tx_position(0x80000000, "tx_cons 2 GiB ahead");
	tx_position(-RECORD, "tx_cons backward");
	xt_law(XT_IF);
	mappings();
	enormous();
	races();
	rings_unmap(&good);
	close(good.fd);
	deleted();
	logged();
	close(packet);
}
