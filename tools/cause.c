// SPDX-License-Identifier: GPL-2.0
/* Print how to fix a cause and how to revert that: for losses, silences and gone interfaces. */
#include "why.h"

/**
 * xtun_cause_print() - print what to do about a cause, one item a line
 * @out: where to
 * @cause: the cause; its why is not printed
 */
void xtun_cause_print(FILE *out, const struct xtun_cause *cause)
{
	if (cause->cure[0])
		fprintf(out, "  fix: %s\n", cause->cure);
	if (cause->undo[0])
		fprintf(out, "  undo: %s\n", cause->undo);
	if (!cause->advice[0])
		return;
	fprintf(out, "  %s: ", cause->cure[0] ? "or" : "fix");
	xtun_text_print(out, cause->advice);
	fputc('\n', out);
}

/**
 * xtun_cause_json() - print it for programs, as members behind another of a JSON object
 * @out: where to
 * @cause: the cause
 */
void xtun_cause_json(FILE *out, const struct xtun_cause *cause)
{
	xtun_json_member(out, "cure", cause->cure);
	xtun_json_member(out, "undo", cause->undo);
	xtun_json_member(out, "advice", cause->advice);
}
