// SPDX-License-Identifier: GPL-2.0
/* The addresses of an interface, and what IPv6 sends there by itself. */
#include "why.h"

#include <dirent.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define MLD2_LISTENER_REPORT 143	/* RFC 3810 */

/**
 * xtun_address_needed() - whether an interface needs an address of its own
 * @ifname: its name
 *
 * Return: false if it is below a bridge or a VLAN, for example, which has the address.
 */
bool xtun_address_needed(const char *ifname)
{
	char path[128];
	struct dirent *d;
	bool needs = true;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/class/net/%s", ifname);
	dir = opendir(path);
	while (dir && needs && (d = readdir(dir)))
		needs = strncmp(d->d_name, "upper_", 6) != 0;
	if (dir)
		closedir(dir);
	return needs;
}

/* An IPv4 label may append a colon and more to the interface's name. */
static bool is_at(const struct ifaddrs *a, const char *ifname)
{
	size_t n = strlen(ifname);

	return !strncmp(a->ifa_name, ifname, n) && (!a->ifa_name[n] || a->ifa_name[n] == ':');
}

static bool is_link_local(const struct sockaddr *a)
{
	return a->sa_family == AF_INET6 &&
	       IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6 *)a)->sin6_addr);
}

/**
 * xtun_addresses_count() - count the addresses of an interface
 * @ifname: its name
 * @n: filled; if they cannot be read, @any is true
 */
void xtun_addresses_count(const char *ifname, struct xtun_addresses *n)
{
	struct ifaddrs *all, *a;

	memset(n, 0, sizeof(*n));
	n->any = getifaddrs(&all);
	if (n->any)
		return;
	for (a = all; a; a = a->ifa_next) {
		if (!a->ifa_addr || !is_at(a, ifname))
			continue;
		n->ip6 += a->ifa_addr->sa_family == AF_INET6;
		if (is_link_local(a->ifa_addr))
			n->link_local++;
		else
			n->any |= a->ifa_addr->sa_family == AF_INET ||
				  a->ifa_addr->sa_family == AF_INET6;
	}
	freeifaddrs(all);
}

/**
 * xtun_ip6_chatter() - how many messages IPv6 has sent by itself
 * @ifname: the interface
 * @addresses: its addresses, from xtun_addresses_count()
 *
 * No program asked for these: multicast membership reports, router solicitations, and one
 * neighbour solicitation for each address, to see whether it is free.
 *
 * Return: their number since IPv6 started on the interface.
 */
uint64_t xtun_ip6_chatter(const char *ifname, const struct xtun_addresses *addresses)
{
	uint64_t n, sum = 0;
	unsigned int type;
	char path[128], line[128];
	FILE *in;

	snprintf(path, sizeof(path), "/proc/net/dev_snmp6/%s", ifname);
	in = fopen(path, "re");
	while (in && fgets(line, sizeof(line), in)) {
		if (sscanf(line, "Icmp6OutType%u %" SCNu64, &type, &n) != 2)
			continue;
		if (type == MLD_LISTENER_REPORT || type == MLD_LISTENER_REDUCTION ||
		    type == MLD2_LISTENER_REPORT || type == ND_ROUTER_SOLICIT)
			sum += n;
		else if (type == ND_NEIGHBOR_SOLICIT)
			sum += n < addresses->ip6 ? n : addresses->ip6;
	}
	if (in)
		fclose(in);
	return sum;
}
