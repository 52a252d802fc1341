// SPDX-License-Identifier: GPL-2.0
/*
 * xtun as a plain file: /dev/xtun, one frame for each call. The interface is the
 * device's own.
 */
#include <fcntl.h>
#include <stdlib.h>

#include "bench.h"

static void plain_open(const struct way *way, struct end *end, const char *ifname)
{
	(void)ifname;
	end->fd = open(way->device, O_RDWR | (way->nonblock ? O_NONBLOCK : 0));
	check(end->fd >= 0, way->device);
	end->buffer = calloc(1, FRAME_MAX);
}

#define PLAIN	.device = "/dev/xtun", .open = plain_open, WAY_RW

const struct way ways_plain[] = {
	{ .name = "plain", .about = "xtun, plain", PLAIN },
	{ .name = "plain-nonblock", .about = "xtun, plain, O_NONBLOCK", .nonblock = true, PLAIN },
	{ .name = NULL }
};
