// SPDX-License-Identifier: GPL-2.0
/* xtun echo: read every frame, write it back. */
#include "tool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define BATCH 64	/* frames between two checks for signals */

struct echo {
	int fd;
	bool swap, answer;
	struct xtun_host host;
	const char *ifname;
	uint64_t count;
	uint64_t read, sent, refused, unanswered;
	int told;		/* the errno last explained */
};

static void refused(struct echo *e, int err)
{
	e->refused++;
	if (e->told != err)
		xtun_explain("write", err, e->ifname);
	e->told = err;
}

static void send_back(struct echo *e, uint8_t *frame, size_t len)
{
	if (e->swap)
		xtun_swap_macs(&e->host, frame);
	if (write(e->fd, frame, len) < 0) {
		refused(e, errno);
		return;
	}
	e->sent++;
	e->told = 0;
}

/* Returns 1 if a frame was read, 0 if none waits, -1 if no more will come. */
static int one_frame(struct echo *e)
{
	static uint8_t frame[XTUN_FRAME_MAX];
	ssize_t len = read(e->fd, frame, sizeof(frame));
	size_t back;

	if (len < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return 0;
		xtun_explain("read", errno, e->ifname);
		return -1;
	}
	e->read++;
	back = e->answer ? xtun_answer(&e->host, frame, len) : (size_t)len;
	if (back)
		send_back(e, frame, back);
	else
		e->unanswered++;
	return 1;
}

static bool enough(const struct echo *e)
{
	return e->count && e->sent >= e->count;
}

static int echo_loop(struct echo *e, int signal_fd)
{
	int more = 1;

	do {
		for (int i = 0; i < BATCH && more > 0 && !enough(e); i++)
			more = one_frame(e);
		if (more < 0)
			return EXIT_FAILED;
		if (enough(e))
			return EXIT_OK;
		more = xtun_signals_wait(e->fd, signal_fd, -1);
	} while (more > 0);
	return more ? EXIT_FAILED : EXIT_OK;
}

static void say_start(const struct echo *e)
{
	const uint8_t *ip = e->host.ip;
	unsigned int neighbour = ip[3] == 1 ? 2 : 1;
	struct xtun_word word;
	const char *dev = xtun_word(e->ifname, &word);

	if (!e->answer)
		return;
	printf("answering ping to %u.%u.%u.%u. In another terminal:\n"
	       "  ip addr add %u.%u.%u.%u/24 dev %s; ip link set dev %s up\n"
	       "  ping %u.%u.%u.%u\n",
	       ip[0], ip[1], ip[2], ip[3], ip[0], ip[1], ip[2], neighbour, dev,
	       dev, ip[0], ip[1], ip[2], ip[3]);
	fflush(stdout);
}

static void say_end(const struct echo *e)
{
	printf("%" PRIu64 " frames read, %" PRIu64 " %s", e->read, e->sent,
	       e->answer ? "answered" : "echoed");
	if (e->answer)
		printf(", %" PRIu64 " not for this host or not ping", e->unanswered);
	if (e->refused)
		printf(", %" PRIu64 " refused by %s", e->refused, xtun_name(e->ifname));
	putchar('\n');
}

/* For EACCES, the node's owner and mode explain more than the errno. */
static int explain_open(const char *device, const char *ifname)
{
	int err = errno;
	struct xtun_node node;
	char text[256];

	xtun_node_read(device, &node);
	if (err == EACCES && node.bars_you) {
		xtun_node_say(text, sizeof(text), &node);
		xtun_complain("%s. Run this as root, or see man 4 xtun", text);
	} else {
		xtun_explain("open", err, ifname);
	}
	return err == ENOENT || err == ENXIO ? EXIT_ABSENT : EXIT_FAILED;
}

static int echo_run(int argc, char **argv)
{
	struct echo e = {
		.ifname = xtun_ifname(),
		.host.mac = { 0x02, 'x', 't', 'u', 'n', 0x01 },
	};
	const char *device = XTUN_NODE;
	int opt, signal_fd, status;

	while ((opt = getopt(argc, argv, "d:sa:c:")) != -1) {
		if (opt == 'd')
			device = optarg;
		else if (opt == 's')
			e.swap = true;
		else if (opt == 'a' && inet_pton(AF_INET, optarg, e.host.ip) == 1)
			e.answer = true;
		else if (opt != 'c' || !xtun_parse_count("-c", optarg, &e.count))
			return xtun_usage(&xtun_command_echo);
	}
	if (optind < argc || (e.swap && e.answer))
		return xtun_usage(&xtun_command_echo);

	signal_fd = xtun_signals_open();
	if (signal_fd < 0)
		return EXIT_FAILED;
	e.fd = open(device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (e.fd < 0) {
		status = explain_open(device, e.ifname);
		close(signal_fd);
		return status;
	}
	say_start(&e);
	status = echo_loop(&e, signal_fd);
	say_end(&e);
	close(e.fd);
	close(signal_fd);
	return status;
}

const struct command xtun_command_echo = {
	.name = "echo",
	.run = echo_run,
	.args = "[-d DEVICE] [-c COUNT] [-s | -a ADDRESS]",
	.summary = "read every frame from /dev/xtun and write it back",
	.options =
		"  -d DEVICE   the device node (default /dev/xtun)\n"
		"  -c COUNT    exit after COUNT frames were sent back\n"
		"  -s          swap the MAC addresses, so that the kernel accepts the frame\n"
		"  -a ADDRESS  act as the host ADDRESS (IPv4): answer ARP and ping, nothing else\n",
};
