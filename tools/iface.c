// SPDX-License-Identifier: GPL-2.0
/* The interfaces of this network namespace. */
#include "status.h"

#include <errno.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Any family will do. Packet sockets need a privilege, and the kernel may lack IPv4. */
static int any_socket(void)
{
	static const int families[] = { AF_INET, AF_INET6, AF_UNIX };
	int fd = -1;

	for (size_t i = 0; fd < 0 && i < ARRAY_SIZE(families); i++)
		fd = socket(families[i], SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd;
}

static int if_ioctl(unsigned long request, const char *ifname, struct ifreq *ifr)
{
	int fd = any_socket(), ret, err;

	if (fd < 0)
		return -1;
	snprintf(ifr->ifr_name, sizeof(ifr->ifr_name), "%s", ifname);
	ret = ioctl(fd, request, ifr);
	err = errno;
	close(fd);
	errno = err;
	return ret;
}

int xtun_ethtool(const char *ifname, void *request)
{
	struct ifreq ifr = { .ifr_data = request };

	return if_ioctl(SIOCETHTOOL, ifname, &ifr);
}

static void read_driver(struct xtun_iface *iface)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };

	if (xtun_ethtool(iface->name, &info))
		return;
	memcpy(iface->driver, info.driver, sizeof(iface->driver) - 1);
	memcpy(iface->version, info.version, sizeof(iface->version) - 1);
}

static void read_carrier(struct xtun_iface *iface, unsigned int flags)
{
	struct ethtool_value link = { .cmd = ETHTOOL_GLINK };

	iface->carrier = xtun_ethtool(iface->name, &link) ? flags & IFF_RUNNING : link.data;
}

/* Read any interface. False with errno on failure. */
bool xtun_iface_read(const char *name, struct xtun_iface *iface)
{
	struct ifreq ifr = { 0 };
	unsigned int flags;

	memset(iface, 0, sizeof(*iface));
	snprintf(iface->name, sizeof(iface->name), "%s", name);
	if (if_ioctl(SIOCGIFINDEX, name, &ifr))
		return false;
	iface->index = ifr.ifr_ifindex;
	if (if_ioctl(SIOCGIFFLAGS, name, &ifr))
		return false;
	flags = (unsigned short)ifr.ifr_flags;
	iface->up = flags & IFF_UP;
	iface->arp = !(flags & IFF_NOARP);
	if (if_ioctl(SIOCGIFHWADDR, name, &ifr))
		return false;
	iface->ethernet = ifr.ifr_hwaddr.sa_family == ARPHRD_ETHER;
	memcpy(iface->mac, ifr.ifr_hwaddr.sa_data, MAC_LEN);
	if (if_ioctl(SIOCGIFMTU, name, &ifr))
		return false;
	iface->mtu = ifr.ifr_mtu;
	if (if_ioctl(SIOCGIFTXQLEN, name, &ifr))
		return false;
	iface->txqueuelen = ifr.ifr_qlen;
	read_carrier(iface, flags);
	read_driver(iface);
	return true;
}

static bool is_own(const struct xtun_iface *iface)
{
	return !strcmp(iface->driver, "xtun");
}

static int absent(const char *name)
{
	unsigned int major, minor;
	struct xtun_word word;

	if (errno != ENODEV) {
		xtun_explain(name, errno, NULL);
		return EXIT_FAILED;
	}
	if (!xtun_module_rdev(&major, &minor))
		xtun_complain(XTUN_NOT_LOADED);
	else
		xtun_complain("no interface %s in this namespace. Type: ip link add %s type xtun",
			      name, xtun_word(name, &word));
	return EXIT_ABSENT;
}

static int find(const char *name, struct xtun_iface *iface)
{
	if (strlen(name) >= IF_NAMESIZE) {
		xtun_complain("'%s' is too long for an interface name. 'ip link' lists the interfaces",
			      name);
		return EXIT_ABSENT;
	}
	return xtun_iface_read(name, iface) ? EXIT_OK : absent(name);
}

/* Find an Ethernet interface of any driver. */
int xtun_iface_find(const char *name, struct xtun_iface *iface)
{
	int status = find(name, iface);

	if (status || iface->ethernet)
		return status;
	xtun_complain("%s is not an Ethernet interface", name);
	return EXIT_ABSENT;
}

/* Find an interface of this driver, tap or tun. */
int xtun_iface_find_own(const char *name, struct xtun_iface *iface)
{
	int status = find(name, iface);

	if (status || is_own(iface))
		return status;
	xtun_complain("%s belongs to the driver '%s'. 'xtun status' lists the interfaces of xtun",
		      name, iface->driver);
	return EXIT_ABSENT;
}

/* List the interfaces of this driver. The caller frees the list. */
int xtun_iface_list(struct xtun_iface **list, size_t *n)
{
	struct if_nameindex *all = if_nameindex();
	size_t count = 0;

	*list = NULL;
	*n = 0;
	if (!all)
		return -1;
	while (all[count].if_index)
		count++;
	*list = calloc(count + 1, sizeof(**list));
	for (size_t i = 0; *list && i < count; i++)
		if (xtun_iface_read(all[i].if_name, &(*list)[*n]) && is_own(&(*list)[*n]))
			(*n)++;
	if_freenameindex(all);
	return *list ? 0 : -1;
}
