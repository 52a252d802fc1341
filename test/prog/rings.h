/* SPDX-License-Identifier: GPL-2.0 */
/* A pair of rings as a test has it: by <linux/xtun.h> alone, without libxtun. */
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

/* Whether this machine has rings; else skips @cases. */
bool rings_offered(const char *cases);
/* -1 and errno if the file cannot have them; a part that cannot be mapped ends the test. */
int rings_make(struct rings *r, int fd, uint32_t size, uint32_t idle_usecs);
void rings_unmap(struct rings *r);

/* The next frame, or NULL; stays until rings_release(). */
const uint8_t *rings_peek(const struct rings *r, uint32_t *len);
void rings_release(struct rings *r);
/* Takes what is there; returns how many frames. */
unsigned int rings_drain(struct rings *r);
/* The next frame is the numbered one of @len bytes, and nothing before it. */
bool rings_next_is(struct rings *r, uint32_t len, long seq);
/* Waits for the next frame by poll(); NULL if there is none within @ms. */
const uint8_t *rings_await(struct rings *r, uint32_t *len, int ms);
/* Copies a frame into the rx ring, where there must be room; unpublished. */
void rings_fill(struct rings *r, uint32_t *prod, const void *frame, uint32_t len);
/* Tells the kernel, and rings the doorbell if it is wanted; its answer, else 0. */
int rings_publish(struct rings *r, uint32_t prod);
/* One frame, published. */
int rings_send(struct rings *r, const void *frame, uint32_t len);

#endif
