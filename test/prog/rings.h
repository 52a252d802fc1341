/* SPDX-License-Identifier: GPL-2.0 */
/* A pair of rings for a test, by <linux/xtun.h> alone, without libxtun. */
#ifndef RINGS_H
#define RINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../xtun_uapi.h"

struct rings {
	int fd;
	uint32_t tx_size, rx_size;
	struct xtun_ring_user *user;
	const struct xtun_ring_kernel *kernel;
	const uint8_t *tx;
	uint8_t *rx;
};

/* Whether this machine offers rings; otherwise skips @cases. */
bool rings_offered(const char *cases);
/*
 * Returns -1 and errno if the file cannot have them. If a part cannot be mapped, the
 * test ends.
 */
int rings_make(struct rings *r, int fd, uint32_t size, uint32_t idle_usecs);
void rings_unmap(struct rings *r);

/* The next frame, or NULL; stays until rings_release(). */
const uint8_t *rings_peek(const struct rings *r, uint32_t *len);
void rings_release(struct rings *r);
/* Takes what is there; returns the number of frames. */
unsigned int rings_drain(struct rings *r);
/* Whether the next frame is the numbered one of @len bytes. */
bool rings_next_is(struct rings *r, uint32_t len, long seq);
/* Waits for the next frame by poll(); NULL if there is none within @ms. */
const uint8_t *rings_await(struct rings *r, uint32_t *len, int ms);
/* Copies a frame into the rx ring, which must have room; does not publish it. */
void rings_fill(struct rings *r, uint32_t *prod, const void *frame, uint32_t len);
/*
 * Publishes, and rings the doorbell if it is wanted; returns the ioctl's result, else
 * 0.
 */
int rings_publish(struct rings *r, uint32_t prod);
/* Publishes one frame. */
int rings_send(struct rings *r, const void *frame, uint32_t len);

#endif
