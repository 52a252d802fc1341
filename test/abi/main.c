// SPDX-License-Identifier: GPL-2.0
/*
 * xtun-abi CONTROL DEVICE: checks that both answer every sequence of calls in the same
 * way. Prints TAP without its plan. In the environment:
 *
 *   SEED=N        the seed of the random sequences; printed, so that they can be repeated
 *   BY_CHANCE=N   how many random sequences
 *   ALONE=N       how often each word is called alone, in each situation
 *   PAIRS=N       how often each call is made after each other one
 *   WORKERS=N     processes; without network namespaces there can be only one
 *   SAY=WORDS     run only this sequence, its words between semicolons
 *   INSTEAD=WORD  give DEVICE another argument for this word: the test of this test
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "abi.h"

void die(const char *fmt, ...)
{
	int error = errno;
	va_list ap;

	printf("Bail out! ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf(" (%s)\n", errno_name(error));
	fflush(stdout);
	_exit(1);
}

static unsigned long setting(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoul(text, NULL, 0) : otherwise;
}

static void verdict(bool good, const char *fmt, ...) PRINTF(2, 3);

static void verdict(bool good, const char *fmt, ...)
{
	va_list ap;

	printf("%s - ", good ? "ok" : "not ok");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

static void tell(const struct plan *p, const struct found *f)
{
	char text[TRACE_KEY * 2];
	unsigned int i;

	printf("# A difference, met %lu times, first in sequence %lu. What is needed for it:\n",
	       f->times, f->number);
	for (i = 0; i < f->sequence.n; i++) {
		word_text(f->sequence.words[i], text, sizeof(text));
		printf("#   %u. %s\n", i + 1, text);
	}
	if (f->difference.step >= 0)
		printf("# Then call %d", f->difference.step + 1);
	else
		printf("# Then afterwards");
	printf(", %s:\n#   %-13s %s\n#   %-13s %s\n", f->difference.key, p->pair.a.path,
	       f->difference.a, p->pair.b.path, f->difference.b);
}

static void tell_intended(const struct plan *p, const struct result *r)
{
	unsigned int i;

	for (i = 0; i < n_intended; i++) {
		const struct intended *e = &intended[i];

		if (e->somewhere && !r->intended[i])
			printf("# not on this kernel: %s\n", e->why);
		else if (r->intended[i] || (p->alone && p->pairs && !p->say))
			verdict(r->intended[i], "on purpose, %lu times: %s", r->intended[i],
				e->why);
	}
}

int main(int argc, char **argv)
{
	bool namespaces = !access("/proc/self/ns/net", F_OK);
	struct plan p = {
		.seed = setting("SEED", time(NULL)),
		.random = setting("BY_CHANCE", 1500),
		.alone = setting("ALONE", 1),
		.pairs = setting("PAIRS", 2),
		.workers = namespaces ? setting("WORKERS", 8) : 1,
		.say = getenv("SAY"),
		.timeout = 60 * setting("slowness", 1),
	};
	struct timespec t0, t;
	struct result r;
	unsigned int i;
	bool fine;

	if (argc != 3) {
		fprintf(stderr, "usage: xtun-abi CONTROL DEVICE\n");
		return 2;
	}
	p.pair.a.path = argv[1];
	p.pair.b.path = argv[2];
	p.pair.same = !strcmp(argv[1], argv[2]);
	p.pair.b.instead = getenv("INSTEAD");
	if (p.pair.b.instead && word_find(p.pair.b.instead) < 0)
		die("there is no word '%s'", p.pair.b.instead);

	printf("# SEED=%llu repeats it: %lu sequences of %u words, %lu of them random\n",
	       (unsigned long long)p.seed, plan_sequences(&p), words_count(), p.random);
	clock_gettime(CLOCK_MONOTONIC, &t0);
	fine = work(&p, &r);
	clock_gettime(CLOCK_MONOTONIC, &t);
	printf("# %lu sequences ran on %s and on %s in %ld s; %lu differed once and not again\n",
	       r.ran, argv[1], argv[2], (long)(t.tv_sec - t0.tv_sec), r.unstable);
	for (i = 0; i < r.n_found; i++)
		tell(&p, &r.found[i]);
	if (r.unlisted)
		printf("# ... and %lu more times one of these, or of another kind\n", r.unlisted);
	verdict(fine && r.ran == plan_sequences(&p), "%lu of %lu sequences ran", r.ran,
		plan_sequences(&p));
	verdict(!r.n_found && !r.unlisted, "no difference but those on purpose: %u kinds of others",
		r.n_found);
	verdict(r.unstable * 100 <= r.ran, "less than one in a hundred differs by chance: %lu",
		r.unstable);
	if (!p.pair.same)
		tell_intended(&p, &r);
	return 0;
}
