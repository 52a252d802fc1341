// SPDX-License-Identifier: GPL-2.0
/* Who is to read an interface, and what keeps them from it. */
#include "why.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of /proc/PID/status: the letter of proc(5), and who traces it. */
static void read_state(pid_t pid, char *state, long *tracer)
{
	char path[64], line[128];
	FILE *in;

	*state = '?';
	*tracer = 0;
	snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
	in = fopen(path, "re");
	while (in && fgets(line, sizeof(line), in))
		if (sscanf(line, "State: %c", state) != 1)
			sscanf(line, "TracerPid: %ld", tracer);
	if (in)
		fclose(in);
}

static void print_reader(FILE *out, const struct xtun_user *u)
{
	char state;
	long tracer;

	read_state(u->pid, &state, &tracer);
	fprintf(out, "%s[%ld]", xtun_name(u->comm), (long)u->pid);
	if (state == 't')
		fprintf(out, ", which process %ld holds in a debugger", tracer);
	else if (state == 'T')
		fputs(", which is stopped (kill -CONT goes on)", out);
	else if (state == 'Z')
		fputs(", which is dead, and not yet waited for", out);
}

static bool is_reader(const struct xtun_user *u, const char *ifname)
{
	return u->reads && u->pid != getpid() && !strcmp(u->ifname, ifname);
}

/* Several files of a process, or one by several numbers. */
static bool is_same(const struct xtun_user *a, const struct xtun_user *b)
{
	return a->pid == b->pid && a->queue == b->queue;
}

/**
 * xtun_readers_print() - who has an interface open to read, and whether they can
 * @out: where to
 * @ifname: its name
 *
 * A file that was inherited or passed on is told of with each process that has it.
 */
void xtun_readers_print(FILE *out, const char *ifname)
{
	const struct xtun_user *last = NULL;
	struct xtun_users users;

	xtun_users_scan(&users);
	for (size_t i = 0; i < users.n; i++) {
		const struct xtun_user *u = &users.list[i];

		if (!is_reader(u, ifname) || (last && is_same(u, last)))
			continue;
		if (last)
			fputs("; ", out);
		print_reader(out, u);
		last = u;
	}
	if (!last)
		fputs("nobody that may be seen here", out);
	free(users.list);
}
