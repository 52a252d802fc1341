// SPDX-License-Identifier: GPL-2.0
/* Programs wait for /proc/net/xtun_drops with read(), poll() and epoll. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xt.h"

#define DROPS	"/proc/net/xtun_drops"

static int drops_open(const char *path, int flags)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | flags);

	if (fd < 0)
		die("cannot open %s", path);
	return fd;
}

/* A frame that the stack drops: its IPv4 header has a wrong checksum. */
static void drop(int fd)
{
	uint8_t buf[100], mac[6];
	size_t n;

	xt_mac(XT_IF, mac);
	n = xt_udp(buf, mac, xt_peer, "10.99.0.2", "10.99.0.1", 9, "drops", 5);
	buf[24] ^= 1;
	if (write(fd, buf, n) != (ssize_t)n)
		die("write");
}

static void without_blocking(int dev)
{
	int fd = drops_open(DROPS, O_NONBLOCK);
	void *volatile nowhere = (void *)8;
	char buf[8192];
	short got;
	ssize_t n;

	fails(read(fd, buf, sizeof(buf)), EAGAIN, "O_NONBLOCK: nothing to tell");
	ok(xt_poll(fd, POLLIN, 100, &got) == -1, "poll() waits");
	drop(dev);
	ok(xt_poll(fd, POLLIN, 5000, &got) >= 0 && got == POLLIN, "... until there is (%#x)", got);
	n = read(fd, buf, 7);
	ok(n == 7 && !memcmp(buf, "xtun rx", 7), "it can be read in pieces (%zd)", n);
	ok(xt_poll(fd, POLLIN, 0, &got) >= 0, "... which are told of too");
	fails(read(fd, nowhere, sizeof(buf)), EFAULT, "... not into memory that is not there");
	n = read(fd, buf, sizeof(buf));
	ok(n > 0 && buf[0] == ' ' && buf[n - 1] == '\n' && memchr(buf, '\n', n) != buf + n - 1,
	   "... to the end of its two lines (%zd)", n);
	fails(read(fd, buf, sizeof(buf)), EAGAIN, "... and no further");
	close(fd);
}

/* A process that sleeps until there is a drop, and reads one. */
static pid_t reader_of(int fd)
{
	pid_t pid = xt_fork();

	if (!pid) {
		char buf[8192];

		_exit(read(fd, buf, sizeof(buf)) <= 7 || memcmp(buf, "xtun rx", 7));
	}
	xt_await_sleep(pid);
	return pid;
}

static void blocking(int dev)
{
	int fd = drops_open(DROPS, 0), status;
	pid_t pid = reader_of(fd);

	drop(dev);
	ok(waitpid(pid, &status, 0) == pid && !status, "a reader that sleeps is woken");
	close(fd);
}

static void ignore(int sig)
{
	(void)sig;
}

static void interrupted(void)
{
	struct sigaction sa = { .sa_handler = ignore };
	int fd = drops_open(DROPS, 0), status;
	char buf[100];
	pid_t pid;

	sigaction(SIGUSR1, &sa, NULL);
	pid = xt_fork();
	if (!pid)
		_exit(!(read(fd, buf, sizeof(buf)) == -1 && errno == EINTR));
	xt_await_sleep(pid);
	kill(pid, SIGUSR1);
	ok(waitpid(pid, &status, 0) == pid && !status, "a signal ends a read that waits: EINTR");
	close(fd);
}

/* Each of the two gets another report, whole, and neither stays asleep. */
static void shared(int dev)
{
	int fd = drops_open(DROPS, 0), first, second;
	pid_t a = reader_of(fd), b = reader_of(fd), woken;

	drop(dev);
	woken = waitpid(-1, &first, 0);
	xt_await_sleep(woken == a ? b : a);
	drop(dev);
	ok(waitpid(-1, &second, 0) == (woken == a ? b : a) && !first && !second,
	   "two that sleep at one file are woken in turn");
	close(fd);
}

/* Two files are waited for separately, and both get the same report. */
static void apart(int dev)
{
	int one = drops_open(DROPS, 0), other = drops_open(DROPS, 0), first, second;
	pid_t a = reader_of(one), b = reader_of(other);

	drop(dev);
	ok(waitpid(a, &first, 0) == a && waitpid(b, &second, 0) == b && !first && !second,
	   "two that sleep at files of their own are both woken");
	close(one);
	close(other);
}

/* All that may wait for a file that will be gone. */
struct waiters {
	int fd, epoll;
	pid_t reader, poller;
};

static struct waiters wait_for(int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct waiters w = { .fd = fd, .epoll = epoll_create1(EPOLL_CLOEXEC) };
	char byte;

	if (w.epoll < 0 || epoll_ctl(w.epoll, EPOLL_CTL_ADD, fd, &event))
		die("epoll");
	w.reader = xt_fork();
	if (!w.reader)
		_exit(read(fd, &byte, 1));
	w.poller = xt_fork();
	if (!w.poller)
		_exit(xt_poll(fd, POLLIN, 60000, NULL) == -1);
	xt_await_sleep(w.reader);
	xt_await_sleep(w.poller);
	return w;
}

static void judge(struct waiters *w, const char *when)
{
	struct epoll_event event;
	int status;
	char byte;

	ok(waitpid(w->reader, &status, 0) == w->reader && !status,
	   "%s: a reader that sleeps is at the end of the file", when);
	ok(waitpid(w->poller, &status, 0) == w->poller && !status, "... poll() returns");
	ok(epoll_wait(w->epoll, &event, 1, 10000) == 1, "... and epoll tells");
	ok(read(w->fd, &byte, 1) <= 0, "... of which nothing can be read any more");
	/* Long enough to free everything that the file belonged to. */
	usleep(500000);
	ok(!epoll_ctl(w->epoll, EPOLL_CTL_DEL, w->fd, NULL), "... and epoll can let go of it");
	close(w->epoll);
	close(w->fd);
}

/* The waiters are not in that namespace, or it would stay. */
static void namespace_goes(void)
{
	pid_t resident = xt_fork();
	struct waiters w;
	char path[64];

	if (!resident) {
		if (unshare(CLONE_NEWNET))
			_exit(1);
		raise(SIGSTOP);
	}
	snprintf(path, sizeof(path), "/proc/%d/net/xtun_drops", resident);
	waitpid(resident, NULL, WUNTRACED);
	w = wait_for(drops_open(path, 0));
	kill(resident, SIGKILL);
	waitpid(resident, NULL, 0);
	judge(&w, "the namespace goes");
}

static void module_goes(void)
{
	struct waiters w = wait_for(drops_open(DROPS, 0));

	run("rmmod xtun");
	judge(&w, "the module goes");
	ok(access(DROPS, F_OK) == -1, "... and the file");
}

void theme_drops(void)
{
	int dev = xt_open(0);

	without_blocking(dev);
	blocking(dev);
	interrupted();
	shared(dev);
	apart(dev);
	close(dev);
}

void theme_drops_gone(void)
{
	if (xt_namespaces("the namespace of the file goes"))
		namespace_goes();
	module_goes();
}
