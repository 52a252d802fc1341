// SPDX-License-Identifier: GPL-2.0
/* JSON strings (RFC 8259). Bytes that are not valid UTF-8 are replaced. */
#include "tool.h"

/* Length of the UTF-8 character at s, 0 if it is not valid. */
static int utf8_length(const unsigned char *s)
{
	int n = *s < 0x80 ? 1 : *s >= 0xc2 && *s < 0xe0 ? 2 : *s >= 0xe0 && *s < 0xf0 ? 3 :
		*s >= 0xf0 && *s < 0xf5 ? 4 : 0;

	for (int i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* RFC 3629: an overlong form, a UTF-16 surrogate, or above U+10FFFF. */
	if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
	    (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

void xtun_json_string(FILE *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	int n;

	fputc('"', out);
	for (; *s; s += n ? n : 1) {
		n = utf8_length(s);
		if (!n)
			fputs("\\ufffd", out);
		else if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if (*s < 0x20)
			fprintf(out, "\\u%04x", *s);
		else
			fwrite(s, 1, n, out);
	}
	fputc('"', out);
}

/* Print a member that is not the object's first. Empty text becomes null. */
void xtun_json_member(FILE *out, const char *key, const char *text)
{
	fprintf(out, ",\"%s\":", key);
	if (*text)
		xtun_json_string(out, text);
	else
		fputs("null", out);
}
