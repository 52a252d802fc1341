/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A fuzzer for all that a program can do with /dev/xtun: several threads run random
 * operations on files that they share. This can only harm the kernel: the fuzzer writes
 * only to the rings' memory, wherever that is mapped.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../xtun_uapi.h"

#define FUZZ_FILES	8
#define FUZZ_PARTS	4		/* user page, kernel page, tx ring, rx ring */
#define FUZZ_RING_MAX	(1u << 20)	/* of rings that are mapped */

/* Each of these must succeed now and then, or nothing is tested. */
enum { FUZZ_OPENED, FUZZ_ATTACHED, FUZZ_RINGS, FUZZ_MAPPED, FUZZ_MOVED, FUZZ_DID };

struct fuzz {
	uint64_t state;			/* of the random number generator */
	sigjmp_buf fault;
	volatile bool touching;		/* a fault jumps to @fault */
	unsigned long done;
	unsigned long did[FUZZ_DID];
};

/* A file that all threads share. Each of them may change any member at any time. */
struct fuzz_file {
	volatile int fd;
	volatile uint32_t tx_size, rx_size;
	uint8_t *part[FUZZ_PARTS];	/* a place for each, mapped or not; never changes */
};

extern struct fuzz_file fuzz_files[FUZZ_FILES];

uint32_t fuzz_random(struct fuzz *f);
/* 0 to @n - 1 */
uint32_t fuzz_below(struct fuzz *f, uint32_t n);
/* True once in @n times. */
bool fuzz_once_in(struct fuzz *f, uint32_t n);
/* A number that programs may get wrong: near a power of two, or any. */
uint32_t fuzz_number(struct fuzz *f);
struct fuzz_file *fuzz_file(struct fuzz *f);
/* The size of the place for a part. */
size_t fuzz_place(unsigned int part);
/* Unmaps what is there, and keeps the place reserved. */
void fuzz_unmap(uint8_t *place, size_t size);

/* calls.c: system calls on a file */
void fuzz_call(struct fuzz *f);
/* memory.c: writing into rings, and mapping them */
void fuzz_memory(struct fuzz *f);
/* link.c: operations on interfaces */
void fuzz_link_prepare(void);
void fuzz_link(struct fuzz *f);
/* Makes sure that the interface to which files attach by default exists and is up. */
void fuzz_link_restore(void);
/* Makes a random frame; returns its length. */
size_t fuzz_frame(struct fuzz *f, uint8_t *buf, size_t room);

#endif
