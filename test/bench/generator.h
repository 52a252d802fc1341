/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests to the generator of frames, by ioctls of /dev/xtun-bench.
 */
#ifndef _GENERATOR_H
#define _GENERATOR_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define GENERATOR_HEAD	64

/**
 * struct generator - a burst of equal frames
 * @ifindex: an interface in the caller's network namespace
 * @count: the number of frames
 * @len: length of each in bytes, with the Ethernet header; at least GENERATOR_HEAD
 * @list: let the stack receive them all at once
 * @head: the beginning of each; the rest is whatever the memory held
 */
struct generator {
	__u32 ifindex;
	__u32 count;
	__u32 len;
	__u32 list;
	__u8 head[GENERATOR_HEAD];
};

/* Makes the interface transmit them. */
#define GENERATOR_TRANSMIT	_IOW('x', 1, struct generator)
/* Makes the stack receive them from the interface. */
#define GENERATOR_RECEIVE	_IOW('x', 2, struct generator)

#endif /* _GENERATOR_H */
