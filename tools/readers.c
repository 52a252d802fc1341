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

static void print_user(FILE *out, const struct xtun_user *u)
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
		fputs(", which has ended, and is not yet waited for", out);
}

static bool reads(const struct xtun_user *u, const char *ifname, unsigned int queue)
{
	return u->reads && (unsigned int)u->queue == queue && u->pid != getpid() &&
	       !strcmp(u->ifname, ifname);
}

static bool writes(const struct xtun_user *u, const char *ifname)
{
	return u->writes && u->pid != getpid() && !strcmp(u->ifname, ifname);
}

/* The next of a list, but for what is of the process that was told of last. */
static void print_next(FILE *out, const struct xtun_user *u, pid_t *last)
{
	if (u->pid == *last)
		return;
	if (*last)
		fputs("; ", out);
	print_user(out, u);
	*last = u->pid;
}

static void print_end(FILE *out, pid_t last)
{
	if (!last)
		fputs("nobody that may be seen here", out);
}

/**
 * xtun_readers_print() - who has a queue open to read, and whether they can
 * @out: where to
 * @ifname: the interface's name
 * @queue: its number
 *
 * A file that was inherited or passed on is told of with each process that has it.
 */
void xtun_readers_print(FILE *out, const char *ifname, unsigned int queue)
{
	struct xtun_users users;
	pid_t last = 0;

	xtun_users_scan(&users);
	for (size_t i = 0; i < users.n; i++)
		if (reads(&users.list[i], ifname, queue))
			print_next(out, &users.list[i], &last);
	print_end(out, last);
	free(users.list);
}

/**
 * xtun_writers_print() - who has an interface open to write
 * @out: where to
 * @ifname: its name
 */
void xtun_writers_print(FILE *out, const char *ifname)
{
	struct xtun_users users;
	pid_t last = 0;

	xtun_users_scan(&users);
	for (size_t i = 0; i < users.n; i++)
		if (writes(&users.list[i], ifname))
			print_next(out, &users.list[i], &last);
	print_end(out, last);
	free(users.list);
}

/**
 * xtun_readers_count() - how many files a queue is open by to read
 * @ifname: the interface's name
 * @queue: its number
 *
 * Return: as the module counts them, whoever may see their processes.
 */
uint64_t xtun_readers_count(const char *ifname, unsigned int queue)
{
	struct xtun_counters *counters = xtun_counters_read(ifname);
	uint64_t n = 0;

	if (counters)
		n = xtun_counter_get(counters, queue, XTUN_DIRECTIONS, "readers");
	free(counters);
	return n;
}

/* Half a number would be another process. */
static void add_pid(char *pids, size_t size, pid_t pid)
{
	size_t n = strlen(pids);

	if ((size_t)snprintf(pids + n, size - n, " %ld", (long)pid) >= size - n)
		pids[n] = '\0';
}

struct held {
	char stopped[160];	/* by a signal: their pids, each after a space; or empty */
	long tracer;		/* who holds one in a debugger; 0 if nobody does */
};

static void look_who_is_held(struct held *held, const char *ifname, unsigned int queue)
{
	struct xtun_users users;
	pid_t last = 0;
	long tracer;
	char state;

	memset(held, 0, sizeof(*held));
	xtun_users_scan(&users);
	for (size_t i = 0; i < users.n; i++) {
		const struct xtun_user *u = &users.list[i];

		if (!reads(u, ifname, queue) || u->pid == last)
			continue;
		last = u->pid;
		read_state(u->pid, &state, &tracer);
		if (state == 'T')
			add_pid(held->stopped, sizeof(held->stopped), u->pid);
		else if (state == 't')
			held->tracer = tracer;
	}
	free(users.list);
}

/**
 * xtun_readers_wake() - what lets those read who are kept from it
 * @cause: its cure, undo and advice are replaced if there is such a one
 * @ifname: the interface's name
 * @queue: its number
 *
 * Only what is stopped by a signal goes on by one.
 *
 * Return: true if there is.
 */
bool xtun_readers_wake(struct xtun_cause *cause, const char *ifname, unsigned int queue)
{
	struct held held;

	look_who_is_held(&held, ifname, queue);
	if (!held.stopped[0] && !held.tracer)
		return false;
	cause->cure[0] = '\0';
	cause->undo[0] = '\0';
	cause->advice[0] = '\0';
	if (held.stopped[0]) {
		snprintf(cause->cure, sizeof(cause->cure), "kill -CONT%s", held.stopped);
		snprintf(cause->undo, sizeof(cause->undo), "kill -STOP%s", held.stopped);
	}
	if (held.tracer)
		snprintf(cause->advice, sizeof(cause->advice),
			 "have the debugger let it go on, or end that: it is process %ld",
			 held.tracer);
	return true;
}
