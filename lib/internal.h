/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What the files of libxtun share. In every way frames lie as records, in a ring or
 * in a buffer, so all that differs is how the records get there and away: a table of
 * functions for each way.
 */
#ifndef XTUN_LIB_INTERNAL_H
#define XTUN_LIB_INTERNAL_H

#include <stdint.h>

#include "../xtun_uapi.h"
#include "xtun.h"

/* The longest of IPv6, an Ethernet header, two VLAN tags, and a struct virtio_net_hdr. */
#define FRAME_MAX	(65597 + 10)

/*
 * Positions are bytes since the beginning, modulo 2^32, each at a record. In a ring
 * a position modulo the size is an offset; a buffer begins anew once it is empty, so
 * that a position is an offset.
 */
struct receiver {
	unsigned char *data;
	uint32_t size;		/* a power of two */
	uint32_t end;		/* there are records up to here */
	uint32_t next;		/* the program has been told of them up to here */
	uint32_t start;		/* and has given them back up to here */
};

struct sender {
	unsigned char *data;
	uint32_t size;		/* a power of two */
	uint32_t next;		/* the program has filled it up to here */
	uint32_t sent;		/* the kernel knows of it up to here */
	uint32_t start;		/* and has taken it up to here, as last seen */
	int32_t reserved;	/* bytes that the frame at next may have; -1: no room was asked */
	uint32_t wanted;	/* bytes of a record for which there was no room */
	int error;		/* of a frame that was refused, until told */
};

/* All return 0 or a negative errno. */
struct backend {
	enum xtun_way way;
	int (*start)(struct xtun *x, const struct xtun_options *o);
	void (*stop)(struct xtun *x);
	/* Move receiver.end, for about @n more frames. */
	int (*fill)(struct xtun *x, unsigned int n);
	/* The kernel may have what is before receiver.next. */
	void (*release)(struct xtun *x);
	/* Move sender.sent to sender.next, and sender.start as far as it goes. */
	int (*drain)(struct xtun *x);
	/* Before a sleep: let the kernel wake for these, and look again. */
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

	/* Each is one thread's. */
	struct receiver receiver __attribute__((aligned(XTUN_LINE)));
	struct sender sender __attribute__((aligned(XTUN_LINE)));
};

extern const struct backend xtun_backend_rings, xtun_backend_batch, xtun_backend_plain,
	xtun_backend_tap;

/* device.c: the descriptor, attached where the options say. */
int xtun_device_open(const char *path);
int xtun_device_attach(int fd, const char *ifname, const struct xtun_options *o);
/* One that was handed over: as if the library had opened it. */
int xtun_device_adopt(int fd);
/* A file that attached itself would say so at its first frame only: let it do so now. */
int xtun_device_join(int fd);

/* buffer.c: for ways whose records are the library's own. */
int xtun_buffer_start(struct xtun *x);
void xtun_buffer_stop(struct xtun *x);
void xtun_buffer_release(struct xtun *x);
int xtun_buffer_arm(struct xtun *x, int events);
int xtun_buffer_refused(struct sender *s, int error);
void xtun_buffer_emptied(struct sender *s);

/* The mask also tells the compiler that no buffer is left. */
static inline struct xtun_record *xtun_record_at(void *data, uint32_t size, uint32_t position)
{
	return (struct xtun_record *)((unsigned char *)data + (position & (size - 1)));
}

static inline uint32_t xtun_room(const struct sender *s)
{
	return s->size - (s->next - s->start);
}

#endif
