/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parts of frames. Each function writes at @p and returns the place behind what it
 * wrote.
 */
#ifndef PUT_H
#define PUT_H

#include <stddef.h>
#include <stdint.h>

uint8_t *xt_put16(uint8_t *p, uint16_t v);
uint8_t *xt_put_ether(uint8_t *p, const uint8_t *dst, const uint8_t *src, uint16_t type);
/* An address of either family, recognised by its form. */
uint8_t *xt_put_ip(uint8_t *p, const char *ip);
uint8_t *xt_put_ipv4(uint8_t *p, const char *src_ip, const char *dst_ip, uint8_t proto,
		     size_t payload);

/* RFC 1071, continuing the sum; the checksum is 0xffff only if all bytes are zero. */
uint32_t xt_sum(uint32_t sum, const uint8_t *p, size_t len);
uint16_t xt_checksum(uint32_t sum);

#endif
