// SPDX-License-Identifier: GPL-2.0
/* Bursts of BURST frames in one direction; nobody sleeps. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "bench.h"
#include "generator.h"

struct burst {
	const struct job *job;
	const struct way *way;
	struct end end;
	struct generator g;
	int sock;
};

static void burst_init(struct burst *b, const struct job *job)
{
	memset(b, 0, sizeof(*b));
	b->job = job;
	b->way = job->way;
	if (b->way)
		queues_open(job, &b->end);
	generator_init(&b->g, job);
}

/* Reads what the interface has sent on its own, up to a frame that is known to come. */
static void drain(struct burst *b)
{
	struct frame frames[BURST];
	struct generator one = b->g;

	one.count = 1;
	one.head[sizeof(one.head) - 1] = 0xed;
	generator_transmit(&one);
	do {
		check(b->way->receive(&b->end, frames, 1) == 1, "a frame to drain");
		b->way->release(&b->end);
	} while (frames[0].data[sizeof(one.head) - 1] != 0xed);
}

static void transmit(void *arg)
{
	struct burst *b = arg;

	generator_transmit(&b->g);
}

static void transmit_receive(void *arg)
{
	struct frame frames[BURST];
	struct burst *b = arg;
	int i, n;

	generator_transmit(&b->g);
	for (i = 0; i < BURST; i += n) {
		n = b->way->receive(&b->end, frames, BURST - i);
		check(n > 0 && frames[0].len == b->g.len, "a frame");
		b->way->release(&b->end);
	}
}

static void transmit_receive_lazily(void *arg)
{
	struct frame frames[BURST];
	struct burst *b = arg;

	generator_transmit(&b->g);
	while (b->way->receive(&b->end, frames, BURST))
		b->way->release(&b->end);
}

static double run_tx(const struct job *job)
{
	struct burst b;

	burst_init(&b, job);
	frame_udp(b.g.head, job->ifname, false, job->len);
	if (!b.way)
		return measure(job, transmit, NULL, &b, BURST);
	if (b.way->lazy)
		return measure(job, transmit_receive_lazily, NULL, &b, BURST);
	drain(&b);
	return measure(job, transmit_receive, NULL, &b, BURST);
}

/* As a program whose frames are elsewhere, except that it copies only the head. */
static void write_burst(struct burst *b)
{
	int i, j;
	void *to;

	for (i = 0; i < BURST; i += j) {
		for (j = 0; j < b->way->batch; j++) {
			to = b->way->reserve(&b->end, b->g.len);
			memcpy(to, b->g.head, sizeof(b->g.head));
			b->way->send(&b->end, b->g.len);
		}
		b->way->flush(&b->end);
	}
}

static void receive(void *arg)
{
	struct burst *b = arg;

	if (b->way)
		write_burst(b);
	else
		generator_receive(&b->g);
}

static double run_rx_drop(const struct job *job)
{
	struct burst b;

	burst_init(&b, job);
	frame_udp(b.g.head, job->ifname, false, job->len);
	return measure(job, receive, NULL, &b, BURST);
}

static void drain_udp(void *arg)
{
	struct burst *b = arg;
	uint8_t byte;
	int i;

	for (i = 0; i < BURST; i++)
		check(recv(b->sock, &byte, 1, MSG_DONTWAIT) == 1, "a datagram");
}

static double run_rx_udp(const struct job *job)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct burst b;

	burst_init(&b, job);
	frame_udp(b.g.head, job->ifname, true, job->len);
	/*
	 * A list is routed once for all. Frames that are dropped are cheaper one by
	 * one.
	 */
	b.g.list = true;
	b.sock = socket(AF_INET, SOCK_DGRAM, 0);
	check(b.sock >= 0 && !bind(b.sock, (struct sockaddr *)&any, sizeof(any)), "bind");
	return measure(job, receive, drain_udp, &b, BURST);
}

const struct row rows_burst[] = {
	{ "tx", "frames made in the kernel, transmitted as pktgen does, and read, in place if by rings; free included",
	  run_tx },
	{ "rx-drop", "frames to another host, written; ip_rcv() drops each", run_rx_drop },
	{ "rx-udp", "datagrams written, until they lie in a UDP socket", run_rx_udp },
	{ NULL }
};
