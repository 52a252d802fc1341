// SPDX-License-Identifier: GPL-2.0
/* What /proc/net/xtun shows about interfaces that are gone. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "flaw.h"
#include "xt.h"

#define MOST	8	/* the number that a namespace remembers */

static int lines(const char *wanted, char *first, size_t size)
{
	FILE *f = fopen("/proc/net/xtun", "re");
	char line[300];
	int n = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (!strstr(line, wanted))
			continue;
		if (!n++)
			snprintf(first, size, "%.*s", (int)strcspn(line, "\n"), line);
	}
	if (f)
		fclose(f);
	return n;
}

static bool ends_with(const char *line, const char *end)
{
	size_t n = strlen(line), m = strlen(end);

	return n >= m && !strcmp(line + n - m, end);
}

static void abandoned(void)
{
	char line[300] = "", end[100];
	int fd = flaw_new("dead1", TAP);
	ssize_t n;

	n = write(fd, line, 60);
	ok(n == -1 && errno == EIO, "a write to an interface that is down (%zd)", n);
	/* A name that would make two lines. */
	prctl(PR_SET_NAME, "a\nlost0: gone");
	close(fd);
	snprintf(end, sizeof(end), " s ago: a\\012lost0: gone[%d] closed its last file; it had lost 1, the last ",
		 getpid());
	ok(lines("dead1: gone ", line, sizeof(line)) == 1 && strstr(line, end) &&
	   ends_with(line, " s ago: rx_lost_down, errno 5"), "its obituary has both: %s", line);
}

static void is_kind(const char *name, const char *kind)
{
	char wanted[50], line[300] = "";

	snprintf(wanted, sizeof(wanted), "%s: gone ", name);
	lines(wanted, line, sizeof(line));
	snprintf(wanted, sizeof(wanted), " s ago%s: ", kind);
	ok(strstr(line, wanted), "what it was: %s", line);
}

static void kinds(void)
{
	close(flaw_new("dead3", TUN));
	is_kind("dead3", ", a tun");
	run("ip link add dead4 numtxqueues 4 type xtun; ip link del dead4");
	is_kind("dead4", ", a tap of 4 queues");
	run("ip link add dead5 type xtun; ip link del dead5");
	is_kind("dead5", "");
}

/* It is gone only from this namespace. */
static void moved(void)
{
	char line[300] = "";

	if (!xt_namespaces("an interface that moves to another namespace"))
		return;
	run("ip netns add dead; ip link add dead6 type xtun; ip link set dead6 netns dead");
	ok(lines("dead6: gone ", line, sizeof(line)) == 1 &&
	   strstr(line, " s ago: moved to another namespace by ip[") && ends_with(line, "]"),
	   "one that moved to another namespace: %s", line);
	run("ip netns exec dead ip link del dead6; ip netns del dead");
	ok(lines("dead6: gone ", line, sizeof(line)) == 1, "... whatever becomes of it there");
}

static void deleted(void)
{
	char line[300] = "";
	int i;

	run("ip link add dead2 type xtun; ip link del dead2");
	ok(lines("dead2: gone ", line, sizeof(line)) == 1 && strstr(line, " s ago: ip[") &&
	   ends_with(line, "] deleted it"), "one that was deleted, by whom: %s", line);
	ok(lines(": gone ", line, sizeof(line)) > 1 && !strncmp(line, "dead2:", 6),
	   "the last one is the first");
	for (i = 0; i < 2 * MOST; i++)
		run("ip link add dead%d type xtun; ip link del dead%d", i, i);
	ok(lines(": gone ", line, sizeof(line)) == MOST, "the last %d are remembered", MOST);
}

/* A program that did not get its interface has not lost one. */
static void refused(void)
{
	char line[300] = "";
	int fd = flaw_open();

	fails(flaw_attach(fd, "a/b", TAP), EINVAL, "an interface that cannot be");
	ok(!lines("a/b: gone ", line, sizeof(line)), "... never was");
	close(fd);
}

void theme_dead(void)
{
	abandoned();
	kinds();
	moved();
	deleted();
	refused();
}
