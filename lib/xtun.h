/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * libxtun: move Ethernet frames between a program and the kernel, in the fastest
 * way available.
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
 * The ways, best first: rings shared with the kernel, where most frames need no
 * system call; many frames in one read() or write(); one frame in each; and the
 * kernel's own tap, if the module is not loaded. The program's code is the same for
 * all of them. xtun_way() returns the one in use.
 *
 * Two threads may use one struct xtun without a lock if one receives and the other
 * sends. xtun_receive(), xtun_release() and waiting for XTUN_CAN_RECEIVE belong to the
 * receiving thread; xtun_reserve(), xtun_send(), xtun_flush() and waiting for
 * XTUN_CAN_SEND to the sending thread. Any thread may call xtun_way(), xtun_why() and
 * xtun_fd(). If several threads receive, or several send, each needs a queue and a
 * struct xtun of its own: see XTUN_MULTI_QUEUE.
 *
 * Calls that fail set errno. This is the only header that a program includes, in C or
 * C++.
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
	XTUN_WAY_ANY,	/* in struct xtun_options: the best one available */
	XTUN_WAY_RINGS,	/* rings in memory that is shared with the kernel */
	XTUN_WAY_BATCH,	/* many frames in one read() or write() */
	XTUN_WAY_PLAIN,	/* one frame in each read() or write() */
	XTUN_WAY_TAP	/* the same, on /dev/net/tun */
};

/* struct xtun_options.flags */
#define XTUN_MULTI_QUEUE	0x1	/* one queue of several; needs ifname */
#define XTUN_VNET_HDR		0x2	/* struct virtio_net_hdr first; needs ifname */

/**
 * struct xtun_options - options of xtun_open(); all zero selects the defaults
 * @ifname: name of the interface. If it does not exist, it is created, and deleted
 *	again when its last user closes it. NULL: the interface that the module has
 *	created, which stays. (With tap, NULL means "xtun".)
 * @device: path of the device; NULL: /dev/xtun, or /dev/net/tun if the module is not
 *	loaded
 * @fd: an open descriptor of the device; 0: none. The library owns it from then on, and
 *	closes it if xtun_open() fails
 * @way: use this way or fail; %XTUN_WAY_ANY: use the best one available
 * @flags: XTUN_MULTI_QUEUE, XTUN_VNET_HDR
 * @offloads: TUN_F_... of <linux/if_tun.h>: which work on a received frame the kernel may
 *	leave to the program; needs %XTUN_VNET_HDR
 * @tx_size: size in bytes of the ring from the kernel, rounded up to a power of two
 *	of 128 KiB to 64 MiB; a larger one is taken as 64 MiB; 0: 1 MiB
 * @rx_size: the same for the ring to the kernel
 * @poller_usecs: let a kernel thread poll for frames that were sent, so that sending
 *	needs no system call. It ends after so many microseconds without a frame, at most
 *	one second, and the next frame starts it again. 0: no thread. Only used with rings
 * @wake_frames: wake a program that waits for frames once so many have arrived,
 * @wake_bytes: or once their records take so many bytes,
 * @wake_usecs: or so many microseconds after the first one, which must be set if
 *	@wake_bytes is, or if @wake_frames is more than 1. All three 0: as set by
 *	"ethtool -C". Only used with rings
 * @reserved: must be 0
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
 * @data: the frame, read-only; with %XTUN_VNET_HDR it begins with that header
 * @len: number of bytes at @data
 * @flags: always 0 so far
 */
struct xtun_frame {
	const void *data;
	uint32_t len;
	uint32_t flags;
};

/**
 * xtun_open() - open an interface to receive and send frames
 * @options: NULL is the same as all zero
 *
 * The ways are tried in order. Rings are skipped if the module or the machine does not
 * support them, or if memory or RLIMIT_MEMLOCK does not suffice; batches are skipped if
 * the module does not support them. Tap is used if @options name it. Otherwise it is used
 * only if they name no way, no device and no fd, and /dev/xtun does not exist or
 * has no driver: opening it fails with ENOENT, ENODEV or ENXIO. Any other error makes
 * xtun_open() fail.
 *
 * Return: a handle for the other calls; NULL with errno: EINVAL the options are invalid,
 * or %XTUN_VNET_HDR differs from that of the interface's other queues; EACCES, EPERM not
 * allowed; ENODEV no such interface in this network namespace; EBUSY another program has
 * the interface or its queue exclusively; EOPNOTSUPP the way that was named is not
 * available; ENOMEM; or another errno of open(), TUNSETIFF or XTUN_IOC_SET_RINGS.
 */
struct xtun *xtun_open(const struct xtun_options *options);

/**
 * xtun_close() - close the interface and free the handle
 * @x: from xtun_open(), or NULL. No other thread may still use it
 *
 * Frames that were sent but not flushed are lost.
 */
void xtun_close(struct xtun *x);

/**
 * xtun_way() - tell which way is in use
 * @x: from xtun_open()
 *
 * Return: one of enum xtun_way, never %XTUN_WAY_ANY.
 */
enum xtun_way xtun_way(const struct xtun *x);

/**
 * xtun_way_name() - tell the name of a way
 * @way: any of enum xtun_way
 *
 * Return: "rings", "batch", "plain", "tap", or "any".
 */
const char *xtun_way_name(enum xtun_way way);

/**
 * xtun_why() - tell why no better way is in use
 * @x: from xtun_open()
 *
 * Return: a text for the user; "" if there is no better way, or if the options
 * named the way.
 */
const char *xtun_why(const struct xtun *x);

/**
 * xtun_fd() - get the descriptor, for an event loop or an ioctl of <linux/if_tun.h>
 * @x: from xtun_open()
 *
 * poll(), select(), io_uring and epoll, level- or edge-triggered, can wait on it for what
 * xtun_wait() waits for. Call xtun_arm() before each sleep.
 *
 * Return: the descriptor, in O_NONBLOCK mode. The library still owns it.
 */
int xtun_fd(const struct xtun *x);

/**
 * xtun_receive() - take frames without copying them
 * @x: from xtun_open()
 * @frames: filled in, one entry for each frame
 * @n: number of entries in @frames
 *
 * This does not wait. The frames stay valid until xtun_release(), the next
 * xtun_receive(), or xtun_arm() or xtun_wait() for %XTUN_CAN_RECEIVE.
 *
 * Return: the number of frames, 0 if none waits; -1 with errno: EBADFD the interface was
 * deleted; EPIPE the program wrote an invalid position or record into a ring, or the
 * other end of an fd that is no device was closed; or an errno of read().
 */
int xtun_receive(struct xtun *x, struct xtun_frame *frames, unsigned int n);

/**
 * xtun_release() - give the received frames back
 * @x: from xtun_open()
 *
 * This makes room for more frames. It is not needed before a call that does the same:
 * xtun_receive(), or xtun_arm() or xtun_wait() for %XTUN_CAN_RECEIVE.
 */
void xtun_release(struct xtun *x);

/**
 * xtun_reserve() - reserve space for a frame, which the caller then writes there
 * @x: from xtun_open()
 * @len: maximum length of the frame
 *
 * If there is no space, the frames that were sent so far are flushed. Space that is
 * reserved and not sent is given up by the next xtun_reserve() or xtun_flush().
 *
 * Return: @len bytes of space; NULL with errno: EAGAIN there is no space, wait for
 * %XTUN_CAN_SEND; EMSGSIZE @len is longer than any frame; EBADFD the interface was
 * deleted; EPIPE as for xtun_receive().
 */
void *xtun_reserve(struct xtun *x, size_t len);

/**
 * xtun_send() - send the frame in the space from xtun_reserve()
 * @x: from xtun_open()
 * @len: length of the frame, at most what was reserved
 *
 * The kernel gets it with the next xtun_flush(), so one flush can serve many frames.
 *
 * Return: 0; -1 with errno EINVAL if no space, or less than @len, is reserved.
 */
int xtun_send(struct xtun *x, size_t len);

/**
 * xtun_flush() - pass the frames that were sent to the kernel
 * @x: from xtun_open()
 *
 * A frame that the interface refuses is lost, as on an unplugged cable, and the driver
 * counts it. With rings only the driver's counters show it.
 *
 * Return: 0; -1 with errno: EAGAIN the kernel does not take all frames yet: wait for
 * %XTUN_CAN_SEND and flush again; EBADFD, EPIPE as for xtun_reserve(); or the errno with
 * which write() refused a frame, such as EIO if the interface is down: the frames after
 * it were passed on.
 */
int xtun_flush(struct xtun *x);

#define XTUN_CAN_RECEIVE	0x1	/* a frame waits */
#define XTUN_CAN_SEND		0x2	/* the space that xtun_reserve() lacked is there; */
					/* wakes nobody while the interface is down */

/**
 * xtun_arm() - prepare the descriptor to wake a sleeper
 * @x: from xtun_open()
 * @events: XTUN_CAN_..., or both
 *
 * For event loops; xtun_wait() does it itself. For %XTUN_CAN_RECEIVE this releases the
 * received frames.
 *
 * Return: 0: sleep until the descriptor is readable, or for %XTUN_CAN_SEND writable.
 * Otherwise do not sleep: those of @events that hold already, or all of @events after an
 * error.
 */
int xtun_arm(struct xtun *x, int events);

/**
 * xtun_wait() - sleep until frames can be received or sent
 * @x: from xtun_open()
 * @events: XTUN_CAN_..., or both
 * @timeout_ms: how long to wait at most; -1: no limit
 *
 * Flush the frames that were sent before waiting. For %XTUN_CAN_RECEIVE this releases the
 * received frames.
 *
 * Return: those of @events that hold, or all of @events after an error, which the next
 * call then returns; 0 after the timeout; -1 with errno: EINTR a signal arrived.
 */
int xtun_wait(struct xtun *x, int events, int timeout_ms);

#ifdef __cplusplus
}
#endif

#endif
