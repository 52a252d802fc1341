// SPDX-License-Identifier: GPL-2.0
/* The interface by which a packet without a route could leave, as far as that can be known. */
#include "why.h"

#include <ifaddrs.h>
#include <string.h>
#include <sys/socket.h>

/* Find the only known neighbour there: "10.98.0.2  0x1  0x6  02:00:00:00:00:05  *  near". */
static void find_neighbour(struct xtun_way *way)
{
	FILE *in = fopen("/proc/net/arp", "re");
	char line[256], ip[64], dev[IF_NAMESIZE];
	unsigned int flags, n = 0;

	while (in && fgets(line, sizeof(line), in))
		if (sscanf(line, "%63s 0x%*x 0x%x %*s %*s %15s", ip, &flags, dev) == 3 &&
		    flags & 2 && !strcmp(dev, way->dev) && !n++)
			strcpy(way->via, ip);
	if (in)
		fclose(in);
	if (n > 1)
		way->via[0] = '\0';
}

static bool is_first(const struct ifaddrs *all, const struct ifaddrs *a)
{
	for (; all != a; all = all->ifa_next)
		if (all->ifa_addr && all->ifa_addr->sa_family == a->ifa_addr->sa_family &&
		    !strcmp(all->ifa_name, a->ifa_name))
			return false;
	return true;
}

/**
 * xtun_way_find() - find an interface by which a packet without a route could leave
 * @family: AF_INET or AF_INET6
 * @except: the interface by which it came in
 * @way: filled
 */
void xtun_way_find(int family, const char *except, struct xtun_way *way)
{
	struct ifaddrs *all, *a;
	size_t len = 0, n = 0;

	memset(way, 0, sizeof(*way));
	if (getifaddrs(&all))
		return;
	for (a = all; a; a = a->ifa_next) {
		if (!a->ifa_addr || a->ifa_addr->sa_family != family ||
		    !(a->ifa_flags & IFF_UP) || a->ifa_flags & IFF_LOOPBACK ||
		    !strcmp(a->ifa_name, except) || !is_first(all, a))
			continue;
		snprintf(way->dev, sizeof(way->dev), "%s", a->ifa_name);
		if (len < sizeof(way->all))
			len += snprintf(way->all + len, sizeof(way->all) - len, "%s%s",
					n ? ", " : "", a->ifa_name);
		n++;
	}
	freeifaddrs(all);
	if (n != 1)
		way->dev[0] = '\0';
	else if (family == AF_INET)
		find_neighbour(way);
}
