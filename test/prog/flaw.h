/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of known flaws share: files of the tap ABI, on the device that
 * XT_DEVICE names, so that they can be tried on tap as well.
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

/* Each form that a written frame can have, each way that it can take. */
extern const struct flaw_mode flaw_modes[];
extern const unsigned int flaw_n_modes;

const char *flaw_device(void);
bool flaw_is_xtun(void);
int flaw_open(void);
/* TUNSETIFF; NAPI_FRAGS and the like in @flags. */
int flaw_attach(int fd, const char *name, int flags);
/* A file attached to an interface of that name, or the end. */
int flaw_new(const char *name, int flags);
/* TUNSETQUEUE */
int flaw_queue(int fd, int flags);
int flaw_up(const char *name, bool up);
int flaw_delete(const char *name);
/* What a file of these flags wants before a frame; the frame is 60 bytes for either type. */
size_t flaw_header(int flags);
size_t flaw_frame(uint8_t *buf, int flags);
/* Whether the file belongs to an interface. */
bool flaw_attached(int fd);
unsigned long flaw_received(const char *name);
/* Where a page of zeros ends, and nothing follows. */
uint8_t *flaw_edge(void);
/* How long all races together take. */
unsigned int flaw_race_seconds(void);

#endif
