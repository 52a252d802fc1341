// SPDX-License-Identifier: GPL-2.0
/* What mends it and what takes that back: the same words of a loss, a silence, what is gone. */
#include "why.h"

/**
 * xtun_cause_print() - what is to be done about it, a line each
 * @out: where to
 * @cause: it; of why nothing is said
 */
void xtun_cause_print(FILE *out, const struct xtun_cause *cause)
{
	if (cause->cure[0])
		fprintf(out, "  what mends it: %s\n", cause->cure);
	if (cause->undo[0])
		fprintf(out, "  what takes that back: %s\n", cause->undo);
	if (!cause->advice[0])
		return;
	fprintf(out, "  %s: ", cause->cure[0] ? "or" : "what mends it");
	xtun_text_print(out, cause->advice);
	fputc('\n', out);
}

/**
 * xtun_cause_json() - the same for programs: members of an object that has one before
 * @out: where to
 * @cause: it
 */
void xtun_cause_json(FILE *out, const struct xtun_cause *cause)
{
	xtun_json_member(out, "cure", cause->cure);
	xtun_json_member(out, "undo", cause->undo);
	xtun_json_member(out, "advice", cause->advice);
}
