/* SPDX-License-Identifier: GPL-2.0 */
/* The lines that the tests of the tool print. */
#ifndef XTUN_TAP_H
#define XTUN_TAP_H

#include <stdbool.h>
#include <stdio.h>

static int tap_tests, tap_failures;

static bool ok(bool good, const char *name)
{
	tap_tests++;
	tap_failures += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", tap_tests, name);
	return good;
}

static int tap_end(void)
{
	printf("1..%d\n", tap_tests);
	return tap_failures != 0;
}

#endif
