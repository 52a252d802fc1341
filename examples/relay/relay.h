/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Ethernet over Ethernet: README.md describes the format on the wire. */
#ifndef RELAY_H
#define RELAY_H

#include <stdatomic.h>
#include <stdint.h>
#include <xtun.h>

#define TUNNEL_ETHERTYPE	0x88b5	/* IEEE 802: local experiments */
#define TUNNEL_VERSION		1

/* Precedes each frame. All numbers are big-endian. */
struct tunnel_header {
	uint8_t to[6];		/* the outer Ethernet header */
	uint8_t from[6];
	uint16_t ethertype;
	uint8_t version;	/* the tunnel header */
	uint8_t reserved;
	uint16_t len;		/* of the frame: the wire may pad a short one */
	uint32_t id;		/* of the tunnel */
} __attribute__((packed));

struct relay {
	struct xtun *x;
	int packet;		/* a packet socket, bound to the outer interface */
	int stop;		/* an eventfd; readable: the threads are to end */
	struct tunnel_header header;
	bool outer_down;	/* used by relay_in(): the outer interface has been down */

	atomic_ulong out, in;	/* frames that were relayed */
	atomic_ulong too_long;	/* for the outer interface */
	atomic_ulong foreign;	/* not of this tunnel, or damaged */
	atomic_int error;	/* errno of the error that ended a thread, or 0 */
};

/* Thread functions; the argument is a struct relay. They end after stop or an error. */
void *relay_out(void *relay);	/* from xtun to the outer interface */
void *relay_in(void *relay);	/* from the outer interface to xtun */

#endif
