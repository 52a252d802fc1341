// SPDX-License-Identifier: GPL-2.0
/*
 * The measurements of xtun bench. One thread is both ends of the wire: it hands the stack
 * a burst and then receives it, or the other way round. So nothing is lost, no processor
 * waits for another, and the time covers both ends.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../lib/xtun.h"

#define IFNAME		"xtbench"
#define HEADERS		(14 + 20 + 8)
#define BURST		32
#define LEN_MAX		1500
#define PATIENCE_MS	1000	/* after that a frame counts as lost */
#define TRIPS_MAX	(1 << 20)
#define PORT		9

/**
 * struct bench - one measurement
 * @x: the program's end
 * @sock: the socket at the stack's end
 * @len: length of each frame
 * @head: headers of a frame to the socket
 * @arrived: datagrams or frames received so far
 * @error: the errno that ended the measurement; else 0
 */
struct bench {
	struct xtun *x;
	int sock;
	size_t len;
	uint8_t head[HEADERS];
	uint64_t arrived;
	int error;
};

static double seconds_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* --- the two ends */

/* RFC 1071. */
static uint16_t checksum(const uint8_t *data, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += data[i] << 8 | data[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static void put16(uint8_t *to, uint16_t value)
{
	to[0] = value >> 8;
	to[1] = value;
}

static void put32(uint8_t *to, uint32_t value)
{
	put16(to, value >> 16);
	put16(to + 2, value);
}

/* Ethernet, IPv4, and UDP without a checksum, which IPv4 allows (RFC 768). */
static void make_head(struct bench *b, const uint8_t mac[BENCH_MAC_LEN])
{
	uint8_t *ip = b->head + 14, *udp = ip + 20;

	memset(b->head, 0, sizeof(b->head));
	memcpy(b->head, mac, BENCH_MAC_LEN);
	memcpy(b->head + 6, "\x02\x00\x00\x00\x00\x02", BENCH_MAC_LEN);
	put16(b->head + 12, 0x0800);
	ip[0] = 0x45;
	put16(ip + 2, b->len - 14);
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
	put32(ip + 12, BENCH_THEIRS);
	put32(ip + 16, BENCH_OURS);
	put16(ip + 10, checksum(ip, 20));
	put16(udp, PORT);
	put16(udp + 2, PORT);
	put16(udp + 4, b->len - 14 - 20);
}

static int open_socket(struct bench *b)
{
	struct sockaddr_in ours = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct sockaddr_in theirs = ours;

	ours.sin_addr.s_addr = htonl(BENCH_OURS);
	theirs.sin_addr.s_addr = htonl(BENCH_THEIRS);
	b->sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (b->sock < 0 || bind(b->sock, (struct sockaddr *)&ours, sizeof(ours)) ||
	    connect(b->sock, (struct sockaddr *)&theirs, sizeof(theirs)))
		return errno;
	return 0;
}

/**
 * bench_open() - create an interface and open its other end
 * @way: how to move frames
 * @ifname: its name
 * @x: set to the handle of libxtun, or NULL
 *
 * Return: 0 or an errno.
 */
int bench_open(enum bench_way way, const char *ifname, struct xtun **x)
{
	static const enum xtun_way ways[BENCH_WAYS] = {
		[BENCH_TAP] = XTUN_WAY_TAP, [BENCH_PLAIN] = XTUN_WAY_PLAIN,
		[BENCH_BATCH] = XTUN_WAY_BATCH, [BENCH_RINGS] = XTUN_WAY_RINGS,
	};
	struct xtun_options options = { .ifname = ifname, .way = ways[way] };

	*x = xtun_open(&options);
	return *x ? 0 : errno;
}

static void close_both(struct bench *b)
{
	if (b->sock >= 0)
		close(b->sock);
	xtun_close(b->x);
}

static int open_both(struct bench *b, enum bench_way way)
{
	uint8_t mac[BENCH_MAC_LEN];
	int error;

	error = bench_open(way, IFNAME, &b->x);
	if (!error)
		error = bench_up(IFNAME, mac);
	if (!error)
		error = open_socket(b);
	if (!error)
		make_head(b, mac);
	return error;
}

/* --- what each row does, a burst at a time */

static bool fails(struct bench *b)
{
	b->error = errno;
	return false;
}

static bool send_datagrams(struct bench *b, unsigned int n)
{
	static uint8_t payload[LEN_MAX];
	struct iovec part = { .iov_base = payload, .iov_len = b->len - HEADERS };
	struct mmsghdr messages[BURST] = { 0 };

	for (unsigned int i = 0; i < n; i++) {
		messages[i].msg_hdr.msg_iov = &part;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	return sendmmsg(b->sock, messages, n, 0) == (int)n || fails(b);
}

/* The kernel sends frames of its own by an interface. */
static bool is_ours(const struct bench *b, const struct xtun_frame *frame)
{
	const uint8_t *data = frame->data;

	return frame->len == b->len && data[12] == 8 && !data[13] && data[23] == IPPROTO_UDP;
}

static void swap(uint8_t *a, uint8_t *b, size_t len)
{
	uint8_t kept[BENCH_MAC_LEN];

	memcpy(kept, a, len);
	memcpy(a, b, len);
	memcpy(b, kept, len);
}

/* Swapping addresses and ports keeps all checksums valid. */
static bool answer(struct bench *b, const struct xtun_frame *frame)
{
	uint8_t *copy = xtun_reserve(b->x, frame->len);

	if (!copy)
		return fails(b);
	memcpy(copy, frame->data, frame->len);
	swap(copy, copy + 6, BENCH_MAC_LEN);
	swap(copy + 26, copy + 30, 4);
	swap(copy + 34, copy + 36, 2);
	return !xtun_send(b->x, frame->len) || fails(b);
}

/* Take N frames; false if some are lost, or on an error. */
static bool take_frames(struct bench *b, unsigned int n, bool answering)
{
	struct xtun_frame frames[BURST];
	int got, ready;

	while (n) {
		got = xtun_receive(b->x, frames, BURST);
		if (got < 0)
			return fails(b);
		for (int i = 0; i < got && n; i++) {
			if (!is_ours(b, &frames[i]))
				continue;
			n--;
			b->arrived++;
			if (answering && !answer(b, &frames[i]))
				return false;
		}
		if (got)
			continue;
		ready = xtun_wait(b->x, XTUN_CAN_RECEIVE, PATIENCE_MS);
		if (ready <= 0)
			return ready ? fails(b) : false;
	}
	xtun_release(b->x);
	return true;
}

static bool write_frames(struct bench *b)
{
	for (unsigned int i = 0; i < BURST; i++) {
		uint8_t *frame = xtun_reserve(b->x, b->len);

		if (!frame)
			return fails(b);
		memcpy(frame, b->head, HEADERS);
		if (xtun_send(b->x, b->len))
			return fails(b);
	}
	return !xtun_flush(b->x) || fails(b);
}

static bool take_datagrams(struct bench *b, unsigned int n)
{
	static uint8_t payloads[BURST][LEN_MAX];
	struct pollfd readable = { .fd = b->sock, .events = POLLIN };
	struct mmsghdr messages[BURST] = { 0 };
	struct iovec parts[BURST];
	int got;

	for (unsigned int i = 0; i < n; i++) {
		parts[i] = (struct iovec){ payloads[i], LEN_MAX };
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	while (n) {
		got = recvmmsg(b->sock, messages, n, 0, NULL);
		if (got > 0) {
			n -= got;
			b->arrived += got;
		} else if (got < 0 && errno != EAGAIN) {
			return fails(b);
		} else if (poll(&readable, 1, PATIENCE_MS) <= 0) {
			return false;
		}
	}
	return true;
}

/* This and the next two return how many frames they sent. */
static unsigned int to_userspace(struct bench *b)
{
	if (send_datagrams(b, BURST))
		take_frames(b, BURST, false);
	return BURST;
}

static unsigned int from_userspace(struct bench *b)
{
	if (write_frames(b))
		take_datagrams(b, BURST);
	return BURST;
}

/* Only the datagram that comes back counts as arrived. */
static unsigned int round_trip(struct bench *b)
{
	uint64_t arrived = b->arrived;

	if (!send_datagrams(b, 1) || !take_frames(b, 1, true))
		return 1;
	b->arrived = arrived;
	if (xtun_flush(b->x))
		fails(b);
	else
		take_datagrams(b, 1);
	return 1;
}

/* --- the time it takes */

static int by_size(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void judge_trips(struct bench_figure *f, float *trips, size_t n)
{
	if (!n)
		return;
	qsort(trips, n, sizeof(*trips), by_size);
	f->p50_us = trips[n / 2];
	f->p99_us = trips[n * 99 / 100];
}

static void repeat(struct bench *b, unsigned int (*burst)(struct bench *b), double seconds,
		   struct bench_figure *f, float *trips)
{
	double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID), start = seconds_of(CLOCK_MONOTONIC);
	double then = start, now = start;
	uint64_t sent = 0;
	size_t n = 0;

	b->arrived = 0;
	while (!b->error && now - start < seconds) {
		sent += burst(b);
		now = seconds_of(CLOCK_MONOTONIC);
		if (trips && n < TRIPS_MAX)
			trips[n++] = (now - then) * 1e6;
		then = now;
	}
	f->error = b->error;
	f->frames = b->arrived;
	f->lost = sent - b->arrived;
	f->seconds = now - start;
	f->cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	if (trips)
		judge_trips(f, trips, n);
}

/**
 * bench_run() - measure one way
 * @way: the way
 * @row: which direction
 * @len: length of each frame in bytes, Ethernet header included
 * @seconds: how long it may take
 * @f: set; if something fails, its error
 */
void bench_run(enum bench_way way, enum bench_row row, size_t len, double seconds,
	       struct bench_figure *f)
{
	static unsigned int (*const bursts[BENCH_ROWS])(struct bench *b) = {
		[BENCH_TX] = to_userspace, [BENCH_RX] = from_userspace,
		[BENCH_TRIP] = round_trip,
	};
	struct bench b = { .len = len, .sock = -1 };
	float *trips = NULL;

	memset(f, 0, sizeof(*f));
	f->len = len;
	if (row == BENCH_TRIP) {
		trips = malloc(TRIPS_MAX * sizeof(*trips));
		if (!trips) {
			f->error = ENOMEM;
			return;
		}
	}
	f->error = open_both(&b, way);
	if (!f->error) {
		/* Warm up: the first frames meet cold caches, and the socket looks up its route. */
		repeat(&b, bursts[row], seconds / 8, f, NULL);
		if (!b.error)
			repeat(&b, bursts[row], seconds * 7 / 8, f, trips);
	}
	close_both(&b);
	free(trips);
}
