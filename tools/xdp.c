// SPDX-License-Identifier: GPL-2.0
/* How a device's program of XDP is attached: what takes it off has to say so. */
#include "why.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The device does not tell, and only who made the link can take it off so. */
#define BY_LINK "one that a BPF link holds there goes with the program that made that"

struct attachment {
	int how;		/* XDP_ATTACHED_... */
	uint32_t program;	/* 0: none */
};

static void read_link(const struct nlmsghdr *head, void *arg)
{
	const struct ifinfomsg *msg = NLMSG_DATA(head);
	const struct nlattr *xdp = xtun_netlink_find((const void *)(msg + 1),
						     NLMSG_PAYLOAD(head, sizeof(*msg)), IFLA_XDP);
	const struct nlattr *attached = xtun_netlink_inside(xdp, IFLA_XDP_ATTACHED);
	const struct nlattr *program = xtun_netlink_inside(xdp, IFLA_XDP_PROG_ID);
	struct attachment *a = arg;

	if (attached && xtun_netlink_len(attached) == sizeof(uint8_t))
		a->how = *(const uint8_t *)xtun_netlink_data(attached);
	if (program && xtun_netlink_len(program) == sizeof(uint32_t))
		a->program = *(const uint32_t *)xtun_netlink_data(program);
}

static bool has_bpftool(void)
{
	const char *dir = getenv("PATH");
	char path[4096];
	size_t n;

	for (; dir && *dir; dir += n + strspn(dir + n, ":")) {
		n = strcspn(dir, ":");
		snprintf(path, sizeof(path), "%.*s/bpftool", (int)n, dir);
		if (!access(path, X_OK))
			return true;
	}
	return false;
}

/**
 * xtun_xdp_off() - what takes a device's program of XDP off
 * @device: which
 * @off: the commands and what is to be said besides; without an undo if nothing here can
 *	hold the program meanwhile
 *
 * One that nothing holds but the device is gone with it, and its maps too.
 */
void xtun_xdp_off(const struct xtun_iface *device, struct xtun_cause *off)
{
	struct attachment a = { .how = XDP_ATTACHED_NONE };
	struct xtun_word word;
	const char *name = xtun_word(device->name, &word), *how;

	memset(off, 0, sizeof(*off));
	xtun_netlink_ask_link(device->index, read_link, &a);
	how = a.how == XDP_ATTACHED_SKB ? "xdpgeneric" : "xdp";
	if (!a.program || !has_bpftool()) {
		snprintf(off->cure, sizeof(off->cure), "ip link set dev %s %s off", name, how);
		snprintf(off->advice, sizeof(off->advice),
			 "attach the program again to take that back; bpftool, which is not here, would keep it; %s",
			 BY_LINK);
		return;
	}
	snprintf(off->cure, sizeof(off->cure),
		 "bpftool prog pin id %u /sys/fs/bpf/xtun-%u && ip link set dev %s %s off",
		 a.program, a.program, name, how);
	snprintf(off->undo, sizeof(off->undo),
		 "ip link set dev %s %s pinned /sys/fs/bpf/xtun-%u && rm /sys/fs/bpf/xtun-%u",
		 name, how, a.program, a.program);
	snprintf(off->advice, sizeof(off->advice), BY_LINK);
}

/**
 * xtun_xdp_program() - the number by which the kernel knows a device's program of XDP
 * @ifindex: of the device
 *
 * Return: it; 0 if there is none, if it cannot be asked, if the program runs otherwise than
 * as the driver's, or if there is no bpftool to hold it by.
 */
unsigned int xtun_xdp_program(int ifindex)
{
	struct attachment a = { .how = XDP_ATTACHED_NONE };

	xtun_netlink_ask_link(ifindex, read_link, &a);
	return a.how == XDP_ATTACHED_DRV && has_bpftool() ? a.program : 0;
}
