// SPDX-License-Identifier: GPL-2.0
/* The processes that have an interface open, and what keeps them from reading. */
#include "why.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Read /proc/PID/status: the state's letter, see proc(5), and the tracer. */
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
		fprintf(out, ", held by its debugger, process %ld", tracer);
	else if (state == 'T')
		fputs(", which is stopped (kill -CONT resumes it)", out);
	else if (state == 'Z')
		fputs(", which has ended (a zombie)", out);
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

/* Print the next one of a list, unless it is the same process as the last. */
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
		fputs("no visible process", out);
}

/**
 * xtun_readers_print() - print who has a queue open for reading, and whether they can read
 * @out: where to
 * @ifname: the interface's name
 * @queue: number of the queue
 *
 * A file that was inherited or passed on is printed for each process that has it.
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
 * xtun_writers_print() - print who has an interface open for writing
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
 * xtun_readers_count() - how many files have a queue open for reading
 * @ifname: the interface's name
 * @queue: number of the queue
 *
 * Return: the module's count, which includes processes that are not visible here.
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

/* A truncated number would name another process: leave it out. */
static void add_pid(char *pids, size_t size, pid_t pid)
{
	size_t n = strlen(pids);

	if ((size_t)snprintf(pids + n, size - n, " %ld", (long)pid) >= size - n)
		pids[n] = '\0';
}

struct held {
	char stopped[160];	/* pids of those stopped by a signal, each after a space */
	long tracer;		/* the debugger that holds one; 0 if none */
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
 * xtun_readers_wake() - how to resume readers that are stopped
 * @cause: its cure, undo and advice are replaced if a reader is stopped
 * @ifname: the interface's name
 * @queue: number of the queue
 *
 * A signal resumes only a process that a signal has stopped, not one held by a debugger.
 *
 * Return: true if a reader is stopped.
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
			 "let the debugger resume it, or end the debugger: it is process %ld",
			 held.tracer);
	return true;
}
