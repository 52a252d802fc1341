// SPDX-License-Identifier: GPL-2.0
/* How a device's XDP program is attached: the command that detaches it needs the mode. */
#include "why.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The device does not show BPF links, and only the link's owner can detach its program. */
#define BY_LINK \
	"if a BPF link attached the program, end the process that holds the link"

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
 * xtun_xdp_off() - how to detach a device's XDP program
 * @device: the device
 * @off: set to the commands and advice; without an undo if there is no bpftool to pin the
 *	program
 *
 * If only the device holds the program, detaching it frees the program and its maps.
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
			 "%s; to undo this, attach the program again (bpftool could keep it, but is not installed)",
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
 * xtun_xdp_program() - get the id of a device's native XDP program
 * @ifindex: the device's
 *
 * Return: the id; 0 if there is none, the kernel cannot be asked, the program does not run in
 * native mode, or there is no bpftool to pin it.
 */
unsigned int xtun_xdp_program(int ifindex)
{
	struct attachment a = { .how = XDP_ATTACHED_NONE };

	xtun_netlink_ask_link(ifindex, read_link, &a);
	return a.how == XDP_ATTACHED_DRV && has_bpftool() ? a.program : 0;
}
