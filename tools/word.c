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

/* What a terminal would obey; there "$'...'" of a shell has it as three digits. */
static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 127;
}

static void print_control(FILE *out, const char *name)
{
	fputs("$'", out);
	for (; *name; name++) {
		if (is_control(*name))
			fprintf(out, "\\%03o", (unsigned char)*name);
		else if (*name == '\'' || *name == '\\')
			fprintf(out, "\\%c", *name);
		else
			fputc(*name, out);
	}
	fputc('\'', out);
}

static bool has_control(const char *name)
{
	for (; *name; name++)
		if (is_control(*name))
			return true;
	return false;
}

/**
 * xtun_name() - a name for people, who may have anybody's on their terminal
 * @name: of an interface or a program
 *
 * Return: it, or as the shell would write it; the last four stay as they are.
 */
const char *xtun_name(const char *name)
{
	static struct xtun_word words[4];
	static unsigned int n;

	return has_control(name) ? xtun_word(name, &words[n++ % ARRAY_SIZE(words)]) : name;
}

/**
 * xtun_text_print() - text in which such names are
 * @out: where to
 * @text: may be of several lines
 */
void xtun_text_print(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (is_control(*text) && *text != '\n')
			fprintf(out, "\\%03o", (unsigned char)*text);
		else
			fputc(*text, out);
	}
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
	if (has_control(name)) {
		print_control(out, name);
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
