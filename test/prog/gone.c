// SPDX-License-Identifier: GPL-2.0
/* The interface goes down, is deleted or is moved away while a file is attached. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xt.h"

static uint8_t buf[2000];

static void fresh(void)
{
	run("ip link add %s type xtun", XT_IF);
	xt_up();
}

/* A child asleep in read(); its exit status is the errno. */
static pid_t sleeper(int fd)
{
	pid_t pid;

	pid = xt_fork();
	if (!pid)
		_exit(read(fd, buf, sizeof(buf)) < 0 ? errno : 0);
	xt_await_sleep(pid);
	return pid;
}

static int woke_with(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static bool sleeps(pid_t pid)
{
	usleep(200000);
	return !waitpid(pid, NULL, WNOHANG);
}

static void down(int fd)
{
	int packet = xt_packet(XT_IF);
	pid_t pid = sleeper(fd);

	run("ip link set %s down", XT_IF);
	fails(write(fd, buf, 60), EIO, "write to an interface that is down");
	ok(sleeps(pid), "a read waits while it is down");
	run("ip link set %s up", XT_IF);
	ok(sleeps(pid), "... and when it comes up");
	xt_transmit(packet, 60, 1);
	ok(woke_with(pid) == 0, "... until there is a frame");
	xt_transmit(packet, 60, 2);
	run("ip link set %s down", XT_IF);
	ok(read(fd, buf, sizeof(buf)) == 60, "what was sent before it went down can be read");
	run("ip link set %s up", XT_IF);
	close(packet);
}

/* What a file returns whose interface is gone. */
static void is_gone(int fd)
{
	short got = 0;
	int n;

	ok(xt_poll(fd, POLLIN | POLLOUT, 0, &got) >= 0 && got == (POLLERR | POLLHUP),
	   "poll: POLLERR and POLLHUP (%#x)", got);
	fails(read(fd, buf, sizeof(buf)), EBADFD, "read");
	fails(write(fd, buf, 60), EBADFD, "write");
	fails(write(fd, buf, 0), EBADFD, "write of nothing");
	fails(write(fd, buf, 1), EBADFD, "write of a stump");
	ok(!ioctl(fd, FIONREAD, &n) && !n, "FIONREAD: no frame");
}

static void deleted(void)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };
	int fd = xt_open(0), other = xt_open(O_NONBLOCK), late, packet, ep;
	pid_t pid = sleeper(fd);

	fails(read(other, buf, sizeof(buf)), EAGAIN, "another file of it");
	ep = epoll_create1(0);
	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, other, &e))
		die("epoll");
	late = xt_open(O_NONBLOCK);
	ok(xt_poll(late, POLLIN, 0, NULL) == -1, "and one that has only polled");

	run("ip link del %s", XT_IF);
	ok(woke_with(pid) == EBADFD, "deleted: the sleeper wakes with EBADFD");
	ok(epoll_wait(ep, &e, 1, 20000) == 1 && (e.events & (EPOLLERR | EPOLLHUP)) ==
	   (EPOLLERR | EPOLLHUP), "deleted: epoll says EPOLLERR and EPOLLHUP");
	is_gone(fd);
	is_gone(other);

	fresh();
	fails(read(other, buf, sizeof(buf)), EBADFD, "a new one of that name is not the old one");
	packet = xt_packet(XT_IF);
	fails(read(late, buf, sizeof(buf)), EAGAIN, "... but who had only polled joins it");
	xt_transmit(packet, 60, 1);
	ok(read(late, buf, sizeof(buf)) == 60, "... and reads from it");
	close(packet);
	close(late);
	close(other);
	close(fd);
	close(ep);
}

/* Deleted while frames wait: they are lost, and nobody may read them. */
static void deleted_full(void)
{
	int fd = xt_open(O_NONBLOCK), packet = xt_packet(XT_IF), i;

	fails(read(fd, buf, sizeof(buf)), EAGAIN, "a reader");
	for (i = 0; i < 300; i++)
		xt_transmit(packet, 1000, i);
	close(packet);
	run("ip link del %s", XT_IF);
	is_gone(fd);
	close(fd);
	fresh();
}

/* An edge-triggered epoll also reports events of the next interface. */
static void attached_anew(void)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI, .ifr_name = "anew0" };
	int fd = xt_tap(XT_DEV, ifr.ifr_name, ifr.ifr_flags), ep = epoll_create1(0), packet;

	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e))
		die("epoll");
	run("ip link set anew0 up; ip link del anew0");
	ok(epoll_wait(ep, &e, 1, 20000) == 1 && e.events & EPOLLHUP, "deleted: epoll tells");
	ok(!ioctl(fd, TUNSETIFF, &ifr), "TUNSETIFF attaches that file anew");
	run("ip link set anew0 up");
	ok(epoll_wait(ep, &e, 1, 20000) == 1 && e.events & EPOLLOUT && !(e.events & EPOLLHUP),
	   "... epoll tells that it can be written to (%#x)", e.events);
	/* Other events of the change to up. */
	while (epoll_wait(ep, &e, 1, 200) > 0)
		;
	packet = xt_packet("anew0");
	xt_transmit(packet, 60, 1);
	ok(epoll_wait(ep, &e, 1, 20000) == 1 && e.events & EPOLLIN, "... and of its first frame");
	close(packet);
	close(ep);
	close(fd);
}

static void namespace_destroyed(void)
{
	short got = 0;
	pid_t pid;
	int fd;

	if (!xt_namespaces("the namespace is destroyed"))
		return;
	fd = xt_open(0);
	run("ip netns add gone");
	run("ip netns exec gone sysctl -q -w net.ipv6.conf.default.disable_ipv6=1");
	pid = sleeper(fd);
	run("ip link set %s netns gone", XT_IF);
	run("ip -n gone link set %s up; ip -n gone addr add 10.99.0.1/24 dev %s", XT_IF, XT_IF);
	ok(sleeps(pid), "moved to another namespace: the reader stays with it");
	run("ip netns exec gone ping -q -c 1 -W 1 10.99.0.2 >/dev/null; true");
	ok(woke_with(pid) == 0, "... and reads what is sent there");
	while (xt_poll(fd, POLLIN, 1500, NULL) >= 0)
		if (read(fd, buf, sizeof(buf)) < 0)
			die("read");
	pid = sleeper(fd);
	run("ip netns del gone");
	ok(woke_with(pid) == EBADFD, "that namespace destroyed: the sleeper wakes with EBADFD");
	ok(xt_poll(fd, POLLIN, 0, &got) >= 0 && got == (POLLERR | POLLHUP), "poll: POLLERR and POLLHUP");
	close(fd);
	fresh();
}

/* All of this at once, while interfaces come and go. */
static atomic_bool stop;
static atomic_int joined;

static void *hammer(void *arg)
{
	uint8_t frame[1500];
	int n = 0, fd, how = (intptr_t)arg;
	struct pollfd p;

	xt_numbered(frame, xt_everyone, xt_peer, sizeof(frame), 1);
	while (!stop) {
		fd = open(XT_DEV, O_RDWR | O_NONBLOCK | (how == 3 && n % 2 ? O_EXCL : 0));
		if (fd < 0)
			continue;
		p = (struct pollfd){ .fd = fd, .events = POLLIN | POLLOUT };
		poll(&p, 1, 0);
		for (n = 0; n < 20 && !stop; n++) {
			if (how != 1 && write(fd, frame, sizeof(frame)) > 0)
				joined++;
			if (how != 2 && read(fd, frame, sizeof(frame)) > 0)
				joined++;
			if (how == 0 && poll(&p, 1, 1) > 0 && p.revents & POLLHUP)
				break;
		}
		close(fd);
		usleep(500);
	}
	return NULL;
}

static void race(void)
{
	int i, n, packet;
	pthread_t t[4];

	for (i = 0; i < 4; i++)
		if (pthread_create(&t[i], NULL, hammer, (void *)(intptr_t)i))
			die("thread");
	for (i = 0; i < 20; i++) {
		packet = xt_packet(XT_IF);
		for (n = 0; n < 50; n++)
			xt_transmit(packet, 60, n);
		close(packet);
		run("ip link del %s; ip link add %s type xtun; ip link set %s up", XT_IF, XT_IF,
		    XT_IF);
	}
	stop = true;
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	ok(joined > 0, "deleted and made 20 times under four busy threads (%d frames passed)",
	   joined);
}

void theme_gone(void)
{
	int fd;

	xt_up();
	fd = xt_open(0);
	down(fd);
	close(fd);
	deleted();
	deleted_full();
	attached_anew();
	namespace_destroyed();
	race();
}
