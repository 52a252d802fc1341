/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of xtun bench share. */
#ifndef XTUN_BENCH_H
#define XTUN_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define BENCH_MAC_LEN 6
/* Reserved for benchmarks by RFC 2544, in host byte order. */
#define BENCH_OURS	0xc6120001u	/* 198.18.0.1, the interface's */
#define BENCH_THEIRS	0xc6120002u	/* 198.18.0.2, the program's */

/* How frames are moved, in the order of the tables. */
enum bench_way { BENCH_TAP, BENCH_PLAIN, BENCH_BATCH, BENCH_RINGS, BENCH_WAYS };

enum bench_row { BENCH_TX, BENCH_RX, BENCH_TRIP, BENCH_ROWS };

/**
 * struct bench_figure - the result for one way
 * @error: an errno if nothing was measured; else 0
 * @len: length of each frame in bytes, Ethernet header included
 * @frames: frames that arrived, or the number of round trips
 * @lost: frames that did not arrive
 * @seconds: how long that took
 * @cpu: CPU seconds that this program used meanwhile
 * @p50_us: median of the round trips, in microseconds
 * @p99_us: 99th percentile of the round trips, in microseconds
 */
struct bench_figure {
	int error;
	size_t len;
	uint64_t frames;
	uint64_t lost;
	double seconds;
	double cpu;
	double p50_us;
	double p99_us;
};

/**
 * struct bench_idle - the cost of an idle tunnel
 * @error: an errno if it was not measured; else 0
 * @kib: memory, in KiB
 * @threads: kernel threads
 */
struct bench_idle {
	int error;
	double kib;
	double threads;
};

#define BENCH_LENGTHS 2

/**
 * struct bench_report - everything that is printed
 * @seconds: the time that was allowed
 * @own_namespace: the interfaces were in a network namespace of their own
 * @figure: by row, length and way; round trips use only the first length
 * @idle: by way
 */
struct bench_report {
	double seconds;
	bool own_namespace;
	struct bench_figure figure[BENCH_ROWS][BENCH_LENGTHS][BENCH_WAYS];
	struct bench_idle idle[BENCH_WAYS];
};

extern const char *const bench_ways[BENCH_WAYS], *const bench_rows[BENCH_ROWS];

/* bench.c */
int bench_lengths(enum bench_row row);

/* bench_net.c; functions here and below that return an int return 0 or an errno */
int bench_enter(bool *own_namespace);
int bench_up(const char *ifname, uint8_t mac[BENCH_MAC_LEN]);

/* bench_run.c */
struct xtun;
int bench_open(enum bench_way way, const char *ifname, struct xtun **x);
void bench_run(enum bench_way way, enum bench_row row, size_t len, double seconds,
	       struct bench_figure *f);

/* bench_idle.c */
void bench_idle(enum bench_way way, struct bench_idle *idle);

/* bench_print.c */
void bench_print(FILE *out, const struct bench_report *r);
void bench_print_json(FILE *out, const struct bench_report *r);

#endif
