/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * An lwIP network interface on a descriptor of /dev/xtun: what lwIP sends is
 * written there, and what is read from there lwIP receives. There are two
 * implementations, and a program links one: xtunif.c uses read() and write(),
 * xtunif_rings.c uses libxtun.
 */
#ifndef XTUNIF_H
#define XTUNIF_H

#include <stdatomic.h>
#include <stdbool.h>

#include "lwip/netif.h"

/* The longest frame: MTU 65521, an Ethernet header and a VLAN tag. */
#define XTUNIF_FRAME_MAX	65539

struct xtun;

struct xtunif {
	/* Filled in before netif_add(). */
	int fd;				/* -1, or a descriptor that is open already */
	struct xtun *xtun;		/* used instead by xtunif_rings.c */
	unsigned char mac[6];
	void (*gone)(int error);	/* called if no more frames will come; 0: end of file */

	atomic_ulong frames_read, frames_written;
	atomic_ulong frames_refused;	/* by write(), for example if the interface is down */
	atomic_ulong frames_dropped;	/* by lwIP: no memory, or its queue is full */

	int write_error;
	char in[XTUNIF_FRAME_MAX], out[XTUNIF_FRAME_MAX];
};

/* In xtunif.c and in xtunif_rings.c: returns 0, or -1 with errno. */
int xtunif_open(struct xtunif *x, const char *device);

/* To be passed to netif_add(), with a struct xtunif as the state. */
err_t xtunif_init(struct netif *netif);

/* xtunif_common.c: fill in what lwIP needs to know about the interface, */
void xtunif_describe(struct netif *netif);
/* print a message when writes begin to fail, or work again, */
void xtunif_note_write(struct xtunif *x, int error);
/* and return what to do about an error of open, read or write. */
const char *xtunif_remedy(int error);

#endif
