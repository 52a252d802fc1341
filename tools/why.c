// SPDX-License-Identifier: GPL-2.0
/* xtun why: the last frames that were lost, each with its cause and its cure. */
#include "status.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <unistd.h>

#define FOLLOW_MS 200	/* between two looks */

struct why {
	struct xtun_iface iface;
	struct xtun_losses losses;
	uint64_t frame;		/* the one that is asked for, or 0 */
	uint64_t told;		/* frames of which -f has told */
	bool follow;
};

static void print_when(const struct xtun_lost *l)
{
	if (l->times == 1)
		printf("#%" PRIu64 ", %.3f s ago, ", l->number, l->last);
	else
		printf("#%" PRIu64 " and %" PRIu64 " more, from %.3f to %.3f s ago, ", l->number,
		       l->times - 1, l->first, l->last);
	printf(l->direction == XTUN_TX ? "to userspace" : "from userspace");
	printf(", %zu bytes", l->len);
}

static void print_cause(const struct why *w, const struct xtun_lost *l)
{
	const struct xtun_loss *known = xtun_loss_find(l->direction, l->loss);

	printf("  where: inside xtun, queue %u, %s_lost_%s\n", l->queue,
	       l->direction == XTUN_TX ? "tx" : "rx", l->loss);
	if (!known) {
		printf("  why: a loss that this program is too old to know; see man 4 xtun\n");
		return;
	}
	printf("  why: ");
	xtun_print_about(stdout, known->meaning, w->iface.name);
	if (l->waiting)
		printf("; %u frames waited, the oldest for %u ms", l->waiting, l->oldest_ms);
	printf("\n  what mends it: ");
	xtun_print_about(stdout, known->advice, w->iface.name);
	putchar('\n');
}

static void print_loss(const struct why *w, const struct xtun_lost *l)
{
	print_when(l);
	if (l->kept) {
		fputs(": ", stdout);
		xtun_decode(stdout, l->bytes, l->kept);
	}
	putchar('\n');
	print_cause(w, l);
}

/* From the oldest to the youngest, those that are new. */
static void print_losses(struct why *w)
{
	for (size_t i = w->losses.n; i--;) {
		const struct xtun_lost *l = &w->losses.list[i];
		uint64_t last = l->number + l->times - 1;

		if (last <= w->told)
			continue;
		print_loss(w, l);
		w->told = last;
	}
}

static int print_frame(const struct why *w)
{
	for (size_t i = 0; i < w->losses.n; i++) {
		const struct xtun_lost *l = &w->losses.list[i];

		if (w->frame < l->number || w->frame >= l->number + l->times)
			continue;
		print_loss(w, l);
		if (l->kept)
			xtun_hex(stdout, l->bytes, l->kept);
		else
			puts("  no bytes: it never became a frame, or is not yours to see");
		return EXIT_FAILED;
	}
	xtun_complain("of frame #%" PRIu64 " nothing is known (any more)", w->frame);
	return EXIT_FAILED;
}

static bool look(struct why *w)
{
	if (xtun_losses_read(w->iface.name, &w->losses))
		return true;
	xtun_explain("/proc/net/xtun", errno, w->iface.name);
	return false;
}

/* Whatever keeps frames from being sent at all: no loss, and no frame either. */
static void print_silence(const struct why *w, const struct xtun_law *law)
{
	const struct xtun_iface *i = &w->iface;
	uint64_t readers = 0, in = 0, waiting = 0;

	for (size_t f = 0; f < law->flows; f++) {
		if (law->flow[f].direction != XTUN_TX)
			continue;
		readers += xtun_counter_get(law->flow[f].counters, law->flow[f].queue,
					    XTUN_DIRECTIONS, "readers");
		in += law->flow[f].in;
		waiting += law->flow[f].waiting;
	}
	if (!i->up)
		printf("%s is down: nothing passes.\n  what mends it: ip link set dev %s up\n",
		       i->name, i->name);
	else if (!i->carrier)
		printf("%s has no carrier: the kernel sends nothing.\n  what mends it: %s\n",
		       i->name, "attach the program that is to be its other end");
	if (!readers)
		printf("nobody reads %s; %" PRIu64 " frames wait.\n  what mends it: %s\n", i->name,
		       waiting, "start the program that is to be its other end");
	if (i->up && !in)
		printf("the kernel has not sent anything yet.\n  what mends it: %s\n",
		       "give it an address and a route: ip address show; ip route get ADDRESS");
}

static int tell_once(struct why *w)
{
	struct xtun_law law;
	uint64_t lost = 0;

	if (!xtun_law_judge(w->iface.name, &law)) {
		xtun_explain(w->iface.name, errno, NULL);
		xtun_law_free(&law);
		return EXIT_FAILED;
	}
	for (size_t f = 0; f < law.flows; f++)
		lost += law.flow[f].lost;
	print_losses(w);
	print_silence(w, &law);
	if (!lost)
		printf("%s has lost no frame.\n", w->iface.name);
	xtun_law_free(&law);
	return lost ? EXIT_FAILED : EXIT_OK;
}

static int follow(struct why *w)
{
	int signal_fd = xtun_signals_open(), more;

	if (signal_fd < 0)
		return EXIT_FAILED;
	do {
		print_losses(w);
		if (fflush(stdout) || ferror(stdout))
			break;
		more = xtun_wait(-1, signal_fd, FOLLOW_MS);
	} while (more > 0 && look(w));
	close(signal_fd);
	return w->told ? EXIT_FAILED : EXIT_OK;
}

static int why_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "frame", required_argument, NULL, 'n' },
		{ 0 },
	};
	struct why w = { 0 };
	const char *name;
	int opt, status;

	while ((opt = getopt_long(argc, argv, "f", options, NULL)) != -1) {
		if (opt == 'f')
			w.follow = true;
		else if (opt != 'n' || !xtun_parse_count(optarg, &w.frame))
			return xtun_usage(&xtun_why);
	}
	if (argc - optind > 1)
		return xtun_usage(&xtun_why);

	name = optind < argc ? argv[optind] : xtun_ifname();
	status = xtun_iface_find_own(name, &w.iface);
	if (status) {
		xtun_obituary(name);
		return status;
	}
	if (!look(&w))
		return EXIT_FAILED;
	if (w.frame)
		status = print_frame(&w);
	else
		status = w.follow ? follow(&w) : tell_once(&w);
	if (fflush(stdout) || ferror(stdout)) {
		xtun_explain("standard output", errno, NULL);
		return EXIT_FAILED;
	}
	return status;
}

const struct command xtun_why = {
	.name = "why",
	.run = why_run,
	.args = "[-f] [--frame N] [IFACE]",
	.summary = "tell of the last lost frames why they were lost, and what mends it",
	.options =
		"  -f          go on, and tell of each loss as it happens\n"
		"  --frame N   show the bytes of frame #N\n"
		"Exit status: 0 nothing was lost, 1 something was (or an error),\n"
		"2 the module or the interface is not there.\n",
};
