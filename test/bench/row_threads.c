// SPDX-License-Identifier: GPL-2.0
/* A program that sleeps in its read, and a sender on the other side of the stack. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

#define HEADERS	(14 + 20 + 8)

struct pair {
	const struct way *way;
	struct end end;
	size_t len;
	int sock;
	sem_t done;
};

/* To 10.99.0.2, which is the program's. */
static void pair_init(struct pair *p, const struct job *job)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(9),
		.sin_addr.s_addr = htonl(0x0a630002),
	};

	memset(p, 0, sizeof(*p));
	p->way = job->way;
	p->len = job->len;
	if (p->way)
		p->way->open(p->way, &p->end, job->ifname);
	sem_init(&p->done, 0, 0);
	p->sock = socket(AF_INET, SOCK_DGRAM, 0);
	check(p->sock >= 0 && !connect(p->sock, (struct sockaddr *)&to, sizeof(to)), "connect");
}

static void pair_start(struct pair *p, void *(*program)(void *))
{
	pthread_t thread;

	check(!pthread_create(&thread, NULL, program, p), "pthread_create");
}

static void send_datagram(struct pair *p)
{
	static const uint8_t payload[2048];
	size_t len = p->len - HEADERS;

	check(send(p->sock, payload, len, 0) == (ssize_t)len, "send");
}

static void *sleeper(void *arg)
{
	struct frame frames[BURST];
	struct pair *p = arg;
	int n = 0;

	while (1) {
		n += p->way->receive(&p->end, frames, BURST - n);
		p->way->release(&p->end);
		if (n == BURST) {
			n = 0;
			sem_post(&p->done);
		}
	}
	return NULL;
}

static void send_burst(struct pair *p)
{
	int i;

	for (i = 0; i < BURST; i++)
		send_datagram(p);
}

static void send_to_nobody(void *arg)
{
	send_burst(arg);
}

static void send_to_sleeper(void *arg)
{
	struct pair *p = arg;

	send_burst(p);
	while (sem_wait(&p->done))
		;
}

static double run_sleep(const struct job *job)
{
	struct pair p;

	pair_init(&p, job);
	if (!p.way)
		return measure(job, send_to_nobody, NULL, &p, BURST);
	pair_start(&p, sleeper);
	return measure(job, send_to_sleeper, NULL, &p, BURST);
}

static void swap(uint8_t *a, uint8_t *b, size_t len)
{
	uint8_t kept[8];

	memcpy(kept, a, len);
	memcpy(a, b, len);
	memcpy(b, kept, len);
}

/* Swaps addresses and ports; the checksums stay right. */
static void turn(uint8_t *frame)
{
	swap(frame, frame + 6, 6);
	swap(frame + 26, frame + 30, 4);
	swap(frame + 34, frame + 36, 2);
}

/* Changes the frame in place if that is allowed, otherwise in the copy. */
static void turn_and_pass(struct pair *p, const struct frame *frame)
{
	uint8_t *copy;

	if (p->way->readonly) {
		copy = p->way->reserve(&p->end, frame->len);
		memcpy(copy, frame->data, frame->len);
		turn(copy);
		p->way->send(&p->end, frame->len);
	} else {
		turn(frame->data);
		p->way->pass(&p->end, frame);
	}
}

static void answer(struct pair *p)
{
	struct frame frames[BURST];
	int i, n = p->way->receive(&p->end, frames, BURST);

	for (i = 0; i < n; i++)
		turn_and_pass(p, &frames[i]);
	p->way->release(&p->end);
	p->way->flush(&p->end);
}

static void *answerer(void *arg)
{
	while (1)
		answer(arg);
	return NULL;
}

static void receive_datagram(struct pair *p)
{
	uint8_t buffer[2048];

	check(recv(p->sock, buffer, sizeof(buffer), 0) == (ssize_t)(p->len - HEADERS), "recv");
}

static void trip(void *arg)
{
	send_datagram(arg);
	answer(arg);
	receive_datagram(arg);
}

static double run_trip(const struct job *job)
{
	struct pair p;

	pair_init(&p, job);
	return measure(job, trip, NULL, &p, 1);
}

static void trip_asleep(void *arg)
{
	send_datagram(arg);
	receive_datagram(arg);
}

static double run_trip_asleep(const struct job *job)
{
	struct pair p;

	pair_init(&p, job);
	pair_start(&p, answerer);
	return measure(job, trip_asleep, NULL, &p, 1);
}

const struct row rows_threads[] = {
	{ "sleep", "32 datagrams sent, read by a program that sleeps in between", run_sleep },
	{ "trip", "a datagram sent, answered, and received; nobody sleeps", run_trip },
	{ "trip-sleep", "the same, each end asleep until its datagram comes", run_trip_asleep },
	{ NULL }
};
