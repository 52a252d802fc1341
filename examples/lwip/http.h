/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef HTTP_H
#define HTTP_H

#include <stdio.h>
#include <string.h>

#include "lwip/err.h"

#define HTTP_PORT	80

/* Listen on every address of this lwIP and serve in threads; returns 0 or -1. */
int http_serve(void);

/* Write the body at the URL to out; returns 0 if it is complete and a 200, else -1. */
int http_fetch(const char *url, FILE *out);

static inline const char *http_error(err_t e)
{
	switch (e) {
	case ERR_TIMEOUT:
		return "nothing came in time";
	case ERR_ABRT:
		return "no answer; is the interface up, and --gateway right?";
	case ERR_CLSD:
		return "closed by the other side";
	default:
		return strerror(err_to_errno(e));
	}
}

#endif
