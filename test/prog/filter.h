/* SPDX-License-Identifier: GPL-2.0 */
/* A frame that the kernel transmits, and what a filter does to it. */
#ifndef FILTER_H
#define FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILTER_IF	"filter0"
#define FILTER_FLAGS	(IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE)

/* Makes the interface and its first file, which is non-blocking. */
int filter_open(void);
/* The first @part bytes of the frame arrive, and nothing is counted as lost. */
bool filter_passes(int fd, const uint8_t *dst, size_t len, size_t part);
/* Nothing arrives, and this one loss is counted, @counter. */
bool filter_refuses(int fd, const uint8_t *dst, size_t len, const char *counter);

#endif
