// SPDX-License-Identifier: GPL-2.0
/* ethtool -T claims software time stamps both ways: a socket really gets them. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "xt.h"

static int udp(unsigned int flags)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(4243) };
	struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons(4242) };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	inet_aton("10.99.0.2", &there.sin_addr);
	if (s < 0 || bind(s, (struct sockaddr *)&here, sizeof(here)) ||
	    connect(s, (struct sockaddr *)&there, sizeof(there)))
		die("UDP socket");
	if (flags && setsockopt(s, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)))
		die("SO_TIMESTAMPING");
	return s;
}

static double seconds(const struct timespec *t)
{
	return t->tv_sec + t->tv_nsec / 1e9;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return seconds(&t);
}

/* The software stamp of the next message in a socket's queue; 0: it has none. */
static double stamp_of(int s, int flags)
{
	char data[2000], control[512];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c;

	if (recvmsg(s, &m, flags) < 0)
		return 0;
	for (c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		struct scm_timestamping t;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_TIMESTAMPING)
			continue;
		memcpy(&t, CMSG_DATA(c), sizeof(t));
		return seconds(&t.ts[0]);
	}
	return 0;
}

/* The sender gets its stamp while the frame still waits in the queue. */
static void transmitted(void)
{
	int s = udp(SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE);
	uint64_t waiting = xt_counter("tx_waiting");
	double start = now(), stamp;

	if (send(s, "x", 1, 0) != 1)
		die("send");
	xt_poll(s, POLLERR, 20000, NULL);
	stamp = stamp_of(s, MSG_ERRQUEUE);
	ok(stamp >= start && stamp <= now(), "tx: the sender learns when its frame left");
	ok(xt_counter("tx_waiting") == waiting + 1, "tx: while the frame waits for its reader");
	fails(recv(s, &(char){ 0 }, 1, MSG_ERRQUEUE), EAGAIN, "tx: one stamp for one frame");
	close(s);

	s = udp(0);
	if (send(s, "x", 1, 0) != 1)
		die("send");
	fails(recv(s, &(char){ 0 }, 1, MSG_ERRQUEUE), EAGAIN, "tx: none unless asked for");
	close(s);
}

/* Writes a frame at *@start; returns its stamp. */
static double received(int fd, int s, double *start)
{
	uint8_t buf[200], mac[6];
	size_t len;

	xt_mac(XT_IF, mac);
	len = xt_udp(buf, mac, xt_peer, "10.99.0.2", "10.99.0.1", 4243, "x", 1);
	*start = now();
	if (write(fd, buf, len) != (ssize_t)len)
		die("write");
	if (xt_poll(s, POLLIN, 20000, NULL) < 0)
		die("the frame has not arrived");
	return stamp_of(s, 0);
}

void theme_stamp(void)
{
	int fd = xt_open(0), s, i;
	double start, stamp;

	transmitted();
	s = udp(0);
	ok(!received(fd, s, &start), "rx: none unless asked for");
	close(s);

	/* The kernel starts to stamp a little after the first request. */
	s = udp(SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE);
	for (stamp = 0, i = 0; !stamp && i < 200; i++) {
		usleep(10000);
		stamp = received(fd, s, &start);
	}
	ok(stamp >= start && stamp <= now(), "rx: the receiver learns when its frame came");
	close(s);
	close(fd);
}
