// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "inject.h"
#include "xt.h"

#define EVERY	400

static void set_file(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		die("cannot write %s to %s", value, path);
	close(fd);
}

/*
 * Sets it for both kinds of allocation failure. A setting that only one has includes
 * its name.
 */
static void set(const char *setting, const char *value)
{
	static const char * const kinds[] = { "failslab", "fail_page_alloc" };
	char path[100];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", kinds[i], setting);
		set_file(path, value);
	}
}

/* The address range of a function of the kernel. */
static bool find_function(const char *function, uint64_t *start, uint64_t *end)
{
	char line[500], name[200];
	uint64_t address;
	FILE *f = fopen("/proc/kallsyms", "re");

	*start = 0;
	*end = UINT64_MAX;
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%" SCNx64 " %*c %199s", &address, name) == 2 &&
		    !strcmp(name, function))
			*start = address;
	if (!*start)
		return false;
	rewind(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%" SCNx64, &address) == 1 && address > *start && address < *end)
			*end = address;
	fclose(f);
	return true;
}

/* Sets the end first, so that the range is never empty. */
static void set_range(const char *kind, uint64_t start, uint64_t end)
{
	char setting[20], value[30];

	snprintf(setting, sizeof(setting), "%s-start", kind);
	set(setting, "0");
	snprintf(value, sizeof(value), "0x%" PRIx64, end);
	snprintf(setting, sizeof(setting), "%s-end", kind);
	set(setting, value);
	snprintf(value, sizeof(value), "0x%" PRIx64, start);
	snprintf(setting, sizeof(setting), "%s-start", kind);
	set(setting, value);
}

/*
 * The reference tracker of a debug kernel is unreliable after it has once failed to
 * allocate.
 */
static void inject_between(uint64_t start, uint64_t end)
{
	uint64_t tracker, tracker_end;

	set("ignore-gfp-wait", "N");
	set("verbose", "0");
	set_file("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N");
	set_file("/sys/kernel/debug/fail_page_alloc/min-order", "0");
	if (find_function("ref_tracker_alloc", &tracker, &tracker_end))
		set_range("reject", tracker, tracker_end);
	set_range("require", start, end);
}

void inject_within(const char *function)
{
	uint64_t start = 0, end = UINT64_MAX;

	if (function && !find_function(function, &start, &end))
		die("the kernel has no function %s", function);
	inject_between(start, end);
}

void inject_within_module(const char *module)
{
	char path[100], line[500], name[100];
	uint64_t start, size = 0, n;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/%s/sections/.text", module);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%" SCNx64, &start) != 1)
		die("no module %s", module);
	fclose(f);
	f = fopen("/proc/modules", "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%99s %" SCNu64, name, &n) == 2 && !strcmp(name, module))
			size = n;
	if (!size)
		die("no size of module %s", module);
	fclose(f);
	inject_between(start, start + size);
}

void inject_always(bool on)
{
	set("times", "-1");
	set("probability", on ? "100" : "0");
}

struct attempt {
	const struct inject_case *c;
	unsigned int nth;
	long ret;
	int error;
	bool injected;
};

/* In a new thread, which has no memory cached from earlier calls. */
static void *attempt(void *arg)
{
	struct attempt *a = arg;
	char value[20] = "";
	int fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	int n = snprintf(value, sizeof(value), "%u", a->nth);

	if (fd < 0 || pwrite(fd, value, n, 0) != n)
		die("this kernel cannot make allocations fail");
	a->ret = a->c->call();
	a->error = errno;
	if (pread(fd, value, sizeof(value) - 1, 0) < 1 || pwrite(fd, "0", 1, 0) != 1)
		die("fail-nth");
	a->injected = !strtoul(value, NULL, 10);
	close(fd);
	return NULL;
}

static void try(struct attempt *a)
{
	void (*then)(void);
	pthread_t thread;

	if (a->c->before)
		a->c->before();
	if (pthread_create(&thread, NULL, attempt, a) || pthread_join(thread, NULL))
		die("thread");
	then = a->ret != -1 ? a->c->after : a->c->undo;
	if (then)
		then();
}

static bool is_expected(const struct inject_case *c, int error)
{
	if (c->must_succeed)
		return false;
	return error == ENOMEM || (c->registers && (error == ENOBUFS || error == EINVAL));
}

/*
 * An interface with 256 queues takes thousands of allocations; to fail each of them
 * would take an hour. Beyond the first EVERY, the distance between those that fail
 * grows with their number.
 */
static unsigned int next(unsigned int nth)
{
	return nth + 1 + (nth > EVERY ? nth / 32 : 0);
}

static unsigned int tried, injected;

void inject_end(void)
{
	if (tried)
		ok(injected > 0, "of %u calls some allocation could be made to fail: %u", tried,
		   injected);
}

int inject_each(const struct inject_case *c, int *spared)
{
	struct attempt a = { .c = c };
	int failed = 0, done = 0, wrong = 0, error = 0;

	tried++;
	/* A page fault would allocate memory, too. */
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		die("mlockall");
	for (;;) {
		a.nth = next(a.nth);
		try(&a);
		if (!a.injected)
			break;
		if (a.ret != -1) {
			done++;
		} else if (is_expected(c, a.error)) {
			failed++;
		} else {
			wrong++;
			error = a.error;
		}
	}
	errno = error;
	ok(!wrong, "%s: of %s%u allocations %d failed, one at a time; it failed %d times, did without %d times",
	   c->what, a.nth > EVERY ? "some " : "", a.nth - 1, failed + done + wrong, failed, done);
	injected += failed + done + wrong;
	errno = a.error;
	ok(a.ret != -1, "%s: then it succeeds", c->what);
	if (spared)
		*spared = done;
	return failed + wrong;
}
