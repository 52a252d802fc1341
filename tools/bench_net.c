// SPDX-License-Identifier: GPL-2.0
/* The namespace of xtun bench's interfaces, and their configuration. */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), error = 0;

	if (fd < 0)
		return errno;
	if (write(fd, text, strlen(text)) < 0)
		error = errno;
	close(fd);
	return error;
}

/* user_namespaces(7): a process may map its own user and group to root in one it created. */
static int be_root(uid_t uid, gid_t gid)
{
	char map[64];
	int error;

	error = write_file("/proc/self/setgroups", "deny");
	if (error)
		return error;
	snprintf(map, sizeof(map), "0 %u 1", uid);
	error = write_file("/proc/self/uid_map", map);
	if (error)
		return error;
	snprintf(map, sizeof(map), "0 %u 1", gid);
	return write_file("/proc/self/gid_map", map);
}

/**
 * bench_enter() - move to a network namespace of its own
 * @own_namespace: set to false if the kernel has no network namespaces
 *
 * Return: 0 or an errno.
 */
int bench_enter(bool *own_namespace)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	*own_namespace = true;
	if (!unshare(CLONE_NEWNET))
		return 0;
	if (errno == EPERM && !unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return be_root(uid, gid);
	*own_namespace = false;
	return errno == EINVAL ? 0 : errno;
}

static void set_address(struct sockaddr *to, uint32_t address)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(address) };

	memcpy(to, &in, sizeof(in));
}

/* Set the MAC of the other end, so that the kernel need not ask for it. */
static int add_neighbour(int sock, const char *ifname)
{
	struct arpreq arp = { .arp_flags = ATF_COM | ATF_PERM };

	set_address(&arp.arp_pa, BENCH_THEIRS);
	arp.arp_ha.sa_family = ARPHRD_ETHER;
	memcpy(arp.arp_ha.sa_data, "\x02\x00\x00\x00\x00\x02", BENCH_MAC_LEN);
	strncpy(arp.arp_dev, ifname, sizeof(arp.arp_dev) - 1);
	return ioctl(sock, SIOCSARP, &arp);
}

/**
 * bench_up() - configure an interface's address and a neighbour, and bring it up
 * @ifname: its name
 * @mac: set to its hardware address
 *
 * Return: 0 or an errno.
 */
int bench_up(const char *ifname, uint8_t mac[BENCH_MAC_LEN])
{
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error = 0;
	struct ifreq ifr = { .ifr_flags = 0 };

	if (sock < 0)
		return errno;
	strncpy(ifr.ifr_name, ifname, sizeof(ifr.ifr_name) - 1);
	if (ioctl(sock, SIOCGIFHWADDR, &ifr))
		goto fail;
	memcpy(mac, ifr.ifr_hwaddr.sa_data, BENCH_MAC_LEN);
	set_address(&ifr.ifr_addr, BENCH_OURS);
	if (ioctl(sock, SIOCSIFADDR, &ifr))
		goto fail;
	set_address(&ifr.ifr_netmask, 0xfffffffcu);
	if (ioctl(sock, SIOCSIFNETMASK, &ifr))
		goto fail;
	ifr.ifr_flags = IFF_UP;
	if (!ioctl(sock, SIOCSIFFLAGS, &ifr) && !add_neighbour(sock, ifname))
		goto out;
fail:
	error = errno;
out:
	close(sock);
	return error;
}
