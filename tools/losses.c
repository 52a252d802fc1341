// SPDX-License-Identifier: GPL-2.0
/* Each named loss: what happened, and what to do about it. */
#include "status.h"

#include <string.h>

static const struct xtun_loss losses[] = {
	{ XTUN_TX, "full", "the queue was full: nobody read, or not fast enough",
	  "start the reader first, read faster, or: ip link set dev @ txqueuelen 10000" },
	{ XTUN_TX, "stale", "had waited for more than a second when the first reader came",
	  "nothing to mend; start the reader before the traffic to see them" },
	{ XTUN_TX, "truncated", "read() was given a buffer shorter than the frame",
	  "read into 65539 bytes, or at least the MTU of @ plus 18" },
	{ XTUN_TX, "detached", "still waited when their queue or @ went away",
	  "read until nothing waits before closing or deleting" },
	{ XTUN_TX, "nomem", "the kernel had no memory to prepare the frame",
	  "look at: free -m; dmesg | grep -i memory" },
	{ XTUN_TX, "unfinished", "the kernel had no memory to finish what an XDP redirect brought",
	  "look at: free -m; dmesg | grep -i memory" },
	{ XTUN_TX, "txfilter", "to an address that TUNSETTXFILTER does not name",
	  "nothing to mend; the program that reads @ wants it so" },
	{ XTUN_TX, "filter", "refused by the program that TUNATTACHFILTER attached",
	  "nothing to mend; the program that reads @ wants it so" },
	{ XTUN_TX, "ebpf", "refused by the program that TUNSETFILTEREBPF attached",
	  "nothing to mend; the program that reads @ wants it so" },
	{ XTUN_TX, "broken", "for a program that wrote nonsense into its rings",
	  "mend the program; closing its file gives @ back to others" },
	{ XTUN_RX, "down", "written while @ was down; write() answered EIO",
	  "ip link set dev @ up" },
	{ XTUN_RX, "short", "shorter than an Ethernet header (14 bytes); write() answered EINVAL",
	  "write whole frames, the Ethernet header first and nothing before it" },
	{ XTUN_RX, "long", "longer than @ takes; write() answered EINVAL",
	  "write one frame for each call, of 65539 bytes at most" },
	{ XTUN_RX, "fault", "write() was given memory that is not there; it answered EFAULT",
	  "mend the address or length that the program passes" },
	{ XTUN_RX, "nomem", "the kernel had no memory for the frame",
	  "look at: free -m; dmesg | grep -i memory" },
	{ XTUN_RX, "backlog", "the kernel's own input queue was full",
	  "write more slowly, or: sysctl -w net.core.netdev_max_backlog=10000" },
	{ XTUN_RX, "header", "a vnet header that does not fit its frame; write() answered EINVAL",
	  "mend the header's offsets and lengths, or its size: TUNSETVNETHDRSZ" },
	{ XTUN_RX, "proto", "neither IPv4 nor IPv6; write() answered EINVAL",
	  "write whole packets, or say without IFF_NO_PI what they are" },
	{ XTUN_RX, "layout", "pieces that IFF_NAPI_FRAGS cannot take; write() was refused",
	  "write 18 pieces at most, none empty and each but the first within a page" },
	{ XTUN_RX, "detached", "written to a queue that was out of service, or ended",
	  "ring the doorbell before closing; TUNSETQUEUE with IFF_ATTACH_QUEUE" },
	{ XTUN_RX, "broken", "a record or position in the rings that makes no sense",
	  "mend the program: records as docs/ring.md has them" },
	{ XTUN_RX, "xdp_drop", "dropped by the XDP program of @",
	  "ip link set dev @ xdp off" },
	{ XTUN_RX, "xdp_aborted", "the XDP program of @ failed, or gave no answer there is",
	  "mend the program; look at: perf trace -e xdp:xdp_exception" },
	{ XTUN_RX, "xdp_failed", "the XDP program of @ sent it where it could not go",
	  "look at: perf trace -e xdp:xdp_redirect_err" },
};

const struct xtun_loss *xtun_loss_find(enum xtun_direction direction, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(losses); i++)
		if (losses[i].direction == direction && !strcmp(losses[i].name, name))
			return &losses[i];
	return NULL;
}
