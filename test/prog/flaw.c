// SPDX-License-Identifier: GPL-2.0
/* Files and interfaces for the tests of known flaws. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "flaw.h"
#include "xt.h"

#define PI_BYTES	4
#define VNET_BYTES	10

const struct flaw_mode flaw_modes[] = {
	{ "tap", TAP },
	{ "tap with its information", IFF_TAP },
	{ "tap with a vnet header", TAP | IFF_VNET_HDR },
	{ "tap with both", IFF_TAP | IFF_VNET_HDR },
	{ "tap by NAPI", TAP | IFF_NAPI },
	{ "tap by NAPI's fragments", FRAGS },
	{ "tap by NAPI's fragments with a vnet header", FRAGS | IFF_VNET_HDR },
	{ "tun", TUN },
	{ "tun with its information", IFF_TUN },
	{ "tun with a vnet header", TUN | IFF_VNET_HDR },
	{ "tun by NAPI", TUN | IFF_NAPI },
};

const unsigned int flaw_n_modes = sizeof(flaw_modes) / sizeof(*flaw_modes);

const char *flaw_device(void)
{
	const char *path = getenv("XT_DEVICE");

	return path && *path ? path : XT_DEV;
}

bool flaw_is_xtun(void)
{
	return !strcmp(flaw_device(), XT_DEV);
}

int flaw_open(void)
{
	int fd = open(flaw_device(), O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		die("cannot open %s", flaw_device());
	return fd;
}

int flaw_attach(int fd, const char *name, int flags)
{
	struct ifreq ifr = { .ifr_flags = flags };
	size_t len = strlen(name);

	memcpy(ifr.ifr_name, name, len < IFNAMSIZ ? len : IFNAMSIZ);
	return ioctl(fd, TUNSETIFF, &ifr);
}

int flaw_new(const char *name, int flags)
{
	int fd = flaw_open();

	if (flaw_attach(fd, name, flags))
		die("TUNSETIFF %s with flags %#x", name, flags);
	return fd;
}

int flaw_queue(int fd, int flags)
{
	struct ifreq ifr = { .ifr_flags = flags };

	return ioctl(fd, TUNSETQUEUE, &ifr);
}

static int inet(void)
{
	static int s = -1;

	if (s < 0)
		s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return s;
}

int flaw_up(const char *name, bool up)
{
	struct ifreq ifr = { 0 };

	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", name);
	if (ioctl(inet(), SIOCGIFFLAGS, &ifr))
		return -1;
	ifr.ifr_flags &= ~IFF_UP;
	ifr.ifr_flags |= up ? IFF_UP : 0;
	return ioctl(inet(), SIOCSIFFLAGS, &ifr);
}

int flaw_delete(const char *name)
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
	} reply = { .error.error = -EIO };
	int s;

	if (!request.info.ifi_index)
		return -1;
	s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (send(s, &request, sizeof(request), 0) == sizeof(request) &&
	    recv(s, &reply, sizeof(reply), 0) < (ssize_t)sizeof(reply.head))
		reply.error.error = -EIO;
	close(s);
	errno = -reply.error.error;
	return errno ? -1 : 0;
}

size_t flaw_header(int flags)
{
	return (flags & IFF_NO_PI ? 0 : PI_BYTES) + (flags & IFF_VNET_HDR ? VNET_BYTES : 0);
}

size_t flaw_frame(uint8_t *buf, int flags)
{
	size_t head = flaw_header(flags);

	memset(buf, 0, head);
	xt_numbered(buf + head, xt_everyone, xt_peer, 60, 1);
	if (flags & IFF_TUN)
		buf[head] = 0x45;
	return head + 60;
}

bool flaw_attached(int fd)
{
	struct ifreq ifr = { 0 };

	return !ioctl(fd, TUNGETIFF, &ifr);
}

unsigned long flaw_received(const char *name)
{
	char path[80];
	unsigned long n;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/rx_packets", name);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%lu", &n) != 1)
		die("cannot read %s", path);
	fclose(f);
	return n;
}

uint8_t *flaw_edge(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	static uint8_t *p;

	if (!p) {
		p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0);
		if (p == MAP_FAILED || mprotect(p + page, page, PROT_NONE))
			die("mmap");
	}
	return p + page;
}

unsigned int flaw_race_seconds(void)
{
	const char *text = getenv("RACE_SECONDS");

	return text ? atoi(text) : 14;
}
