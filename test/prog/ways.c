// SPDX-License-Identifier: GPL-2.0
/* libxtun: the same bytes arrive by each way of one program. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/xtun.h"
#include "xt.h"

#define FRAMES	400
#define BURST	50
#define SLEEPS	50
#define MTU	9000
#define MOST	1000000	/* frames; more than any buffer or ring has room for */

static const char *name, *ifname;	/* of the way, of the interface */
static struct xtun *x;
static int packet;			/* to transmit, and to see what is received */

/* One frame in eight is long, because this checks each byte. */
static size_t length_of(unsigned int number)
{
	return 60 + number * 2654435761u % (number % 8 ? 1454 : MTU - 60);
}

/* Binds a socket that sees the numbered frames that the kernel receives. */
static int receiver_socket(void)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(XT_ETHERTYPE),
		.sll_ifindex = if_nametoindex(ifname),
	};
	int s = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), size = 16 << 20;

	if (s < 0 || setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    bind(s, (struct sockaddr *)&ll, sizeof(ll)))
		die("a packet socket on %s", ifname);
	return s;
}

/* Marks the numbers in @seen; returns how many frames were right and new. */
static unsigned int mark(bool *seen, const void *frame, size_t len)
{
	int64_t number = xt_number(frame, len);

	if (number < 0 || number >= FRAMES || len != length_of(number) || seen[number])
		return 0;
	seen[number] = true;
	return 1;
}

/* Receives until @want frames are right, or no more come. */
static unsigned int receive(bool *seen, unsigned int want)
{
	struct xtun_frame frames[32];
	unsigned int good = 0;
	int i, n;

	while (good < want) {
		n = xtun_receive(x, frames, 32);
		if (n < 0)
			die("xtun_receive");
		for (i = 0; i < n; i++)
			good += mark(seen, frames[i].data, frames[i].len);
		if (!n && xtun_wait(x, XTUN_CAN_RECEIVE, 5000) != XTUN_CAN_RECEIVE)
			break;
	}
	return good;
}

static void to_program(void)
{
	unsigned int number = 0, good = 0, i;
	bool seen[FRAMES] = { false };

	while (number < FRAMES) {
		for (i = 0; i < BURST; i++, number++)
			xt_transmit(packet, length_of(number), number);
		good += receive(seen, BURST);
	}
	ok(good == FRAMES, "%s: %d frames from the kernel (%u)", name, FRAMES, good);
}

static void send_frame(size_t len, unsigned int number)
{
	void *room;

	while (!(room = xtun_reserve(x, len + 10))) {
		if (errno != EAGAIN || xtun_wait(x, XTUN_CAN_SEND, 5000) != XTUN_CAN_SEND)
			die("%s: xtun_reserve", name);
	}
	xt_numbered(room, xt_everyone, xt_peer, len, number);
	if (xtun_send(x, len))
		die("%s: xtun_send", name);
}

/* Receives what the kernel got, until @want frames are right, or no more come. */
static unsigned int kernel_receives(int s, bool *seen, unsigned int want)
{
	static uint8_t frame[XT_BUF];
	unsigned int good = 0;
	ssize_t len;

	while (good < want && xt_poll(s, POLLIN, 5000 * xt_slowness(), NULL) >= 0) {
		len = recv(s, frame, sizeof(frame), MSG_DONTWAIT);
		if (len > 0)
			good += mark(seen, frame, len);
	}
	return good;
}

static void send_burst(unsigned int first)
{
	unsigned int i;

	for (i = 0; i < BURST; i++)
		send_frame(length_of(first + i), first + i);
	if (xtun_flush(x))
		die("%s: xtun_flush", name);
}

static void to_kernel(int s)
{
	unsigned int number, good = 0;
	bool seen[FRAMES] = { false };

	for (number = 0; number < FRAMES; number += BURST) {
		send_burst(number);
		good += kernel_receives(s, seen, BURST);
	}
	ok(good == FRAMES, "%s: %d frames to the kernel (%u)", name, FRAMES, good);
}

static void *sending_thread(void *arg)
{
	unsigned int *good = arg, number;
	bool seen[FRAMES] = { false };
	int s = receiver_socket();

	for (number = 0; number < FRAMES; number += BURST) {
		send_burst(number);
		*good += kernel_receives(s, seen, BURST);
	}
	close(s);
	return NULL;
}

static void two_threads(void)
{
	unsigned int sent = 0, received = 0, number, i;
	bool seen[FRAMES] = { false };
	pthread_t sender;

	if (pthread_create(&sender, NULL, sending_thread, &sent))
		die("pthread_create");
	for (number = 0; number < FRAMES; number += BURST) {
		for (i = 0; i < BURST; i++)
			xt_transmit(packet, length_of(number + i), number + i);
		received += receive(seen, BURST);
	}
	pthread_join(sender, NULL);
	ok(sent == FRAMES && received == FRAMES,
	   "%s: one thread receives, another sends, at once (%u, %u)", name, received, sent);
}

/* Another process transmits @n frames, one for each byte that it is sent. */
static pid_t transmitter(unsigned int n, int *ask)
{
	unsigned int number = 0;
	int fds[2];
	char byte;
	pid_t pid;

	if (pipe(fds))
		die("pipe");
	pid = xt_fork();
	if (!pid) {
		close(fds[1]);
		while (number < n && read(fds[0], &byte, 1) == 1) {
			if (number % 2)
				usleep(2000);
			xt_transmit(packet, length_of(number), number);
			number++;
		}
		_exit(number != n);
	}
	close(fds[0]);
	*ask = fds[1];
	return pid;
}

static void reap(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || status)
		die("a child failed");
}

static void sleeps(void)
{
	struct xtun_frame frame;
	unsigned int i, good = 0;
	int ask;
	pid_t pid = transmitter(SLEEPS, &ask);

	ok(!xtun_wait(x, XTUN_CAN_RECEIVE, 50), "%s: nothing to wait for", name);
	for (i = 0; i < SLEEPS && write(ask, "", 1) == 1; i++) {
		good += xtun_wait(x, XTUN_CAN_RECEIVE, 10000) == XTUN_CAN_RECEIVE &&
			xtun_receive(x, &frame, 1) == 1;
		xtun_release(x);
	}
	ok(good == SLEEPS, "%s: %d sleeps, a frame each (%u)", name, SLEEPS, good);
	close(ask);
	reap(pid);
}

/* Registered once, edge-triggered. */
static void event_loop(void)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };
	int ask, ep = epoll_create1(EPOLL_CLOEXEC);
	unsigned int asked = 0, good = 0;
	struct xtun_frame frame;
	pid_t pid = transmitter(SLEEPS, &ask);
	int n;

	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, xtun_fd(x), &e))
		die("epoll");
	while (good < SLEEPS) {
		/* Two frames for one edge, of which the loop takes one at a time. */
		if (asked == good && write(ask, "..", 2) == 2)
			asked += 2;
		if (!xtun_arm(x, XTUN_CAN_RECEIVE) && epoll_wait(ep, &e, 1, 10000) != 1)
			break;
		n = xtun_receive(x, &frame, 1);
		if (n < 0)
			die("xtun_receive");
		good += n;
	}
	ok(good == SLEEPS, "%s: as many in a loop of edge-triggered epoll (%u)", name, good);
	close(ask);
	close(ep);
	reap(pid);
}

/* A refused frame does not hold up others. */
static void refused(int s)
{
	bool seen[FRAMES] = { false };

	send_frame(length_of(0), 0);
	send_frame(10, 0);
	send_frame(length_of(1), 1);
	xtun_flush(x);
	ok(kernel_receives(s, seen, 2) == 2, "%s: the frames beside one that is too short", name);
	ok(xt_poll(s, POLLIN, 50, NULL) < 0, "%s: ... and nothing else", name);

	run("ip link set %s down", ifname);
	send_frame(60, 0);
	if (xtun_way(x) == XTUN_WAY_RINGS)
		ok(!xtun_flush(x), "%s: down, the frame is lost", name);
	else
		fails(xtun_flush(x), EIO, "%s: down, the frame is lost, and", name);
	run("ip link set %s up", ifname);
	send_frame(length_of(2), 2);
	ok(!xtun_flush(x) && kernel_receives(s, seen, 1) == 1, "%s: up again", name);
}

/* A frame that is too short and looks like a record must not be taken for one. */
static void misleading(void)
{
	const uint32_t record[2] = { 40, 0 };
	uint64_t before = xt_counter_of(ifname, "rx_out");
	void *room;

	send_frame(60, 0);
	room = xtun_reserve(x, 13);
	if (!room)
		die("%s: xtun_reserve", name);
	memset(room, 0, 13);
	memcpy(room, record, sizeof(record));
	xtun_send(x, 13);
	send_frame(60, 1);
	xtun_flush(x);
	ok(xt_counter_of(ifname, "rx_out") - before == 2,
	   "%s: nor does one that looks like a record bring another", name);
}

static void gone(void)
{
	struct xtun_frame frame;
	int i;

	run("ip link del %s", ifname);
	ok(xtun_wait(x, XTUN_CAN_RECEIVE, 5000) == XTUN_CAN_RECEIVE, "%s: deleted: no sleep", name);
	fails(xtun_receive(x, &frame, 1), EBADFD, "%s: ... receiving", name);
	if (xtun_reserve(x, 60))
		xtun_send(x, 60);
	fails(xtun_flush(x), EBADFD, "%s: ... and sending", name);
	for (i = 0; i < MOST && xtun_reserve(x, 60); i++)
		xtun_send(x, 60);
	ok(i < MOST && errno == EBADFD, "%s: ... also who never flushes (%d)", name, i);
}

static void try_way(enum xtun_way way, const char *interface)
{
	const struct xtun_options o = { .way = way, .ifname = interface };
	int s;

	name = xtun_way_name(way);
	ifname = interface ? interface : XT_IF;
	x = xtun_open(&o);
	if (!x && errno == EOPNOTSUPP) {
		skip("this machine has it not", "%s", name);
		return;
	}
	if (!ok(x && xtun_way(x) == way, "%s on %s", name, ifname))
		return;
	run("ip link set %s mtu %d up", ifname, MTU);
	packet = xt_packet(ifname);
	s = receiver_socket();
	to_program();
	to_kernel(s);
	close(s);
	two_threads();
	s = receiver_socket();
	sleeps();
	event_loop();
	refused(s);
	if (way != XTUN_WAY_TAP) {
		misleading();
		xt_law(ifname);
	}
	if (interface)
		gone();
	close(s);
	close(packet);
	xtun_close(x);
}

/* The first file decides for all which header is in front of a frame. */
static void other_header(void)
{
	const struct xtun_options plain = { .ifname = "ways1", .flags = XTUN_MULTI_QUEUE };
	const struct xtun_options with = { .ifname = "ways1",
					   .flags = XTUN_MULTI_QUEUE | XTUN_VNET_HDR };
	struct xtun *first = xtun_open(&plain), *second;

	if (!first)
		die("xtun_open");
	ok(!xtun_open(&with) && errno == EINVAL, "a header that the other queue has not is refused");
	second = xtun_open(&plain);
	ok(second, "... and the same as it has is not");
	xtun_close(second);
	xtun_close(first);
}

void theme_ways(void)
{
	xt_up();
	try_way(XTUN_WAY_RINGS, NULL);
	try_way(XTUN_WAY_BATCH, NULL);
	try_way(XTUN_WAY_PLAIN, NULL);
	try_way(XTUN_WAY_RINGS, "ways0");
	try_way(XTUN_WAY_BATCH, "ways0");
	try_way(XTUN_WAY_PLAIN, "ways0");
	try_way(XTUN_WAY_TAP, "ways0");
	other_header();
}
