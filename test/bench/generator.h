/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the generator of frames is asked, by an ioctl on /dev/xtun-bench.
 */
#ifndef _GENERATOR_H
#define _GENERATOR_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define GENERATOR_HEAD	64

/**
 * struct generator - a burst of equal frames
 * @ifindex: of an interface in the caller's network namespace
 * @count: how many
 * @len: of each in bytes, Ethernet header included; at least GENERATOR_HEAD
 * @list: the stack receives them all at once
 * @head: how each begins; the rest is whatever the memory held
 */
struct generator {
	__u32 ifindex;
	__u32 count;
	__u32 len;
	__u32 list;
	__u8 head[GENERATOR_HEAD];
};

/* The interface is told to transmit them. */
#define GENERATOR_TRANSMIT	_IOW('x', 1, struct generator)
/* The stack receives them from the interface. */
#define GENERATOR_RECEIVE	_IOW('x', 2, struct generator)

#endif /* _GENERATOR_H */
