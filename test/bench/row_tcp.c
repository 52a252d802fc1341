// SPDX-License-Identifier: GPL-2.0
/* TCP between two namespaces that a program connects, frame by frame. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

#define WARM	(1024 * 1024)
#define BYTES	(4 * WARM)

static const char *const names[2] = { "a", "b" };

struct tcp {
	const struct way *way;
	const char *ifname;
	struct end ends[2];
	int receiver;
	size_t expected;
	sem_t done;
};

struct lane {
	const struct way *way;
	struct end *from, *to;
};

static void enter(const char *netns)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY);
	check(fd >= 0 && !setns(fd, CLONE_NEWNET), path);
	close(fd);
}

static void configure(const char *ifname, int i)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "ip -n %s addr add 10.99.1.%d/24 dev %s && ip -n %s link set %s up",
		 names[i], i + 1, ifname, names[i], ifname);
	check(!system(command), command);
}

static void *forward(void *arg)
{
	const struct lane *lane = arg;
	struct frame frames[BURST];
	int i, n;

	while (1) {
		n = lane->way->receive(lane->from, frames, BURST);
		for (i = 0; i < n; i++)
			lane->way->pass(lane->to, &frames[i]);
		lane->way->release(lane->from);
		lane->way->flush(lane->to);
	}
	return NULL;
}

static void *receive(void *arg)
{
	static uint8_t buffer[1 << 16];
	struct tcp *tcp = arg;
	size_t got = 0;
	ssize_t n;

	while ((n = recv(tcp->receiver, buffer, sizeof(buffer), 0)) > 0) {
		got += n;
		if (got == tcp->expected) {
			got = 0;
			sem_post(&tcp->done);
		}
	}
	return NULL;
}

static void transfer(struct tcp *tcp, int sock, size_t bytes)
{
	static uint8_t buffer[1 << 16];
	size_t sent;

	tcp->expected = bytes;
	for (sent = 0; sent < bytes; sent += sizeof(buffer))
		check(send(sock, buffer, sizeof(buffer), 0) == sizeof(buffer), "send");
	while (sem_wait(&tcp->done))
		;
}

static void start(void *(*run)(void *), void *arg)
{
	pthread_t thread;

	check(!pthread_create(&thread, NULL, run, arg), "pthread_create");
}

static double run_tcp(const struct job *job)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(9),
		.sin_addr.s_addr = htonl(0x0a630102),
	};
	struct tcp tcp = { .way = job->way, .ifname = job->ifname };
	int i, listener, sock, home = open("/proc/self/ns/net", O_RDONLY);
	struct lane lanes[2];
	unsigned long before;
	uint64_t begin, end;

	sem_init(&tcp.done, 0, 0);
	for (i = 0; i < 2; i++) {
		enter(names[i]);
		tcp.way->open(tcp.way, &tcp.ends[i], tcp.ifname);
		check(!setns(home, CLONE_NEWNET), "setns");
		configure(tcp.ifname, i);
	}
	for (i = 0; i < 2; i++) {
		lanes[i] = (struct lane){ tcp.way, &tcp.ends[i], &tcp.ends[!i] };
		start(forward, &lanes[i]);
	}
	enter("b");
	listener = socket(AF_INET, SOCK_STREAM, 0);
	check(!bind(listener, (struct sockaddr *)&to, sizeof(to)) && !listen(listener, 1), "listen");
	enter("a");
	sock = socket(AF_INET, SOCK_STREAM, 0);
	check(!connect(sock, (struct sockaddr *)&to, sizeof(to)), "connect");
	tcp.receiver = accept(listener, NULL, NULL);
	check(tcp.receiver >= 0, "accept");
	start(receive, &tcp);

	transfer(&tcp, sock, WARM);
	before = idle();
	begin = now();
	transfer(&tcp, sock, BYTES);
	end = now();
	if (idle() != before)
		fprintf(stderr, "It was idle for %lu ticks.\n", idle() - before);
	return (double)(end - begin) / BYTES;
}

const struct row rows_tcp[] = {
	{ "tcp", "4 MB over TCP between two namespaces; instructions per byte, both ends included",
	  run_tcp },
	{ NULL }
};
