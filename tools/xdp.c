// SPDX-License-Identifier: GPL-2.0
/* How a device's program of XDP is attached: what takes it off has to say so. */
#include "why.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

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

/**
 * xtun_xdp_attached() - how a device's program of XDP is attached
 * @ifindex: of the device
 *
 * Return: XDP_ATTACHED_NONE, XDP_ATTACHED_SKB, or how else; none if it cannot be asked.
 */
int xtun_xdp_attached(int ifindex)
{
	struct attachment a = { .how = XDP_ATTACHED_NONE };

	xtun_netlink_ask_link(ifindex, read_link, &a);
	return a.how;
}

/**
 * xtun_xdp_program() - the number by which the kernel knows a device's program of XDP
 * @ifindex: of the device
 *
 * Return: it; 0 if there is none, if it cannot be asked, or if the program runs otherwise
 * than as the driver's.
 */
unsigned int xtun_xdp_program(int ifindex)
{
	struct attachment a = { .how = XDP_ATTACHED_NONE };

	xtun_netlink_ask_link(ifindex, read_link, &a);
	return a.how == XDP_ATTACHED_DRV ? a.program : 0;
}
