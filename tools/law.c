// SPDX-License-Identifier: GPL-2.0
/*
 * The law: for each queue and direction, in = out + waiting + lost.
 *
 * It is exact while the queue is quiet. While frames move, a reading of the
 * counters may be off by as many frames as moved. So the counters are read again a
 * few times, and the law counts as broken only if it is off by more than that.
 */
#include "status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAUSE_US 20000

const char *xtun_verdict_name(enum xtun_verdict verdict)
{
	static const char *const names[] = {
		[XTUN_HOLDS] = "holds",
		[XTUN_BUSY] = "busy",
		[XTUN_BROKEN] = "broken",
	};

	return names[verdict];
}

static uint64_t lost(const struct xtun_counters *c, const struct xtun_flow *f)
{
	struct xtun_counter_name name;
	uint64_t sum = 0;

	for (size_t i = 0; i < c->n; i++)
		if (xtun_counter_split(c->list[i].name, &name) && name.loss &&
		    name.queue == f->queue && name.direction == f->direction)
			sum += c->list[i].value;
	return sum;
}

static void sum_up(struct xtun_flow *f, const struct xtun_counters *c)
{
	f->counters = c;
	f->in = xtun_counter_get(c, f->queue, f->direction, "in");
	f->out = xtun_counter_get(c, f->queue, f->direction, "out");
	f->waiting = xtun_counter_get(c, f->queue, f->direction, "waiting");
	f->lost = lost(c, f);
	f->off = f->in - f->out - f->waiting - f->lost;
}

static uint64_t magnitude(long long v)
{
	return v < 0 ? -(uint64_t)v : (uint64_t)v;
}

/* Judge a flow by a new reading and the one before (NULL if there is none). */
static void judge(struct xtun_flow *f, const struct xtun_counters *now,
		  const struct xtun_counters *before)
{
	struct xtun_flow was = *f;
	uint64_t moved = 0;

	sum_up(f, now);
	if (before) {
		sum_up(&was, before);
		moved = f->in - was.in + f->out - was.out + f->lost - was.lost;
	}
	if (!f->off)
		f->verdict = XTUN_HOLDS;
	else if (magnitude(f->off) > moved)
		f->verdict = XTUN_BROKEN;
	else
		f->verdict = XTUN_BUSY;
}

static struct xtun_flow *find(struct xtun_law *law, const struct xtun_counter_name *name)
{
	for (size_t i = 0; i < law->flows; i++)
		if (law->flow[i].queue == name->queue &&
		    law->flow[i].direction == name->direction)
			return &law->flow[i];
	return NULL;
}

static int by_queue(const void *a, const void *b)
{
	const struct xtun_flow *x = a, *y = b;

	if (x->queue != y->queue)
		return x->queue < y->queue ? -1 : 1;
	return (int)x->direction - (int)y->direction;
}

/* Every queue and direction that this reading names. */
static bool list_flows(struct xtun_law *law, const struct xtun_counters *c)
{
	struct xtun_counter_name name;

	law->flow = calloc(c->n + 1, sizeof(*law->flow));
	if (!law->flow)
		return false;
	for (size_t i = 0; i < c->n; i++) {
		if (!xtun_counter_split(c->list[i].name, &name) ||
		    name.direction == XTUN_DIRECTIONS || find(law, &name))
			continue;
		law->flow[law->flows++] = (struct xtun_flow){
			.queue = name.queue,
			.direction = name.direction,
		};
	}
	qsort(law->flow, law->flows, sizeof(*law->flow), by_queue);
	return true;
}

/* A flow that held once is not judged again, and keeps the numbers that held. */
static bool judge_all(struct xtun_law *law)
{
	struct xtun_counters *now = law->readings[law->n - 1];
	struct xtun_counters *before = law->n > 1 ? law->readings[law->n - 2] : NULL;
	bool all = true;

	for (size_t i = 0; i < law->flows; i++) {
		struct xtun_flow *f = &law->flow[i];

		if (!f->counters || f->verdict != XTUN_HOLDS)
			judge(f, now, before);
		all = all && f->verdict == XTUN_HOLDS;
	}
	return all;
}

/* False with errno if the counters cannot be read. */
bool xtun_law_judge(const char *ifname, struct xtun_law *law)
{
	bool all = false;

	memset(law, 0, sizeof(*law));
	while (!all && law->n < ARRAY_SIZE(law->readings)) {
		struct xtun_counters *c = xtun_counters_read(ifname);

		if (!c)
			return false;
		law->readings[law->n++] = c;
		if (!law->flow && !list_flows(law, c))
			return false;
		all = judge_all(law);
		if (!all)
			usleep(PAUSE_US);
	}
	return true;
}

void xtun_law_free(struct xtun_law *law)
{
	for (size_t i = 0; i < law->n; i++)
		free(law->readings[i]);
	free(law->flow);
}
