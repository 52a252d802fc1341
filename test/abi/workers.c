// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that share the work, each in a network namespace of its own if the kernel
 * has namespaces. A sequence spends most of its time waiting for the kernel to release
 * an interface.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi.h"

#define WORKERS		64

#define MET		4096

struct shared {
	bool lock;
	struct result result;
	/* Hashes of the differences found, before their sequences were minimised. */
	uint32_t met[MET];
	unsigned int n_met;
	struct {
		unsigned long number, done;
	} at[WORKERS];
};

static struct shared *shared;

static void lock(void)
{
	while (__atomic_test_and_set(&shared->lock, __ATOMIC_ACQUIRE))
		sched_yield();
}

static void unlock(void)
{
	__atomic_clear(&shared->lock, __ATOMIC_RELEASE);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		perror(path);
	close(fd);
}

/* Only the sequences make frames and interfaces here. */
static void place(bool namespaces)
{
	if (namespaces && (unshare(CLONE_NEWNET | CLONE_NEWNS) ||
			   mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
			   mount("sysfs", "/sys", "sysfs", 0, NULL)))
		die("a namespace of one's own");
	write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	setgroups(0, NULL);
	links_begin();
	frames_begin();
}

static uint32_t hash_of(const struct sequence *s, const struct verdict *v)
{
	char kind[sizeof(shared->result.found->signature)];
	uint32_t hash = 2166136261u;	/* FNV-1a */
	unsigned int i;

	signature(s, &v->difference, kind, sizeof(kind));
	for (i = 0; kind[i]; i++)
		hash = (hash ^ (uint8_t)kind[i]) * 16777619u;
	return hash;
}

/*
 * It takes long to examine a difference, so skip those that are known or cannot be
 * listed.
 */
static bool known(uint32_t hash)
{
	unsigned int i, n = shared->n_met;

	for (i = 0; i < n && shared->met[i] != hash; i++)
		;
	return i < n || n == MET || shared->result.n_found == FOUND;
}

static void remember(uint32_t hash)
{
	lock();
	if (shared->n_met < MET)
		shared->met[shared->n_met++] = hash;
	unlock();
}

/* A kind of difference is reported once, with its shortest sequence. */
static void found(const struct plan *p, unsigned long number, struct sequence *s,
		  const char *name, struct verdict *v)
{
	struct result *r = &shared->result;
	char kind[sizeof(r->found->signature)];
	struct found *f;

	minimise(&p->pair, s, name, v);
	signature(s, &v->difference, kind, sizeof(kind));
	lock();
	for (f = r->found; f < r->found + r->n_found && strcmp(f->signature, kind); f++)
		;
	if (f == r->found + FOUND) {
		r->unlisted++;
	} else if (f == r->found + r->n_found) {
		r->n_found++;
		f->number = number;
		f->times = 1;
		f->sequence = *s;
		f->difference = v->difference;
		strcpy(f->signature, kind);
	} else {
		f->times++;
	}
	unlock();
}

/*
 * A difference must occur three times in a row. Otherwise it is timing: linkwatch, or a
 * softirq.
 */
static bool stable(const struct pair *p, const struct sequence *s, const char *name,
		   struct verdict *v)
{
	struct verdict again;
	int i;

	for (i = 0; i < 2; i++) {
		judge(p, s, name, &again);
		if (!again.differs || strcmp(again.difference.key, v->difference.key))
			return false;
	}
	*v = again;
	return true;
}

static void one(const struct plan *p, unsigned long number)
{
	struct result *r = &shared->result;
	struct sequence s;
	struct verdict v;
	char name[24];
	unsigned int i;

	snprintf(name, sizeof(name), "q%lu", number);
	plan_sequence(p, number, &s);
	judge(&p->pair, &s, name, &v);
	for (i = 0; i < n_intended; i++)
		if (v.intended[i])
			__atomic_add_fetch(&r->intended[i], 1, __ATOMIC_RELAXED);
	if (!v.differs) {
		/* As it must be. */
	} else if (known(hash_of(&s, &v))) {
		__atomic_add_fetch(&r->unlisted, 1, __ATOMIC_RELAXED);
	} else if (stable(&p->pair, &s, name, &v)) {
		remember(hash_of(&s, &v));
		found(p, number, &s, name, &v);
	} else {
		printf("# differed once, and not again: %s: '%s' and '%s'\n", v.difference.key,
		       v.difference.a, v.difference.b);
		__atomic_add_fetch(&r->unstable, 1, __ATOMIC_RELAXED);
	}
	__atomic_add_fetch(&r->ran, 1, __ATOMIC_RELAXED);
}

static void worker(const struct plan *p, unsigned int self)
{
	unsigned long n = plan_sequences(p), i;

	place(p->workers > 1);
	for (i = self; i < n; i += p->workers) {
		shared->at[self].number = i;
		one(p, i);
		shared->at[self].done++;
	}
	exit(0);
}

static void tell_where(const struct plan *p, unsigned int who, const char *what)
{
	struct sequence s;
	char text[TRACE_KEY * 2];
	unsigned int i;

	plan_sequence(p, shared->at[who].number, &s);
	printf("# a worker %s in sequence %lu:\n", what, shared->at[who].number);
	for (i = 0; i < s.n; i++) {
		word_text(s.words[i], text, sizeof(text));
		printf("#     %s\n", text);
	}
}

/* Waits until all workers have ended; fails when one dies or makes no progress. */
static bool await(const struct plan *p, const pid_t *pids)
{
	unsigned long done[WORKERS] = { 0 }, idle[WORKERS] = { 0 };
	unsigned int left = p->workers, i;
	bool over[WORKERS] = { false };
	int status;

	while (left) {
		sleep(1);
		for (i = 0; i < p->workers; i++) {
			if (over[i])
				continue;
			if (waitpid(pids[i], &status, WNOHANG) == pids[i]) {
				over[i] = true;
				left--;
				if (status) {
					tell_where(p, i, "died");
					return false;
				}
			}
			idle[i] = done[i] == shared->at[i].done ? idle[i] + 1 : 0;
			done[i] = shared->at[i].done;
			if (idle[i] > p->timeout) {
				tell_where(p, i, "hangs");
				return false;
			}
		}
	}
	return true;
}

bool work(const struct plan *p, struct result *r)
{
	pid_t pids[WORKERS];
	unsigned int i;
	bool fine;

	if (p->workers > WORKERS || n_intended > MANY_INTENDED)
		die("too many workers or differences on purpose");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		die("mmap");
	fflush(stdout);
	for (i = 0; i < p->workers; i++) {
		pids[i] = fork();
		if (!pids[i])
			worker(p, i);
	}
	fine = await(p, pids);
	for (i = 0; !fine && i < p->workers; i++)
		kill(pids[i], SIGKILL);
	*r = shared->result;
	munmap(shared, sizeof(*shared));
	return fine;
}
