/* SPDX-License-Identifier: GPL-2.0 */
/* Large frames that others are to finish, and what TCP frames may be turned into. */
#ifndef GSO_H
#define GSO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GSO_VNET	10	/* bytes of the basic vnet header */

struct gso {
	bool v6;
	bool udp;
	bool ecn;		/* only its first segment is to have CWR set (RFC 3168) */
	uint16_t port;		/* distinguishes it from other frames */
	uint16_t mss;		/* 0: not a large frame, only its checksum is missing */
	size_t payload;
};

/* Makes the vnet header and the frame; returns their length. */
size_t gso_make(uint8_t *buf, const struct gso *g);
/* The number of segments that it is cut into. */
int gso_segments(const struct gso *g);
/* Whether this is the whole segment number @i, and finished. */
bool gso_is_segment(const struct gso *g, int i, const uint8_t *frame, size_t len);
/* Whether this is the frame as it was made, behind a header of @vnet bytes. */
bool gso_is_whole(const struct gso *g, size_t vnet, const uint8_t *buf, size_t len);

/* A packet socket that sends such frames on that interface, and sees what it receives. */
int gso_packet(const char *ifname);

#endif
