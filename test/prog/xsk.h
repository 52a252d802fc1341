/* SPDX-License-Identifier: GPL-2.0 */
/* An AF_XDP socket that copies, without a library: its memory and its four rings. */
#ifndef XSK_H
#define XSK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct xsk_ring {
	uint32_t *producer;
	uint32_t *consumer;
	void *entries;
	void *mapped;
	size_t size;
};

struct xsk {
	int fd;
	uint8_t *memory;
	struct xsk_ring fill, completion, rx, tx;
};

/* Binds to a queue of the interface; false if this kernel has no AF_XDP. */
bool xsk_open(struct xsk *x, const char *ifname, uint32_t queue);
void xsk_close(struct xsk *x);
/* Receives the next frame and returns its length; -1: none comes. */
ssize_t xsk_receive(struct xsk *x, uint8_t *frame);
/* Transmits; returns true once the kernel has finished with it, false if it does not. */
bool xsk_send(struct xsk *x, const uint8_t *frame, size_t len);

#endif
