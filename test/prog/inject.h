/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Allocations of memory that fail, each in its turn: a kernel with failslab and
 * fail_page_alloc is asked to.
 */
#ifndef INJECT_H
#define INJECT_H

#include <stdbool.h>

/* Only what @function of the kernel has called fails from now on; NULL: all. */
void inject_within(const char *function);
/* Only what the module has called. */
void inject_within_module(const char *module);

/*
 * A call that needs memory, and what is done before it and after it. Registering a
 * device, the core also says ENOBUFS (no place in a table) and EINVAL (no name).
 */
struct inject_case {
	const char *what;
	void (*before)(void);		/* undisturbed, may be NULL */
	long (*call)(void);		/* as a system call: -1 and errno, or else */
	void (*after)(void);		/* undisturbed, if it succeeded; may be NULL */
	void (*undo)(void);		/* likewise, if it failed */
	bool registers;
	bool must_succeed;		/* it may only do without the memory */
};

/*
 * Makes the call again and again, and each time a later allocation fails, until
 * one succeeds in which none had to; of thousands of allocations some. Judges errno.
 * Returns how many calls failed; *@spared, if not NULL, gets how many succeeded
 * without the memory.
 */
int inject_each(const struct inject_case *c, int *spared);

/* At the end of a theme: that some did fail, if any were to. */
void inject_end(void);

/* Whether allocations in interrupts, too, fail until further notice. */
void inject_always(bool on);

#endif
