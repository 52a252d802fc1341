/* SPDX-License-Identifier: GPL-2.0 */
/* What frames are made of. Each puts at @p, and returns what follows. */
#ifndef PUT_H
#define PUT_H

#include <stddef.h>
#include <stdint.h>

uint8_t *xt_put16(uint8_t *p, uint16_t v);
uint8_t *xt_put_ether(uint8_t *p, const uint8_t *dst, const uint8_t *src, uint16_t type);
/* An address of either kind, by its form. */
uint8_t *xt_put_ip(uint8_t *p, const char *ip);
uint8_t *xt_put_ipv4(uint8_t *p, const char *src_ip, const char *dst_ip, uint8_t proto,
		     size_t payload);

/* RFC 1071, of what has been summed up so far, and never 0xffff but for bytes all zero. */
uint32_t xt_sum(uint32_t sum, const uint8_t *p, size_t len);
uint16_t xt_checksum(uint32_t sum);

#endif
