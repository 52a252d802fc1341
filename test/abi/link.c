// SPDX-License-Identifier: GPL-2.0
/* Interfaces, by netlink, which lists all of them in one answer. */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "abi.h"

/*
 * Whether frames pass is tested by sending some; this flag follows only within a
 * second.
 */
#define FLAGS_SEEN	(~(unsigned int)IFF_RUNNING)

/* More than IFLA_TUN_MAX. */
#define INFO_MAX	32

static int netlink = -1, inet = -1;
static int known[64];
static unsigned int n_known;

static struct link all[64];

/*
 * The bytes of attribute @type, if it is in IFLA_INFO_DATA. The order of attributes is
 * ignored.
 */
static void info(struct link *l, const struct rtattr *a, unsigned int type)
{
	const struct rtattr *data = RTA_DATA(a);
	int len = RTA_PAYLOAD(a);

	for (; RTA_OK(data, len); data = RTA_NEXT(data, len)) {
		size_t used = strlen(l->info);
		const uint8_t *bytes = RTA_DATA(data);
		unsigned int i;

		if (data->rta_type != type)
			continue;
		used += snprintf(l->info + used, sizeof(l->info) - used, " %u:", type);
		for (i = 0; i < RTA_PAYLOAD(data); i++)
			used += snprintf(l->info + used, sizeof(l->info) - used, "%02x", bytes[i]);
	}
}

static void linkinfo(struct link *l, const struct rtattr *a)
{
	const struct rtattr *one = RTA_DATA(a);
	int len = RTA_PAYLOAD(a);
	unsigned int type;

	for (; RTA_OK(one, len); one = RTA_NEXT(one, len))
		for (type = 1; one->rta_type == IFLA_INFO_DATA && type <= INFO_MAX; type++)
			info(l, one, type);
}

static void attribute(struct link *l, const struct rtattr *a)
{
	static const struct {
		unsigned short type;
		const char *name;
	} numbers[] = {
		{ IFLA_MTU, "mtu" }, { IFLA_MIN_MTU, "min" }, { IFLA_MAX_MTU, "max" },
		{ IFLA_TXQLEN, "qlen" }, { IFLA_NUM_TX_QUEUES, "txqueues" },
		{ IFLA_NUM_RX_QUEUES, "rxqueues" }, { IFLA_PROMISCUITY, "promisc" },
		{ IFLA_GSO_MAX_SIZE, "gso" }, { IFLA_GSO_MAX_SEGS, "segs" },
	};
	size_t used = strlen(l->attributes), room = sizeof(l->attributes) - used;
	const uint8_t *data = RTA_DATA(a);
	unsigned int i;

	if (a->rta_type == IFLA_IFNAME) {
		snprintf(l->name, sizeof(l->name), "%s", (const char *)data);
	} else if (a->rta_type == IFLA_LINKINFO) {
		linkinfo(l, a);
	} else if (a->rta_type == IFLA_CARRIER) {
		snprintf(l->attributes + used, room, " carrier %u", *data);
	} else if (a->rta_type == IFLA_ADDRESS) {
		unsigned int len = RTA_PAYLOAD(a);

		/* These two bits are the same in all random addresses. */
		used += snprintf(l->attributes + used, room, " address of %u", len);
		if (len == 6 && memcmp(data, "\x02\x11\x22\x33\x44", 5))
			snprintf(l->attributes + used, sizeof(l->attributes) - used,
				 ": random, %x", data[0] & 3);
		else if (len == 6)
			snprintf(l->attributes + used, sizeof(l->attributes) - used,
				 ": ours, %02x", data[5]);
	} else {
		for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
			uint32_t value;

			if (a->rta_type != numbers[i].type)
				continue;
			memcpy(&value, data, sizeof(value));
			snprintf(l->attributes + used, room, " %s %u", numbers[i].name, value);
		}
	}
}

/* Reads one message of the dump; returns false if it was the last. */
static bool message(const struct nlmsghdr *h, struct link *l)
{
	const struct ifinfomsg *info = NLMSG_DATA(h);
	const struct rtattr *a = IFLA_RTA(info);
	int len = h->nlmsg_len - NLMSG_LENGTH(sizeof(*info));

	if (h->nlmsg_type == NLMSG_ERROR)
		die("the interfaces cannot be listed");
	if (h->nlmsg_type == NLMSG_DONE)
		return false;
	memset(l, 0, sizeof(*l));
	l->index = info->ifi_index;
	l->type = info->ifi_type;
	l->flags = info->ifi_flags & FLAGS_SEEN;
	for (; RTA_OK(a, len); a = RTA_NEXT(a, len))
		attribute(l, a);
	return true;
}

static void ask(void *request, size_t size)
{
	if (send(netlink, request, size, 0) != (ssize_t)size)
		die("netlink");
}

static unsigned int links_all(void)
{
	static uint8_t buf[65536] __attribute__((aligned(8)));
	struct {
		struct nlmsghdr head;
		struct ifinfomsg info;
	} request = {
		.head = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETLINK,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
	};
	unsigned int n = 0;

	ask(&request, sizeof(request));
	for (;;) {
		ssize_t len = recv(netlink, buf, sizeof(buf), 0);
		struct nlmsghdr *h = (struct nlmsghdr *)buf;

		if (len < 0)
			die("netlink");
		for (; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len))
			if (!message(h, &all[n]))
				return n;
			else if (++n == sizeof(all) / sizeof(*all))
				die("there are too many interfaces");
	}
}

void links_begin(void)
{
	unsigned int i;

	netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	inet = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (netlink < 0 || inet < 0)
		die("sockets");
	n_known = links_all();
	for (i = 0; i < n_known; i++)
		known[i] = all[i].index;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct link *)a)->name, ((const struct link *)b)->name);
}

unsigned int links_list(struct link *links)
{
	unsigned int n = links_all(), i, k, ours = 0;

	for (i = 0; i < n; i++) {
		for (k = 0; k < n_known && known[k] != all[i].index; k++)
			;
		if (k < n_known)
			continue;
		if (ours == LINKS)
			die("a sequence made more than %d interfaces", LINKS);
		links[ours++] = all[i];
	}
	qsort(links, ours, sizeof(*links), by_name);
	return ours;
}

static int delete(const char *name)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg info;
	} request = {
		.head = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_DELLINK,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.info.ifi_index = if_nametoindex(name),
	};
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		uint8_t rest[1000];
	} reply;

	ask(&request, sizeof(request));
	if (recv(netlink, &reply, sizeof(reply), 0) < (ssize_t)sizeof(reply.head) ||
	    reply.head.nlmsg_type != NLMSG_ERROR)
		die("netlink does not say whether %s is deleted", name);
	return reply.error.error;
}

bool link_is_up(const char *name)
{
	struct ifreq ifr = { 0 };

	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", name);
	return !ioctl(inet, SIOCGIFFLAGS, &ifr) && (ifr.ifr_flags & IFF_UP);
}

int link_do(const char *name, int what)
{
	struct ifreq ifr = { 0 };
	unsigned long request = SIOCSIFFLAGS;

	if (what == LINK_DELETE)
		return delete(name);
	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", name);
	if (what == LINK_RENAME) {
		request = SIOCSIFNAME;
		snprintf(ifr.ifr_newname, IFNAMSIZ, "r%.14s", name);
	} else {
		if (ioctl(inet, SIOCGIFFLAGS, &ifr))
			return -errno;
		ifr.ifr_flags &= ~IFF_UP;
		ifr.ifr_flags |= what == LINK_UP ? IFF_UP : 0;
	}
	return ioctl(inet, request, &ifr) ? -errno : 0;
}
