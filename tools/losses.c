// SPDX-License-Identifier: GPL-2.0
/* What each named loss means, and what to do about it. */
#include "status.h"

#include <errno.h>
#include <string.h>

/*
 * Pin the program with id @1 to a file, because detaching it would free it. Once it is
 * attached again, remove the file.
 */
#define PINNED(what) "bpftool prog pin id @1 /sys/fs/bpf/xtun-@1 && " what \
	" /sys/fs/bpf/xtun-@1 && rm /sys/fs/bpf/xtun-@1"
#define WHERETO "perf trace -e xdp:xdp_redirect_err"

static const struct xtun_loss losses[] = {
	{ XTUN_TX, "full", "the queue was full: nobody read, or not fast enough",
	  "ip link set dev @ txqueuelen @w", "ip link set dev @ txqueuelen @q",
	  "start the reader first, and read faster" },
	{ XTUN_TX, "stale", "it had waited for more than a second when the first reader started",
	  NULL, NULL, "none needed; to get these frames, start the reader before the traffic" },
	{ XTUN_TX, "truncated", "read() was given a buffer shorter than the frame",
	  NULL, NULL, "use a buffer of 65539 bytes, or of at least the MTU of @ plus 18" },
	{ XTUN_TX, "detached",
	  "its queue was detached or removed, or @ was deleted or moved, before it was read",
	  NULL, NULL, "read all waiting frames before detaching, closing, deleting or moving" },
	{ XTUN_TX, "nomem", "the kernel had no memory to prepare the frame",
	  NULL, NULL, "look at: free -m; dmesg | grep -i memory" },
	{ XTUN_TX, "unfinished", "the kernel had no memory to finish a frame from an XDP redirect",
	  NULL, NULL, "look at: free -m; dmesg | grep -i memory" },
	{ XTUN_TX, "txfilter", "its destination MAC is not in the list of TUNSETTXFILTER",
	  NULL, NULL, "none needed: the program that reads @ asked for this" },
	{ XTUN_TX, "filter", "dropped by the filter that TUNATTACHFILTER attached",
	  NULL, NULL, "none needed: the program that reads @ asked for this" },
	{ XTUN_TX, "ebpf", "dropped by the filter that TUNSETFILTEREBPF attached",
	  NULL, NULL, "none needed: the program that reads @ asked for this" },
	{ XTUN_TX, "broken", "the reader had written invalid values into its rings",
	  NULL, NULL, "fix that program; once it has closed its file, others can use @" },
	{ XTUN_RX, "down", "written while @ was down, or just before",
	  "ip link set dev @ up", "ip link set dev @ down", NULL },
	{ XTUN_RX, "short", "shorter than an Ethernet header (14 bytes); write() failed with EINVAL",
	  NULL, NULL, "write whole frames, the Ethernet header first and nothing before it" },
	{ XTUN_RX, "long", "longer than @ accepts; write() failed with EINVAL",
	  NULL, NULL, "write one frame per call, of 65539 bytes at most" },
	{ XTUN_RX, "fault", "write() was given an invalid memory address, and failed with EFAULT",
	  NULL, NULL, "correct the address or length that the program passes" },
	{ XTUN_RX, "nomem", "the kernel had no memory for the frame",
	  NULL, NULL, "look at: free -m; dmesg | grep -i memory" },
	{ XTUN_RX, "backlog", "the kernel's input backlog was full",
	  "sysctl -w net/core/netdev_max_backlog=@c", "sysctl -w net/core/netdev_max_backlog=@b",
	  "write more slowly" },
	{ XTUN_RX, "header", "the virtio-net header or batch record does not match the frame; write() failed with EINVAL",
	  NULL, NULL, "correct its fields, or its size: TUNSETVNETHDRSZ; a record has flags 0" },
	{ XTUN_RX, "proto", "neither IPv4 nor IPv6; write() failed with EINVAL",
	  NULL, NULL, "write whole packets, or state their protocol: attach without IFF_NO_PI" },
	{ XTUN_RX, "layout", "pieces that IFF_NAPI_FRAGS does not support; write() failed",
	  NULL, NULL, "write at most 18 pieces, none empty, and each but the first within a page" },
	{ XTUN_RX, "detached", "written to a queue that was detached or removed",
	  NULL, NULL, "attach the queue first: TUNSETQUEUE with IFF_ATTACH_QUEUE" },
	{ XTUN_RX, "broken", "the program wrote an invalid record or position into its rings",
	  NULL, NULL, "fix the program: docs/ring.md describes records and positions" },
	{ XTUN_RX, "xdp_drop", "dropped by the XDP program of @",
	  "@1", "@2", "@3" },
	{ XTUN_RX, "xdp_aborted", "the XDP program of @ failed or returned an unknown action",
	  NULL, NULL, "fix the program; to see failures: perf trace -e xdp:xdp_exception" },
	{ XTUN_RX, "xdp_failed", "the XDP program of @ redirected it to a device that could not take it",
	  NULL, NULL, "to see which device it was: " WHERETO },
};

/* Losses that share a counter and are told apart by the errno. */
static const struct {
	int err;
	struct xtun_loss loss;
} by_errno[] = {
	{ EIO, { XTUN_RX, "down", "written while @ was down; write() failed with EIO",
	    "ip link set dev @ up", "ip link set dev @ down", NULL } },
	{ EMSGSIZE, { XTUN_RX, "layout",
	    "more pieces than IFF_NAPI_FRAGS supports; write() failed with EMSGSIZE",
	    NULL, NULL, "write at most 18 pieces" } },
	{ EINVAL, { XTUN_RX, "layout",
	    "a piece that IFF_NAPI_FRAGS does not support; write() failed with EINVAL",
	    NULL, NULL, "no piece may be empty, and each but the first must lie within a page" } },
	{ EOPNOTSUPP, { XTUN_RX, "xdp_failed",
	    "the XDP program of @ redirected it to a device that cannot transmit XDP frames",
	    PINNED("ip link set dev @ xdp off && ip link set dev @ xdpgeneric pinned"),
	    PINNED("ip link set dev @ xdpgeneric off && ip link set dev @ xdp pinned"),
	    "in generic mode it can redirect to any device; to see which this was: " WHERETO } },
	{ ENETDOWN, { XTUN_RX, "xdp_failed",
	    "the XDP program of @ redirected it to a device that is down",
	    NULL, NULL, "bring that device up; to see which it is: " WHERETO } },
	{ EMSGSIZE, { XTUN_RX, "xdp_failed",
	    "the XDP program of @ redirected it to a device with a smaller MTU",
	    NULL, NULL, "give that device the MTU of @; to see which it is: " WHERETO } },
	{ EINVAL, { XTUN_RX, "xdp_failed",
	    "the XDP program of @ redirected it to a device that does not exist",
	    NULL, NULL, "fix the program; to see which device it named: " WHERETO } },
	{ EBADRQC, { XTUN_RX, "xdp_failed",
	    "the XDP program of @ returned XDP_REDIRECT, but named no device",
	    NULL, NULL, "fix the program: call bpf_redirect() or bpf_redirect_map() first" } },
};

/* With rings, frames wait in the ring, and the length of the interface's queue has no effect. */
static const struct xtun_loss ring_full = {
	XTUN_TX, "full", "its ring was full: nobody read, or not fast enough",
	NULL, NULL, "start the reader first, read faster, or request a larger tx ring (tx_size)"
};

/* "proto" if the bytes are an Ethernet frame: the program takes the interface for a tap. */
const struct xtun_loss xtun_loss_whole_frame = {
	XTUN_RX, "proto", "an Ethernet frame, but @ is a tun, which accepts only IP packets; write() failed with EINVAL",
	NULL, NULL, "omit its first 14 bytes, or attach with IFF_TAP"
};

static bool is_loss(const struct xtun_loss *loss, enum xtun_direction direction, const char *name)
{
	return loss->direction == direction && !strcmp(loss->name, name);
}

/**
 * xtun_loss_find() - look up a loss
 * @direction: the frame's
 * @name: as in the counter's name
 * @rings: the queue belongs to a file with rings
 * @err: the errno that the writer got; 0: none, or not known
 *
 * Return: the loss, or NULL if it is not known.
 */
const struct xtun_loss *xtun_loss_find(enum xtun_direction direction, const char *name, bool rings,
				       int err)
{
	if (rings && is_loss(&ring_full, direction, name))
		return &ring_full;
	for (size_t i = 0; i < ARRAY_SIZE(by_errno); i++)
		if (by_errno[i].err == err && is_loss(&by_errno[i].loss, direction, name))
			return &by_errno[i].loss;
	for (size_t i = 0; i < ARRAY_SIZE(losses); i++)
		if (is_loss(&losses[i], direction, name))
			return &losses[i];
	return NULL;
}
