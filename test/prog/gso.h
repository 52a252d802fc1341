/* SPDX-License-Identifier: GPL-2.0 */
/* Large frames, which others are to finish; and of those of TCP what can become of them. */
#ifndef GSO_H
#define GSO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GSO_VNET	10	/* bytes of the vnet header that everybody knows */

struct gso {
	bool v6;
	bool udp;
	bool ecn;		/* its first segment alone is to say CWR (RFC 3168) */
	uint16_t port;		/* which tells it from others */
	uint16_t mss;		/* 0: it is no large one, and wants a checksum alone */
	size_t payload;
};

/* The vnet header and the frame; returns their length. */
size_t gso_make(uint8_t *buf, const struct gso *g);
/* Into how many it is cut. */
int gso_segments(const struct gso *g);
/* Whether that is the whole segment number @i, and finished. */
bool gso_is_segment(const struct gso *g, int i, const uint8_t *frame, size_t len);
/* Whether that is the frame as it was made, behind a header of @vnet bytes. */
bool gso_is_whole(const struct gso *g, size_t vnet, const uint8_t *buf, size_t len);

/* A packet socket that sends such on that interface, and hears what it receives. */
int gso_packet(const char *ifname);

#endif
