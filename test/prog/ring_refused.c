// SPDX-License-Identifier: GPL-2.0
/* What XTUN_IOC_SET_RINGS, mmap() and the other ioctls of xtun refuse, and how. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flaw.h"
#include "rings.h"
#include "xt.h"

#define SIZE		XTUN_RING_MIN
#define OWNER		1000
#define PARAMETER	"/sys/module/xtun/parameters/rings"

static size_t page;

static const struct xtun_rings sound = { .tx_size = SIZE, .rx_size = SIZE };

static long set_rings(int fd, const struct xtun_rings *want)
{
	return ioctl(fd, XTUN_IOC_SET_RINGS, want);
}

static long set_sound(int fd)
{
	return set_rings(fd, &sound);
}

/* One field at a time is wrong. */
static void fields(void)
{
	static const uint32_t sizes[] = { 0, 1, SIZE / 2, SIZE - 8, SIZE + 4096, 3 * SIZE,
					  2 * XTUN_RING_MAX, 0x80000000, 0xffffffff };
	static const uint32_t flags[] = { 0x2, 0x80000000, 0xffffffff };
	int fd = xt_open(O_NONBLOCK);
	struct xtun_rings want;
	unsigned int i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		want = sound;
		want.tx_size = sizes[i];
		fails(set_rings(fd, &want), EINVAL, "tx_size %#x", sizes[i]);
		want = sound;
		want.rx_size = sizes[i];
		fails(set_rings(fd, &want), EINVAL, "rx_size %#x", sizes[i]);
	}
	for (i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		want = sound;
		want.flags = flags[i];
		want.idle_usecs = 1;
		fails(set_rings(fd, &want), EINVAL, "flags %#x", flags[i]);
	}
	for (i = 0; i < 4; i++) {
		want = sound;
		want.reserved[i] = 1;
		fails(set_rings(fd, &want), EINVAL, "reserved[%u] is not 0", i);
	}
	want = sound;
	want.idle_usecs = 1;
	fails(set_rings(fd, &want), EINVAL, "idle_usecs without a poller");
	want.flags = XTUN_RINGS_POLLER;
	want.idle_usecs = 0;
	fails(set_rings(fd, &want), EINVAL, "a poller without idle_usecs");
	want.idle_usecs = XTUN_IDLE_MAX + 1;
	fails(set_rings(fd, &want), EINVAL, "idle_usecs of more than a second");
	fails(set_rings(fd, NOWHERE), EFAULT, "an argument that is nowhere");
	ok(!xt_counter("readers"), "what was refused attached nothing");
	want.idle_usecs = XTUN_IDLE_MAX;
	ok(!set_rings(fd, &want), "and then it is granted");
	fails(set_rings(fd, &want), EEXIST, "once");
	close(fd);
}

static void features(void)
{
	uint32_t features = 0;
	int fd = open(XT_DEV, O_RDONLY | O_CLOEXEC);

	ok(fd >= 0 && !ioctl(fd, XTUN_IOC_FEATURES, &features) &&
	   features == (XTUN_F_BATCH | XTUN_F_RINGS | XTUN_F_POLLER),
	   "XTUN_IOC_FEATURES says batches, rings, poller (%#x)", features);
	fails(ioctl(fd, XTUN_IOC_FEATURES, NOWHERE), EFAULT, "... but not to nowhere");
	fails(ioctl(fd, _IO(XTUN_IOC_MAGIC, 99)), ENOTTY, "an ioctl that there is not");
	ok(!xt_counter("readers"), "asking attaches nothing");
	close(fd);
}

/* Calls for rings on a file that has none, and calls for other files on one that has. */
static void without_rings(void)
{
	struct xtun_wake wake = { .frames = 1 };
	uint32_t on = 1, two = 2;
	int fd = xt_open(O_NONBLOCK);

	fails(ioctl(fd, XTUN_IOC_DOORBELL), EINVAL, "the doorbell without rings");
	fails(ioctl(fd, XTUN_IOC_SET_WAKE, &wake), EINVAL, "XTUN_IOC_SET_WAKE without rings");
	fails(ioctl(fd, XTUN_IOC_GET_WAKE, &wake), EINVAL, "XTUN_IOC_GET_WAKE without rings");
	fails(ioctl(fd, XTUN_IOC_SET_BATCH, &two), EINVAL, "XTUN_IOC_SET_BATCH to 2");
	fails(ioctl(fd, XTUN_IOC_SET_BATCH, NOWHERE), EFAULT, "XTUN_IOC_SET_BATCH from nowhere");
	ok(!ioctl(fd, XTUN_IOC_SET_BATCH, &on), "XTUN_IOC_SET_BATCH before anything else");
	ok(!xt_counter("readers"), "... attaches nothing");
	ok(!set_sound(fd), "a file of batches gets rings");
	fails(ioctl(fd, XTUN_IOC_SET_BATCH, &on), EBUSY, "... and then no more batches");
	close(fd);
}

static void wake(void)
{
	static const struct xtun_wake wrong[] = {
		{ .frames = 2 }, { .bytes = 1 }, { .usecs = XTUN_WAKE_USECS_MAX + 1 },
		{ .usecs = 1, .reserved = 1 },
	};
	struct xtun_wake w = { .frames = 32, .bytes = 10000, .usecs = 500 }, got;
	int fd = xt_open(O_NONBLOCK);
	unsigned int i;

	if (set_sound(fd))
		die("XTUN_IOC_SET_RINGS");
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		fails(ioctl(fd, XTUN_IOC_SET_WAKE, &wrong[i]), EINVAL,
		      "a wake of %u frames, %u bytes, %u us, reserved %u", wrong[i].frames,
		      wrong[i].bytes, wrong[i].usecs, wrong[i].reserved);
	fails(ioctl(fd, XTUN_IOC_SET_WAKE, NOWHERE), EFAULT, "a wake that is nowhere");
	fails(ioctl(fd, XTUN_IOC_GET_WAKE, NOWHERE), EFAULT, "a wake to nowhere");
	ok(!ioctl(fd, XTUN_IOC_SET_WAKE, &w) && !ioctl(fd, XTUN_IOC_GET_WAKE, &got) &&
	   !memcmp(&w, &got, sizeof(w)), "a wake that makes sense is kept");
	close(fd);
}

static int open_as(int mode)
{
	int fd = open(XT_DEV, mode | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		die("open " XT_DEV);
	return fd;
}

static void access_modes(void)
{
	int fd = open_as(O_RDONLY);

	fails(set_sound(fd), EACCES, "a file that is open for reading only");
	close(fd);
	fd = open_as(O_WRONLY);
	fails(set_sound(fd), EACCES, "a file that is open for writing only");
	close(fd);
	ok(!xt_counter("readers"), "neither is attached");
}

/* The interface has but one queue. */
static void busy(void)
{
	int one = xt_open(O_NONBLOCK), two = xt_open(O_NONBLOCK), polled = xt_open(O_NONBLOCK);
	uint8_t byte[64];

	xt_drain(one);
	fails(set_sound(two), EBUSY, "every queue is taken: by a plain file");
	xt_drain(two);
	fails(set_sound(one), EBUSY, "its queue has another user");
	fails(set_sound(two), EBUSY, "... who is told the same");
	fails(read(one, byte, sizeof(byte)), EAGAIN, "... and both go on");
	close(one);
	xt_poll(polled, POLLIN, 0, NULL);
	ok(!set_sound(two), "the other has gone, and who has only polled does not count");
	fails(read(polled, byte, sizeof(byte)), EBUSY, "a plain file cannot join the rings' queue");
	fails(set_sound(polled), EBUSY, "... nor have rings there");
	one = open(XT_DEV, O_RDWR | O_EXCL);
	fails(one, EBUSY, "... nor O_EXCL");
	close(two);
	fails(read(polled, byte, sizeof(byte)), EAGAIN, "until they are closed");
	close(polled);
	one = xt_open(O_EXCL | O_NONBLOCK);
	ok(!set_sound(one), "an O_EXCL file gets rings");
	close(one);
	ok(!xt_counter("readers"), "all are gone");
}

static bool cannot_map(int fd, size_t size, int prot, int flags, off_t offset, int error,
		       const char *what)
{
	void *p = mmap(NULL, size, prot, flags, fd, offset);
	bool is = fails(p == MAP_FAILED ? -1 : 0, error, "%s", what);

	if (p != MAP_FAILED)
		munmap(p, size);
	return is;
}

static void parts(int fd)
{
	static const struct {
		const char *name;
		off_t at;
		bool ring, readonly;
	} all[] = {
		{ "user", XTUN_MMAP_USER, false, false },
		{ "kernel", XTUN_MMAP_KERNEL, false, true },
		{ "tx", XTUN_MMAP_TX, true, true },
		{ "rx", XTUN_MMAP_RX, true, false },
	};
	char what[100];
	unsigned int i;

	for (i = 0; i < 4; i++) {
		size_t size = all[i].ring ? 2 * SIZE : page;

		snprintf(what, sizeof(what), "mmap of %s, a page too much", all[i].name);
		cannot_map(fd, size + page, PROT_READ, MAP_SHARED, all[i].at, EINVAL, what);
		snprintf(what, sizeof(what), "mmap of %s, private", all[i].name);
		cannot_map(fd, size, PROT_READ, MAP_PRIVATE, all[i].at, EINVAL, what);
		snprintf(what, sizeof(what), "mmap of %s, a page further", all[i].name);
		cannot_map(fd, size, PROT_READ, MAP_SHARED, all[i].at + page, EINVAL, what);
		if (all[i].ring) {
			snprintf(what, sizeof(what), "mmap of %s, once only", all[i].name);
			cannot_map(fd, SIZE, PROT_READ, MAP_SHARED, all[i].at, EINVAL, what);
		}
		if (all[i].readonly) {
			snprintf(what, sizeof(what), "mmap of %s, to be written", all[i].name);
			cannot_map(fd, size, PROT_READ | PROT_WRITE, MAP_SHARED, all[i].at, EPERM,
				   what);
		}
	}
}

static void never_writable(struct rings *r)
{
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	uint32_t word = 0xdead;

	fails(mprotect((void *)r->tx, page, PROT_READ | PROT_WRITE), EACCES,
	      "mprotect makes the tx ring no writable one");
	fails(mprotect((void *)r->kernel, page, PROT_READ | PROT_WRITE), EACCES,
	      "... nor the kernel's page");
	ok(mem >= 0 && pwrite(mem, &word, sizeof(word), (uintptr_t)r->tx) < 0 &&
	   pwrite(mem, &word, sizeof(word), (uintptr_t)r->kernel) < 0,
	   "/proc/self/mem writes neither");
	ok(!r->kernel->tx_prod && !*(const uint32_t *)r->tx, "... and both are as they were");
	close(mem);
	fails(mremap(r->rx, 2 * SIZE, 4 * SIZE, MREMAP_MAYMOVE) == MAP_FAILED ? -1 : 0, EFAULT,
	      "mremap makes the rx ring no longer one");
}

static void mapping(void)
{
	int fd = xt_open(O_NONBLOCK);
	struct rings r;

	if (rings_make(&r, fd, SIZE, 0))
		die("XTUN_IOC_SET_RINGS");
	parts(fd);
	never_writable(&r);
	rings_unmap(&r);
	close(fd);
}

static void switched_off(void)
{
	uint32_t features = 0;
	int fd = xt_open(O_NONBLOCK);

	run("echo N >" PARAMETER);
	ok(!ioctl(fd, XTUN_IOC_FEATURES, &features) && features == XTUN_F_BATCH,
	   "rings=N: XTUN_IOC_FEATURES says batches only (%#x)", features);
	fails(set_sound(fd), EOPNOTSUPP, "rings=N: there are none");
	run("echo Y >" PARAMETER);
	ok(!set_sound(fd), "rings=Y: there are");
	close(fd);
}

static void gone(void)
{
	int before = xt_open(O_NONBLOCK), attached = xt_open(O_NONBLOCK), tap;

	xt_drain(attached);
	run("ip link del " XT_IF);
	fails(set_sound(attached), EBADFD, "a file whose interface is gone");
	fails(set_sound(before), ENODEV, "a file that was on none");
	run("ip link add " XT_IF " type xtun");
	fails(set_sound(attached), EBADFD, "another of that name is not the same");
	ok(!set_sound(before), "but who was on none may have it");
	fails(flaw_attach(before, "tap0", TAP), EEXIST, "TUNSETIFF on a file with rings");
	close(before);
	close(attached);
	tap = xt_tap(XT_DEV, "refused0", TAP);
	run("ip link del refused0");
	fails(set_sound(tap), EBADFD, "a tap whose interface is gone");
	close(tap);
	tap = xt_tap(XT_DEV, "refused0", TAP);
	if (set_sound(tap))
		die("XTUN_IOC_SET_RINGS");
	run("ip link del refused0");
	fails(flaw_attach(tap, "refused1", TAP), EBUSY, "rings have one interface in their life");
	close(tap);
}

void theme_ring_refused(void)
{
	if (!rings_offered("what rings refuse"))
		return;
	page = sysconf(_SC_PAGESIZE);
	xt_up();
	features();
	fields();
	without_rings();
	wake();
	access_modes();
	busy();
	mapping();
	switched_off();
	xt_law(XT_IF);
	gone();
}

/* --- a user who may use the interface, but may not lock more memory than the limit */

static void limit(rlim_t bytes)
{
	struct rlimit r = { .rlim_cur = bytes, .rlim_max = 64 << 20 };

	if (setrlimit(RLIMIT_MEMLOCK, &r))
		die("setrlimit");
}

static void as_owner(void)
{
	size_t one = 2 * SIZE + 2 * page;
	int fd, tap, other;

	limit(one - page);
	fd = xt_open(O_NONBLOCK);
	fails(set_sound(fd), EPERM, "a page more than RLIMIT_MEMLOCK");
	limit(one);
	ok(!set_sound(fd), "exactly RLIMIT_MEMLOCK");
	close(fd);
	fd = xt_open(O_NONBLOCK);
	ok(!set_sound(fd), "what was closed is no longer counted");
	other = xt_open(O_NONBLOCK);
	fails(set_sound(other), EPERM, "all of a user's rings count together");
	limit(2 * one);
	ok(!set_sound(other), "... and within the limit there may be two");
	close(fd);
	close(other);
	tap = open(XT_DEV, O_RDWR | O_CLOEXEC);
	fails(flaw_attach(tap, "", TAP), EPERM, "no interface of his own");
	close(tap);
}

void theme_ring_owner(void)
{
	int status, fd;
	pid_t pid;

	if (!rings_offered("rings of one who is no root"))
		return;
	page = sysconf(_SC_PAGESIZE);
	run("chmod 666 " XT_DEV);
	limit(64 << 20);
	pid = xt_fork();
	if (!pid) {
		if (setgid(OWNER) || setuid(OWNER))
			die("setuid");
		as_owner();
		_exit(0);
	}
	ok(waitpid(pid, &status, 0) == pid && !status, "the owner is done");
	pid = xt_fork();
	if (!pid) {
		if (setgid(OWNER + 1) || setuid(OWNER + 1))
			die("setuid");
		fd = xt_open(O_NONBLOCK);
		fails(set_sound(fd), EPERM, "who is not the owner may not attach");
		_exit(0);
	}
	ok(waitpid(pid, &status, 0) == pid && !status, "the other is done");
}
