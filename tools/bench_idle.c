// SPDX-License-Identifier: GPL-2.0
/* The cost of an idle tunnel, for xtun bench. */
#include "bench.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/xtun.h"

/* Enough to make other activity on the machine negligible. */
#define TUNNELS 16

static double free_kib(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	double kib = 0;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemFree: %lf", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib;
}

/* PF_KTHREAD, see proc(5). Workers do not count: they are shared, and come and go. */
static bool is_thread(const char *pid)
{
	char path[300], line[512] = "", *rest;
	unsigned int flags = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	file = fopen(path, "re");
	if (file) {
		if (!fgets(line, sizeof(line), file))
			line[0] = 0;
		fclose(file);
	}
	rest = strrchr(line, ')');
	return rest && !strstr(line, "(kworker") &&
	       sscanf(rest, ") %*c %*d %*d %*d %*d %*d %u", &flags) == 1 && flags & 0x200000;
}

static int kernel_threads(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *d;
	int n = 0;

	while (dir && (d = readdir(dir)))
		n += isdigit((unsigned char)d->d_name[0]) && is_thread(d->d_name);
	if (dir)
		closedir(dir);
	return n;
}

static int open_all(enum bench_way way, struct xtun *tunnels[TUNNELS])
{
	uint8_t mac[BENCH_MAC_LEN];
	char ifname[16];
	int error;

	for (int i = 0; i < TUNNELS; i++) {
		snprintf(ifname, sizeof(ifname), "xtidle%d", i);
		error = bench_open(way, ifname, &tunnels[i]);
		if (!error)
			error = bench_up(ifname, mac);
		if (error)
			return error;
	}
	return 0;
}

/**
 * bench_idle() - measure an interface and its open file while no frame passes
 * @way: how the program would move frames
 * @idle: set; if something fails, only its error
 */
void bench_idle(enum bench_way way, struct bench_idle *idle)
{
	struct xtun *tunnels[TUNNELS] = { NULL };
	double kib = free_kib();
	int threads = kernel_threads();

	idle->error = open_all(way, tunnels);
	idle->kib = (kib - free_kib()) / TUNNELS;
	idle->threads = (double)(kernel_threads() - threads) / TUNNELS;
	if (idle->kib < 0)
		idle->kib = 0;
	if (idle->threads < 0)
		idle->threads = 0;
	for (int i = 0; i < TUNNELS; i++)
		xtun_close(tunnels[i]);
}
