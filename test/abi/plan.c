// SPDX-License-Identifier: GPL-2.0
/*
 * Which sequences are run: each word alone, each call after each other one, and random
 * ones. The seed and a sequence's number determine it.
 */
#include <string.h>

#include "abi.h"

/* Words in a situation. */
#define SITUATION	3

/*
 * Most calls do little on a file that is not attached or an interface that is down.
 * Some only matter with two files, or with an interface without any.
 */
static const char * const situations[][SITUATION] = {
	{ NULL },
	{ "a TUNSETIFF tap" },
	{ "a TUNSETIFF tap vnet", "a ip-link up" },
	{ "a TUNSETIFF tun", "a ip-link up" },
	{ "a TUNSETIFF tap multi", "b TUNSETIFF tap multi", "a ip-link up" },
	{ "a TUNSETIFF tap pi", "a TUNSETPERSIST 1", "a open again" },
};

#define SITUATIONS	(sizeof(situations) / sizeof(*situations))

/* splitmix64 */
static uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static void begin(struct sequence *s, unsigned int situation)
{
	unsigned int i;

	s->n = 0;
	for (i = 0; i < SITUATION && situations[situation][i]; i++)
		s->words[s->n++] = word_find(situations[situation][i]);
}

/* The calls that can come second: all on the same file, some on the other. */
static unsigned int seconds(void)
{
	unsigned int i, n = n_ops;

	for (i = 0; i < n_ops; i++)
		n += ops[i].both;
	return n;
}

static unsigned int second(unsigned int which, unsigned int arg)
{
	unsigned int i;

	if (which < n_ops)
		return word_of(0, which, arg);
	which -= n_ops;
	for (i = 0; !ops[i].both || which--; i++)
		;
	return word_of(1, i, arg);
}

static unsigned long all_alone(const struct plan *p)
{
	return p->alone * words_of_first() * SITUATIONS;
}

static unsigned long all_pairs(const struct plan *p)
{
	return p->pairs * n_ops * seconds();
}

unsigned long plan_sequences(const struct plan *p)
{
	return p->say ? 1 : all_alone(p) + all_pairs(p) + p->random;
}

static void said(struct sequence *s, const char *text)
{
	char word[TRACE_KEY * 2];

	for (s->n = 0; *text; text += strspn(text, "; ")) {
		size_t len = strcspn(text, ";");
		int found;

		snprintf(word, sizeof(word), "%.*s", (int)len, text);
		found = word_find(word);
		if (found < 0 || s->n == STEPS)
			die("%s: that word is %s", word, found < 0 ? "unknown" : "one too many");
		s->words[s->n++] = found;
		text += len;
	}
}

static void alone(struct sequence *s, unsigned long number)
{
	begin(s, number % SITUATIONS);
	s->words[s->n++] = number / SITUATIONS % words_of_first();
}

/* First attached in one of the ways; in every second round not attached at all. */
static void pair(struct sequence *s, unsigned long number, uint64_t state)
{
	unsigned int which = number % (n_ops * seconds());
	unsigned long round = number / (n_ops * seconds());

	begin(s, round % 2 ? 0 : 1 + draw(&state) % (SITUATIONS - 1));
	s->words[s->n++] = word_of(0, which / seconds(), draw(&state));
	s->words[s->n++] = second(which % seconds(), draw(&state));
}

static void random_words(struct sequence *s, uint64_t state)
{
	unsigned int i;

	s->n = 1 + draw(&state) % STEPS;
	for (i = 0; i < s->n; i++)
		s->words[i] = draw(&state) % words_count();
	if (draw(&state) % 4)
		s->words[0] = draw(&state) % 14;	/* the words of TUNSETIFF that succeed */
	if (s->n > 1 && draw(&state) % 2)
		s->words[1 + draw(&state) % (s->n - 1)] = word_find("a ip-link up");
}

void plan_sequence(const struct plan *p, unsigned long number, struct sequence *s)
{
	uint64_t state = p->seed ^ (number + 1) * 0xd1342543de82ef95ull;

	if (p->say)
		said(s, p->say);
	else if (number < all_alone(p))
		alone(s, number);
	else if (number < all_alone(p) + all_pairs(p))
		pair(s, number - all_alone(p), state);
	else
		random_words(s, state);
}
