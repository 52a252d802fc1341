// SPDX-License-Identifier: GPL-2.0
/* The qdisc and the filters that a device has, as tc shows them. */
#include "why.h"

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

struct search {
	int ifindex;
	struct xtun_queueing *found;
};

/* A line of "tc qdisc show". */
static void read_qdisc(const struct nlmsghdr *head, void *arg)
{
	const struct tcmsg *msg = NLMSG_DATA(head);
	struct search *s = arg;
	char kind[sizeof(s->found->root)];

	if (head->nlmsg_type != RTM_NEWQDISC || msg->tcm_ifindex != s->ifindex)
		return;
	xtun_netlink_name(kind, sizeof(kind),
			  xtun_netlink_find((const void *)(msg + 1),
					    NLMSG_PAYLOAD(head, sizeof(*msg)), TCA_KIND));
	if (msg->tcm_parent != TC_H_ROOT)
		return;
	memcpy(s->found->root, kind, sizeof(kind));
	s->found->chosen = msg->tcm_handle;
}

/**
 * xtun_queueing_read() - read the root qdisc of a device
 * @ifindex: the device's
 * @found: filled
 */
void xtun_queueing_read(int ifindex, struct xtun_queueing *found)
{
	struct search s = { .ifindex = ifindex, .found = found };
	struct tcmsg msg = { .tcm_ifindex = ifindex };

	memset(found, 0, sizeof(*found));
	xtun_netlink_ask_for(RTM_GETQDISC, NLM_F_DUMP, &msg, sizeof(msg), read_qdisc, &s);
}

static void read_filter(const struct nlmsghdr *head, void *arg)
{
	bool *found = arg;

	*found |= head->nlmsg_type == RTM_NEWTFILTER;
}

/**
 * xtun_has_filter() - whether a device has a tc filter
 * @ifindex: the device's
 * @ingress: a filter for received frames, else one for frames that leave
 *
 * Return: true if so.
 */
bool xtun_has_filter(int ifindex, bool ingress)
{
	struct tcmsg msg = {
		.tcm_ifindex = ifindex,
		.tcm_parent = TC_H_MAKE(TC_H_CLSACT,
					ingress ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS),
	};
	bool found = false;

	xtun_netlink_ask_for(RTM_GETTFILTER, NLM_F_DUMP, &msg, sizeof(msg), read_filter, &found);
	return found;
}
