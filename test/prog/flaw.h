/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared code of the tests of known flaws: files of the tap ABI, on the device that
 * XT_DEVICE names, so that the tests can run on tap as well.
 */
#ifndef FLAW_H
#define FLAW_H

#include <linux/if_tun.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAP	(IFF_TAP | IFF_NO_PI)
#define TUN	(IFF_TUN | IFF_NO_PI)
#define FRAGS	(TAP | IFF_NAPI | IFF_NAPI_FRAGS)
#define NOWHERE	((void *)8)

struct flaw_mode {
	const char *name;
	int flags;
};

/* Each form that a written frame can have, and each way that it can take. */
extern const struct flaw_mode flaw_modes[];
extern const unsigned int flaw_n_modes;

const char *flaw_device(void);
bool flaw_is_xtun(void);
int flaw_open(void);
/* TUNSETIFF, with IFF_NAPI_FRAGS and the like in @flags. */
int flaw_attach(int fd, const char *name, int flags);
/* Returns a file attached to an interface of that name, or ends the program. */
int flaw_new(const char *name, int flags);
/* TUNSETQUEUE */
int flaw_queue(int fd, int flags);
int flaw_up(const char *name, bool up);
int flaw_delete(const char *name);
/* The header of a file with these flags; the frame behind it is 60 bytes in each mode. */
size_t flaw_header(int flags);
size_t flaw_frame(uint8_t *buf, int flags);
/* Whether the file is attached to an interface. */
bool flaw_attached(int fd);
unsigned long flaw_received(const char *name);
/* The end of a page of zeros, behind which nothing is mapped. */
uint8_t *flaw_edge(void);
/* The time for all races together. */
unsigned int flaw_race_seconds(void);

#endif
