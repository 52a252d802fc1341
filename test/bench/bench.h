/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared declarations of the benchmark. A row is what is measured, a way is how a
 * program uses the interface; each is a small file of its own.
 */
#ifndef _BENCH_H
#define _BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Frames that are in flight at a time, unless a row says otherwise. */
#define BURST	32
#define FRAME_MAX	(66 * 1024)

/**
 * struct end - a program's end of an interface
 * @fd: its file
 * @buffer: room for one frame, or for what the way keeps there
 * @private: private data of the way
 */
struct end {
	int fd;
	uint8_t *buffer;
	void *private;
};

/**
 * struct frame - a frame in the place where a way has put it
 * @data: its first byte; valid until release
 * @len: its length in bytes
 */
struct frame {
	uint8_t *data;
	size_t len;
};

/**
 * struct way - how a program uses an interface
 * @name: its name on the command line
 * @about: a description of one line
 * @device: the file to open
 * @nonblock: open it with O_NONBLOCK
 * @flags: flags for TUNSETIFF besides those that tap needs
 * @batch: how many frames are sent before a flush
 * @lazy: receive does not sleep, and the last frames of a burst may come with the next
 * @readonly: frames from receive cannot be written to
 * @open: attach to an interface
 * @receive: get the frames that there are, at least one and at most @max; waits for the
 *	first one, or returns 0 if O_NONBLOCK is set
 * @release: the frames from receive are no longer needed
 * @reserve: get room for a frame of this length
 * @send: send the frame that was written there
 * @flush: pass on all that was sent
 * @pass: send a frame that another end has received; a flush must follow
 */
struct way {
	const char *name;
	const char *about;
	const char *device;
	bool nonblock;
	int flags;
	int batch;
	bool lazy;
	bool readonly;
	void (*open)(const struct way *way, struct end *end, const char *ifname);
	int (*receive)(struct end *end, struct frame *frames, int max);
	void (*release)(struct end *end);
	void *(*reserve)(struct end *end, size_t len);
	void (*send)(struct end *end, size_t len);
	void (*flush)(struct end *end);
	void (*pass)(struct end *end, const struct frame *frame);
};

/* way_*.c; NULL ends each list */
extern const struct way ways_tap[], ways_plain[], ways_batch[], ways_ring[];
extern const struct way ways_packet[], ways_xsk[];

#define WAY_RW							\
	.batch = 1, .receive = rw_receive, .release = rw_release, \
	.reserve = rw_reserve, .send = rw_send, .flush = rw_flush, .pass = rw_pass

/* The same for files that transfer one frame with each call: way_tap.c. */
int rw_receive(struct end *end, struct frame *frames, int max);
void rw_release(struct end *end);
void *rw_reserve(struct end *end, size_t len);
void rw_send(struct end *end, size_t len);
void rw_flush(struct end *end);
void rw_pass(struct end *end, const struct frame *frame);

/**
 * struct job - what the command line asks for
 * @way: the way; NULL if a row needs none
 * @ifname: the interface
 * @len: length of each frame in bytes, with the Ethernet header
 * @queues: the number of queues in service; all frames use one of them
 * @profile: stop at the marks, for test/bench/profile.pl
 */
struct job {
	const struct way *way;
	const char *ifname;
	size_t len;
	int queues;
	bool profile;
};

/**
 * struct row - what is measured
 * @name: its name on the command line
 * @about: what the figure includes, and what makes the frames
 * @run: measure, and return instructions per frame or byte
 */
struct row {
	const char *name;
	const char *about;
	double (*run)(const struct job *job);
};

/* row_*.c */
extern const struct row rows_burst[], rows_send[], rows_threads[], rows_tcp[];

/* queues.c */
void queues_open(const struct job *job, struct end *end);

/* measure.c */
uint64_t now(void);
unsigned long idle(void);
double measure(const struct job *job, void (*burst)(void *arg), void (*after)(void *arg),
	       void *arg, unsigned int units);

/* frame.c */
void frame_ethernet(uint8_t *head, const char *ifname, bool ours, uint16_t protocol);
void frame_udp(uint8_t *head, const char *ifname, bool ours, size_t len);

/* generator.c */
struct generator;
void generator_init(struct generator *g, const struct job *job);
void generator_transmit(const struct generator *g);
void generator_receive(const struct generator *g);

/* main.c */
void die(const char *what);
void check(bool ok, const char *what);

#endif /* _BENCH_H */
