// SPDX-License-Identifier: GPL-2.0
/* xtun why: report lost frames, each with its cause and how to fix it. */
#include "why.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLLOW_MS 200		/* between two looks at xtun's losses */
#define LISTEN_S 2		/* to the stack, by default */
#define AT_ONCE 128		/* drops between two checks of time and signals */
#define TOLD 16U		/* causes that are not printed again */

/* A loss of xtun, and how many of its frames have been reported. */
struct counted {
	uint64_t number, times;
};

/* A cause that has been printed, and how often it has occurred since. */
struct told {
	char *cause;
	uint64_t more;
};

struct why {
	struct xtun_iface iface;
	struct xtun_losses losses;
	struct xtun_drops drops;
	const char *unheard;		/* why the stack's drops are not read; NULL: they are */
	uint64_t beyond;		/* frames sent by its bridge's other ports before */
	uint64_t frame;			/* argument of --frame, or 0 */
	uint64_t seconds;		/* how long to listen */
	bool follow, json;
	const char *probe;		/* argument of --probe, or NULL */
	struct xtun_pcapng pcapng;	/* out is NULL without -w */
	struct counted counted[XTUN_LOSSES];	/* those in the last look's list */
	uint64_t accounted;		/* xtun's lost frames that are reported or forgotten */
	bool lost;			/* xtun lost some, here or on an earlier one of its name */
	uint64_t dropped;		/* frames dropped by the stack */
	uint64_t missed;		/* drops.missed as last reported in JSON */
	int status;			/* not EXIT_OK: ended early with this status */
	const char *silent[XTUN_SILENCES];	/* the silences reported last */
	struct told told[TOLD];
	unsigned int n_told;		/* so far; the last are in told, by n modulo TOLD */
};

static void tell_more_of(struct told *t)
{
	if (t->more)
		printf("%" PRIu64 " more of these:\n%s", t->more, t->cause);
	t->more = 0;
}

/* Print how often each cause has occurred since it was printed. */
static void tell_more(struct why *w)
{
	for (size_t i = 0; i < TOLD; i++)
		tell_more_of(&w->told[i]);
}

/* Whether the same cause was printed before. If not, remember it as printed. */
static bool was_told(struct why *w, const struct xtun_finding *v)
{
	struct told *oldest = &w->told[w->n_told % TOLD];
	char *cause = NULL;
	size_t n;
	FILE *out = open_memstream(&cause, &n);

	if (!out)
		return false;
	xtun_finding_cause(out, v);
	fclose(out);
	for (size_t i = 0; i < TOLD; i++) {
		if (!w->told[i].cause || strcmp(w->told[i].cause, cause))
			continue;
		w->told[i].more++;
		free(cause);
		return true;
	}
	tell_more_of(oldest);
	free(oldest->cause);
	oldest->cause = cause;
	w->n_told++;
	return false;
}

static void write_frame(struct why *w, const struct xtun_finding *v)
{
	if (w->pcapng.out && v->kept)
		xtun_pcapng_frame(&w->pcapng, v);
}

static void tell(struct why *w, const struct xtun_finding *v)
{
	write_frame(w, v);
	if (w->json)
		xtun_finding_json(stdout, v, w->iface.name);
	else if (v->number || !was_told(w, v))
		xtun_finding_text(stdout, v);
}

static uint64_t times_counted(const struct why *w, const struct xtun_lost *l)
{
	for (size_t i = 0; i < XTUN_LOSSES; i++)
		if (w->counted[i].number == l->number)
			return w->counted[i].times;
	return 0;
}

/* Account for frames that were forgotten before they could be reported. */
static void tell_forgotten(struct why *w)
{
	uint64_t known = w->accounted, lost = xtun_losses_sum(&w->losses);

	for (size_t i = 0; i < w->losses.n; i++)
		known += w->losses.list[i].times - times_counted(w, &w->losses.list[i]);
	if (known < lost && !w->json)
		printf("frames no longer remembered: %" PRIu64 "\n", lost - known);
	w->accounted += lost - known;
}

/*
 * Report new losses of xtun, the oldest first. If AGAIN, also report those that were reported
 * before and have grown.
 */
static void tell_losses(struct why *w, bool again)
{
	struct counted now[XTUN_LOSSES] = { 0 };
	struct xtun_finding v;

	tell_forgotten(w);
	for (size_t i = w->losses.n; i--;) {
		const struct xtun_lost *l = &w->losses.list[i];
		uint64_t before = times_counted(w, l);

		now[i] = (struct counted){ l->number, before };
		if (l->times == before || (before && !again))
			continue;
		xtun_finding_of_lost(&v, &w->iface, l);
		tell(w, &v);
		now[i].times = l->times;
		w->accounted += l->times - before;
		w->lost = true;
	}
	memcpy(w->counted, now, sizeof(now));
}

/* Do not report earlier losses. */
static void skip_losses(struct why *w)
{
	for (size_t i = 0; i < w->losses.n; i++) {
		w->counted[i].number = w->losses.list[i].number;
		w->counted[i].times = w->losses.list[i].times;
	}
	w->accounted = xtun_losses_sum(&w->losses);
}

/* Report the stack's drops, only so many at once that signals do not have to wait. */
static void tell_drops(struct why *w)
{
	struct xtun_finding v;
	struct xtun_drop d;

	for (int i = 0; i < AT_ONCE && w->drops.fd >= 0 && xtun_drops_next(&w->drops, &d); i++) {
		if (strcmp(d.iface, w->iface.name) || !xtun_finding_of_drop(&v, &w->iface, &d))
			continue;
		tell(w, &v);
		w->dropped++;
	}
}

/* Of consecutive equal losses, the module keeps the bytes of only one about every second. */
static bool may_be_another(const struct xtun_finding *v, uint64_t frame)
{
	return v->times > 1 && (frame != v->number || v->first - v->last >= 1);
}

static void tell_with_bytes(const struct xtun_finding *v, uint64_t frame)
{
	xtun_finding_text(stdout, v);
	if (v->kept && may_be_another(v, frame))
		printf("  the bytes of one of #%" PRIu64 " to #%" PRIu64
		       ", which were lost in the same way; it need not be #%" PRIu64 "\n",
		       v->number, v->last_number, frame);
	if (v->kept)
		xtun_hex(stdout, v->bytes, v->kept);
	else
		puts("  no bytes: it never became a frame, or you may not see them");
}

static void tell_in_full(struct why *w, const struct xtun_lost *l)
{
	struct xtun_finding v;

	xtun_finding_of_lost(&v, &w->iface, l);
	write_frame(w, &v);
	if (w->json)
		xtun_finding_json(stdout, &v, w->iface.name);
	else
		tell_with_bytes(&v, w->frame);
}

/* The loss that contains the frame for certain, or NULL. */
static const struct xtun_lost *find_frame(const struct why *w)
{
	for (size_t i = 0; i < w->losses.n; i++) {
		const struct xtun_lost *l = &w->losses.list[i];

		if (w->frame == l->number || w->frame == l->last_number ||
		    (xtun_lost_in_a_row(l) && xtun_lost_may_be(l, w->frame)))
			return l;
	}
	return NULL;
}

/* If losses alternate, not every number is remembered: show all that may contain it. */
static int tell_frame(struct why *w)
{
	const struct xtun_lost *l = find_frame(w);
	bool known = l;

	if (l)
		tell_in_full(w, l);
	for (size_t i = 0; i < w->losses.n && !l; i++) {
		if (!xtun_lost_may_be(&w->losses.list[i], w->frame))
			continue;
		if (!known)
			xtun_complain("frame #%" PRIu64 " is one of these, or no longer remembered",
				      w->frame);
		known = true;
		tell_in_full(w, &w->losses.list[i]);
	}
	if (!known)
		xtun_complain("frame #%" PRIu64 " is not known, or no longer remembered", w->frame);
	return EXIT_FAILED;
}

/* Read the interface and its losses again. False if it is gone, or on an error. */
static bool look(struct why *w)
{
	struct xtun_iface now;

	if (!xtun_iface_read(w->iface.name, &now)) {
		xtun_complain("%s is gone", w->iface.name);
		xtun_obituary(w->iface.name, w->json);
		w->status = EXIT_ABSENT;
		return false;
	}
	/* Another interface of the same name counts its losses from 1. */
	if (now.index != w->iface.index) {
		memset(w->counted, 0, sizeof(w->counted));
		w->accounted = 0;
	}
	w->iface = now;
	if (xtun_losses_read(w->iface.name, &w->losses))
		return true;
	xtun_explain("/proc/net/xtun", errno, w->iface.name);
	w->status = EXIT_FAILED;
	return false;
}

static bool is_silent_still(const struct why *w, const char *name)
{
	for (size_t i = 0; i < XTUN_SILENCES && w->silent[i]; i++)
		if (!strcmp(w->silent[i], name))
			return true;
	return false;
}

static void tell_silence(struct why *w, const struct xtun_law *law)
{
	struct xtun_silence list[XTUN_SILENCES];
	size_t n = xtun_silence(&w->iface, &w->losses, law, list);

	for (size_t i = 0; i < n; i++) {
		if (is_silent_still(w, list[i].name))
			continue;
		if (w->json)
			xtun_silence_json(stdout, &list[i], w->iface.name);
		else
			xtun_silence_text(stdout, &list[i]);
	}
	for (size_t i = 0; i < XTUN_SILENCES; i++)
		w->silent[i] = i < n ? list[i].name : NULL;
}

static void tell_of_none(const struct why *w)
{
	const char *name = xtun_name(w->iface.name);

	if (w->dropped)
		printf("%s itself has lost no frames; the kernel's stack has lost %" PRIu64 ".\n",
		       name, w->dropped);
	else if (w->unheard)
		printf("%s itself has lost no frames; the kernel's stack was not monitored: %s.\n",
		       name, w->unheard);
	else
		printf("%s has lost no frames.\n", name);
}

/* Programs must not mistake an unobserved stack for one that dropped nothing. */
static void tell_unheard(const struct why *w)
{
	if (!w->json || !w->unheard)
		return;
	fputs("{\"interface\":", stdout);
	xtun_json_string(stdout, w->iface.name);
	xtun_json_member(stdout, "unheard", w->unheard);
	puts("}");
}

/* Once, after the first frame has left. */
static void tell_beyond(struct why *w)
{
	if (xtun_beyond_sent(w->iface.name) <= w->beyond)
		return;
	xtun_beyond_print(stdout, w->iface.name, w->json);
	w->beyond = UINT64_MAX;
}

/* Print the summary at the end. */
static int tell_sum(struct why *w)
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
	if (!w->json)
		tell_more(w);
	tell_unheard(w);
	tell_silence(w, &law);
	xtun_refusals_tell(stdout, w->json);
	if (!w->json && !lost)
		tell_of_none(w);
	xtun_beyond_print(stdout, w->iface.name, w->json);
	xtun_law_free(&law);
	return lost || w->dropped ? EXIT_FAILED : EXIT_OK;
}

/* False once the time is over, a signal came, the output failed, or the interface is gone. */
static bool go_on(struct why *w, int signal_fd, uint64_t rounds)
{
	if (fflush(stdout) || ferror(stdout) || (w->pcapng.out && fflush(w->pcapng.out)))
		return false;
	if (!w->follow && rounds * FOLLOW_MS >= w->seconds * 1000)
		return false;
	switch (xtun_signals_wait(-1, signal_fd, FOLLOW_MS)) {
	case 1:
		return look(w);
	case 0:
		return false;
	default:
		w->status = EXIT_FAILED;
		return false;
	}
}

/* In JSON as well as on standard error, because programs read only the former. */
static void tell_missed(struct why *w)
{
	if (!w->json || w->missed == w->drops.missed)
		return;
	w->missed = w->drops.missed;
	fputs("{\"interface\":", stdout);
	xtun_json_string(stdout, w->iface.name);
	printf(",\"missed\":%" PRIu64 "}\n", w->missed);
}

static void each_second(struct why *w)
{
	struct xtun_law law;

	if (!w->json)
		tell_more(w);
	tell_missed(w);
	if (xtun_law_judge(w->iface.name, &law))
		tell_silence(w, &law);
	xtun_law_free(&law);
	xtun_refusals_tell(stdout, w->json);
	tell_beyond(w);
	if (w->drops.fd >= 0)
		xtun_firewall_note();
}

static int listen_and_tell(struct why *w)
{
	int signal_fd = xtun_signals_open();
	uint64_t rounds = 0;
	bool second;

	if (signal_fd < 0)
		return EXIT_FAILED;
	do {
		second = rounds % (1000 / FOLLOW_MS) == 0;
		tell_losses(w, second);
		tell_drops(w);
		if (w->follow && second)
			each_second(w);
	} while (go_on(w, signal_fd, rounds++));
	close(signal_fd);
	tell_losses(w, true);
	tell_missed(w);
	if (w->drops.missed)
		xtun_complain("%" PRIu64 " more drops were not recorded: too many at once",
			      w->drops.missed);
	if (w->status)
		return w->status;
	if (!w->follow)
		return tell_sum(w);
	return w->lost || w->dropped ? EXIT_FAILED : EXIT_OK;
}

static void look_and_tell(void *arg)
{
	struct why *w = arg;

	/* Report only once that the interface is gone. */
	if (w->status)
		return;
	if (look(w))
		tell_losses(w, true);
	tell_drops(w);
}

/* Earlier losses are not related to the probe. */
static int probe(struct why *w)
{
	struct xtun_law law;
	int status;

	skip_losses(w);
	status = xtun_probe(&w->iface, w->probe, look_and_tell, w);
	tell_more(w);
	if (status && xtun_law_judge(w->iface.name, &law)) {
		tell_silence(w, &law);
		xtun_law_free(&law);
	}
	return status;
}

static const char *why_unheard(int err)
{
	switch (err) {
	case ENOENT:
		return "this kernel has no tracepoints";
	case EPERM:
	case EACCES:
		return "this needs CAP_NET_ADMIN";
	case EBUSY:
		return "the maximum number of listeners is reached";
	default:
		return strerror(err);
	}
}

/* Start to listen to the stack, if that is wanted and possible. */
static void open_drops(struct why *w)
{
	w->drops.fd = -1;
	w->unheard = "-t 0 was given";
	if ((!w->follow && !w->seconds) || w->frame)
		return;
	xtun_firewall_note();
	w->unheard = NULL;
	if (xtun_drops_open(&w->drops))
		return;
	w->unheard = why_unheard(errno);
	if (errno == ENOENT)
		xtun_complain("this kernel cannot report what its stack drops; only losses of xtun are shown");
	else
		xtun_explain("/proc/net/xtun_drops", errno, NULL);
	if (!w->follow)
		w->seconds = 0;
}

static int run(struct why *w, const char *file)
{
	FILE *out = NULL;
	int status;

	if (!look(w))
		return w->status;
	if (file) {
		out = fopen(file, "we");
		if (!out) {
			xtun_explain(file, errno, NULL);
			return EXIT_FAILED;
		}
		xtun_pcapng_begin(&w->pcapng, out, w->iface.name);
	}
	open_drops(w);
	w->beyond = xtun_beyond_sent(w->iface.name);
	if (w->probe)
		status = probe(w);
	else
		status = w->frame ? tell_frame(w) : listen_and_tell(w);
	xtun_drops_close(&w->drops);
	if (out && fclose(out)) {
		xtun_explain(file, errno, NULL);
		status = EXIT_FAILED;
	}
	if (fflush(stdout) || ferror(stdout)) {
		xtun_explain("standard output", errno, NULL);
		status = EXIT_FAILED;
	}
	for (size_t i = 0; i < TOLD; i++)
		free(w->told[i].cause);
	return status;
}

/* Unlike other counts, this may be 0. */
static bool parse_seconds(const char *text, uint64_t *seconds)
{
	*seconds = 0;
	return !strcmp(text, "0") ||
	       (xtun_parse_count("-t", text, seconds) && *seconds <= UINT32_MAX);
}

static int why_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "frame", required_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		{ "probe", required_argument, NULL, 'p' },
		{ 0 },
	};
	struct why w = { .seconds = LISTEN_S };
	const char *name, *file = NULL;
	bool known = true;
	int opt, status;

	while ((opt = getopt_long(argc, argv, "ft:w:", options, NULL)) != -1) {
		if (opt == 'f')
			w.follow = true;
		else if (opt == 'j')
			w.json = true;
		else if (opt == 'w')
			file = optarg;
		else if (opt == 'p')
			w.probe = optarg;
		else if (opt == 't')
			known = known && parse_seconds(optarg, &w.seconds);
		else
			known = known && opt == 'n' &&
				xtun_parse_count("--frame", optarg, &w.frame);
	}
	if (!known || argc - optind > 1 || (w.probe && w.json))
		return xtun_usage(&xtun_command_why);

	name = optind < argc ? argv[optind] : xtun_ifname();
	status = xtun_iface_find_own(name, &w.iface);
	if (status) {
		xtun_obituary(name, w.json);
		xtun_refusals_tell(stdout, w.json);
		return status;
	}
	return run(&w, file);
}

const struct command xtun_command_why = {
	.name = "why",
	.run = why_run,
	.args = "[-f | -t SECONDS] [--frame N] [--probe ADDRESS | --json] [-w FILE] [IFACE]",
	.summary = "show why frames were lost, and how to fix it",
	.options =
		"  -f          keep running, and report each loss as it happens\n"
		"  -t SECONDS  monitor the kernel's stack for this long (default: 2; 0: not at all)\n"
		"  --frame N   show the bytes of frame #N\n"
		"  --probe ADDRESS\n"
		"              send one echo request, and show how far it and the reply got\n"
		"  --json      print JSON, one object per line\n"
		"  -w FILE     write the frames, with their causes, as pcapng (for Wireshark)\n"
		"Exit status: 0 nothing was lost, 1 something was lost (or an error),\n"
		"2 there is no module or no such interface.\n",
};
