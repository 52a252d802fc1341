// SPDX-License-Identifier: GPL-2.0
/* Quote names for a shell. An interface's name may contain almost any character. */
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

/* Characters that a terminal obeys. In a shell's "$'...'" they are three octal digits. */
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
 * xtun_name() - make a name of unknown origin safe to print on a terminal
 * @name: name of an interface or a program
 *
 * Return: the name; quoted as for a shell if it has control characters. The last four quoted
 * results stay valid.
 */
const char *xtun_name(const char *name)
{
	static struct xtun_word words[4];
	static unsigned int n;

	return has_control(name) ? xtun_word(name, &words[n++ % ARRAY_SIZE(words)]) : name;
}

/**
 * xtun_text_print() - print text with control characters escaped
 * @out: where to
 * @text: the text; newlines stay
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
 * xtun_word_print() - print a name as one word of a shell command
 * @out: where to
 * @name: the name
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
 * xtun_word() - like xtun_word_print(), but into memory
 * @name: the name
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
