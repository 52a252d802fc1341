// SPDX-License-Identifier: GPL-2.0
/* Names as a shell takes them: of interfaces, which may have any character but a few. */
#include "tool.h"

#include <ctype.h>
#include <string.h>

static bool is_plain(const char *name)
{
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("._-", *name))
			return false;
	return true;
}

/**
 * xtun_word_print() - a name as one word of a command, whatever is in it
 * @out: where to
 * @name: it
 */
void xtun_word_print(FILE *out, const char *name)
{
	if (is_plain(name)) {
		fputs(name, out);
		return;
	}
	fputc('\'', out);
	for (; *name; name++) {
		if (*name == '\'')
			fputs("'\\''", out);
		else
			fputc(*name, out);
	}
	fputc('\'', out);
}

/**
 * xtun_word() - the same into memory
 * @name: it
 * @word: filled
 *
 * Return: @word.
 */
const char *xtun_word(const char *name, struct xtun_word *word)
{
	FILE *out = fmemopen(word->text, sizeof(word->text), "w");

	word->text[0] = '\0';
	if (!out)
		return name;
	xtun_word_print(out, name);
	fclose(out);
	word->text[sizeof(word->text) - 1] = '\0';
	return word->text;
}
