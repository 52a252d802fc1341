/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared code of the test programs: TAP lines, the device, frames, counters.
 *
 * A theme is a function that runs its cases and calls ok() for each. The shell has
 * inserted the module before, and checks the law, the log and rmmod afterwards.
 */
#ifndef XT_H
#define XT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define XT_DEV		"/dev/xtun"
#define XT_IF		"xtun"
#define XT_ETHERTYPE	0x88b5		/* IEEE 802: local experiments */
#define XT_FRAME_MAX	65539
#define XT_BUF		(XT_FRAME_MAX + 64)

/* Prints a TAP line with the sentence, and errno if it failed; returns @cond. */
bool ok(bool cond, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The call must have failed with this errno. */
bool fails(long ret, int want, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void skip(const char *why, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Ends the test because it lacks something that it needs: "Bail out!" */
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/* Runs a shell command, which must succeed; for setting up. */
void run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Whether the kernel has network namespaces; otherwise skips @cases. */
bool xt_namespaces(const char *cases);
/* fork(), with stdout flushed, so that its buffer is not printed twice. */
pid_t xt_fork(void);

/* Brings the interface up, with IPv6 off, which would send on its own. */
void xt_up(void);
int xt_open(int flags);
/* Opens @device and calls TUNSETIFF with @ifname and @flags; returns the descriptor. */
int xt_tap(const char *device, const char *ifname, int flags);
/* Milliseconds until @fd has one of @events; -1: not within @ms. Sets *@got. */
int xt_poll(int fd, short events, int ms, short *got);
/* By what factor this kernel, which checks itself, is slower than others. */
int xt_slowness(void);
/* Waits until a process sleeps in a system call, as far as /proc shows it. */
void xt_await_sleep(int pid);

/* Sum of a counter over all queues, by its name without "qN_". */
uint64_t xt_counter(const char *name);
uint64_t xt_counter_of(const char *ifname, const char *name);
/* Prints one TAP line for each queue and direction of @ifname. */
void xt_law(const char *ifname);

void xt_mac(const char *ifname, uint8_t mac[6]);
extern const uint8_t xt_peer[6];	/* the MAC behind the file */
extern const uint8_t xt_everyone[6];

/* Each fills @buf with a whole frame and returns its length. */
size_t xt_numbered(uint8_t *buf, const uint8_t *dst, const uint8_t *src, size_t len, uint32_t seq);
size_t xt_arp(uint8_t *buf, const uint8_t *src, const char *src_ip, const char *ask_ip);
size_t xt_echo(uint8_t *buf, const uint8_t *dst, const uint8_t *src, const char *src_ip,
	       const char *dst_ip, uint16_t seq, size_t payload);
size_t xt_udp(uint8_t *buf, const uint8_t *dst, const uint8_t *src, const char *src_ip,
	      const char *dst_ip, uint16_t port, const void *data, size_t size);
/* The number in a frame of xt_numbered(), or -1 if it is another frame or damaged. */
int64_t xt_number(const uint8_t *buf, size_t len);

/* A packet socket bound to @ifname, on which to send whole frames. */
int xt_packet(const char *ifname);
/* The kernel transmits a numbered frame on @ifname, as for any program. */
void xt_transmit(int packet, size_t len, uint32_t seq);
/* Discards what waits; returns how many frames. Needs O_NONBLOCK. */
int xt_drain(int fd);

/* These are not themes. */
int forward(const char *device, const char *left, const char *right, bool vnet);
int machine(const char *device);
int vhost(const char *device);
int offloads(const char *device);
int gro(const char *device);

#endif
