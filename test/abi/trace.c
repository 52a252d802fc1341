// SPDX-License-Identifier: GPL-2.0
/* What a run recorded, as lines that can be compared. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include "abi.h"

#define SHOWN	64

const char *errno_name(int error)
{
	const char *name = strerrorname_np(error);

	return name ? name : "an unknown errno";
}

void trace_add(struct trace *t, int step, const char *key, const char *fmt, ...)
{
	struct line *line;
	va_list ap;

	if (t->n == TRACE_LINES)
		die("a trace has more than %d lines", TRACE_LINES);
	line = &t->lines[t->n++];
	line->step = step;
	snprintf(line->key, sizeof(line->key), "%s", key);
	va_start(ap, fmt);
	vsnprintf(line->value, sizeof(line->value), fmt, ap);
	va_end(ap);
}

void trace_more(struct trace *t, const char *fmt, ...)
{
	struct line *line = &t->lines[t->n - 1];
	size_t used = strlen(line->value);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line->value + used, sizeof(line->value) - used, fmt, ap);
	va_end(ap);
}

void trace_result(struct trace *t, int step, const char *key, long ret)
{
	if (ret < 0)
		trace_add(t, step, key, "%s", errno_name(errno));
	else
		trace_add(t, step, key, "%ld", ret);
}

void trace_bytes(struct trace *t, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t hash = 2166136261u;	/* FNV-1a */
	size_t i;

	trace_more(t, " ");
	for (i = 0; i < len; i++) {
		hash = (hash ^ p[i]) * 16777619u;
		if (i < SHOWN)
			trace_more(t, "%02x", p[i]);
	}
	if (len > SHOWN)
		trace_more(t, "... of %zu, hash %08x", len, hash);
}

static const struct line *line_find(const struct trace *t, const struct line *like)
{
	unsigned int i;

	for (i = 0; i < t->n; i++)
		if (t->lines[i].step == like->step && !strcmp(t->lines[i].key, like->key))
			return &t->lines[i];
	return NULL;
}

static void difference_of(struct difference *d, const struct line *any, const struct line *a,
			  const struct line *b)
{
	d->step = any->step;
	snprintf(d->key, sizeof(d->key), "%s", any->key);
	snprintf(d->a, sizeof(d->a), "%s", a ? a->value : "(nothing)");
	snprintf(d->b, sizeof(d->b), "%s", b ? b->value : "(nothing)");
}

int trace_differ(const struct trace *a, const struct trace *b, int after, struct difference *d)
{
	unsigned int i;

	/* First the lines of @a, then those that only @b has. */
	for (i = after; i < a->n + b->n; i++) {
		const struct line *x = i < a->n ? &a->lines[i] : NULL;
		const struct line *y = x ? line_find(b, x) : &b->lines[i - a->n];

		if (x ? !y || strcmp(x->value, y->value) : !line_find(a, y)) {
			difference_of(d, x ? x : y, x, y);
			return i + 1;
		}
	}
	return -1;
}
