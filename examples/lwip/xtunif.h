/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * An lwIP network interface whose cable is a descriptor of /dev/xtun: what
 * lwIP sends is written, what is read lwIP receives. There are two, of which a
 * program has one: xtunif.c reads and writes, xtunif_rings.c uses libxtun.
 */
#ifndef XTUNIF_H
#define XTUNIF_H

#include <stdatomic.h>
#include <stdbool.h>

#include "lwip/netif.h"

/* MTU 65521, an Ethernet header and a VLAN tag: no frame is longer. */
#define XTUNIF_FRAME_MAX	65539

struct xtun;

struct xtunif {
	/* Filled in before netif_add(). */
	int fd;				/* -1, or a descriptor that is open already */
	struct xtun *xtun;		/* instead, if frames go by libxtun */
	unsigned char mac[6];
	void (*gone)(int error);	/* no frame will come any more; 0: end of file */

	atomic_ulong frames_read, frames_written;
	atomic_ulong frames_refused;	/* by write(): the interface is down */
	atomic_ulong frames_dropped;	/* by lwIP: no memory, or its queue is full */

	int write_error;
	char in[XTUNIF_FRAME_MAX], out[XTUNIF_FRAME_MAX];
};

/* Of xtunif.c, or instead xtunif_rings.c: 0, or -1 and errno. */
int xtunif_open(struct xtunif *x, const char *device);

/* For netif_add(), with a struct xtunif as the state. */
err_t xtunif_init(struct netif *netif);

/* xtunif_common.c: fills in what lwIP is to know of it, */
void xtunif_describe(struct netif *netif);
/* tells of it once when frames are refused, or no longer, */
void xtunif_note_write(struct xtunif *x, int error);
/* and what to do about an error of open, read or write. */
const char *xtunif_remedy(int error);

#endif
