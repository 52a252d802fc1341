// SPDX-License-Identifier: GPL-2.0
/* Interfaces that must not be made, and what must not be left of them. */
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <unistd.h>

#include "flaw.h"
#include "xt.h"

#define NAME	"flaw0"

static const int types[] = { TAP, TUN, TAP | IFF_MULTI_QUEUE, FRAGS };
#define TYPES	((int)(sizeof(types) / sizeof(*types)))

/* CVE-2018-7191: a name was not checked. */
static void names(void)
{
	static const char * const bad[] = {
		"a/b", "/", "/abc", "abc/", ".", "..", "%d%d", "f%d%d", "f%s", "f%", "f%n", "a b",
		"a:b", "a\nb", "\t",
	};
	unsigned int i;
	int fd = flaw_open(), type;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		unsigned int wrong = 0;

		for (type = 0; type < TYPES; type++)
			wrong += flaw_attach(fd, bad[i], types[type]) != -1 || errno != EINVAL ||
				 flaw_attached(fd);
		ok(!wrong, "2018-7191: name %u that is none: EINVAL, and the file stays free", i);
	}
	ok(!flaw_attach(fd, "0123456789abcdef", TAP) && if_nametoindex("0123456789abcde"),
	   "2018-7191: a name without its NUL ends where it must");
	close(fd);
	ok(!if_nametoindex("0123456789abcde"), "... and its interface is gone with the file");
}

/* CVE-2022-4744: what registering had already freed was freed again. */
static void failed(void)
{
	unsigned int lo = if_nametoindex("lo"), none = 0;
	int fd, i, type;

	for (type = 0; type < TYPES; type++) {
		int taken = 0, left = 0;

		fd = flaw_open();
		for (i = 0; i < 20; i++) {
			if (ioctl(fd, TUNSETIFINDEX, &lo))
				die("TUNSETIFINDEX");
			taken += flaw_attach(fd, NAME, types[type]) != -1 || errno != EBUSY;
			left += flaw_attached(fd) || if_nametoindex(NAME);
		}
		ok(!taken && !left,
		   "2022-4744: an index that is taken, flags %#x: EBUSY, and nothing left (%d, %d)",
		   types[type], taken, left);
		ok(!ioctl(fd, TUNSETIFINDEX, &none) && !flaw_attach(fd, NAME, types[type]),
		   "... and with another one it works");
		close(fd);
		ok(!if_nametoindex(NAME), "... and goes");
	}
	fd = flaw_open();
	fails(flaw_attach(fd, "lo", TAP), EINVAL, "2022-4744: somebody else's interface");
	close(fd);
}

static bool each_poll(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	struct timeval now = { 0 };
	int epoll = epoll_create1(0);
	fd_set in, out;
	bool fine;

	FD_ZERO(&in);
	FD_SET(fd, &in);
	out = in;
	fine = poll(&p, 1, 0) >= 0 && select(fd + 1, &in, &out, NULL, &now) >= 0 &&
	       !epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) && epoll_wait(epoll, &e, 1, 0) >= 0;
	close(epoll);
	return fine;
}

/* CVE-2009-1897: poll used a structure that the file did not have yet. */
static void polls(void)
{
	int fd = flaw_open();

	ok(each_poll(fd), "2009-1897: poll, select and epoll of a file that is not attached");
	flaw_attach(fd, "a/b", TAP);
	ok(each_poll(fd), "... whose TUNSETIFF failed");
	if (flaw_attach(fd, NAME, TAP))
		die("TUNSETIFF");
	ok(each_poll(fd), "... that is attached");
	if (flaw_delete(NAME))
		die("deletion");
	ok(each_poll(fd), "... whose interface was deleted");
	close(fd);
}

void theme_flaw_make(void)
{
	names();
	failed();
	polls();
}
