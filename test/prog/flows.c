// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "flows.h"
#include "xt.h"

#define OURS		"10.96.0.1"
#define PEERS		"10.96.0.2"
#define FIRST_PORT	20000
#define PEERS_PORT	4242		/* from which xt_udp() writes */
#define LIMIT		20000		/* milliseconds; nothing here takes that long */
#define PORTS		34		/* offset of both UDP ports in a frame */

int flows_fd[FLOWS_QUEUES];
static int sockets[FLOWS];
static uint8_t mac[6];

static struct sockaddr_in address(const char *ip, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	inet_aton(ip, &a.sin_addr);
	return a;
}

static int flow_socket(int port)
{
	struct sockaddr_in a = address(OURS, port);
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (s < 0 || bind(s, (struct sockaddr *)&a, sizeof(a)))
		die("UDP socket for port %d", port);
	return s;
}

void flows_open(void)
{
	int i;

	run("sysctl -q -w net.ipv6.conf.default.disable_ipv6=1");
	for (i = 0; i < FLOWS_QUEUES; i++)
		flows_fd[i] = xt_tap(XT_DEV, FLOWS_IF, IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE);
	xt_mac(FLOWS_IF, mac);
	run("ip addr add " OURS "/24 dev " FLOWS_IF "; ip link set " FLOWS_IF " up");
	run("ip neigh add " PEERS " lladdr 02:00:00:00:00:02 dev " FLOWS_IF);
	for (i = 0; i < FLOWS; i++)
		sockets[i] = flow_socket(FIRST_PORT + i);
}

void flows_close(void)
{
	int i;

	for (i = 0; i < FLOWS; i++)
		close(sockets[i]);
	for (i = 0; i < FLOWS_QUEUES; i++)
		close(flows_fd[i]);
}

/* The first queue that has a frame. */
static int wait_for_frame(void)
{
	struct pollfd p[FLOWS_QUEUES];
	int i;

	for (i = 0; i < FLOWS_QUEUES; i++)
		p[i] = (struct pollfd){ .fd = flows_fd[i], .events = POLLIN };
	if (poll(p, FLOWS_QUEUES, LIMIT) < 1)
		return -1;
	for (i = 0; !(p[i].revents & POLLIN); i++)
		if (i == FLOWS_QUEUES - 1)
			return -1;
	return i;
}

int flows_send(int flow)
{
	struct sockaddr_in to = address(PEERS, PEERS_PORT);
	const uint16_t ports[2] = { htons(FIRST_PORT + flow), htons(PEERS_PORT) };
	uint8_t frame[2000];
	int queue;

	if (sendto(sockets[flow], "question", 8, 0, (struct sockaddr *)&to, sizeof(to)) != 8)
		die("send");
	queue = wait_for_frame();
	if (queue < 0 || read(flows_fd[queue], frame, sizeof(frame)) != 14 + 20 + 8 + 8 ||
	    memcmp(frame + PORTS, ports, sizeof(ports)))
		return -1;
	return queue;
}

int flows_send_all(int at[FLOWS])
{
	int i, used = 0;

	memset(at, 0xff, FLOWS * sizeof(*at));
	for (i = 0; i < FLOWS; i++) {
		at[i] = flows_send(i);
		if (at[i] < 0)
			return -1;
		used |= 1 << at[i];
	}
	return used;
}

void flows_answer(int flow, int queue, int number)
{
	uint8_t frame[200];
	size_t len = xt_udp(frame, mac, xt_peer, PEERS, OURS, FIRST_PORT + flow, &number,
			    sizeof(number));

	if (write(flows_fd[queue], frame, len) != (ssize_t)len)
		die("write to queue %d", queue);
}

bool flows_answered(int flow, int number)
{
	int got;

	return xt_poll(sockets[flow], POLLIN, LIMIT, NULL) >= 0 &&
	       recv(sockets[flow], &got, sizeof(got), 0) == sizeof(got) && got == number;
}

bool flows_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(0, sizeof(set), &set);
}
