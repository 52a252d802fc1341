/* SPDX-License-Identifier: GPL-2.0 */
/* A frame that the kernel transmits, and what a filter makes of it. */
#ifndef FILTER_H
#define FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILTER_IF	"filter0"
#define FILTER_FLAGS	(IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE)

/* The interface with its first file, which does not block. */
int filter_open(void);
/* The first @part bytes of it arrive, and nothing is counted as lost. */
bool filter_passes(int fd, const uint8_t *dst, size_t len, size_t part);
/* Nothing arrives, and what is counted is this one loss, @counter. */
bool filter_refuses(int fd, const uint8_t *dst, size_t len, const char *counter);

#endif
