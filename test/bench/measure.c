// SPDX-License-Identifier: GPL-2.0
/*
 * Counts instructions: in the guests of the benchmark a tick of the TSC is one
 * instruction.
 */
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

#include "bench.h"

#define WARM_UP	64
#define BURSTS	256
#define PROFILED	8

/* profile.pl counts by function from here to profile_end(). */
__attribute__((noipa)) void profile_begin(void)
{
	asm volatile("nop");
}

__attribute__((noipa)) void profile_end(void)
{
	asm volatile("nop");
}

/**
 * now() - count the instructions since the guest started
 *
 * Return: their number.
 */
uint64_t now(void)
{
	return __rdtsc();
}

/**
 * idle() - tell how long the processor has been idle, during which the clock leaps
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

/* The time as of the last timer interrupt. */
static int64_t ticked(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void nothing(void *arg)
{
	(void)arg;
}

/**
 * measure() - measure what a burst costs, after a warm-up
 * @job: the job of the command line
 * @burst: do one burst; must never idle
 * @after: do what does not count; or NULL
 * @arg: argument of both
 * @units: frames or bytes in one burst
 *
 * A burst that the timer interrupts is done once more. Otherwise it would be a matter
 * of chance how many interrupts are counted.
 *
 * Return: instructions for each unit.
 */
double measure(const struct job *job, void (*burst)(void *arg), void (*after)(void *arg),
	       void *arg, unsigned int units)
{
	unsigned int i, bursts = job->profile ? PROFILED : BURSTS, again = bursts;
	bool interrupted, kept = false;
	uint64_t start, cost, sum = 0;
	unsigned long before;
	int64_t last;

	if (!after)
		after = nothing;
	for (i = 0; i < WARM_UP; i++) {
		burst(arg);
		after(arg);
	}
	before = idle();
	for (i = 0; i < bursts;) {
		last = ticked();
		if (job->profile)
			profile_begin();
		start = now();
		burst(arg);
		cost = now() - start;
		if (job->profile)
			profile_end();
		interrupted = !job->profile && ticked() != last;
		if (interrupted && again) {
			again--;
		} else {
			kept |= interrupted;
			sum += cost;
			i++;
		}
		after(arg);
	}
	if (idle() != before)
		fprintf(stderr, "It was idle for %lu ticks.\n", idle() - before);
	if (kept)
		fprintf(stderr, "The timer's interrupts are in it.\n");
	return (double)sum / bursts / units;
}
