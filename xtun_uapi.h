/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * xtun for programs: rings shared with the kernel, and batches of frames in one
 * read() or write(). Programs include it as <linux/xtun.h>. Nothing here is
 * needed to move one frame by one read() or write(), nor for the ioctls of
 * <linux/if_tun.h>, which /dev/xtun understands, too.
 *
 * All numbers are in the machine's own byte order. Names follow the interface:
 * tx is kernel to program, rx is program to kernel. docs/ring.md explains the
 * protocol, with its barriers.
 */
#ifndef _UAPI_LINUX_XTUN_H
#define _UAPI_LINUX_XTUN_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct xtun_record - stands before each frame in a ring and in a batch
 * @len: bytes that follow: what one read() of a file without batches would have
 *	returned, or one write() would have been given. Without %IFF_NO_PI that
 *	begins with protocol info, then, with %IFF_VNET_HDR, comes the vnet header
 * @flags: XTUN_RECORD_...; in a record from the program it must be 0
 *
 * The next record begins at the next multiple of %XTUN_RECORD_ALIGN. What lies
 * between is of no meaning.
 */
struct xtun_record {
	__u32 len;
	__u32 flags;
};

#define XTUN_RECORD_ALIGN	8
/* A batched read() whose buffer was too short for one frame has cut it. */
#define XTUN_RECORD_TRUNCATED	0x1

/* Bytes that a record of @len bytes takes. */
#define XTUN_RECORD_SIZE(len)						\
	((__u32)sizeof(struct xtun_record) +				\
	 (((__u32)(len) + XTUN_RECORD_ALIGN - 1) & ~(__u32)(XTUN_RECORD_ALIGN - 1)))

/* What XTUN_IOC_FEATURES may answer. */
#define XTUN_F_BATCH		0x1	/* XTUN_IOC_SET_BATCH */
/* Not with rings=N, nor where the data cache aliases. */
#define XTUN_F_RINGS		0x2	/* XTUN_IOC_SET_RINGS */
#define XTUN_F_POLLER		0x4	/* XTUN_RINGS_POLLER */

/* Sizes of a ring, in bytes; a power of two between the two. */
#define XTUN_RING_MIN		(128U << 10)
#define XTUN_RING_MAX		(64U << 20)

/* Where each part is to be found by mmap(), in bytes. */
#define XTUN_MMAP_USER		0x00000000	/* struct xtun_ring_user, to be written */
#define XTUN_MMAP_KERNEL	0x00010000	/* struct xtun_ring_kernel, to be read only */
#define XTUN_MMAP_TX		0x10000000	/* the tx ring twice, to be read only */
#define XTUN_MMAP_RX		0x20000000	/* the rx ring twice */

/**
 * struct xtun_rings - argument of %XTUN_IOC_SET_RINGS
 * @tx_size: bytes of the ring that the kernel fills
 * @rx_size: bytes of the ring that the program fills
 * @flags: XTUN_RINGS_...
 * @idle_usecs: microseconds without a record after which the kernel's poller
 *	ends, from 1 to %XTUN_IDLE_MAX; 0 without %XTUN_RINGS_POLLER
 * @reserved: must be 0
 *
 * Each ring is then mapped twice in a row, so that no record ever wraps: a
 * mapping is 2 * tx_size or 2 * rx_size bytes long.
 */
struct xtun_rings {
	__u32 tx_size;
	__u32 rx_size;
	__u32 flags;
	__u32 idle_usecs;
	__u32 reserved[4];
};

/* A thread of the kernel's looks for records, so that no doorbell is needed. */
#define XTUN_RINGS_POLLER	0x1
#define XTUN_IDLE_MAX		1000000

/**
 * struct xtun_wake - when a sleeping reader of the tx ring is woken
 * @frames: once as many frames have come since it asked; 1: at the first; 0: the same,
 *	or whatever their number if @bytes is not 0
 * @bytes: or once as many bytes of records wait; 0: whatever their number
 * @usecs: or so many microseconds after the first frame, from 1 to
 *	%XTUN_WAKE_USECS_MAX; 0 only if @frames is at most 1 and @bytes is 0
 * @reserved: must be 0
 */
struct xtun_wake {
	__u32 frames;
	__u32 bytes;
	__u32 usecs;
	__u32 reserved;
};

#define XTUN_WAKE_USECS_MAX	1000000

/* Positions lie on cache lines of their own, on every machine. */
#define XTUN_LINE		128

/**
 * struct xtun_ring_user - the page that the program writes, and the kernel reads
 * @tx_cons: bytes taken from the tx ring since it was made, modulo 2^32
 * @tx_wake: wake me when xtun_ring_kernel.tx_prod passes this
 * @rx_prod: bytes put into the rx ring since it was made, modulo 2^32
 * @rx_wake: wake me when xtun_ring_kernel.rx_cons passes this
 * @pad_tx: of no meaning
 * @pad_rx: of no meaning
 *
 * A position modulo the ring's size is where in the ring it is. Each is at a
 * record's beginning.
 */
struct xtun_ring_user {
	__u32 tx_cons;
	__u32 tx_wake;
	__u32 pad_tx[XTUN_LINE / 4 - 2];
	__u32 rx_prod;
	__u32 rx_wake;
	__u32 pad_rx[XTUN_LINE / 4 - 2];
};

/**
 * struct xtun_ring_kernel - the page that the kernel writes, and the program reads
 * @tx_prod: bytes put into the tx ring since it was made, modulo 2^32
 * @pad_tx: of no meaning
 * @rx_cons: bytes taken from the rx ring since it was made, modulo 2^32
 * @pad_rx: of no meaning
 * @doorbell: XTUN_DOORBELL_...: when %XTUN_IOC_DOORBELL is wanted
 * @status: XTUN_STATUS_...: 0 while all is well
 * @pad: of no meaning
 */
struct xtun_ring_kernel {
	__u32 tx_prod;
	__u32 pad_tx[XTUN_LINE / 4 - 1];
	__u32 rx_cons;
	__u32 pad_rx[XTUN_LINE / 4 - 1];
	__u32 doorbell;
	__u32 status;
	__u32 pad[XTUN_LINE / 4 - 2];
};

/* After rx_prod has moved: nobody looks for records. */
#define XTUN_DOORBELL_RX	0x1
/* After tx_cons has moved: the interface waits for room (back-pressure). */
#define XTUN_DOORBELL_TX	0x2

/* The interface is gone, and no frame moves any more. */
#define XTUN_STATUS_DETACHED	0x1
/* A position or a record of the program's made no sense: likewise. */
#define XTUN_STATUS_BROKEN	0x2

#define XTUN_IOC_MAGIC		0xF7

/* What this module can do on this machine: XTUN_F_... Any file may ask. */
#define XTUN_IOC_FEATURES	_IOR(XTUN_IOC_MAGIC, 0, __u32)
/*
 * Give the file a pair of rings, once. It attaches the file, to a queue that is
 * its own, if it is not attached; from then on its read() and write() are EBUSY.
 * EINVAL sizes or flags; EFAULT they cannot be read; EEXIST it has rings; EBUSY
 * others use its queue, or none is free; EBADFD the interface is gone; EACCES not
 * open for reading and writing; EPERM more than RLIMIT_MEMLOCK; ENOMEM; EINTR
 * killed while memory was sought; EOPNOTSUPP the data cache aliases, or the module
 * offers none; and as the first read().
 */
#define XTUN_IOC_SET_RINGS	_IOW(XTUN_IOC_MAGIC, 1, struct xtun_rings)
/*
 * Something is to be done that xtun_ring_kernel.doorbell asked for. Returns how
 * many records were taken from the rx ring meanwhile. EINVAL no rings; EBADFD
 * the interface is gone; EPIPE the ring is broken.
 */
#define XTUN_IOC_DOORBELL	_IO(XTUN_IOC_MAGIC, 2)
/* When to be woken; by default, what "ethtool -C" has set. EINVAL, as above; EFAULT. */
#define XTUN_IOC_SET_WAKE	_IOW(XTUN_IOC_MAGIC, 3, struct xtun_wake)
#define XTUN_IOC_GET_WAKE	_IOR(XTUN_IOC_MAGIC, 4, struct xtun_wake)
/*
 * 1: each read() returns as many records as fit its buffer, 64 at most, and perhaps
 * fewer than wait: only EAGAIN means that none waits. Each write() takes as many as
 * it is given. 0: one frame each, with no record before it. EINVAL for any other number;
 * EBUSY if the file has rings; EFAULT.
 */
#define XTUN_IOC_SET_BATCH	_IOW(XTUN_IOC_MAGIC, 5, __u32)

#endif /* _UAPI_LINUX_XTUN_H */
