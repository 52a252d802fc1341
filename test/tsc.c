// SPDX-License-Identifier: GPL-2.0
/*
 * Print this machine's time stamp counter frequency in kHz. The emulator hands
 * that counter to its guests; a guest that measures it itself, on a machine
 * busy with other guests, may be wrong by a factor of a hundred.
 */
#include <stdio.h>
#include <stdint.h>
#include <time.h>
#include <x86intrin.h>

#define WINDOW_NS	50000000
#define ATTEMPTS	20

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* Of several readings the one least disturbed: both clocks at one moment. */
static void sample(uint64_t *ns, uint64_t *ticks)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < ATTEMPTS; i++) {
		uint64_t before = __rdtsc();
		uint64_t at = now_ns();
		uint64_t after = __rdtsc();

		if (after - before < best) {
			best = after - before;
			*ns = at;
			*ticks = before + best / 2;
		}
	}
}

int main(void)
{
	const struct timespec window = { .tv_nsec = WINDOW_NS };
	uint64_t ns0, ns1, ticks0, ticks1;

	sample(&ns0, &ticks0);
	nanosleep(&window, NULL);
	sample(&ns1, &ticks1);
	printf("%llu\n", (unsigned long long)((ticks1 - ticks0) * 1000000 / (ns1 - ns0)));
	return 0;
}
