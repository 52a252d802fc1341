// SPDX-License-Identifier: GPL-2.0
/* What an error means here, and what to do next. */
#include "tool.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

void xtun_complain(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fputs("xtun: ", stderr);
	xtun_text_print(stderr, text);
	fputc('\n', stderr);
}

static const struct {
	const char *what;
	int err;
	const char *advice;	/* '@' stands for the interface */
} advices[] = {
	{ "open", ENOENT, XTUN_NOT_LOADED },
	{ "open", ENXIO, XTUN_NOT_LOADED },
	{ "open", EACCES, "you may not open it. Run this as root, or see man 4 xtun" },
	{ "read", ENODEV, "no interface @ in this namespace. Type: ip link add @ type xtun" },
	{ "read", EPERM, "you may not use @. Run this as root, or see man 4 xtun" },
	{ "read", EBUSY, "another program has exclusive use of @. 'xtun status @' names it" },
	{ "read", EBADFD, "the interface was deleted. Start again once it is back" },
	{ "write", EIO, "@ is down, so the frame was not accepted. Type: ip link set dev @ up" },
	{ "write", EINVAL, "the frame is shorter or longer than the interface accepts" },
	{ "write", EBADFD, "the interface was deleted. Start again once it is back" },
	{ "write", ENOMEM, "the kernel had no memory for the frame" },
	{ "socket", EPERM, "capturing needs CAP_NET_RAW. Run this as root" },
	{ "socket", EAFNOSUPPORT, "this kernel has no packet sockets. Type: modprobe af_packet" },
};

/* Replaces '@' by the interface, if that is known. */
void xtun_print_about(FILE *out, const char *text, const char *ifname)
{
	for (; *text; text++) {
		if (*text == '@' && ifname)
			xtun_word_print(out, ifname);
		else
			fputc(*text, out);
	}
}

void xtun_explain(const char *what, int err, const char *ifname)
{
	const char *advice = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(advices); i++)
		if (advices[i].err == err && !strcmp(advices[i].what, what))
			advice = advices[i].advice;

	fprintf(stderr, "xtun: %s: %s", xtun_name(what), strerror(err));
	if (advice) {
		fputs(": ", stderr);
		xtun_print_about(stderr, advice, ifname);
	}
	fputc('\n', stderr);
}
