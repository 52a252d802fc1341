// SPDX-License-Identifier: GPL-2.0
/* How a device's program of XDP is attached: what takes it off has to say so. */
#include "why.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

static void read_link(const struct nlmsghdr *head, void *arg)
{
	const struct ifinfomsg *msg = NLMSG_DATA(head);
	const struct nlattr *xdp = xtun_netlink_find((const void *)(msg + 1),
						     NLMSG_PAYLOAD(head, sizeof(*msg)), IFLA_XDP);
	const struct nlattr *attached = xtun_netlink_inside(xdp, IFLA_XDP_ATTACHED);
	int *how = arg;

	if (attached && xtun_netlink_len(attached) == 1)
		*how = *(const uint8_t *)xtun_netlink_data(attached);
}

/**
 * xtun_xdp_attached() - how a device's program of XDP is attached
 * @ifindex: of the device
 *
 * Return: XDP_ATTACHED_NONE, XDP_ATTACHED_SKB, or how else; none if it cannot be asked.
 */
int xtun_xdp_attached(int ifindex)
{
	int how = XDP_ATTACHED_NONE;

	xtun_netlink_ask_link(ifindex, read_link, &how);
	return how;
}
