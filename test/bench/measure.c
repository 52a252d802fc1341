// SPDX-License-Identifier: GPL-2.0
/*
 * Counts instructions: in the guests of the benchmark a tick of the TSC is one.
 */
#include <stdio.h>
#include <x86intrin.h>

#include "bench.h"

#define WARM_UP	64
#define BURSTS	256
#define PROFILED	8

/* Where profile.pl starts and ends to count by function. */
__attribute__((noipa)) void profile_begin(void)
{
	asm volatile("nop");
}

__attribute__((noipa)) void profile_end(void)
{
	asm volatile("nop");
}

/**
 * now() - the instructions since the guest started
 *
 * Return: their number.
 */
uint64_t now(void)
{
	return __rdtsc();
}

/**
 * idle() - how long the processor has had nothing to do: then the clock leaps
 *
 * Return: ticks since the guest started.
 */
unsigned long idle(void)
{
	unsigned long ticks = 0;
	FILE *f = fopen("/proc/stat", "r");

	check(f && fscanf(f, "cpu %*u %*u %*u %lu", &ticks) == 1, "/proc/stat");
	fclose(f);
	return ticks;
}

static void nothing(void *arg)
{
	(void)arg;
}

/**
 * measure() - what a burst costs, after a warm-up
 * @job: the command line's
 * @burst: does it once; never idle
 * @after: what does not count; or NULL
 * @arg: for both
 * @units: frames or bytes of one burst
 *
 * Return: instructions for each unit.
 */
double measure(const struct job *job, void (*burst)(void *arg), void (*after)(void *arg),
	       void *arg, unsigned int units)
{
	unsigned int i, bursts = job->profile ? PROFILED : BURSTS;
	uint64_t start, sum = 0;
	unsigned long before;

	if (!after)
		after = nothing;
	for (i = 0; i < WARM_UP; i++) {
		burst(arg);
		after(arg);
	}
	before = idle();
	for (i = 0; i < bursts; i++) {
		if (job->profile)
			profile_begin();
		start = now();
		burst(arg);
		sum += now() - start;
		if (job->profile)
			profile_end();
		after(arg);
	}
	if (idle() != before)
		fprintf(stderr, "It was idle for %lu ticks.\n", idle() - before);
	return (double)sum / bursts / units;
}
