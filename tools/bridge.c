// SPDX-License-Identifier: GPL-2.0
/* The port behind which a bridge has an Ethernet address. */
#include "why.h"

#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

struct behind {
	int bridge, port, vlan;
	const uint8_t *mac;
};

/* A line of "bridge fdb show". */
static void read_entry(const struct nlmsghdr *head, void *arg)
{
	const struct ndmsg *msg = NLMSG_DATA(head);
	const struct nlattr *attrs = (const void *)(msg + 1), *mac, *master, *vlan;
	size_t len = NLMSG_PAYLOAD(head, sizeof(*msg));
	struct behind *b = arg;

	/* Permanent entries are the bridge's own addresses. */
	if (head->nlmsg_type != RTM_NEWNEIGH || msg->ndm_state & NUD_PERMANENT)
		return;
	mac = xtun_netlink_find(attrs, len, NDA_LLADDR);
	master = xtun_netlink_find(attrs, len, NDA_MASTER);
	vlan = xtun_netlink_find(attrs, len, NDA_VLAN);
	if (b->vlan != (vlan ? *(const uint16_t *)xtun_netlink_data(vlan) : 0))
		return;
	if (mac && xtun_netlink_len(mac) == MAC_LEN && master &&
	    xtun_netlink_len(master) == sizeof(b->bridge) &&
	    !memcmp(xtun_netlink_data(master), &b->bridge, sizeof(b->bridge)) &&
	    !memcmp(xtun_netlink_data(mac), b->mac, MAC_LEN))
		b->port = msg->ndm_ifindex;
}

/**
 * xtun_bridge_port() - the port to which a bridge sends frames for an Ethernet address
 * @bridge: ifindex of the bridge
 * @mac: the address
 * @vlan: the VLAN; 0 if the bridge does not filter by VLAN
 *
 * Return: ifindex of the port, or 0 if the bridge does not know the address.
 */
int xtun_bridge_port(int bridge, const uint8_t *mac, int vlan)
{
	struct behind b = { .bridge = bridge, .vlan = vlan, .mac = mac };

	xtun_netlink_ask_neighbours(PF_BRIDGE, read_entry, &b);
	return b.port;
}
