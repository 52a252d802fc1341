// SPDX-License-Identifier: GPL-2.0
/*
 * Attaches for programs that take a tap's descriptor and would not open this device
 * themselves.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/if_tun.h>

#include "../../xtun_uapi.h"
#include "attach.h"

int attach(char **argv)
{
	const char *device = argv[0];
	struct ifreq ifr = { .ifr_flags = strtol(argv[2], NULL, 0) };
	int fd = open(device, O_RDWR);

	if (fd < 0)
		err(1, "%s", device);
	strncpy(ifr.ifr_name, argv[1], IFNAMSIZ - 1);
	if (ioctl(fd, TUNSETIFF, &ifr))
		err(1, "%s: TUNSETIFF %s with flags %#hx", device, argv[1], ifr.ifr_flags);
	if (fd != ATTACH_FD) {
		if (dup2(fd, ATTACH_FD) < 0)
			err(1, "dup2");
		close(fd);
	}
	execvp(argv[3], argv + 3);
	err(1, "%s", argv[3]);
}

int alone(const char *device)
{
	if (open(device, O_RDWR | O_EXCL) < 0)
		err(1, "%s", device);
	return 0;
}

int setiff(const char *name, const char *flags)
{
	struct ifreq ifr = { .ifr_flags = strtol(flags, NULL, 0) };

	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(ATTACH_FD, TUNSETIFF, &ifr))
		err(1, "TUNSETIFF %s with flags %s", name, flags);
	return 0;
}

int ifindex(const char *number)
{
	int index = atoi(number);

	if (ioctl(ATTACH_FD, TUNSETIFINDEX, &index))
		err(1, "TUNSETIFINDEX %s", number);
	return 0;
}

int setrings(void)
{
	const struct xtun_rings want = { .tx_size = XTUN_RING_MIN, .rx_size = XTUN_RING_MIN };

	if (ioctl(ATTACH_FD, XTUN_IOC_SET_RINGS, &want))
		err(1, "XTUN_IOC_SET_RINGS");
	return 0;
}

int offload(const char *value)
{
	if (ioctl(ATTACH_FD, TUNSETOFFLOAD, strtoul(value, NULL, 0)))
		err(1, "TUNSETOFFLOAD %s", value);
	return 0;
}

int persist(const char *value)
{
	if (ioctl(ATTACH_FD, TUNSETPERSIST, strtoul(value, NULL, 0)))
		err(1, "TUNSETPERSIST %s", value);
	return 0;
}

int as_user(const char *who, char **command)
{
	char *group;
	uid_t user = strtoul(who, &group, 0);
	gid_t more = *group ? strtoul(group + 1, NULL, 0) : 0;

	if (setgroups(*group ? 1 : 0, &more) || setresgid(user, user, user) ||
	    setresuid(user, user, user))
		err(1, "cannot become %s", who);
	execvp(*command, command);
	err(1, "%s", *command);
}

int link_type(const char *type)
{
	if (ioctl(ATTACH_FD, TUNSETLINK, strtoul(type, NULL, 0)))
		err(1, "TUNSETLINK %s", type);
	return 0;
}

int owner(const char *user)
{
	if (ioctl(ATTACH_FD, TUNSETOWNER, strtoul(user, NULL, 0)))
		err(1, "TUNSETOWNER %s", user);
	return 0;
}

int setqueue(const char *flags)
{
	struct ifreq ifr = { .ifr_flags = strtol(flags, NULL, 0) };

	if (ioctl(ATTACH_FD, TUNSETQUEUE, &ifr))
		err(1, "TUNSETQUEUE %s", flags);
	return 0;
}

int ifflags(const char *ifname)
{
	struct ifreq ifr = { .ifr_flags = IFF_UP };

	strncpy(ifr.ifr_name, ifname, IFNAMSIZ - 1);
	if (ioctl(ATTACH_FD, SIOCSIFFLAGS, &ifr))
		err(1, "SIOCSIFFLAGS %s", ifname);
	return 0;
}
