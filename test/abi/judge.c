// SPDX-License-Identifier: GPL-2.0
/* One sequence on both devices: what differs, and the shortest sequence that shows it. */
#include <string.h>

#include "abi.h"

void judge(const struct pair *p, const struct sequence *s, const char *name, struct verdict *v)
{
	static struct trace a, b;
	int at = 0;

	memset(v, 0, sizeof(*v));
	run_sequence(&p->a, s, name, &a);
	run_sequence(&p->b, s, name, &b);
	while ((at = trace_differ(&a, &b, at, &v->difference)) >= 0) {
		int i = p->same ? -1 : intended_find(s, &a, &v->difference);

		if (i < 0) {
			v->differs = true;
			return;
		}
		v->intended[i]++;
		if (intended[i].parts)
			return;
	}
}

void signature(const struct sequence *s, const struct difference *d, char *text, size_t size)
{
	char word[TRACE_KEY * 2] = "afterwards";

	if (d->step >= 0)
		word_text(s->words[d->step], word, sizeof(word));
	snprintf(text, size, "%s|%s|%.100s|%.100s", word, d->key, d->a, d->b);
}

static bool without(const struct pair *p, struct sequence *s, const char *name, struct verdict *v,
		    unsigned int i)
{
	struct sequence shorter = *s;
	struct verdict now;

	memmove(&shorter.words[i], &shorter.words[i + 1],
		(shorter.n - i - 1) * sizeof(*shorter.words));
	shorter.n--;
	judge(p, &shorter, name, &now);
	if (!now.differs || strcmp(now.difference.key, v->difference.key))
		return false;
	*s = shorter;
	*v = now;
	return true;
}

void minimise(const struct pair *p, struct sequence *s, const char *name, struct verdict *v)
{
	bool again;
	unsigned int i;

	do {
		again = false;
		for (i = s->n; i-- > 0;)
			if (without(p, s, name, v, i))
				again = true;
	} while (again);
}
