/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * An lwIP network interface whose cable is a descriptor of /dev/xtun: what
 * lwIP sends is written, what is read lwIP receives.
 */
#ifndef XTUNIF_H
#define XTUNIF_H

#include <stdatomic.h>
#include <stdbool.h>

#include "lwip/netif.h"

/* MTU 65521, an Ethernet header and a VLAN tag: no frame is longer. */
#define XTUNIF_FRAME_MAX	65539

struct xtunif {
	/* Filled in before netif_add(). */
	int fd;
	unsigned char mac[6];
	void (*gone)(int error);	/* no frame will come any more; 0: end of file */

	atomic_ulong frames_read, frames_written;
	atomic_ulong frames_refused;	/* by write(): the interface is down */
	atomic_ulong frames_dropped;	/* by lwIP: no memory, or its queue is full */

	int write_error;
	char in[XTUNIF_FRAME_MAX], out[XTUNIF_FRAME_MAX];
};

int xtunif_open(const char *device);

/* For netif_add(), with a struct xtunif as the state. */
err_t xtunif_init(struct netif *netif);

/* What to do about an error of open, read or write. */
const char *xtunif_remedy(int error);

#endif
