// SPDX-License-Identifier: GPL-2.0
/* The results of xtun bench, for people and for programs. */
#include "bench.h"

#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tool.h"

static double rate(const struct bench_figure *f)
{
	return f->seconds > 0 ? f->frames / f->seconds : 0;
}

static double gbits(const struct bench_figure *f)
{
	return rate(f) * f->len * 8 / 1e9;
}

/* One thread does everything and does not wait, so this is CPU time. */
static double ns(const struct bench_figure *f)
{
	return f->frames ? f->seconds * 1e9 / f->frames : 0;
}

static double percent(const struct bench_figure *f)
{
	return f->seconds > 0 ? f->cpu * 100 / f->seconds : 0;
}

static void print_error(FILE *out, enum bench_way way, int error)
{
	fprintf(out, "  %-6s not measured: %s\n", bench_ways[way], strerror(error));
}

static void print_way(FILE *out, enum bench_way way, const struct bench_figure *ways, bool trip)
{
	const struct bench_figure *f = &ways[way];

	if (f->error) {
		print_error(out, way, f->error);
		return;
	}
	fprintf(out, "  %-6s %10.0f %8.2f %6.0f %8.0f", bench_ways[way], rate(f), gbits(f),
		percent(f), ns(f));
	if (ways[BENCH_TAP].error || !ns(f))
		fprintf(out, " %8s", "-");
	else
		fprintf(out, " %8.2f", ns(&ways[BENCH_TAP]) / ns(f));
	if (trip)
		fprintf(out, " %8.1f %8.1f", f->p50_us, f->p99_us);
	if (f->lost)
		fprintf(out, "  lost: %llu", (unsigned long long)f->lost);
	fputc('\n', out);
}

static void print_head(FILE *out, bool trip)
{
	fprintf(out, "  %-6s %10s %8s %6s %8s %8s%s\n", "", trip ? "trips/s" : "frames/s", "Gbit/s",
		"CPU %", "ns", "tap =", trip ? "   p50 us   p99 us" : "");
}

static void print_rows(FILE *out, const struct bench_report *r)
{
	for (int row = 0; row < BENCH_ROWS; row++) {
		for (int l = 0; l < bench_lengths(row); l++) {
			const struct bench_figure *ways = r->figure[row][l];

			fprintf(out, "\n%s, %zu bytes\n", bench_rows[row], ways->len);
			print_head(out, row == BENCH_TRIP);
			for (int way = 0; way < BENCH_WAYS; way++)
				print_way(out, way, ways, row == BENCH_TRIP);
		}
	}
}

static void print_idle(FILE *out, const struct bench_report *r)
{
	fprintf(out, "\nan idle tunnel\n  %-6s %10s %8s\n", "", "KiB", "threads");
	for (int way = 0; way < BENCH_WAYS; way++) {
		if (r->idle[way].error)
			print_error(out, way, r->idle[way].error);
		else
			fprintf(out, "  %-6s %10.0f %8.0f\n", bench_ways[way], r->idle[way].kib,
				r->idle[way].threads);
	}
}

/**
 * bench_print() - print the results as tables
 * @out: where to
 * @r: what was measured
 */
void bench_print(FILE *out, const struct bench_report *r)
{
	struct utsname name;

	uname(&name);
	fprintf(out, "%s, %s, %ld processors%s\n", name.release, name.machine,
		sysconf(_SC_NPROCESSORS_ONLN),
		r->own_namespace ? "" : "; this kernel has no network namespaces");
	fputs("One thread is both ends: it sends 32 datagrams and receives 32 frames, or the other\n"
	      "way round. \"ns\" is the CPU time per frame, in the kernel and the program together;\n"
	      "\"tap =\" is the time that tap needs, divided by this.\n", out);
	print_rows(out, r);
	print_idle(out, r);
}

static void print_figure_json(FILE *out, const struct bench_figure *f)
{
	fprintf(out, "\"bytes\": %zu, \"lost\": %llu, ", f->len, (unsigned long long)f->lost);
	fprintf(out, "\"frames_per_second\": %.0f, \"gbit_per_second\": %.4f, ", rate(f), gbits(f));
	fprintf(out, "\"ns_per_frame\": %.1f, \"cpu_percent\": %.1f", ns(f), percent(f));
}

static void print_error_json(FILE *out, int error)
{
	fputs("\"error\": ", out);
	xtun_json_string(out, strerror(error));
}

static void print_row_json(FILE *out, enum bench_row row, const struct bench_figure *ways,
			   const char **comma)
{
	for (int way = 0; way < BENCH_WAYS; way++) {
		const struct bench_figure *f = &ways[way];

		fprintf(out, "%s\n    {\"row\": \"%s\", \"way\": \"%s\", ", *comma, bench_rows[row],
			bench_ways[way]);
		*comma = ",";
		if (f->error)
			print_error_json(out, f->error);
		else
			print_figure_json(out, f);
		if (!f->error && row == BENCH_TRIP)
			fprintf(out, ", \"p50_us\": %.2f, \"p99_us\": %.2f", f->p50_us, f->p99_us);
		fputc('}', out);
	}
}

/**
 * bench_print_json() - print the results as one JSON object
 * @out: where to
 * @r: what was measured
 */
void bench_print_json(FILE *out, const struct bench_report *r)
{
	const char *comma = "";
	struct utsname name;

	uname(&name);
	fputs("{\n  \"kernel\": ", out);
	xtun_json_string(out, name.release);
	fputs(",\n  \"machine\": ", out);
	xtun_json_string(out, name.machine);
	fprintf(out, ",\n  \"processors\": %ld,\n  \"own_namespace\": %s,\n  \"figures\": [",
		sysconf(_SC_NPROCESSORS_ONLN), r->own_namespace ? "true" : "false");
	for (int row = 0; row < BENCH_ROWS; row++)
		for (int l = 0; l < bench_lengths(row); l++)
			print_row_json(out, row, r->figure[row][l], &comma);
	fputs("\n  ],\n  \"idle\": [", out);
	for (int way = 0; way < BENCH_WAYS; way++) {
		fprintf(out, "%s\n    {\"way\": \"%s\", ", way ? "," : "", bench_ways[way]);
		if (r->idle[way].error)
			print_error_json(out, r->idle[way].error);
		else
			fprintf(out, "\"kib\": %.0f, \"threads\": %.2f", r->idle[way].kib,
				r->idle[way].threads);
		fputc('}', out);
	}
	fputs("\n  ]\n}\n", out);
}
