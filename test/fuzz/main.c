// SPDX-License-Identifier: GPL-2.0
/* xtun-fuzz SEED SECONDS [THREADS] */
#define _GNU_SOURCE
#include <err.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define THREADS_MAX	16
#define KICK		10000	/* microseconds after which a sleeping call is interrupted */
#define LONGER		30	/* seconds that a run may go on, until each kind has succeeded */
#define ENOUGH		5000	/* operations after which each kind must have succeeded */

struct fuzz_file fuzz_files[FUZZ_FILES];

static struct fuzz threads[THREADS_MAX];
static pthread_t ids[THREADS_MAX];
static __thread struct fuzz *self;
static atomic_bool stop;

uint32_t fuzz_random(struct fuzz *f)
{
	/* xorshift64* */
	f->state ^= f->state >> 12;
	f->state ^= f->state << 25;
	f->state ^= f->state >> 27;
	return f->state * 0x2545f4914f6cdd1dULL >> 32;
}

uint32_t fuzz_below(struct fuzz *f, uint32_t n)
{
	return (uint64_t)fuzz_random(f) * n >> 32;
}

bool fuzz_once_in(struct fuzz *f, uint32_t n)
{
	return !fuzz_below(f, n);
}

uint32_t fuzz_number(struct fuzz *f)
{
	switch (fuzz_below(f, 4)) {
	case 0:
		return fuzz_below(f, 3000);
	case 1:
		return (1u << fuzz_below(f, 32)) + fuzz_below(f, 17) - 8;
	case 2:
		return -fuzz_below(f, 3000);
	default:
		return fuzz_random(f);
	}
}

struct fuzz_file *fuzz_file(struct fuzz *f)
{
	return &fuzz_files[fuzz_below(f, FUZZ_FILES)];
}

size_t fuzz_place(unsigned int part)
{
	return part < 2 ? (size_t)sysconf(_SC_PAGESIZE) : 2 * (size_t)FUZZ_RING_MAX;
}

void fuzz_unmap(uint8_t *place, size_t size)
{
	munmap(place, size);
	/* Keep the place reserved. */
	mmap(place, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
	     -1, 0);
}

static void prepare_files(void)
{
	unsigned int i, k;

	for (i = 0; i < FUZZ_FILES; i++) {
		fuzz_files[i].fd = -1;
		fuzz_files[i].tx_size = XTUN_RING_MIN;
		fuzz_files[i].rx_size = XTUN_RING_MIN;
		for (k = 0; k < FUZZ_PARTS; k++) {
			void *p = mmap(NULL, fuzz_place(k), PROT_NONE,
				       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

			if (p == MAP_FAILED)
				err(1, "mmap");
			fuzz_files[i].part[k] = p;
		}
	}
}

static void close_files(void)
{
	unsigned int i, k;

	for (i = 0; i < FUZZ_FILES; i++) {
		if (fuzz_files[i].fd >= 0)
			close(fuzz_files[i].fd);
		for (k = 0; k < FUZZ_PARTS; k++)
			munmap(fuzz_files[i].part[k], fuzz_place(k));
	}
}

static void on_fault(int signal)
{
	if (!self || !self->touching) {
		/* A bug in the fuzzer. */
		static const char text[] = "xtun-fuzz: fault\n";

		if (write(2, text, sizeof(text) - 1) < 0)
			_exit(3);
		_exit(2);
	}
	(void)signal;
	siglongjmp(self->fault, 1);
}

static void on_kick(int signal)
{
	(void)signal;
}

static void prepare_signals(void)
{
	struct sigaction fault = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };
	struct sigaction kick = { .sa_handler = on_kick };

	sigaction(SIGSEGV, &fault, NULL);
	sigaction(SIGBUS, &fault, NULL);
	sigaction(SIGUSR1, &kick, NULL);
	sigaction(SIGIO, &kick, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
}

static void *work(void *arg)
{
	struct fuzz *f = arg;

	self = f;
	while (!stop) {
		uint32_t kind = fuzz_below(f, 100);

		if (kind < 55)
			fuzz_call(f);
		else if (kind < 95)
			fuzz_memory(f);
		else
			fuzz_link(f);
		f->done++;
	}
	return NULL;
}

static unsigned long successes(unsigned int kind, unsigned int n)
{
	unsigned long sum = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		sum += __atomic_load_n(&threads[i].did[kind], __ATOMIC_RELAXED);
	return sum;
}

static bool tried_all(unsigned int n)
{
	unsigned int k;

	for (k = 0; k < FUZZ_DID; k++)
		if (!successes(k, n))
			return false;
	return true;
}

static void print_successes(unsigned int n)
{
	static const char * const names[FUZZ_DID] = {
		"opened", "attached", "rings", "mapped", "read or written"
	};
	unsigned int k;

	for (k = 0; k < FUZZ_DID; k++)
		printf("%s: %lu times\n", names[k], successes(k, n));
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	unsigned int n = argc > 3 ? atoi(argv[3]) : 4, i;
	unsigned long total = 0;
	double end;
	uint64_t seed;

	if (argc < 3 || !n || n > THREADS_MAX)
		errx(1, "usage: xtun-fuzz SEED SECONDS [THREADS]");
	seed = strtoull(argv[1], NULL, 0);
	printf("seed %llu, %s seconds, %u threads\n", (unsigned long long)seed, argv[2], n);
	fflush(stdout);
	prepare_files();
	prepare_signals();
	fuzz_link_prepare();
	end = now() + atof(argv[2]);
	for (i = 0; i < n; i++) {
		threads[i].state = (seed + 1) * 0x9e3779b97f4a7c15ULL + i * 0xd1342543de82ef95ULL;
		threads[i].state |= 1;
		if (pthread_create(&ids[i], NULL, work, &threads[i]))
			errx(1, "thread");
	}
	/*
	 * Wake whatever sleeps, and interrupt what a signal can interrupt. If all calls of a
	 * kind fail, nothing is tested: a short run in which they do so by chance goes on.
	 */
	while (!stop) {
		stop = now() >= end && (tried_all(n) || now() >= end + LONGER);
		for (i = 0; i < n; i++)
			pthread_kill(ids[i], SIGUSR1);
		usleep(KICK);
	}
	for (i = 0; i < n; i++) {
		while (pthread_tryjoin_np(ids[i], NULL)) {
			pthread_kill(ids[i], SIGUSR1);
			usleep(KICK);
		}
		total += threads[i].done;
	}
	close_files();
	fuzz_link_restore();
	print_successes(n);
	if (!tried_all(n) && total >= ENOUGH)
		errx(1, "something has never succeeded");
	printf("%lu operations\n", total);
	return 0;
}
