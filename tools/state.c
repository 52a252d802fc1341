// SPDX-License-Identifier: GPL-2.0
/* How the system is set up at this moment, as far as it decides what becomes of frames. */
#include "why.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The number in a file of one line; -1 if there is none. */
static int number_in(const char *path)
{
	char line[32];

	return xtun_sysfs_line(path, line, sizeof(line)) ? (int)strtol(line, NULL, 10) : -1;
}

/* net/ipv4/conf/DEV/NAME, or that of IPv6; -1 if the kernel has none. */
int xtun_setting(int family, const char *dev, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s",
		 family == AF_INET6 ? "ipv6" : "ipv4", dev, name);
	return number_in(path);
}

/* As "net/core/rmem_default"; -1 if the kernel has none. */
int xtun_sysctl(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	return number_in(path);
}

/* --- routes */

struct route_request {
	struct nlmsghdr head;
	struct rtmsg msg;
	struct rtattr attr;
	uint8_t to[16];
};

static size_t address_len(int family)
{
	return family == AF_INET6 ? 16 : 4;
}

static void read_route(const struct nlmsghdr *head, void *arg)
{
	struct xtun_route *route = arg;
	const struct rtmsg *msg = NLMSG_DATA(head);
	int left = RTM_PAYLOAD(head);

	route->local = msg->rtm_type == RTN_LOCAL || msg->rtm_type == RTN_BROADCAST;
	for (const struct rtattr *a = RTM_RTA(msg); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == RTA_OIF)
			if_indextoname(*(const unsigned int *)RTA_DATA(a), route->dev);
		else if (a->rta_type == RTA_GATEWAY && RTA_PAYLOAD(a) <= sizeof(route->via))
			memcpy(route->via, RTA_DATA(a), RTA_PAYLOAD(a));
	}
}

/**
 * xtun_route_get() - where the kernel would send to an address
 * @family: AF_INET or AF_INET6
 * @to: the address, in network byte order
 * @route: filled; @error is ENETUNREACH where there is no route, and other errnos if
 * one forbids it or it cannot be asked
 */
void xtun_route_get(int family, const uint8_t *to, struct xtun_route *route)
{
	size_t n = address_len(family);
	struct route_request request = {
		.head.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)) + RTA_LENGTH(n),
		.head.nlmsg_type = RTM_GETROUTE,
		.head.nlmsg_flags = NLM_F_REQUEST,
		.msg.rtm_family = family,
		.msg.rtm_dst_len = n * 8,
		.attr.rta_type = RTA_DST,
		.attr.rta_len = RTA_LENGTH(n),
	};

	memset(route, 0, sizeof(*route));
	memcpy(request.to, to, n);
	memcpy(route->via, to, n);
	route->error = xtun_netlink_ask(NETLINK_ROUTE, &request.head, read_route, route);
}

/* --- tables of /proc/net */

/* Whether DEV is a member of an IPv4 group; "xtun : 2 V3", then a line for each group. */
bool xtun_has_joined(const char *dev, const uint8_t *group)
{
	FILE *in = fopen("/proc/net/igmp", "re");
	char line[256], name[IF_NAMESIZE] = "";
	bool found = false;
	uint32_t wanted, is;

	/* As the kernel prints it: the bytes of the address, taken for a number. */
	memcpy(&wanted, group, sizeof(wanted));
	while (in && !found && fgets(line, sizeof(line), in)) {
		if (line[0] != '\t')
			sscanf(line, "%*d %15[^ \t:]", name);
		else
			found = !strcmp(name, dev) && sscanf(line, " %8x", &is) == 1 &&
				is == wanted;
	}
	if (in)
		fclose(in);
	return found;
}

/* Whether any part of the kernel, or a program, takes frames of that type; "0800 ip_rcv" */
bool xtun_has_handler(unsigned int ethertype)
{
	FILE *in = fopen("/proc/net/ptype", "re");
	bool found = false;
	unsigned int type;
	char line[256];

	while (in && !found && fgets(line, sizeof(line), in))
		found = sscanf(line, "%4x ", &type) == 1 && type == ethertype;
	if (in)
		fclose(in);
	return found;
}

static int count_sockets(const char *path, int port, unsigned long *waits)
{
	FILE *in = fopen(path, "re");
	unsigned long bytes;
	unsigned int local;
	char line[512];
	int n = 0;

	while (in && fgets(line, sizeof(line), in)) {
		if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %*x %*x:%lx", &local,
			   &bytes) != 2 || (int)local != port)
			continue;
		*waits = bytes > *waits ? bytes : *waits;
		n++;
	}
	if (in)
		fclose(in);
	return n;
}

/**
 * xtun_has_socket() - whether a program has a port open
 * @family: AF_INET or AF_INET6
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 * @port: the number
 * @waits: bytes that wait in the fullest of them
 *
 * Return: how many sockets there are of it; one of IPv6 may take IPv4 too.
 */
int xtun_has_socket(int family, int proto, int port, unsigned long *waits)
{
	bool tcp = proto == IPPROTO_TCP;
	int n = 0;

	*waits = 0;
	if (family == AF_INET)
		n = count_sockets(tcp ? "/proc/net/tcp" : "/proc/net/udp", port, waits);
	return n + count_sockets(tcp ? "/proc/net/tcp6" : "/proc/net/udp6", port, waits);
}
