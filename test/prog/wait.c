// SPDX-License-Identifier: GPL-2.0
/* Every way to wait for a frame, and attaching by waiting. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xt.h"

static uint8_t buf[XT_BUF];
static int packet;

/* Returns a child that runs a command once this process sleeps. */
static pid_t later(const char *command)
{
	pid_t parent = getpid(), pid;

	pid = xt_fork();
	if (pid)
		return pid;
	xt_await_sleep(parent);
	if (command)
		run("%s", command);
	else
		xt_transmit(packet, 100, 1);
	_exit(0);
}

static void reap(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || status)
		die("a child failed");
}

static void nonblocking(int fd)
{
	int n = -1;

	fails(read(fd, buf, sizeof(buf)), EAGAIN, "read without a frame, O_NONBLOCK");
	ok(!ioctl(fd, FIONREAD, &n) && n == 0, "FIONREAD says 0");
	xt_transmit(packet, 123, 1);
	xt_transmit(packet, 60, 2);
	ok(!ioctl(fd, FIONREAD, &n) && n == 123,
	   "FIONREAD says the length of the next frame (%d)", n);
	ok(xt_drain(fd) == 2, "both are read");
}

static void polled(int fd)
{
	short got = 0;
	pid_t pid;

	ok(xt_poll(fd, POLLIN, 50, NULL) == -1, "poll: no frame, no POLLIN");
	ok(xt_poll(fd, POLLIN | POLLOUT, 0, &got) >= 0 && got == POLLOUT, "poll: up, so POLLOUT");
	pid = later(NULL);
	ok(xt_poll(fd, POLLIN, 20000, &got) >= 0 && got == POLLIN, "poll: a frame wakes it");
	reap(pid);
	ok(xt_drain(fd) == 1, "... and is there");

	run("ip link set %s down", XT_IF);
	ok(xt_poll(fd, POLLIN | POLLOUT, 0, &got) == -1, "poll: down, so no POLLOUT");
	pid = later("ip link set " XT_IF " up");
	ok(xt_poll(fd, POLLOUT, 20000, &got) >= 0 && got == POLLOUT, "poll: coming up wakes a writer");
	reap(pid);
	xt_drain(fd);
}

static void selected(int fd)
{
	struct timeval t = { .tv_sec = 20 };
	pid_t pid = later(NULL);
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	ok(select(fd + 1, &set, NULL, NULL, &t) == 1 && FD_ISSET(fd, &set), "select: a frame wakes it");
	reap(pid);
	ok(xt_drain(fd) == 1, "... and is there");
}

static void blocking(void)
{
	int fd = xt_open(0);
	pid_t pid = later(NULL);

	ok(read(fd, buf, sizeof(buf)) == 100, "a blocking read returns with the frame");
	reap(pid);
	close(fd);
}

/*
 * Both wait exclusively, the reader first. The reader wants a frame, so it must not use
 * up the event that the interface is up.
 */
static void exclusive_pollers(int fd)
{
	struct epoll_event e = { .events = EPOLLOUT | EPOLLEXCLUSIVE };
	int ep = epoll_create1(EPOLL_CLOEXEC);
	pid_t reader, pid;

	run("ip link set %s down", XT_IF);
	fcntl(fd, F_SETFL, 0);
	reader = xt_fork();
	if (!reader)
		_exit(read(fd, buf, sizeof(buf)) != 100);
	xt_await_sleep(reader);
	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e))
		die("epoll");
	pid = later("ip link set " XT_IF " up");
	ok(epoll_wait(ep, &e, 1, 20000) == 1 && e.events == EPOLLOUT,
	   "coming up wakes an exclusive epoll behind a reader");
	reap(pid);
	xt_transmit(packet, 100, 1);
	reap(reader);
	ok(true, "... and the reader waits on for its frame");
	fcntl(fd, F_SETFL, O_NONBLOCK);
	close(ep);
}

static int epoll_on(int fd, unsigned int events)
{
	struct epoll_event e = { .events = events };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e))
		die("epoll");
	return ep;
}

static unsigned int epoll_next(int ep, int ms)
{
	struct epoll_event e;

	return epoll_wait(ep, &e, 1, ms) == 1 ? e.events : 0;
}

static void epolled(int fd)
{
	int ep = epoll_on(fd, EPOLLIN);

	ok(!epoll_next(ep, 50), "epoll, level: nothing yet");
	xt_transmit(packet, 60, 1);
	ok(epoll_next(ep, 20000) == EPOLLIN && epoll_next(ep, 0) == EPOLLIN,
	   "epoll, level: says so as long as the frame waits");
	xt_drain(fd);
	ok(!epoll_next(ep, 0), "epoll, level: no longer");
	close(ep);

	ep = epoll_on(fd, EPOLLIN | EPOLLET);
	ok(!epoll_next(ep, 50), "epoll, edge: nothing yet");
	xt_transmit(packet, 60, 1);
	ok(epoll_next(ep, 20000) == EPOLLIN && !epoll_next(ep, 50), "epoll, edge: says so once");
	xt_transmit(packet, 60, 2);
	ok(epoll_next(ep, 20000) == EPOLLIN && !epoll_next(ep, 50),
	   "epoll, edge: and once more for the next frame, the first unread");
	ok(xt_drain(fd) == 2, "... both are there");
	close(ep);
}

static void signalled(int fd)
{
	struct timespec t = { .tv_sec = 20 };
	siginfo_t info;
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (fcntl(fd, F_SETOWN, getpid()) || fcntl(fd, F_SETSIG, SIGIO) ||
	    fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK))
		die("fcntl");
	pid = later(NULL);
	ok(sigtimedwait(&set, &info, &t) == SIGIO && info.si_fd == fd && info.si_code == POLL_IN,
	   "SIGIO: a frame sends it, with POLL_IN");
	reap(pid);
	if (fcntl(fd, F_SETFL, O_NONBLOCK))
		die("fcntl");
	t.tv_sec = 0;
	xt_transmit(packet, 60, 1);
	ok(sigtimedwait(&set, &info, &t) == -1, "SIGIO: none once O_ASYNC is off");
	ok(xt_drain(fd) == 2, "... the frames are there");
}

static void refused_cleanly(int fd)
{
	int p[2];

	if (pipe(p))
		die("pipe");
	xt_transmit(packet, 60, 1);
	fails(splice(fd, NULL, p[1], NULL, 4096, SPLICE_F_NONBLOCK), EINVAL, "splice from it");
	fails(sendfile(p[1], fd, NULL, 100), EINVAL, "sendfile from it");
	if (write(p[1], buf, 100) != 100)
		die("pipe");
	fails(splice(p[0], NULL, fd, NULL, 100, SPLICE_F_NONBLOCK), EINVAL, "splice to it");
	ok(xt_drain(fd) == 1, "... and the frame that waited still does");
	close(p[0]);
	close(p[1]);
}

static void shared_descriptors(int fd)
{
	int two = dup(fd), status;
	pid_t pid;

	xt_transmit(packet, 60, 1);
	ok(read(two, buf, sizeof(buf)) == 60, "dup: reads as the first does");
	close(two);
	ok(xt_counter("readers") == 1, "dup: closing one detaches nothing");

	xt_transmit(packet, 61, 2);
	pid = xt_fork();
	if (!pid)
		_exit(read(fd, buf, sizeof(buf)) != 61);
	ok(waitpid(pid, &status, 0) == pid && !status, "fork: the child reads from its parent's file");
	ok(xt_counter("readers") == 1, "fork: its end detaches nothing");
	xt_transmit(packet, 62, 3);
	ok(read(fd, buf, sizeof(buf)) == 62, "fork: nor takes the parent's frames");
}

static void provisional(void)
{
	int one = xt_open(O_NONBLOCK), two, n;
	int ep = epoll_on(one, EPOLLIN | EPOLLOUT | EPOLLET);

	ok(epoll_next(ep, 0) == EPOLLOUT, "epoll before anything else: the file may be written to");
	ok(!ioctl(one, FIONREAD, &n) && !fcntl(one, F_SETFL, O_NONBLOCK | O_ASYNC) &&
	   !fcntl(one, F_SETFL, O_NONBLOCK), "FIONREAD and O_ASYNC before anything else");
	ok(xt_counter("readers") == 0, "that file is no reader");
	xt_transmit(packet, 60, 1);
	ok(epoll_next(ep, 20000) & EPOLLIN, "... but a frame wakes it");

	two = open(XT_DEV, O_RDWR | O_EXCL | O_NONBLOCK);
	ok(two >= 0, "... nor does it stand in the way of O_EXCL");
	fails(read(one, buf, sizeof(buf)), EBUSY, "... whose holder it cannot join now");
	ok(read(two, buf, sizeof(buf)) == 60, "... and who gets the frame");
	close(two);

	xt_transmit(packet, 60, 2);
	ok(read(one, buf, sizeof(buf)) == 60 && xt_counter("readers") == 1, "its first read attaches it");
	epoll_next(ep, 0);
	xt_transmit(packet, 60, 3);
	ok(epoll_next(ep, 20000) & EPOLLIN, "the wait head that epoll was given is the same still");
	xt_drain(one);
	close(ep);
	close(one);
	ok(xt_counter("readers") == 0, "closed: no reader any more");
}

/* A file that has only polled follows the name, not an interface that once had it. */
static void provisional_renamed(void)
{
	uint64_t stale = xt_counter("tx_lost_stale");
	int fd = xt_open(O_NONBLOCK), s;
	short got;

	ok(xt_poll(fd, POLLIN, 0, NULL) == -1, "polled, nothing there");
	run("ip link set %s down; ip link set %s name other; ip link set other up", XT_IF, XT_IF);
	s = xt_packet("other");
	xt_transmit(s, 60, 1);
	ok(xt_poll(fd, POLLIN, 0, &got) >= 0 && got == POLLERR,
	   "renamed: no frame of the old interface is promised, but POLLERR (%#x)", got);
	fails(read(fd, buf, sizeof(buf)), ENODEV, "... as read says");
	run("ip link set other down; ip link set other name %s; ip link set %s up", XT_IF, XT_IF);
	ok(xt_poll(fd, POLLIN, 0, &got) >= 0 && got == POLLIN, "renamed back: the frame is there");
	/* Renaming back may have taken a second, and then the frame is stale. */
	ok(xt_drain(fd) + xt_counter("tx_lost_stale") - stale == 1, "... and is read, or stale");
	close(s);
	close(fd);
}

/*
 * The events that wake a child which sleeps in poll(), not attached, when that command
 * runs.
 */
static int woken_by(const char *command)
{
	int fd = xt_open(O_NONBLOCK), status;
	pid_t pid = xt_fork();

	if (!pid) {
		short got = 0;

		xt_poll(fd, POLLIN, 20000, &got);
		_exit(got);
	}
	xt_await_sleep(pid);
	run("%s", command);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		die("a child failed");
	close(fd);
	return WEXITSTATUS(status);
}

static void provisional_asleep(void)
{
	int got;

	got = woken_by("ip link set " XT_IF " down; ip link set " XT_IF " name other");
	ok(got == POLLERR, "renamed while it sleeps: woken by POLLERR (%#x)", got);
	run("ip link set other name " XT_IF "; ip link set " XT_IF " up");
	if (!xt_namespaces("moved while it sleeps"))
		return;
	run("ip netns add away");
	got = woken_by("ip link set " XT_IF " netns away");
	ok(got == POLLERR, "moved to a namespace while it sleeps: woken by POLLERR (%#x)", got);
	run("ip -n away link set " XT_IF " netns 1; ip netns del away");
	xt_up();
}

/* In a namespace that has no interface yet. */
static void provisional_early(void)
{
	int fd, ep, s;

	if (!xt_namespaces("joining before there is an interface"))
		return;
	if (unshare(CLONE_NEWNET))
		die("unshare");
	fd = xt_open(O_NONBLOCK);
	ep = epoll_on(fd, EPOLLIN | EPOLLOUT | EPOLLET);
	ok(epoll_next(ep, 0) == EPOLLERR, "epoll where there is no interface: EPOLLERR");
	fails(read(fd, buf, sizeof(buf)), ENODEV, "read where there is no interface");
	fails(write(fd, buf, 60), ENODEV, "write where there is no interface");
	fails(ioctl(fd, FIONREAD, &s), ENODEV, "FIONREAD where there is no interface");
	fails(open(XT_DEV, O_RDWR | O_EXCL), ENODEV, "O_EXCL where there is no interface");
	run("ip link add %s type xtun", XT_IF);
	xt_up();
	fails(read(fd, buf, sizeof(buf)), EAGAIN, "read, now that there is one");
	ok(epoll_next(ep, 0) & EPOLLOUT, "... attaches, and tells the epoll that waited");
	s = xt_packet(XT_IF);
	xt_transmit(s, 60, 1);
	ok(epoll_next(ep, 20000) & EPOLLIN, "... which hears of frames from then on");
	ok(xt_drain(fd) == 1, "... and the frame is there");
	xt_law(XT_IF);
	close(s);
	close(ep);
	close(fd);
}

void theme_wait(void)
{
	int fd;

	xt_up();
	packet = xt_packet(XT_IF);
	provisional();
	provisional_renamed();
	close(packet);
	provisional_asleep();
	packet = xt_packet(XT_IF);
	fd = xt_open(O_NONBLOCK);
	nonblocking(fd);
	polled(fd);
	selected(fd);
	epolled(fd);
	exclusive_pollers(fd);
	signalled(fd);
	refused_cleanly(fd);
	shared_descriptors(fd);
	close(fd);
	blocking();
	provisional_early();
	close(packet);
}
