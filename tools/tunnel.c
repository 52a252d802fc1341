// SPDX-License-Identifier: GPL-2.0
/* Where a VXLAN sends frames for an Ethernet address: from its own table, or its default. */
#include "why.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

struct remote {
	int ifindex;
	const uint8_t *mac;
	uint8_t to[16];
	size_t len;		/* length of to: 4 or 16; 0 while none is known */
	bool exact;		/* the entry is for this MAC, not the one for all others */
};

static bool take(struct remote *r, const struct nlattr *address)
{
	static const uint8_t none[16];

	if (!address || (xtun_netlink_len(address) != 4 && xtun_netlink_len(address) != 16) ||
	    !memcmp(xtun_netlink_data(address), none, xtun_netlink_len(address)))
		return false;
	r->len = xtun_netlink_len(address);
	memcpy(r->to, xtun_netlink_data(address), r->len);
	return true;
}

/* A line of "bridge fdb show". */
static void read_entry(const struct nlmsghdr *head, void *arg)
{
	static const uint8_t others[MAC_LEN];
	const struct ndmsg *msg = NLMSG_DATA(head);
	const struct nlattr *attrs = (const void *)(msg + 1), *mac;
	size_t len = NLMSG_PAYLOAD(head, sizeof(*msg));
	struct remote *r = arg;
	bool exact;

	if (head->nlmsg_type != RTM_NEWNEIGH || msg->ndm_ifindex != r->ifindex || r->exact)
		return;
	mac = xtun_netlink_find(attrs, len, NDA_LLADDR);
	if (!mac || xtun_netlink_len(mac) != MAC_LEN)
		return;
	exact = !memcmp(xtun_netlink_data(mac), r->mac, MAC_LEN);
	if (!exact && (r->len || memcmp(xtun_netlink_data(mac), others, MAC_LEN)))
		return;
	if (take(r, xtun_netlink_find(attrs, len, NDA_DST)))
		r->exact = exact;
}

static void read_link(const struct nlmsghdr *head, void *arg)
{
	const struct nlattr *info = xtun_netlink_linkinfo(head);
	const struct nlattr *kind = xtun_netlink_inside(info, IFLA_INFO_KIND);
	const struct nlattr *data = xtun_netlink_inside(info, IFLA_INFO_DATA);

	if (!kind || strncmp(xtun_netlink_data(kind), "vxlan", xtun_netlink_len(kind)))
		return;
	if (!take(arg, xtun_netlink_inside(data, IFLA_VXLAN_GROUP)))
		take(arg, xtun_netlink_inside(data, IFLA_VXLAN_GROUP6));
}

/**
 * xtun_vxlan_remote() - find out where a VXLAN sends a frame
 * @ifindex: the device's
 * @mac: destination of the frame
 * @to: set to the address of the other end
 *
 * Return: the address family, or 0 if the device is not a VXLAN or has no address for it.
 */
int xtun_vxlan_remote(int ifindex, const uint8_t *mac, uint8_t to[16])
{
	struct remote r = { .ifindex = ifindex, .mac = mac };

	xtun_netlink_ask_neighbours(PF_BRIDGE, read_entry, &r);
	if (!r.len)
		xtun_netlink_ask_link(ifindex, read_link, &r);
	memcpy(to, r.to, sizeof(r.to));
	return r.len == 4 ? AF_INET : r.len ? AF_INET6 : 0;
}
