// SPDX-License-Identifier: GPL-2.0
/*
 * xtun bench: how fast frames move on this machine, by tap and by each of xtun's ways.
 * Times are valid for this machine only; `make bench` counts instructions instead.
 */
#include "bench.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define SECONDS		20
#define SECONDS_MAX	3600
#define IDLE_SHARE	0.1	/* of the time: an estimate for the idle tunnels */

const char *const bench_ways[BENCH_WAYS] = { "tap", "plain", "batch", "rings" };
const char *const bench_rows[BENCH_ROWS] = {
	"to userspace", "from userspace", "round trip"
};

static const size_t lengths[BENCH_LENGTHS] = { 64, 1500 };

/**
 * bench_lengths() - how many frame lengths a row is measured with
 * @row: the row
 *
 * Return: how many of the lengths, from the first on. Round trips use one, because their
 * time hardly depends on the length.
 */
int bench_lengths(enum bench_row row)
{
	return row == BENCH_TRIP ? 1 : BENCH_LENGTHS;
}

static void measure(struct bench_report *r)
{
	double each = r->seconds * (1 - IDLE_SHARE) / (BENCH_WAYS * (2 * BENCH_LENGTHS + 1));

	for (int row = 0; row < BENCH_ROWS; row++)
		for (int l = 0; l < bench_lengths(row); l++)
			for (int way = 0; way < BENCH_WAYS; way++)
				bench_run(way, row, lengths[l], each, &r->figure[row][l][way]);
	for (int way = 0; way < BENCH_WAYS; way++)
		bench_idle(way, &r->idle[way]);
}

/* The plain way works wherever the module does. */
static int judge(const struct bench_report *r)
{
	int error = r->figure[BENCH_TX][0][BENCH_PLAIN].error;

	if (!error)
		return EXIT_OK;
	xtun_explain("open", error, NULL);
	return error == ENOENT || error == ENXIO ? EXIT_ABSENT : EXIT_FAILED;
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "time", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 }
	};
	static struct bench_report r;
	uint64_t seconds = SECONDS;
	bool json = false;
	int c, error;

	while ((c = getopt_long(argc, argv, "t:", options, NULL)) != -1) {
		if (c == 'j')
			json = true;
		else if (c != 't' || !xtun_parse_count("-t", optarg, &seconds) ||
			 seconds > SECONDS_MAX)
			return xtun_usage(&xtun_command_bench);
	}
	if (optind < argc)
		return xtun_usage(&xtun_command_bench);

	r.seconds = seconds;
	error = bench_enter(&r.own_namespace);
	if (error) {
		xtun_complain("cannot create a network namespace: %s. Run this as root",
			      strerror(error));
		return EXIT_FAILED;
	}
	measure(&r);
	(json ? bench_print_json : bench_print)(stdout, &r);
	if (fflush(stdout) || ferror(stdout)) {
		xtun_explain("standard output", errno, NULL);
		return EXIT_FAILED;
	}
	return judge(&r);
}

const struct command xtun_command_bench = {
	.name = "bench",
	.run = run,
	.args = "[-t SECONDS] [--json]",
	.summary = "measure how fast frames move on this machine, through tap and through xtun",
	.options =
		"  -t, --time SECONDS  duration (default: 20)\n"
		"      --json          print JSON\n"
		"It creates its own interfaces in its own network namespace.\n",
};
