// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <string.h>

#include "put.h"
#include "xt.h"

uint8_t *xt_put16(uint8_t *p, uint16_t v)
{
	*p++ = v >> 8;
	*p++ = v;
	return p;
}

uint8_t *xt_put_ether(uint8_t *p, const uint8_t *dst, const uint8_t *src, uint16_t type)
{
	memcpy(p, dst, 6);
	memcpy(p + 6, src, 6);
	return xt_put16(p + 12, type);
}

uint8_t *xt_put_ip(uint8_t *p, const char *ip)
{
	bool six = strchr(ip, ':');

	if (inet_pton(six ? AF_INET6 : AF_INET, ip, p) != 1)
		die("%s is no address", ip);
	return p + (six ? 16 : 4);
}

uint8_t *xt_put_ipv4(uint8_t *p, const char *src_ip, const char *dst_ip, uint8_t proto,
		     size_t payload)
{
	static const uint8_t head[12] = { 0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 0, 0, 0 };
	uint8_t *start = p;

	memcpy(p, head, 12);
	xt_put16(p + 2, 20 + payload);
	p[9] = proto;
	p = xt_put_ip(xt_put_ip(p + 12, src_ip), dst_ip);
	xt_put16(start + 10, xt_checksum(xt_sum(0, start, 20)));
	return p;
}

uint32_t xt_sum(uint32_t sum, const uint8_t *p, size_t len)
{
	for (; len > 1; p += 2, len -= 2)
		sum += p[0] << 8 | p[1];
	if (len)
		sum += p[0] << 8;
	return sum;
}

uint16_t xt_checksum(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}
