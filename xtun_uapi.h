/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * The interface between xtun and programs: rings shared with the kernel, and
 * batches of frames in one read() or write(). Programs include this header as
 * <linux/xtun.h>. It is not needed to move one frame with each read() or write(),
 * nor for the ioctls of <linux/if_tun.h>, which /dev/xtun supports as well.
 *
 * All numbers are in native byte order. Names follow the interface: tx is kernel
 * to program, rx is program to kernel. docs/ring.md explains the protocol and its
 * memory barriers.
 */
#ifndef _UAPI_LINUX_XTUN_H
#define _UAPI_LINUX_XTUN_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct xtun_record - header of each frame in a ring or a batch
 * @len: number of bytes that follow: what one read() without batches would
 *	return, or what one write() without batches would be given. If %TUNSETIFF
 *	attached the file, they begin with protocol info unless %IFF_NO_PI is set,
 *	followed by a vnet header if %IFF_VNET_HDR is set
 * @flags: XTUN_RECORD_...; must be 0 in a record from the program
 *
 * The next record starts at the next multiple of %XTUN_RECORD_ALIGN. The padding
 * bytes in between have no meaning.
 */
struct xtun_record {
	__u32 len;
	__u32 flags;
};

#define XTUN_RECORD_ALIGN	8
/* The buffer of a batched read() was too short for the frame, which was cut. */
#define XTUN_RECORD_TRUNCATED	0x1

/* Size of a record in bytes, with header and padding. */
#define XTUN_RECORD_SIZE(len)						\
	((__u32)sizeof(struct xtun_record) +				\
	 (((__u32)(len) + XTUN_RECORD_ALIGN - 1) & ~(__u32)(XTUN_RECORD_ALIGN - 1)))

/* Bits that XTUN_IOC_FEATURES may return. */
#define XTUN_F_BATCH		0x1	/* XTUN_IOC_SET_BATCH */
/* These two are not set with the module parameter rings=N, nor if the data cache aliases. */
#define XTUN_F_RINGS		0x2	/* XTUN_IOC_SET_RINGS */
#define XTUN_F_POLLER		0x4	/* XTUN_RINGS_POLLER */

/* Smallest and largest size of a ring, in bytes. The size must be a power of two. */
#define XTUN_RING_MIN		(128U << 10)
#define XTUN_RING_MAX		(64U << 20)

/* Offset of each part for mmap(), in bytes. */
#define XTUN_MMAP_USER		0x00000000	/* struct xtun_ring_user, writable */
#define XTUN_MMAP_KERNEL	0x00010000	/* struct xtun_ring_kernel, read-only */
#define XTUN_MMAP_TX		0x10000000	/* the tx ring twice, read-only */
#define XTUN_MMAP_RX		0x20000000	/* the rx ring twice, writable */

/**
 * struct xtun_rings - argument of %XTUN_IOC_SET_RINGS
 * @tx_size: size in bytes of the tx ring, which the kernel fills
 * @rx_size: size in bytes of the rx ring, which the program fills
 * @flags: XTUN_RINGS_...
 * @idle_usecs: microseconds without a record after which the kernel's poller
 *	stops, from 1 to %XTUN_IDLE_MAX; must be 0 without %XTUN_RINGS_POLLER
 * @reserved: must be 0
 *
 * mmap() maps each ring twice in a row, so that no record ever wraps: the length
 * of the mapping is 2 * tx_size or 2 * rx_size bytes.
 */
struct xtun_rings {
	__u32 tx_size;
	__u32 rx_size;
	__u32 flags;
	__u32 idle_usecs;
	__u32 reserved[4];
};

/* A kernel worker polls the rx ring. While it runs, new records need no doorbell. */
#define XTUN_RINGS_POLLER	0x1
#define XTUN_IDLE_MAX		1000000

/**
 * struct xtun_wake - when a sleeping reader of the tx ring is woken
 * @frames: wake the reader once this many frames have arrived since it asked to be
 *	woken; 1 wakes it at the first frame. 0 is the same as 1 if @bytes is 0;
 *	otherwise the number of frames does not count
 * @bytes: wake the reader once this many bytes of records wait in the ring; 0: their
 *	number does not count
 * @usecs: wake the reader this many microseconds after the first frame, from 1 to
 *	%XTUN_WAKE_USECS_MAX; may be 0 only if @frames is at most 1 and @bytes is 0
 * @reserved: must be 0
 *
 * The condition that is met first wakes the reader.
 */
struct xtun_wake {
	__u32 frames;
	__u32 bytes;
	__u32 usecs;
	__u32 reserved;
};

#define XTUN_WAKE_USECS_MAX	1000000

/*
 * The fields for tx, those for rx and the others are this far apart, so that they share
 * no cache line of up to 128 bytes.
 */
#define XTUN_LINE		128

/**
 * struct xtun_ring_user - the page that the program writes and the kernel reads
 * @tx_cons: number of bytes taken from the tx ring since it was made, modulo 2^32
 * @tx_wake: wake the program when xtun_ring_kernel.tx_prod passes this position
 * @rx_prod: number of bytes put into the rx ring since it was made, modulo 2^32
 * @rx_wake: wake the program when xtun_ring_kernel.rx_cons passes this position
 * @pad_tx: unused
 * @pad_rx: unused
 *
 * A position modulo the size of its ring is an offset into the ring. @tx_cons and
 * @rx_prod must be at the start of a record; @tx_wake and @rx_wake may be any number.
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
 * struct xtun_ring_kernel - the page that the kernel writes and the program reads
 * @tx_prod: number of bytes put into the tx ring since it was made, modulo 2^32
 * @pad_tx: unused
 * @rx_cons: number of bytes taken from the rx ring since it was made, modulo 2^32
 * @pad_rx: unused
 * @doorbell: XTUN_DOORBELL_...: when the program must call %XTUN_IOC_DOORBELL
 * @status: XTUN_STATUS_...; 0 as long as the rings work
 * @pad: unused
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

/* Ring after moving rx_prod, because no poller looks for records. */
#define XTUN_DOORBELL_RX	0x1
/* Ring after moving tx_cons, because the interface waits for room (back-pressure). */
#define XTUN_DOORBELL_TX	0x2

/* The interface was deleted. The rings move no more frames. */
#define XTUN_STATUS_DETACHED	0x1
/* The program wrote an invalid position or record. The rings move no more frames. */
#define XTUN_STATUS_BROKEN	0x2

#define XTUN_IOC_MAGIC		0xF7

/*
 * Get the features of this module on this machine, as XTUN_F_... bits. The file
 * need not be attached. Fails with EFAULT if the argument cannot be written.
 */
#define XTUN_IOC_FEATURES	_IOR(XTUN_IOC_MAGIC, 0, __u32)
/*
 * Give the file a pair of rings. This is possible once for each file. If the file
 * is not attached, the call attaches it to a queue of its own. From then on, read()
 * and write() on the file fail with EBUSY. The call fails with
 *
 *	EINVAL		invalid size, flag, idle_usecs or reserved field
 *	EFAULT		the argument cannot be read
 *	EEXIST		the file already has rings
 *	EBUSY		other files use the file's queue, or no queue is free
 *	EBADFD		the interface was deleted
 *	EACCES		the file is not open for reading and writing
 *	EPERM		the rings would exceed RLIMIT_MEMLOCK
 *	ENOMEM		out of memory
 *	EINTR		the caller was killed while memory was allocated
 *	EOPNOTSUPP	the data cache aliases, or the module parameter rings is N
 *
 * and, if the file is not attached, with the errors of the first read() (ENODEV, EPERM).
 */
#define XTUN_IOC_SET_RINGS	_IOW(XTUN_IOC_MAGIC, 1, struct xtun_rings)
/*
 * Do what xtun_ring_kernel.doorbell asks for: take records from the rx ring, start
 * the poller if the rings have one, and let the interface send if it waited for room
 * in the tx ring. Returns the number of records that this call took from the rx ring.
 * Fails with EINVAL if the file has no rings, EBADFD if the interface was deleted,
 * EPIPE if the rings are broken (XTUN_STATUS_BROKEN).
 */
#define XTUN_IOC_DOORBELL	_IO(XTUN_IOC_MAGIC, 2)
/*
 * Set or get when a sleeping reader is woken. The default is what "ethtool -C" had
 * set when the rings were made. Fails with EINVAL if the file has no rings or the
 * argument is not valid (see struct xtun_wake), EFAULT if it cannot be accessed.
 */
#define XTUN_IOC_SET_WAKE	_IOW(XTUN_IOC_MAGIC, 3, struct xtun_wake)
#define XTUN_IOC_GET_WAKE	_IOR(XTUN_IOC_MAGIC, 4, struct xtun_wake)
/*
 * Turn batches on (1) or off (0). With 1, each read() returns as many records as fit
 * into its buffer, but at most 64. It may return fewer than are waiting: only EAGAIN
 * means that no frame waits. Each write() accepts any number of records. With 0, each
 * read() or write() moves one frame, without struct xtun_record in front of it. Fails
 * with EINVAL for any other number, EBUSY if the file has rings, EFAULT if the argument
 * cannot be read.
 */
#define XTUN_IOC_SET_BATCH	_IOW(XTUN_IOC_MAGIC, 5, __u32)

#endif /* _UAPI_LINUX_XTUN_H */
