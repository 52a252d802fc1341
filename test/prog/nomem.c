// SPDX-License-Identifier: GPL-2.0
/* Each allocation fails in turn: ENOMEM, its loss is counted, nothing is left. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "inject.h"
#include "xt.h"

#define LINK	"xtun1"

static uint8_t frame[XT_BUF], in[XT_BUF];
static int fd = -1, packet = -1, module = -1, inet = -1, netlink = -1, epoll = -1;
static size_t len;

static void close_fd(void)
{
	close(fd);
}

static void open_fd(void)
{
	fd = xt_open(O_NONBLOCK);
}

/* --- loading */

static long load(void)
{
	return syscall(SYS_finit_module, module, "", 0);
}

static void unload(void)
{
	if (syscall(SYS_delete_module, XT_IF, O_NONBLOCK))
		die("rmmod");
}

void theme_nomem_load(void)
{
	const struct inject_case c = {
		"load", .call = load, .after = unload, .registers = true };

	module = open("/test/xtun.ko", O_RDONLY | O_CLOEXEC);
	if (module < 0)
		die("/test/xtun.ko");
	inject_within("do_one_initcall");
	inject_each(&c, NULL);
	inject_within(NULL);
	close(module);
}

/* --- the interface */

static struct rtattr *attribute(struct nlmsghdr *h, int type, const char *value)
{
	struct rtattr *a = (void *)((char *)h + NLMSG_ALIGN(h->nlmsg_len));

	a->rta_type = type;
	a->rta_len = RTA_LENGTH(strlen(value));
	memcpy(RTA_DATA(a), value, strlen(value));
	h->nlmsg_len = NLMSG_ALIGN(h->nlmsg_len) + RTA_ALIGN(a->rta_len);
	return a;
}

/* Returns the kernel's answer as a system call would. */
static long ask(struct nlmsghdr *h)
{
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
		char more[1000];
	} answer;

	if (send(netlink, h, h->nlmsg_len, 0) != (ssize_t)h->nlmsg_len)
		return -1;
	if (recv(netlink, &answer, sizeof(answer), 0) < (ssize_t)sizeof(answer.h) ||
	    answer.h.nlmsg_type != NLMSG_ERROR)
		die("no answer to a netlink message");
	errno = -answer.e.error;
	return errno ? -1 : 0;
}

static void attribute_number(struct nlmsghdr *h, int type, uint32_t value)
{
	struct rtattr *a = attribute(h, type, "1234");

	memcpy(RTA_DATA(a), &value, sizeof(value));
}

static uint32_t queues = 1;

static long change_link(int type, int flags)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg i;
		char more[200];
	} m = {
		.h = { sizeof(m.h) + sizeof(m.i), type, NLM_F_REQUEST | NLM_F_ACK | flags, 0, 0 },
	};
	struct rtattr *info;

	attribute(&m.h, IFLA_IFNAME, LINK);
	if (type == RTM_NEWLINK) {
		attribute_number(&m.h, IFLA_NUM_TX_QUEUES, queues);
		info = attribute(&m.h, IFLA_LINKINFO, "");
		attribute(&m.h, IFLA_INFO_KIND, "xtun");
		info->rta_len = (char *)&m + m.h.nlmsg_len - (char *)info;
	}
	return ask(&m.h);
}

static long add_link(void)
{
	return change_link(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
}

static long del_link(void)
{
	return change_link(RTM_DELLINK, 0);
}

static void have_link(void)
{
	if (add_link())
		die("cannot add " LINK);
}

static void have_no_link(void)
{
	if (del_link())
		die("cannot delete " LINK);
}

static void links(void)
{
	const struct inject_case add = {
		"ip link add", .call = add_link, .after = have_no_link, .registers = true };
	const struct inject_case add_four = {
		"ip link add numtxqueues 4", .call = add_link, .after = have_no_link,
		.registers = true };
	const struct inject_case del = {
		"ip link del", .before = have_link, .call = del_link, .must_succeed = true };

	inject_within("rtnl_newlink");
	inject_each(&add, NULL);
	queues = 4;
	inject_each(&add_four, NULL);
	inject_within("rtnl_dellink");
	inject_each(&del, NULL);
	inject_within(NULL);
}

static struct ifreq ifr = { .ifr_name = XT_IF };

static long set_txqueuelen(void)
{
	ifr.ifr_qlen = 500;
	return ioctl(inet, SIOCSIFTXQLEN, &ifr);
}

static void default_txqueuelen(void)
{
	ifr.ifr_qlen = 1000;
	if (ioctl(inet, SIOCSIFTXQLEN, &ifr))
		die("SIOCSIFTXQLEN");
}

static void resize(void)
{
	const struct inject_case c = {
		"txqueuelen", .before = default_txqueuelen, .call = set_txqueuelen };

	inject_each(&c, NULL);
	default_txqueuelen();
}

/* --- the file */

static long try_open(void)
{
	fd = open(XT_DEV, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return fd;
}

static long try_open_excl(void)
{
	fd = open(XT_DEV, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_EXCL);
	return fd;
}

static long try_listen(void)
{
	fd = open("/proc/net/xtun_drops", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd;
}

static long try_close(void)
{
	return close(fd);
}

static long try_read(void)
{
	return read(fd, in, sizeof(in));
}

static long try_write(void)
{
	return write(fd, frame, len);
}

static long try_async(void)
{
	return fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC);
}

static long try_epoll(void)
{
	struct epoll_event e = { .events = EPOLLIN };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
}

/* A frame waits, and the file is not attached yet. */
static void frame_waits(void)
{
	open_fd();
	xt_drain(fd);
	xt_transmit(packet, 60000, 1);
	close_fd();
	open_fd();
}

static void attached(void)
{
	open_fd();
	xt_drain(fd);
}

static void files(void)
{
	const struct inject_case cases[] = {
		{ "open", .call = try_open, .after = close_fd },
		{ "open with O_EXCL", .call = try_open_excl, .after = close_fd },
		{ "read, the first", .before = frame_waits, .call = try_read, .after = close_fd,
		  .must_succeed = true },
		{ "open of xtun_drops", .call = try_listen, .after = close_fd },
		{ "close", .before = attached, .call = try_close, .must_succeed = true },
		{ "O_ASYNC", .before = open_fd, .call = try_async, .after = close_fd },
		{ "epoll", .before = open_fd, .call = try_epoll, .after = close_fd },
	};
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		inject_each(&cases[i], NULL);
}

/* A reader of what the stack drops also learns that reports may be missing. */
static void listens(void)
{
	const struct inject_case c = {
		"ip link add while somebody listens", .call = add_link, .after = have_no_link,
		.must_succeed = true };
	static const char missed[] = "missed ";
	char told[sizeof(missed)] = "";
	int spared;

	if (try_listen() < 0)
		die("/proc/net/xtun_drops");
	inject_within("xtun_drops_event");
	inject_each(&c, &spared);
	inject_within(NULL);
	ok(spared && read(fd, told, sizeof(told) - 1) > 0 && !strcmp(told, missed),
	   "... and is told of it (%d times, \"%s\")", spared, told);
	close_fd();
}

/* --- frames */

/* The stack may lose what it receives, so only the module's own allocations fail. */
static void writes(void)
{
	static const size_t sizes[] = { 60, 1514, 9000, XT_FRAME_MAX };
	struct inject_case c = {
		.before = open_fd, .call = try_write, .after = close_fd };
	char what[50];
	int all_failed = 0;
	unsigned int i;

	c.what = what;
	inject_within_module("xtun");
	for (i = 0; i < 4; i++) {
		uint64_t lost = xt_counter("rx_lost_nomem"), out = xt_counter("rx_out");
		int failed, spared;

		len = sizes[i];
		snprintf(what, sizeof(what), "write of %zu bytes", len);
		failed = inject_each(&c, &spared);
		all_failed += failed;
		ok(xt_counter("rx_lost_nomem") == lost + failed &&
		   xt_counter("rx_out") == out + spared + 1,
		   "... and each that failed is counted as rx_lost_nomem, and no other (%d)",
		   failed);
	}
	/* A small frame mostly needs no new memory. */
	ok(all_failed, "some writes found no memory (%d)", all_failed);
	inject_within(NULL);
}

void theme_nomem(void)
{
	inet = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	packet = xt_packet(XT_IF);
	if (inet < 0 || netlink < 0 || epoll < 0)
		die("sockets");
	xt_numbered(frame, xt_everyone, xt_peer, XT_FRAME_MAX, 1);

	links();
	resize();
	files();
	listens();
	writes();
	open_fd();
	xt_drain(fd);
	close_fd();
}
