// SPDX-License-Identifier: GPL-2.0
/*
 * xtun-bench ROW WAY INTERFACE BYTES [profile]: measures one figure and prints it.
 * QUEUES in the environment is the number of queues.
 * xtun-bench list: describes rows and ways.
 * The way "stack" is no way: it is what the kernel does without any of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bench.h"

static const struct row *const all_rows[] = { rows_burst, rows_send, rows_threads, rows_tcp };
static const struct way *const all_ways[] = {
	ways_tap, ways_plain, ways_batch, ways_ring, ways_packet, ways_xsk
};

#define COUNT(list)	(sizeof(list) / sizeof((list)[0]))

/**
 * die() - end the program with an error
 * @what: what failed
 */
void die(const char *what)
{
	perror(what);
	exit(1);
}

/**
 * check() - end the program unless something worked
 * @ok: whether it did
 * @what: what it was
 */
void check(bool ok, const char *what)
{
	if (__builtin_expect(!ok, 0))
		die(what);
}

static const struct row *find_row(const char *name)
{
	const struct row *row;
	size_t i;

	for (i = 0; i < COUNT(all_rows); i++)
		for (row = all_rows[i]; row->name; row++)
			if (!strcmp(row->name, name))
				return row;
	fprintf(stderr, "There is no row '%s'.\n", name);
	exit(2);
}

static const struct way *find_way(const char *name)
{
	const struct way *way;
	size_t i;

	for (i = 0; i < COUNT(all_ways); i++)
		for (way = all_ways[i]; way->name; way++)
			if (!strcmp(way->name, name))
				return way;
	if (!strcmp(name, "stack"))
		return NULL;
	fprintf(stderr, "There is no way '%s'.\n", name);
	exit(2);
}

/* Describes each row and way, for the table. */
static void list(void)
{
	const struct row *row;
	const struct way *way;
	size_t i;

	for (i = 0; i < COUNT(all_rows); i++)
		for (row = all_rows[i]; row->name; row++)
			printf("row\t%s\t%s\n", row->name, row->about);
	for (i = 0; i < COUNT(all_ways); i++)
		for (way = all_ways[i]; way->name; way++)
			printf("way\t%s\t%s\n", way->name, way->about);
}

int main(int argc, char **argv)
{
	const struct row *row;
	const char *queues = getenv("QUEUES");
	struct job job = {};

	if (argc == 2 && !strcmp(argv[1], "list")) {
		list();
		return 0;
	}
	if (argc < 5) {
		fprintf(stderr, "usage: xtun-bench ROW WAY INTERFACE BYTES [profile]\n");
		return 2;
	}
	row = find_row(argv[1]);
	job.way = find_way(argv[2]);
	job.ifname = argv[3];
	job.len = atoi(argv[4]);
	job.queues = queues ? atoi(queues) : 1;
	job.profile = argc > 5;
	mlockall(MCL_CURRENT | MCL_FUTURE);
	printf("%.2f\n", row->run(&job));
	return 0;
}
