// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fuzz.h"

#ifndef IFF_BACKPRESSURE
#define IFF_BACKPRESSURE	0x0080
#endif

#define BUF	(96 << 10)

static __thread uint8_t buf[BUF] __attribute__((aligned(8)));

static void open_one(struct fuzz *f, struct fuzz_file *file)
{
	int flags = O_RDWR | O_NONBLOCK | O_CLOEXEC, fd;

	if (fuzz_once_in(f, 20))
		flags = fuzz_below(f, 3) | O_CLOEXEC | (fuzz_once_in(f, 2) ? O_NONBLOCK : 0);
	if (fuzz_once_in(f, 20))
		flags |= O_EXCL;
	if (file->fd >= 0)
		return;
	fd = open("/dev/xtun", flags);
	if (fd >= 0) {
		file->fd = fd;
		f->did[FUZZ_OPENED]++;
	}
}

static void close_one(struct fuzz_file *file)
{
	int fd = file->fd;

	file->fd = -1;
	if (fd >= 0)
		close(fd);
}

static void set_iff(struct fuzz *f, int fd)
{
	static const short extra[] = {
		IFF_NO_PI, IFF_VNET_HDR, IFF_MULTI_QUEUE, IFF_NAPI, IFF_NAPI_FRAGS,
		IFF_BACKPRESSURE, IFF_TUN_EXCL, IFF_NOFILTER
	};
	struct ifreq ifr = { .ifr_flags = fuzz_once_in(f, 6) ? IFF_TUN : IFF_TAP };
	unsigned int i;

	for (i = 0; i < 8; i++)
		if (fuzz_once_in(f, i < 4 ? 2 : 6))
			ifr.ifr_flags |= extra[i];
	if (fuzz_once_in(f, 3)) {
		strcpy(ifr.ifr_name, "xtun");
		ifr.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE |
				(ifr.ifr_flags & (IFF_VNET_HDR | IFF_NAPI | IFF_BACKPRESSURE));
	} else {
		snprintf(ifr.ifr_name, IFNAMSIZ, "fuzz%u", fuzz_below(f, 3));
	}
	if (!ioctl(fd, TUNSETIFF, &ifr))
		f->did[FUZZ_ATTACHED]++;
}

static void tap_ioctl(struct fuzz *f, int fd)
{
	static const int sizes[] = { 10, 12, 20, 24, 64, 1000, 0x7fffffff };
	struct ifreq ifr = {
		.ifr_flags = fuzz_once_in(f, 2) ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE,
	};
	int number = sizes[fuzz_below(f, 7)];

	switch (fuzz_below(f, 8)) {
	case 0:
	case 1:
	case 2:
		set_iff(f, fd);
		break;
	case 3:
		ioctl(fd, TUNSETQUEUE, &ifr);
		break;
	case 4:
		ioctl(fd, TUNSETVNETHDRSZ, &number);
		break;
	case 5:
		ioctl(fd, TUNSETOFFLOAD,
		      fuzz_once_in(f, 2) ? 0 : TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6);
		break;
	case 6:
		number = fuzz_once_in(f, 2) ? 0x7fffffff : (int)fuzz_below(f, 200000);
		ioctl(fd, TUNSETSNDBUF, &number);
		break;
	case 7:
		ioctl(fd, TUNSETPERSIST, 0);
		break;
	}
}

/* Mostly a size that is valid and fits into the place where rings are mapped. */
static uint32_t ring_size(struct fuzz *f)
{
	return fuzz_once_in(f, 30) ? fuzz_number(f) & (4 * FUZZ_RING_MAX - 1) :
				     (uint32_t)XTUN_RING_MIN << fuzz_below(f, 3);
}

static void set_rings(struct fuzz *f, struct fuzz_file *file)
{
	struct xtun_rings want = { .tx_size = ring_size(f), .rx_size = ring_size(f) };

	if (fuzz_once_in(f, 3)) {
		want.flags = XTUN_RINGS_POLLER;
		want.idle_usecs = 1 + fuzz_below(f, fuzz_once_in(f, 5) ? XTUN_IDLE_MAX : 2000);
	}
	if (fuzz_once_in(f, 30))
		((uint32_t *)&want)[fuzz_below(f, 8)] = fuzz_number(f);
	if (!ioctl(file->fd, XTUN_IOC_SET_RINGS, fuzz_once_in(f, 50) ? (void *)8 : &want)) {
		file->tx_size = want.tx_size;
		file->rx_size = want.rx_size;
		f->did[FUZZ_RINGS]++;
	}
}

static void own_ioctl(struct fuzz *f, struct fuzz_file *file)
{
	struct xtun_wake wake = { 0 };
	uint32_t number = fuzz_below(f, 2);
	int fd = file->fd;

	switch (fuzz_below(f, 16)) {
	case 0:
	case 1:
	case 2:
		set_rings(f, file);
		break;
	case 3:
		wake.frames = fuzz_number(f);
		wake.bytes = fuzz_number(f);
		wake.usecs = fuzz_below(f, 5000);
		ioctl(fd, XTUN_IOC_SET_WAKE, &wake);
		break;
	case 4:
		ioctl(fd, XTUN_IOC_GET_WAKE, &wake);
		break;
	case 5:
		ioctl(fd, XTUN_IOC_SET_BATCH, &number);
		break;
	case 6:
		ioctl(fd, XTUN_IOC_FEATURES, &number);
		break;
	case 7:
		ioctl(fd, _IOC(fuzz_below(f, 4), XTUN_IOC_MAGIC, fuzz_below(f, 8),
			       fuzz_below(f, 64)),
		      fuzz_once_in(f, 2) ? (void *)buf : (void *)8);
		break;
	default:
		ioctl(fd, XTUN_IOC_DOORBELL);
	}
}

/* Frames, or records of frames, some of them wrong. */
static size_t fill(struct fuzz *f)
{
	size_t at = 0, len;
	bool records = fuzz_once_in(f, 2);
	struct xtun_record record = { 0 };

	if (!records)
		return fuzz_frame(f, buf, BUF);
	while (at + 20000 < BUF && !fuzz_once_in(f, 20)) {
		len = fuzz_frame(f, buf + at + sizeof(record), 16000);
		record.len = fuzz_once_in(f, 30) ? fuzz_number(f) : len;
		record.flags = fuzz_once_in(f, 100);
		memcpy(buf + at, &record, sizeof(record));
		at += XTUN_RECORD_SIZE(len);
	}
	return at;
}

static void transfer(struct fuzz *f, int fd)
{
	struct iovec iov[4];
	unsigned int i;
	ssize_t moved;
	size_t len;

	/* Memory that may be part of a ring, or not mapped. */
	if (fuzz_once_in(f, 20)) {
		unsigned int part = fuzz_below(f, FUZZ_PARTS);
		uint8_t *p = fuzz_file(f)->part[part];

		len = fuzz_below(f, 70000);
		/* Behind the place there may be the fuzzer's own memory. */
		if (len > fuzz_place(part))
			len = fuzz_place(part);
		moved = fuzz_once_in(f, 2) ? read(fd, p, len) : write(fd, p, len);
		(void)moved;
		return;
	}
	switch (fuzz_below(f, 4)) {
	case 0:
		moved = read(fd, buf, fuzz_once_in(f, 3) ? fuzz_below(f, 3000) : BUF);
		break;
	case 1:
		moved = write(fd, buf, fill(f));
		break;
	default:
		len = fill(f);
		for (i = 0; i < 4; i++) {
			iov[i].iov_base = buf + i * (BUF / 4);
			iov[i].iov_len = fuzz_once_in(f, 3) ? fuzz_below(f, BUF / 4) : len / 4;
		}
		if (fuzz_once_in(f, 2))
			moved = readv(fd, iov, 4);
		else
			moved = writev(fd, iov, 4);
	}
	if (moved > 0)
		f->did[FUZZ_MOVED]++;
}

static void wait_for(struct fuzz *f, int fd)
{
	struct epoll_event e = {
		.events = EPOLLIN | EPOLLOUT | (fuzz_once_in(f, 2) ? EPOLLET : 0),
	};
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
	static int ep = -1;
	char path[50];
	int n;

	switch (fuzz_below(f, 6)) {
	case 0:
		p.events = fuzz_once_in(f, 2) ? POLLIN : POLLOUT;
		poll(&p, 1, fuzz_below(f, 10));
		break;
	case 1:
		if (ep < 0)
			ep = epoll_create1(EPOLL_CLOEXEC);
		epoll_ctl(ep, fuzz_once_in(f, 2) ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, fd, &e);
		break;
	case 2:
		epoll_wait(ep, &e, 1, fuzz_below(f, 10));
		break;
	case 3:
		ioctl(fd, FIONREAD, &n);
		break;
	case 4:
		if (fuzz_once_in(f, 10))
			fcntl(fd, F_SETFL, (fuzz_once_in(f, 2) ? O_ASYNC : 0) |
			      (fuzz_once_in(f, 8) ? 0 : O_NONBLOCK));
		break;
	case 5:
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
		n = open(path, O_RDONLY | O_CLOEXEC);
		if (n >= 0) {
			if (read(n, buf, 500) < 0)
				errno = 0;
			close(n);
		}
		break;
	}
}

void fuzz_call(struct fuzz *f)
{
	struct fuzz_file *file = fuzz_file(f);
	uint32_t kind = fuzz_below(f, 100);

	if (file->fd < 0) {
		open_one(f, file);
		if (fuzz_once_in(f, 2))
			set_rings(f, file);
	} else if (kind < 2) {
		close_one(file);
	} else if (kind < 6) {
		tap_ioctl(f, file->fd);
	} else if (kind < 50) {
		own_ioctl(f, file);
	} else if (kind < 80) {
		transfer(f, file->fd);
	} else {
		wait_for(f, file->fd);
	}
}
