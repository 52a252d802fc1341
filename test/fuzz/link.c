// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"

#define QUEUES	4

static int inet, packet;

void fuzz_link_prepare(void)
{
	inet = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	packet = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (inet < 0 || packet < 0)
		err(1, "socket");
	fuzz_link_restore();
}

static void pick_name(struct fuzz *f, char *name)
{
	if (fuzz_once_in(f, 2))
		strcpy(name, "xtun");
	else
		snprintf(name, IFNAMSIZ, "fuzz%u", fuzz_below(f, 3));
}

/* --- netlink */

struct request {
	struct nlmsghdr h;
	struct ifinfomsg i;
	char more[200];
};

static struct rtattr *attribute(struct request *m, int type, const void *value, size_t size)
{
	struct rtattr *a = (void *)((char *)m + NLMSG_ALIGN(m->h.nlmsg_len));

	a->rta_type = type;
	a->rta_len = RTA_LENGTH(size);
	memcpy(RTA_DATA(a), value, size);
	m->h.nlmsg_len = NLMSG_ALIGN(m->h.nlmsg_len) + RTA_ALIGN(a->rta_len);
	return a;
}

static void ask(struct request *m)
{
	char answer[2000];
	int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (send(s, m, m->h.nlmsg_len, 0) < 0 || recv(s, answer, sizeof(answer), 0) < 0)
		errno = 0;
	close(s);
}

static void add(const char *name)
{
	struct request m = {
		.h = { sizeof(m.h) + sizeof(m.i), RTM_NEWLINK,
		       NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, 0, 0 },
	};
	uint32_t queues = QUEUES;
	struct rtattr *info;

	attribute(&m, IFLA_IFNAME, name, strlen(name));
	attribute(&m, IFLA_NUM_TX_QUEUES, &queues, sizeof(queues));
	attribute(&m, IFLA_NUM_RX_QUEUES, &queues, sizeof(queues));
	info = attribute(&m, IFLA_LINKINFO, "", 0);
	attribute(&m, IFLA_INFO_KIND, "xtun", 4);
	info->rta_len = (char *)&m + m.h.nlmsg_len - (char *)info;
	ask(&m);
}

static void delete(const char *name)
{
	struct request m = {
		.h = { sizeof(m.h) + sizeof(m.i), RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK, 0, 0 },
		.i.ifi_index = if_nametoindex(name),
	};

	if (m.i.ifi_index)
		ask(&m);
}

/* --- ioctls */

static void set_up(const char *name, bool up)
{
	struct ifreq ifr = { 0 };

	strcpy(ifr.ifr_name, name);
	if (ioctl(inet, SIOCGIFFLAGS, &ifr))
		return;
	ifr.ifr_flags = up ? ifr.ifr_flags | IFF_UP : ifr.ifr_flags & ~IFF_UP;
	ioctl(inet, SIOCSIFFLAGS, &ifr);
}

static void set_number(int cmd, const char *name, int number)
{
	struct ifreq ifr = { .ifr_mtu = number };

	strcpy(ifr.ifr_name, name);
	ioctl(inet, cmd, &ifr);
}

static void ethtool(const char *name, void *request)
{
	struct ifreq ifr = { .ifr_data = request };

	strcpy(ifr.ifr_name, name);
	ioctl(inet, SIOCETHTOOL, &ifr);
}

static void statistics(const char *name)
{
	static __thread struct {
		struct ethtool_stats head;
		uint64_t values[300 * 60];
	} stats;

	memset(&stats.head, 0, sizeof(stats.head));
	stats.head.cmd = ETHTOOL_GSTATS;
	stats.head.n_stats = sizeof(stats.values) / sizeof(*stats.values);
	ethtool(name, &stats);
}

static void settings(struct fuzz *f, const char *name)
{
	struct ethtool_coalesce coalesce = {
		.cmd = ETHTOOL_SCOALESCE,
		.tx_coalesce_usecs = fuzz_below(f, 5000),
		.tx_max_coalesced_frames = fuzz_below(f, 100),
	};
	struct ethtool_channels channels = {
		.cmd = ETHTOOL_SCHANNELS, .combined_count = 1 + fuzz_below(f, QUEUES),
	};
	struct ethtool_value flags = { .cmd = ETHTOOL_SPFLAGS, .data = fuzz_below(f, 4) };

	switch (fuzz_below(f, 3)) {
	case 0:
		ethtool(name, &coalesce);
		break;
	case 1:
		ethtool(name, &channels);
		break;
	default:
		ethtool(name, &flags);
	}
}

/* --- frames */

size_t fuzz_frame(struct fuzz *f, uint8_t *buf, size_t room)
{
	size_t len = fuzz_once_in(f, 20) ? fuzz_below(f, 66000) : fuzz_below(f, 1600);
	uint32_t seed;

	if (len > room)
		len = room;
	if (len < 60)
		return len;
	/*
	 * UDP or TCP of one of many flows, to this machine; or with a vnet header in
	 * front.
	 */
	if (fuzz_once_in(f, 4)) {
		memset(buf, 0, 10);
		buf[0] = fuzz_once_in(f, 2);
		buf[1] = fuzz_once_in(f, 2);
		buf[2] = 54;
		buf[4] = fuzz_below(f, 256);
		buf[6] = 34;
		buf[8] = 16;
		buf += 10;
		len -= 10;
	}
	seed = fuzz_random(f);
	memset(buf, 0xff, 6);
	memset(buf + 6, 2, 6);
	memcpy(buf + 12, "\x08\x00\x45\x00", 4);
	buf[16] = (len - 14) >> 8;
	buf[17] = len - 14;
	memcpy(buf + 18, "\0\0\x40\0\x40", 5);
	buf[23] = seed & 1 ? 17 : 6;
	memset(buf + 24, seed, 34 - 24);
	memcpy(buf + 34, &seed, 4);
	memset(buf + 38, 0, 16);
	buf[46] = 0x50;
	return len + (fuzz_once_in(f, 50) ? 10 : 0);
}

static void transmit(struct fuzz *f, const char *name)
{
	static __thread uint8_t buf[66010];
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(0x0800),
				  .sll_ifindex = if_nametoindex(name), .sll_halen = 6 };
	int n = fuzz_below(f, fuzz_once_in(f, 10) ? 200 : 20);
	size_t len;

	while (to.sll_ifindex && n--) {
		len = fuzz_frame(f, buf, 66000);
		if (sendto(packet, buf, len, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof(to)) < 0)
			break;
	}
}

void fuzz_link_restore(void)
{
	add("xtun");
	set_up("xtun", true);
}

void fuzz_link(struct fuzz *f)
{
	char name[IFNAMSIZ];
	uint32_t kind = fuzz_below(f, 1000);

	pick_name(f, name);
	if (kind < 700)
		transmit(f, name);
	else if (kind < 850)
		set_up(name, !fuzz_once_in(f, 5));
	else if (kind < 920)
		statistics(name);
	else if (kind < 950)
		settings(f, name);
	else if (kind < 970)
		set_number(SIOCSIFMTU, name, 68 + fuzz_below(f, 65454));
	else if (kind < 980)
		set_number(SIOCSIFTXQLEN, name, fuzz_below(f, 2000));
	else if (kind < 985)
		delete(name);
	else
		fuzz_link_restore();
}
