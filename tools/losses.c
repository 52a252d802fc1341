// SPDX-License-Identifier: GPL-2.0
/* Each named loss: what happened, and what to do about it. */
#include "status.h"

#include <errno.h>
#include <string.h>

/*
 * The program of number @1, while a file holds it: what takes it off would be its end. The
 * file goes once it is attached again.
 */
#define PINNED(what) "bpftool prog pin id @1 /sys/fs/bpf/xtun-@1 && " what \
	" /sys/fs/bpf/xtun-@1 && rm /sys/fs/bpf/xtun-@1"
#define WHERETO "perf trace -e xdp:xdp_redirect_err"

static const struct xtun_loss losses[] = {
	{ XTUN_TX, "full", "the queue was full: nobody read, or not fast enough",
	  "ip link set dev @ txqueuelen @w", "ip link set dev @ txqueuelen @q",
	  "start the reader first, and read faster" },
	{ XTUN_TX, "stale", "had waited for more than a second when the first reader came",
	  NULL, NULL, "nothing to mend; start the reader before the traffic to see them" },
	{ XTUN_TX, "truncated", "read() was given a buffer shorter than the frame",
	  NULL, NULL, "read into 65539 bytes, or at least the MTU of @ plus 18" },
	{ XTUN_TX, "detached", "still waited when their queue or @ went away",
	  NULL, NULL, "read until nothing waits before closing or deleting" },
	{ XTUN_TX, "nomem", "the kernel had no memory to prepare the frame",
	  NULL, NULL, "look at: free -m; dmesg | grep -i memory" },
	{ XTUN_TX, "unfinished", "the kernel had no memory to finish what an XDP redirect brought",
	  NULL, NULL, "look at: free -m; dmesg | grep -i memory" },
	{ XTUN_TX, "txfilter", "to an address that TUNSETTXFILTER does not name",
	  NULL, NULL, "nothing to mend; the program that reads @ wants it so" },
	{ XTUN_TX, "filter", "refused by the program that TUNATTACHFILTER attached",
	  NULL, NULL, "nothing to mend; the program that reads @ wants it so" },
	{ XTUN_TX, "ebpf", "refused by the program that TUNSETFILTEREBPF attached",
	  NULL, NULL, "nothing to mend; the program that reads @ wants it so" },
	{ XTUN_TX, "broken", "for a program that wrote nonsense into its rings",
	  NULL, NULL, "mend the program; closing its file gives @ back to others" },
	{ XTUN_RX, "down", "written while @ was down, or just before",
	  "ip link set dev @ up", "ip link set dev @ down", NULL },
	{ XTUN_RX, "short", "shorter than an Ethernet header (14 bytes); write() answered EINVAL",
	  NULL, NULL, "write whole frames, the Ethernet header first and nothing before it" },
	{ XTUN_RX, "long", "longer than @ takes; write() answered EINVAL",
	  NULL, NULL, "write one frame for each call, of 65539 bytes at most" },
	{ XTUN_RX, "fault", "write() was given memory that is not there; it answered EFAULT",
	  NULL, NULL, "mend the address or length that the program passes" },
	{ XTUN_RX, "nomem", "the kernel had no memory for the frame",
	  NULL, NULL, "look at: free -m; dmesg | grep -i memory" },
	{ XTUN_RX, "backlog", "the kernel's own input queue was full",
	  "sysctl -w net/core/netdev_max_backlog=@c", "sysctl -w net/core/netdev_max_backlog=@b",
	  "write more slowly" },
	{ XTUN_RX, "header", "a header that does not fit its frame, of virtio or of a batch; write() answered EINVAL",
	  NULL, NULL, "mend what it says, or its size: TUNSETVNETHDRSZ; flags of a record are 0" },
	{ XTUN_RX, "proto", "neither IPv4 nor IPv6; write() answered EINVAL",
	  NULL, NULL, "write whole packets, or say without IFF_NO_PI what they are" },
	{ XTUN_RX, "layout", "pieces that IFF_NAPI_FRAGS cannot take; write() was refused",
	  NULL, NULL, "write 18 pieces at most, none empty and each but the first within a page" },
	{ XTUN_RX, "detached", "written to a queue that was out of service, or ended",
	  NULL, NULL, "put the queue into service first: TUNSETQUEUE with IFF_ATTACH_QUEUE" },
	{ XTUN_RX, "broken", "the program wrote a record or position into its rings that makes no sense",
	  NULL, NULL, "mend the program: records as docs/ring.md has them" },
	{ XTUN_RX, "xdp_drop", "dropped by the XDP program of @",
	  "@1", "@2", "@3" },
	{ XTUN_RX, "xdp_aborted", "the XDP program of @ failed, or gave no answer there is",
	  NULL, NULL, "mend the program; look at: perf trace -e xdp:xdp_exception" },
	{ XTUN_RX, "xdp_failed", "the XDP program of @ sent it where it could not go",
	  NULL, NULL, "look at: " WHERETO },
};

/* Those of one counter that an errno tells apart. */
static const struct {
	int err;
	struct xtun_loss loss;
} by_errno[] = {
	{ EIO, { XTUN_RX, "down", "written while @ was down; write() answered EIO",
	    "ip link set dev @ up", "ip link set dev @ down", NULL } },
	{ EMSGSIZE, { XTUN_RX, "layout",
	    "more pieces than IFF_NAPI_FRAGS takes; write() answered EMSGSIZE",
	    NULL, NULL, "write 18 pieces at most" } },
	{ EINVAL, { XTUN_RX, "layout",
	    "a piece that IFF_NAPI_FRAGS cannot take; write() answered EINVAL",
	    NULL, NULL, "let no piece be empty, and each but the first lie within a page" } },
	{ EOPNOTSUPP, { XTUN_RX, "xdp_failed",
	    "the XDP program of @ sent it to a device that takes no frames of XDP",
	    PINNED("ip link set dev @ xdp off && ip link set dev @ xdpgeneric pinned"),
	    PINNED("ip link set dev @ xdpgeneric off && ip link set dev @ xdp pinned"),
	    "in its generic form it may send to any device; which this was: " WHERETO } },
	{ ENETDOWN, { XTUN_RX, "xdp_failed",
	    "the XDP program of @ sent it to a device that is down",
	    NULL, NULL, "set that device up; which it is: " WHERETO } },
	{ EMSGSIZE, { XTUN_RX, "xdp_failed",
	    "the XDP program of @ sent it to a device whose MTU is smaller",
	    NULL, NULL, "give that device the MTU of @; which it is: " WHERETO } },
	{ EINVAL, { XTUN_RX, "xdp_failed",
	    "the XDP program of @ sent it to no device that is there",
	    NULL, NULL, "mend the program; which it named, if it did: " WHERETO } },
	{ EBADRQC, { XTUN_RX, "xdp_failed",
	    "the XDP program of @ answered XDP_REDIRECT and named no device",
	    NULL, NULL, "mend the program: bpf_redirect() or bpf_redirect_map() first" } },
};

/* With rings frames wait in these, however long the interface's queue may be. */
static const struct xtun_loss ring_full = {
	XTUN_TX, "full", "its ring had no room: nobody read, or not fast enough",
	NULL, NULL, "start the reader first, read faster, or ask for a larger tx ring (tx_size)"
};

/* What "proto" is if the frame says so itself: the program takes the interface for a tap. */
const struct xtun_loss xtun_loss_whole_frame = {
	XTUN_RX, "proto", "an Ethernet frame, and @ takes packets of IP alone; write() answered EINVAL",
	NULL, NULL, "leave out its first 14 bytes, or attach with IFF_TAP"
};

static bool is_loss(const struct xtun_loss *loss, enum xtun_direction direction, const char *name)
{
	return loss->direction == direction && !strcmp(loss->name, name);
}

/**
 * xtun_loss_find() - what is known of a loss
 * @direction: of the frame
 * @name: as its counter has it
 * @rings: the queue is that of a file with rings
 * @err: the errno that was answered; 0: none, or it is not known
 *
 * Return: it, or NULL.
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
