// SPDX-License-Identifier: GPL-2.0
/* The words: each call with each of its arguments, on each of the files. */
#include <string.h>

#include "abi.h"

static unsigned int words_per_file(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < n_ops; i++)
		n += ops[i].n_args;
	return n;
}

unsigned int words_count(void)
{
	return FILES * words_per_file();
}

unsigned int words_of_first(void)
{
	return words_per_file();
}

static const struct op *word_op(unsigned int word, int *file, unsigned int *arg)
{
	unsigned int i;

	*file = word / words_per_file();
	word %= words_per_file();
	for (i = 0; word >= ops[i].n_args; i++)
		word -= ops[i].n_args;
	*arg = word;
	return &ops[i];
}

unsigned int word_of(int file, unsigned int op, unsigned int arg)
{
	unsigned int word = file * words_per_file() + arg % ops[op].n_args, i;

	for (i = 0; i < op; i++)
		word += ops[i].n_args;
	return word;
}

void word_text(unsigned int word, char *text, size_t size)
{
	unsigned int arg;
	int file;
	const struct op *op = word_op(word, &file, &arg);

	snprintf(text, size, "%c %s %s", 'a' + file, op->name, op->args[arg].text);
}

int word_find(const char *text)
{
	char each[TRACE_KEY * 2];
	unsigned int word;

	for (word = 0; word < words_count(); word++) {
		word_text(word, each, sizeof(each));
		if (!strcmp(each, text))
			return word;
	}
	return -1;
}

void word_say(struct run *r, unsigned int word)
{
	char text[TRACE_KEY * 2];
	unsigned int arg;
	int file;
	const struct op *op = word_op(word, &file, &arg);

	word_text(word, text, sizeof(text));
	if (r->side->instead && !strcmp(r->side->instead, text))
		arg = (arg + 1) % op->n_args;
	op->call(r, file, op, &op->args[arg]);
}
