/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Makes memory allocations fail, one after the other. This needs a kernel with failslab
 * and fail_page_alloc.
 */
#ifndef INJECT_H
#define INJECT_H

#include <stdbool.h>

/* From now on only allocations called from @function of the kernel fail; NULL: all. */
void inject_within(const char *function);
/* Only allocations called from the module fail. */
void inject_within_module(const char *module);

/*
 * A call that needs memory, and what is done before and after it. If it registers a
 * device, the core may also return ENOBUFS (no place in a table) and EINVAL (no name).
 */
struct inject_case {
	const char *what;
	void (*before)(void);		/* without failures; may be NULL */
	long (*call)(void);		/* returns as a system call does */
	void (*after)(void);		/* without failures, if it succeeded; may be NULL */
	void (*undo)(void);		/* the same, if it failed */
	bool registers;
	bool must_succeed;		/* it has to do without the memory */
};

/*
 * Repeats the call, each time with a later allocation failing, until the call succeeds
 * without a failed allocation. Of thousands of allocations it tries only some. Checks
 * errno. Returns how often the call failed; *@spared, if not NULL, is set to how often
 * it succeeded in spite of a failed allocation.
 */
int inject_each(const struct inject_case *c, int *spared);

/* At the end of a theme: checks that some allocation failed, if any was to. */
void inject_end(void);

/* Whether allocations fail all the time, including those in interrupts. */
void inject_always(bool on);

#endif
