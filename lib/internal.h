/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What the files of libxtun share. Every way keeps frames as records, in a ring or in
 * a buffer. The ways differ only in how records get there and leave: each way has a
 * table of functions for that.
 */
#ifndef XTUN_LIB_INTERNAL_H
#define XTUN_LIB_INTERNAL_H

#include <stdint.h>

#include "../xtun_uapi.h"
#include "xtun.h"

/* The longest IPv6 packet, an Ethernet header, two VLAN tags and a struct virtio_net_hdr. */
#define FRAME_MAX	(65597 + 10)

/*
 * Positions count bytes from the beginning, modulo 2^32, and each is at the start of a
 * record. In a ring, a position modulo the size is the offset. A buffer starts again at 0
 * once it is empty, so a position is the offset.
 */
struct receiver {
	unsigned char *data;
	uint32_t size;		/* a power of two */
	uint32_t end;		/* end of the records that are there */
	uint32_t next;		/* the program has received them up to here */
	uint32_t start;		/* and has given them back up to here */
};

struct sender {
	unsigned char *data;
	uint32_t size;		/* a power of two */
	uint32_t next;		/* the program has written records up to here */
	uint32_t sent;		/* the kernel has been told of them up to here */
	uint32_t start;		/* and has taken them up to here, as last seen */
	int32_t reserved;	/* bytes reserved for the frame at next; -1: none */
	uint32_t wanted;	/* size of a record for which there was no room; 0: none */
	int error;		/* errno of a refused frame, until xtun_flush() returns it */
};

/* All return 0 or a negative errno. */
struct backend {
	enum xtun_way way;
	int (*start)(struct xtun *x, const struct xtun_options *o);
	void (*stop)(struct xtun *x);
	/* Advance receiver.end by about @n frames. */
	int (*fill)(struct xtun *x, unsigned int n);
	/* Give the room before receiver.next back to the kernel. */
	void (*release)(struct xtun *x);
	/* Advance sender.sent to sender.next, and sender.start as far as possible. */
	int (*drain)(struct xtun *x);
	/* Before a sleep: ask the kernel to wake for @events, and check again. */
	int (*arm)(struct xtun *x, int events);
};

struct xtun {
	/* Read by both threads. */
	const struct backend *backend;
	const char *why;
	struct xtun_ring_user *user;
	const struct xtun_ring_kernel *kernel;
	void *map;
	size_t map_size;
	int fd;

	/* Each is used by one thread. */
	struct receiver receiver __attribute__((aligned(XTUN_LINE)));
	struct sender sender __attribute__((aligned(XTUN_LINE)));
};

extern const struct backend xtun_backend_rings, xtun_backend_batch, xtun_backend_plain,
	xtun_backend_tap;

/* device.c: the descriptor, and the interface it is attached to. */
int xtun_device_open(const char *path);
int xtun_device_attach(int fd, const char *ifname, const struct xtun_options *o);
/* Give a descriptor from the caller the flags of one that the library opened. */
int xtun_device_adopt(int fd);
/* A file without an interface would attach, or fail, at its first frame: attach it now. */
int xtun_device_join(int fd);

/* buffer.c: for ways whose records are in memory of the library. */
int xtun_buffer_start(struct xtun *x);
void xtun_buffer_stop(struct xtun *x);
void xtun_buffer_release(struct xtun *x);
int xtun_buffer_arm(struct xtun *x, int events);
int xtun_buffer_refused(struct sender *s, int error);
void xtun_buffer_emptied(struct sender *s);

/* The mask also lets the compiler see that the access stays within the buffer. */
static inline struct xtun_record *xtun_record_at(void *data, uint32_t size, uint32_t position)
{
	return (struct xtun_record *)((unsigned char *)data + (position & (size - 1)));
}

static inline uint32_t xtun_room(const struct sender *s)
{
	return s->size - (s->next - s->start);
}

#endif
