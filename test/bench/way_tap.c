// SPDX-License-Identifier: GPL-2.0
/* tap: one frame for each call, on /dev/net/tun or by the same calls on /dev/xtun. */
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"

int rw_receive(struct end *end, struct frame *frames, int max)
{
	ssize_t n = read(end->fd, end->buffer, FRAME_MAX);

	(void)max;
	if (n <= 0)
		return 0;
	frames->data = end->buffer;
	frames->len = n;
	return 1;
}

void rw_release(struct end *end)
{
	(void)end;
}

void *rw_reserve(struct end *end, size_t len)
{
	(void)len;
	return end->buffer;
}

void rw_send(struct end *end, size_t len)
{
	check(write(end->fd, end->buffer, len) == (ssize_t)len, "write");
}

void rw_flush(struct end *end)
{
	(void)end;
}

void rw_pass(struct end *end, const struct frame *frame)
{
	check(write(end->fd, frame->data, frame->len) == (ssize_t)frame->len, "write");
}

static void tap_open(const struct way *way, struct end *end, const char *ifname)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | way->flags };

	end->fd = open(way->device, O_RDWR | (way->nonblock ? O_NONBLOCK : 0));
	check(end->fd >= 0, way->device);
	strncpy(ifr.ifr_name, ifname, sizeof(ifr.ifr_name) - 1);
	check(!ioctl(end->fd, TUNSETIFF, &ifr), "TUNSETIFF");
	if (way->flags & IFF_VNET_HDR)
		check(!ioctl(end->fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4), "TUNSETOFFLOAD");
	end->buffer = calloc(1, FRAME_MAX);
}

#define TAP	.device = "/dev/net/tun", .open = tap_open, WAY_RW
#define ABI	.device = "/dev/xtun", .open = tap_open, WAY_RW

const struct way ways_tap[] = {
	{ .name = "tap", .about = "tap, blocking", TAP },
	{ .name = "tap-nonblock", .about = "tap, O_NONBLOCK", .nonblock = true, TAP },
	{ .name = "tap-napi", .about = "tap, IFF_NAPI", .flags = IFF_NAPI, TAP },
	{ .name = "tap-tso", .about = "tap, vnet headers and TSO", .flags = IFF_VNET_HDR, TAP },
	{ .name = "abi", .about = "xtun, as tap", ABI },
	{ .name = "abi-tso", .about = "xtun, vnet headers and TSO", .flags = IFF_VNET_HDR, ABI },
	{ .name = NULL }
};
