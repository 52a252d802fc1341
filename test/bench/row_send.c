// SPDX-License-Identifier: GPL-2.0
/* Datagrams that a socket sends in bursts of BURST, and a program that never sleeps. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "bench.h"

#define HEADERS	(14 + 20 + 8)

struct sender {
	const struct way *way;
	struct end end;
	size_t len;
	int sock;
};

/* For interfaces that learn: answers to what a queue has written go to that queue. */
static void teach(struct sender *s, const char *ifname)
{
	frame_udp(s->way->reserve(&s->end, s->len), ifname, true, s->len);
	s->way->send(&s->end, s->len);
	s->way->flush(&s->end);
}

/* From port 9 of 10.99.0.1 to port 9 of 10.99.0.2, which is the program's. */
static void sender_init(struct sender *s, const struct job *job)
{
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct sockaddr_in to = from;

	memset(s, 0, sizeof(*s));
	s->way = job->way;
	s->len = job->len;
	to.sin_addr.s_addr = htonl(0x0a630002);
	s->sock = socket(AF_INET, SOCK_DGRAM, 0);
	check(s->sock >= 0 && !bind(s->sock, (struct sockaddr *)&from, sizeof(from)) &&
	      !connect(s->sock, (struct sockaddr *)&to, sizeof(to)), "connect");
	if (!s->way)
		return;
	queues_open(job, &s->end);
	teach(s, job->ifname);
}

static void send_burst(void *arg)
{
	static const uint8_t payload[2048];
	struct frame frames[BURST];
	struct sender *s = arg;
	size_t len = s->len - HEADERS;
	int i;

	for (i = 0; i < BURST; i++)
		check(send(s->sock, payload, len, 0) == (ssize_t)len, "send");
	for (i = 0; s->way && i < BURST; ) {
		i += s->way->receive(&s->end, frames, BURST - i);
		s->way->release(&s->end);
	}
}

static double run_send(const struct job *job)
{
	struct sender s;

	sender_init(&s, job);
	return measure(job, send_burst, NULL, &s, BURST);
}

const struct row rows_send[] = {
	{ "send", "datagrams sent by a socket, and read by a program that is awake", run_send },
	{ NULL }
};
