// SPDX-License-Identifier: GPL-2.0
/* The current configuration of the system, as far as it decides what happens to frames. */
#include "why.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/tcp.h>
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

/* net/ipv4/conf/DEV/NAME, or that of IPv6; -1 if the kernel does not have it. */
int xtun_setting(int family, const char *dev, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s",
		 family == AF_INET6 ? "ipv6" : "ipv4", dev, name);
	return number_in(path);
}

/* The value of a sysctl such as "net/core/rmem_default"; -1 if the kernel does not have it. */
int xtun_sysctl(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	return number_in(path);
}

/*
 * A counter of /proc/net/snmp; -1 if the kernel does not have it. The file has two lines for
 * each group, one of names and one of numbers, both beginning with the group's name.
 */
long long xtun_snmp(const char *group, const char *name)
{
	FILE *in = fopen("/proc/net/snmp", "re");
	char names[2048], numbers[2048], *at[2], *word, *number;
	size_t n = strlen(group);
	long long found = -1;

	while (in && found < 0 && fgets(names, sizeof(names), in) &&
	       fgets(numbers, sizeof(numbers), in)) {
		if (strncmp(names, group, n))
			continue;
		word = strtok_r(names, "\n ", &at[0]);
		number = strtok_r(numbers, "\n ", &at[1]);
		while (word && number) {
			if (!strcmp(word, name))
				found = strtoll(number, NULL, 10);
			word = strtok_r(NULL, "\n ", &at[0]);
			number = strtok_r(NULL, "\n ", &at[1]);
		}
	}
	if (in)
		fclose(in);
	return found;
}

/*
 * Whether root can set it here: in a network namespace many settings are the machine's, and
 * read-only or missing.
 */
bool xtun_sysctl_settable(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	return !access(path, W_OK) || (errno == EACCES && geteuid());
}

/* --- routes */

struct route_request {
	struct nlmsghdr head;
	struct rtmsg msg;
	char attrs[3 * RTA_SPACE(16)];
};

static void ask_by(struct route_request *request, int type, const void *data, size_t len)
{
	struct rtattr *attr = (void *)((char *)request + NLMSG_ALIGN(request->head.nlmsg_len));

	attr->rta_type = type;
	attr->rta_len = RTA_LENGTH(len);
	memcpy(RTA_DATA(attr), data, len);
	request->head.nlmsg_len = NLMSG_ALIGN(request->head.nlmsg_len) + RTA_ALIGN(attr->rta_len);
}

static size_t address_len(int family)
{
	return family == AF_INET6 ? 16 : 4;
}

static void read_route(const struct nlmsghdr *head, void *arg)
{
	struct xtun_route *route = arg;
	const struct rtmsg *msg = NLMSG_DATA(head);
	int left = RTM_PAYLOAD(head);

	route->local = msg->rtm_type == RTN_LOCAL;
	route->broadcast = msg->rtm_type == RTN_BROADCAST;
	for (const struct rtattr *a = RTM_RTA(msg); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == RTA_OIF)
			if_indextoname(*(const unsigned int *)RTA_DATA(a), route->dev);
		else if (a->rta_type == RTA_GATEWAY && RTA_PAYLOAD(a) <= sizeof(route->via))
			memcpy(route->via, RTA_DATA(a), RTA_PAYLOAD(a));
	}
}

/**
 * xtun_route_get_from() - ask the kernel for the route of a received packet
 * @family: AF_INET or AF_INET6
 * @from: the source address, in network byte order; NULL for a packet of this machine
 * @dev: ifindex of the device that receives it, if @from is not NULL
 * @to: the destination address
 * @route: filled; @error is ENETUNREACH if there is no route, another errno if a route
 * forbids it, the source is not accepted, or the kernel cannot be asked
 */
void xtun_route_get_from(int family, const uint8_t *from, int dev, const uint8_t *to,
			 struct xtun_route *route)
{
	size_t n = address_len(family);
	struct route_request request = {
		.head.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
		.head.nlmsg_type = RTM_GETROUTE,
		.head.nlmsg_flags = NLM_F_REQUEST,
		.msg.rtm_family = family,
		.msg.rtm_dst_len = n * 8,
		.msg.rtm_src_len = from ? n * 8 : 0,
	};

	ask_by(&request, RTA_DST, to, n);
	if (from) {
		ask_by(&request, RTA_SRC, from, n);
		ask_by(&request, RTA_IIF, &dev, sizeof(dev));
	}
	memset(route, 0, sizeof(*route));
	memcpy(route->via, to, n);
	route->error = xtun_netlink_ask(NETLINK_ROUTE, &request.head, read_route, route);
}

/* Ask for the route of a packet that this machine sends. */
void xtun_route_get(int family, const uint8_t *to, struct xtun_route *route)
{
	xtun_route_get_from(family, NULL, 0, to, route);
}

/* --- tables of /proc/net */

/* The file has a line like "xtun : 2 V3" for each device, then a line for each group. */
static bool has_joined_ip(const char *dev, const uint8_t *group)
{
	FILE *in = fopen("/proc/net/igmp", "re");
	char line[256], name[IF_NAMESIZE] = "";
	bool found = false;
	uint32_t wanted, is;

	/* As the kernel prints it: the bytes of the address as a number of this machine. */
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

/* "3    xtun            ff020000000000000000000000000001     1 0000000C 0" */
static bool has_joined_ip6(const char *dev, const uint8_t *group)
{
	FILE *in = fopen("/proc/net/igmp6", "re");
	char line[256], name[IF_NAMESIZE], digits[33], wanted[33];
	bool found = false;

	for (size_t i = 0; i < 16; i++)
		snprintf(wanted + 2 * i, 3, "%02x", group[i]);
	while (in && !found && fgets(line, sizeof(line), in))
		found = sscanf(line, "%*d %15s %32s", name, digits) == 2 &&
			!strcmp(name, dev) && !strcmp(digits, wanted);
	if (in)
		fclose(in);
	return found;
}

/* Whether DEV is a member of a group. */
bool xtun_has_joined(int family, const char *dev, const uint8_t *group)
{
	return family == AF_INET ? has_joined_ip(dev, group) : has_joined_ip6(dev, group);
}

struct neighbour {
	int ifindex;
	const uint8_t *mac;
	bool found;
};

static void read_neighbour(const struct nlmsghdr *head, void *arg)
{
	const struct ndmsg *msg = NLMSG_DATA(head);
	struct neighbour *n = arg;
	const struct nlattr *mac;

	if (head->nlmsg_type != RTM_NEWNEIGH || msg->ndm_ifindex != n->ifindex ||
	    msg->ndm_state & (NUD_INCOMPLETE | NUD_FAILED))
		return;
	mac = xtun_netlink_find((const void *)(msg + 1), NLMSG_PAYLOAD(head, sizeof(*msg)),
				NDA_LLADDR);
	n->found |= mac && xtun_netlink_len(mac) == MAC_LEN &&
		    !memcmp(xtun_netlink_data(mac), n->mac, MAC_LEN);
}

/* Whether the device has a neighbour with that MAC. */
bool xtun_has_neighbour(int ifindex, const uint8_t *mac)
{
	struct neighbour n = { .ifindex = ifindex, .mac = mac };

	xtun_netlink_ask_neighbours(PF_UNSPEC, read_neighbour, &n);
	return n.found;
}

/**
 * xtun_has_handler() - whether a part of the kernel or a program handles frames of a type
 * @ethertype: the type
 * @dev: the device that receives them
 *
 * A line of the file is "0800          ip_rcv", perhaps with a device behind the type, or
 * with the function's module at the end: "0004          llc_rcv [llc]".
 *
 * Return: true if so.
 */
bool xtun_has_handler(unsigned int ethertype, const char *dev)
{
	FILE *in = fopen("/proc/net/ptype", "re");
	char line[256], first[64], second[64];
	bool found = false;
	unsigned int type;
	int n;

	while (in && !found && fgets(line, sizeof(line), in)) {
		n = sscanf(line, "%4x %63s %63s", &type, first, second);
		found = n >= 2 && type == ethertype &&
			(n == 2 || second[0] == '[' || !strcmp(first, dev));
	}
	if (in)
		fclose(in);
	return found;
}

/* A connection in TIME_WAIT no longer belongs to a program. */
static int count_sockets(const char *path, int port, unsigned long *waits)
{
	FILE *in = fopen(path, "re");
	unsigned int local, state;
	unsigned long bytes;
	char line[512];
	int n = 0;

	while (in && fgets(line, sizeof(line), in)) {
		if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*x:%lx", &local,
			   &state, &bytes) != 3 || (int)local != port || state == TCP_TIME_WAIT)
			continue;
		*waits = bytes > *waits ? bytes : *waits;
		n++;
	}
	if (in)
		fclose(in);
	return n;
}

/**
 * xtun_has_socket() - count the sockets that have a port open
 * @family: AF_INET or AF_INET6
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 * @port: number of the port
 * @waits: set to the bytes that wait in the fullest of them
 *
 * Return: how many there are. For IPv4 those of IPv6 count too, because they may receive both.
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

/* As the kernel prints an address: each 32-bit word as a number. */
static void print_hex(char *text, size_t size, const uint8_t *address, size_t n)
{
	size_t len = 0;
	uint32_t word;

	for (size_t i = 0; i < n && len < size; i += sizeof(word)) {
		memcpy(&word, address + i, sizeof(word));
		len += snprintf(text + len, size - len, "%08X", word);
	}
}

/* "  0: 0200090A:E37A 0100090A:2328 06 00000000:00000000 ..." */
static bool is_in_time_wait(const char *path, const struct xtun_packet *p, const uint8_t *dst,
			    const uint8_t *src, size_t n)
{
	char local[64] = "", remote[64] = "", line[512], is[2][64];
	unsigned int at[2], state;
	FILE *in = fopen(path, "re");
	bool found = false;

	print_hex(local, sizeof(local), dst, n);
	print_hex(remote, sizeof(remote), src, n);
	while (in && !found && fgets(line, sizeof(line), in))
		found = sscanf(line, " %*d: %63[0-9A-Fa-f]:%x %63[0-9A-Fa-f]:%x %x", is[0], &at[0],
			       is[1], &at[1], &state) == 5 && state == TCP_TIME_WAIT &&
			(int)at[0] == p->dport && (int)at[1] == p->sport &&
			!strcmp(is[0], local) && !strcmp(is[1], remote);
	if (in)
		fclose(in);
	return found;
}

/* Whether the packet's TCP connection is in TIME_WAIT on this side. */
bool xtun_is_in_time_wait(const struct xtun_packet *p)
{
	uint8_t dst[16] = { [10] = 0xff, 0xff }, src[16] = { [10] = 0xff, 0xff };

	if (p->family == AF_INET6)
		return is_in_time_wait("/proc/net/tcp6", p, p->dst, p->src, 16);
	/* A socket for both families shows IPv4 addresses as mapped IPv6 addresses. */
	memcpy(dst + 12, p->dst, 4);
	memcpy(src + 12, p->src, 4);
	return is_in_time_wait("/proc/net/tcp", p, p->dst, p->src, 4) ||
	       is_in_time_wait("/proc/net/tcp6", p, dst, src, 16);
}

static void parse_hex(const char *text, char *at, size_t size)
{
	uint8_t address[16];
	unsigned int word;
	size_t n = 0;

	for (; n < sizeof(address) && sscanf(text, "%8x", &word) == 1; text += 8, n += 4)
		memcpy(address + n, &word, sizeof(word));
	inet_ntop(n == 4 ? AF_INET : AF_INET6, address, at, size);
}

static bool is_any(const char *hex)
{
	return hex[strspn(hex, "0")] == '\0';
}

/*
 * Whether a socket in the file has the port; AT is the address of the last one. Sets TAKEN if one
 * of them receives packets for TO.
 */
static bool is_elsewhere(const char *path, int port, const uint8_t *to, size_t n, char *at,
			 size_t size, bool *taken)
{
	FILE *in = fopen(path, "re");
	char line[512], local[64], wanted[64] = "";
	bool found = false;
	unsigned int is;

	print_hex(wanted, sizeof(wanted), to, n);
	while (in && fgets(line, sizeof(line), in)) {
		if (sscanf(line, " %*d: %63[0-9A-Fa-f]:%x", local, &is) != 2 || (int)is != port)
			continue;
		*taken |= is_any(local) || !strcmp(local, wanted);
		parse_hex(local, at, size);
		found = true;
	}
	if (in)
		fclose(in);
	return found;
}

/**
 * xtun_socket_elsewhere() - whether a port is open, but only at other addresses
 * @family: AF_INET or AF_INET6
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 * @port: number of the port
 * @to: the destination address
 * @at: filled: one of the addresses where it is open
 * @size: size of @at in bytes
 *
 * Return: true if so.
 */
bool xtun_socket_elsewhere(int family, int proto, int port, const uint8_t *to, char *at,
			   size_t size)
{
	bool tcp = proto == IPPROTO_TCP, taken = false, found = false;
	uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff };

	if (family == AF_INET) {
		memcpy(mapped + 12, to, 4);
		found = is_elsewhere(tcp ? "/proc/net/tcp" : "/proc/net/udp", port, to, 4, at, size,
				     &taken);
		to = mapped;
	}
	found |= is_elsewhere(tcp ? "/proc/net/tcp6" : "/proc/net/udp6", port, to, 16, at, size,
			      &taken);
	return found && !taken;
}

/* The name of a service in /etc/services, where a line is like "domain 53/udp". */
bool xtun_service_name(int proto, int port, char *name, size_t size)
{
	FILE *in = fopen("/etc/services", "re");
	char line[256], service[32], of[8];
	bool found = false;
	int is;

	while (in && !found && fgets(line, sizeof(line), in))
		found = sscanf(line, "%31[^# \t] %d/%7s", service, &is, of) == 3 && is == port &&
			!strcmp(of, proto == IPPROTO_TCP ? "tcp" : "udp");
	if (in)
		fclose(in);
	if (found)
		snprintf(name, size, "%s", service);
	return found;
}
