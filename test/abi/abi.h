/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Makes the same calls on two devices and compares the answers. This header is what the
 * files of the program offer each other.
 *
 * A word is one call with one argument on one of two files; a sequence is up to eight
 * words. A run of a sequence on a device leaves a trace: the answer to each word, and
 * then what can be observed of files, interfaces and frames. Two traces of one sequence
 * may differ only as the list of intended differences allows.
 */
#ifndef ABI_H
#define ABI_H

#include <net/if.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define FILES		2
#define STEPS		8
#define PRINTF(f, a)	__attribute__((format(printf, f, a)))

void die(const char *fmt, ...) PRINTF(1, 2) __attribute__((noreturn));

/* --- trace.c: lines of "key: value" ------------------------------------- */

#define TRACE_LINES	160
#define TRACE_KEY	40
#define TRACE_VALUE	400

struct trace {
	unsigned int n;
	struct line {
		int step;			/* -1: observed after the last one */
		char key[TRACE_KEY];
		char value[TRACE_VALUE];
	} lines[TRACE_LINES];
};

struct difference {
	int step;
	char key[TRACE_KEY];
	char a[TRACE_VALUE], b[TRACE_VALUE];	/* "(nothing)" where it is missing */
};

void trace_add(struct trace *t, int step, const char *key, const char *fmt, ...) PRINTF(4, 5);
/* Appends to the value of the newest line. */
void trace_more(struct trace *t, const char *fmt, ...) PRINTF(2, 3);
/* "0", a positive number, or the name of errno. */
void trace_result(struct trace *t, int step, const char *key, long ret);
/* The bytes; if there are 64 or more, the first ones and a hash of all. */
void trace_bytes(struct trace *t, const void *data, size_t len);
const char *errno_name(int error);

/* The next difference after the first @after lines, which have been compared; -1: none. */
int trace_differ(const struct trace *a, const struct trace *b, int after, struct difference *d);

/* --- one run of a sequence on a device ---------------------------------- */

struct side {
	const char *path;
	const char *instead;	/* a word for which this side takes its call's next argument */
};

struct run {
	const struct side *side;
	struct trace *trace;
	int fd[FILES];
	int step;
	char name[IFNAMSIZ];	/* of this run's own interface */
};

struct sequence {
	unsigned int n;
	uint16_t words[STEPS];
};

void run_sequence(const struct side *side, const struct sequence *s, const char *name,
		  struct trace *t);
bool run_reopen(struct run *r, int file);

/* --- words.c, args.c: what can be called -------------------------------- */

enum kind {
	VALUE,		/* the argument itself */
	INT,		/* a pointer to it */
	OUT,		/* a pointer to where an answer goes */
	FLAGS,		/* to an ifreq with flags and a name; @ is the run's own */
	MAC,		/* to an ifreq with an address */
	FILTER,		/* to a classic filter */
	TXFILTER,	/* to a list of addresses */
	PROGRAM,	/* to an eBPF program's descriptor */
	NOWHERE,	/* a pointer to no memory */
	EDGE,		/* to an object whose last byte is not there */
};

struct arg {
	const char *text;
	enum kind kind;
	long value;
	const char *name;
};

struct op {
	const char *name;
	unsigned long request;
	size_t size;		/* of what the pointer points to */
	void (*call)(struct run *r, int file, const struct op *op, const struct arg *arg);
	const struct arg *args;
	unsigned int n_args;
	bool both;		/* also tried on the second file, after a word on the first */
};

unsigned int words_count(void);
/* The number of words for the first file. These come first. */
unsigned int words_of_first(void);
/* One of the words of that call on that file. */
unsigned int word_of(int file, unsigned int op, unsigned int arg);
void word_text(unsigned int word, char *text, size_t size);
/* The word with that text; -1: there is none. */
int word_find(const char *text);
void word_say(struct run *r, unsigned int word);

extern const struct op ops[];
extern const unsigned int n_ops;

/* --- calls.c: how words are called -------------------------------------- */

void call_ioctl(struct run *r, int file, const struct op *op, const struct arg *arg);
void call_ioctl_as_nobody(struct run *r, int file, const struct op *op, const struct arg *arg);
void call_read(struct run *r, int file, const struct op *op, const struct arg *arg);
void call_write(struct run *r, int file, const struct op *op, const struct arg *arg);
void call_poll(struct run *r, int file, const struct op *op, const struct arg *arg);
void call_reopen(struct run *r, int file, const struct op *op, const struct arg *arg);
void call_link(struct run *r, int file, const struct op *op, const struct arg *arg);
void call_send(struct run *r, int file, const struct op *op, const struct arg *arg);

/* --- link.c: interfaces, by netlink ------------------------------------- */

enum { LINK_DOWN, LINK_UP, LINK_DELETE, LINK_RENAME };

struct link {
	int index;
	char name[IFNAMSIZ];
	unsigned int type, flags;
	char attributes[TRACE_VALUE];
	char info[TRACE_VALUE];		/* IFLA_TUN_... */
};

#define LINKS	8

/* Interfaces that were not there at links_begin(), sorted by name. */
unsigned int links_list(struct link *links);
void links_begin(void);
bool link_is_up(const char *name);
/* 0 or -errno */
int link_do(const char *name, int what);

/* --- frames.c: both ends of the wire ------------------------------------ */

#define FRAME_MAX	70000

enum frame {
	FRAME_ETHER, FRAME_IP, FRAME_LONG, FRAME_GSO, FRAME_GSO_IP, FRAME_GROUP, FRAME_OTHER_GROUP,
};

/* Makes a frame to write, with the headers that a file with these flags needs. */
size_t frame_make(uint8_t *buf, enum frame what, unsigned int flags, int vnet_hdr_sz);
void frames_begin(void);
/* Makes the kernel transmit it; returns 0 or -errno. */
int frame_send(int ifindex, enum frame what);
/* What the kernel received since frames_forget(). With @wait, waits a moment for it. */
void frames_received(struct trace *t, int step, const char *key, bool wait);
void frames_forget(void);

/* --- state.c ------------------------------------------------------------ */

void state_observe(struct run *r);

/* --- intended.c --------------------------------------------------------- */

struct intended {
	/* Globs; NULL matches anything. */
	const char *word;	/* the word at which they differ, not what is observed later */
	/* What had been called before, in any order, and the answer: "a read 3: EINVAL" */
	const char *before, *also;
	const char *mine, *never;	/* the same on this file since it was opened; or not */
	const char *control;	/* what is observed of the control at the end: "KEY: VALUE" */
	const char *key, *a, *b;	/* the line, and its value on each side */
	bool parts;		/* the devices' states differ from here on: compare no further */
	bool somewhere;		/* only some kernels show it */
	const char *why;
};

extern const struct intended intended[];
extern const unsigned int n_intended;
/* The entry that allows this difference from the control's trace, or -1. */
int intended_find(const struct sequence *s, const struct trace *control,
		  const struct difference *d);

/* --- judge.c ------------------------------------------------------------ */

#define MANY_INTENDED	96

struct verdict {
	bool differs;
	struct difference difference;	/* the first one that is not intended */
	unsigned long intended[MANY_INTENDED];
};

struct pair {
	struct side a, b;
	bool same;		/* no difference is intended between these */
};

void judge(const struct pair *p, const struct sequence *s, const char *name, struct verdict *v);
/* Removes words as long as the same difference remains. */
void minimise(const struct pair *p, struct sequence *s, const char *name, struct verdict *v);
/* A text that is equal for two differences of the same kind. */
void signature(const struct sequence *s, const struct difference *d, char *text, size_t size);

/* --- plan.c: which sequences --------------------------------------------- */

struct plan {
	struct pair pair;
	uint64_t seed;
	/*
	 * How often each word is called alone in each situation, and each call after
	 * each other one.
	 */
	unsigned long alone, pairs;
	unsigned long random;
	const char *say;		/* only this sequence, its words between semicolons */
	unsigned int workers;
	unsigned int timeout;		/* seconds without progress */
};

unsigned long plan_sequences(const struct plan *p);
void plan_sequence(const struct plan *p, unsigned long number, struct sequence *s);

/* --- workers.c ----------------------------------------------------------- */

#define FOUND	24

struct found {
	unsigned long number, times;
	char signature[TRACE_KEY + 2 * TRACE_VALUE];
	struct sequence sequence;
	struct difference difference;
};

struct result {
	unsigned long ran, unstable, unlisted;
	unsigned long intended[MANY_INTENDED];
	unsigned int n_found;
	struct found found[FOUND];
};

/* Returns false if a worker died or hung, which has been reported then. */
bool work(const struct plan *p, struct result *r);

#endif
