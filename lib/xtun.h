/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * libxtun: Ethernet frames between a program and the kernel, by the best way
 * that there is.
 *
 *	struct xtun *x = xtun_open(NULL);
 *	struct xtun_frame frames[64];
 *	int i, n;
 *
 *	while ((n = xtun_receive(x, frames, 64)) >= 0) {
 *		for (i = 0; i < n; i++)
 *			look_at(frames[i].data, frames[i].len);
 *		if (!n)
 *			xtun_wait(x, XTUN_CAN_RECEIVE, -1);
 *	}
 *
 * The ways, the best first: rings that are shared with the kernel, so that most
 * frames need no system call; many frames in one read() or write(); one frame in
 * each; and the kernel's own tap, where the module is not loaded. A program is the
 * same with all of them. xtun_way() says which it is.
 *
 * Two threads may use one struct xtun without a lock, if one receives and the other
 * sends: xtun_receive(), xtun_release() and waiting for XTUN_CAN_RECEIVE are the
 * one's; xtun_reserve(), xtun_send(), xtun_flush() and waiting for XTUN_CAN_SEND the
 * other's. xtun_way(), xtun_why() and xtun_fd() are anybody's. Two threads that both
 * receive, or both send, need a queue each: XTUN_MULTI_QUEUE.
 *
 * Calls that fail set errno. This is all that a program includes, in C or C++.
 */
#ifndef XTUN_LIB_H
#define XTUN_LIB_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct xtun;

/* How frames are moved. */
enum xtun_way {
	XTUN_WAY_ANY,	/* in options: the best there is */
	XTUN_WAY_RINGS,	/* rings in memory that is shared with the kernel */
	XTUN_WAY_BATCH,	/* many frames in one read() or write() */
	XTUN_WAY_PLAIN,	/* one frame in each */
	XTUN_WAY_TAP	/* likewise, by /dev/net/tun */
};

/* struct xtun_options.flags */
#define XTUN_MULTI_QUEUE	0x1	/* a queue of several; needs ifname */
#define XTUN_VNET_HDR		0x2	/* a struct virtio_net_hdr first; needs ifname */

/**
 * struct xtun_options - what xtun_open() is asked for; all zero: what is usual
 * @ifname: the interface; it is made if there is none, and goes with the program.
 *	NULL: the one that the module has made, which stays. (On tap, "xtun".)
 * @device: the device; NULL: /dev/xtun, or if the module is not loaded, /dev/net/tun
 * @fd: an open descriptor of the device, which is the library's from then on, even
 *	if it cannot be used; 0: none
 * @way: this way or none
 * @flags: XTUN_MULTI_QUEUE, XTUN_VNET_HDR
 * @offloads: TUN_F_... of <linux/if_tun.h>: what a received frame may leave to the
 *	program; needs %XTUN_VNET_HDR
 * @tx_size: bytes of the ring from the kernel, 128 KiB to 64 MiB, rounded up to a
 *	power of two; 0: 1 MiB
 * @rx_size: likewise, to the kernel
 * @poller_usecs: a thread of the kernel's looks for what is sent, so that sending
 *	needs no system call; it ends after so long without a frame, up to a second,
 *	and comes back with the next. 0: no thread. Rings alone have one
 * @wake_frames: who waits for frames is woken once there are so many,
 * @wake_bytes: or so many bytes of records,
 * @wake_usecs: or so many microseconds after the first; it must be given with the
 *	other two. All three 0: what "ethtool -C" has set. For rings alone
 * @reserved: 0
 */
struct xtun_options {
	const char *ifname;
	const char *device;
	int fd;
	enum xtun_way way;
	unsigned int flags;
	unsigned int offloads;
	uint32_t tx_size;
	uint32_t rx_size;
	uint32_t poller_usecs;
	uint32_t wake_frames;
	uint32_t wake_bytes;
	uint32_t wake_usecs;
	uint32_t reserved[8];
};

/**
 * struct xtun_frame - a frame that was received
 * @data: its bytes, not to be written; with %XTUN_VNET_HDR the header first
 * @len: how many they are
 * @flags: 0 so far
 */
struct xtun_frame {
	const void *data;
	uint32_t len;
	uint32_t flags;
};

/**
 * xtun_open() - get frames from an interface, and give it some
 * @options: NULL: as if all were zero
 *
 * The ways are tried in order. Rings are passed over where the module or the machine
 * has none, or memory or RLIMIT_MEMLOCK does not suffice for them; batches where the
 * module has none. Unless the way names it, tap is taken only if neither device nor
 * fd is given and there is no /dev/xtun, or no driver behind it: if opening it fails
 * with ENOENT, ENODEV or ENXIO. No other failure is passed over.
 *
 * Return: what the other calls take; NULL with errno: EINVAL options that make no
 * sense, or %XTUN_VNET_HDR otherwise than the files of the interface's other queues;
 * EACCES, EPERM not allowed; ENODEV no such interface in this network namespace;
 * EBUSY another program has it, or its queue, for itself; ENOMEM; and for a way that
 * was named, EOPNOTSUPP there is none here, or what open(), TUNSETIFF or
 * XTUN_IOC_SET_RINGS has said.
 */
struct xtun *xtun_open(const struct xtun_options *options);

/**
 * xtun_close() - end it
 * @x: NULL is allowed. No thread may still use it
 *
 * Frames that were sent, but not flushed, are lost.
 */
void xtun_close(struct xtun *x);

/**
 * xtun_way() - which way frames are moved
 * @x: from xtun_open()
 *
 * Return: one of enum xtun_way, but not %XTUN_WAY_ANY.
 */
enum xtun_way xtun_way(const struct xtun *x);

/**
 * xtun_way_name() - a way's name
 * @way: any
 *
 * Return: "rings", "batch", "plain", "tap", or "any".
 */
const char *xtun_way_name(enum xtun_way way);

/**
 * xtun_why() - why there is no better way
 * @x: from xtun_open()
 *
 * Return: a sentence for people; "" if there is none, or the way was named.
 */
const char *xtun_why(const struct xtun *x);

/**
 * xtun_fd() - the descriptor, for an event loop or an ioctl of <linux/if_tun.h>
 * @x: from xtun_open()
 *
 * poll(), select(), io_uring and epoll, level- or edge-triggered, tell of it what
 * xtun_wait() would. Before each sleep call xtun_arm().
 *
 * Return: it, with O_NONBLOCK. It stays the library's.
 */
int xtun_fd(const struct xtun *x);

/**
 * xtun_receive() - take frames, where they lie
 * @x: from xtun_open()
 * @frames: is told of them
 * @n: of how many at most
 *
 * It does not wait. The frames stay as they are until xtun_release(), the next
 * xtun_receive(), or xtun_arm() or xtun_wait() for %XTUN_CAN_RECEIVE.
 *
 * Return: how many, 0 if there is none; -1 with errno: EBADFD the interface was
 * deleted; EPIPE what the program had put into a ring made no sense; and that of
 * read().
 */
int xtun_receive(struct xtun *x, struct xtun_frame *frames, unsigned int n);

/**
 * xtun_release() - give back the frames that were received
 * @x: from xtun_open()
 *
 * That makes room for more. Not needed where the next call does it.
 */
void xtun_release(struct xtun *x);

/**
 * xtun_reserve() - get room for a frame, to be filled in place
 * @x: from xtun_open()
 * @len: bytes that it has at most
 *
 * If there is no room, what was sent so far is flushed. A room that was not sent is
 * forgotten by the next call.
 *
 * Return: @len bytes; NULL with errno: EAGAIN there is no room, which xtun_wait()
 * for %XTUN_CAN_SEND waits for; EMSGSIZE no frame is that long; EBADFD the interface
 * was deleted; EPIPE as above.
 */
void *xtun_reserve(struct xtun *x, size_t len);

/**
 * xtun_send() - send what was filled into the room from xtun_reserve()
 * @x: from xtun_open()
 * @len: bytes that the frame has, at most what was reserved
 *
 * It goes with the next xtun_flush(). So do many at once.
 *
 * Return: 0; -1 with errno EINVAL if there is no such room.
 */
int xtun_send(struct xtun *x, size_t len);

/**
 * xtun_flush() - let the kernel have what was sent
 * @x: from xtun_open()
 *
 * A frame that the interface refuses is lost, as on an unplugged cable, and counted
 * by its driver. With rings only its counters tell of it.
 *
 * Return: 0; -1 with errno: EAGAIN the kernel does not want all of it yet, so wait for
 * %XTUN_CAN_SEND and flush again; EBADFD, EPIPE as above; otherwise that with which
 * write() has refused a frame, such as EIO: the interface is down.
 */
int xtun_flush(struct xtun *x);

#define XTUN_CAN_RECEIVE	0x1	/* a frame is there */
#define XTUN_CAN_SEND		0x2	/* there is the room that xtun_reserve() had not; nobody */
					/* is woken for it while the interface is down */

/**
 * xtun_arm() - see to it that the descriptor wakes a sleeper
 * @x: from xtun_open()
 * @events: XTUN_CAN_..., or both
 *
 * For event loops; xtun_wait() does it itself. For %XTUN_CAN_RECEIVE the frames that
 * were received are given back.
 *
 * Return: 0, sleep until the descriptor is readable, or for %XTUN_CAN_SEND writable;
 * otherwise those of @events that are already so, or after an error all of them: do
 * not sleep.
 */
int xtun_arm(struct xtun *x, int events);

/**
 * xtun_wait() - sleep until there is something to do
 * @x: from xtun_open()
 * @events: XTUN_CAN_..., or both
 * @timeout_ms: at most so long; -1: for ever
 *
 * What was sent should have been flushed. For %XTUN_CAN_RECEIVE the frames that were
 * received are given back.
 *
 * Return: those of @events that are so, and after an error all of them, so that the
 * next call tells of it; 0 if the time is over; -1 with errno: EINTR a signal came.
 */
int xtun_wait(struct xtun *x, int events, int timeout_ms);

#ifdef __cplusplus
}
#endif

#endif
