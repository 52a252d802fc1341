// SPDX-License-Identifier: GPL-2.0
/* A minimal host: it answers ARP and ICMP echo for one IPv4 address. */
#include "tool.h"

#include <string.h>

#define ETH_TYPE 12
#define ARP ETH_HEADER
#define ARP_LEN 28
#define ARP_OP (ARP + 6)
#define ARP_SHA (ARP + 8)
#define ARP_SPA (ARP + 14)
#define ARP_THA (ARP + 18)
#define ARP_TPA (ARP + 24)
#define IP ETH_HEADER
#define IP_FRAGMENT (IP + 6)
#define IP_PROTO (IP + 9)
#define IP_SRC (IP + 12)
#define IP_DST (IP + 16)

static unsigned int get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static void put16(uint8_t *p, unsigned int v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static void swap_ips(uint8_t *a, uint8_t *b)
{
	uint8_t t[4];

	memcpy(t, a, 4);
	memcpy(a, b, 4);
	memcpy(b, t, 4);
}

static void back_to_sender(const uint8_t *mac, uint8_t *frame)
{
	memcpy(frame, frame + MAC_LEN, MAC_LEN);
	memcpy(frame + MAC_LEN, mac, MAC_LEN);
}

static size_t answer_arp(const struct xtun_host *host, uint8_t *frame, size_t len)
{
	static const uint8_t request[] = { 0, 1, 8, 0, 6, 4, 0, 1 };

	if (len < ARP + ARP_LEN || memcmp(frame + ARP, request, sizeof(request)) ||
	    memcmp(frame + ARP_TPA, host->ip, 4))
		return 0;

	back_to_sender(host->mac, frame);
	put16(frame + ARP_OP, 2);
	memcpy(frame + ARP_THA, frame + ARP_SHA, MAC_LEN);
	swap_ips(frame + ARP_SPA, frame + ARP_TPA);
	memcpy(frame + ARP_SHA, host->mac, MAC_LEN);
	return len;
}

/*
 * A fragment needs no reassembly: with its addresses swapped it is a fragment of
 * the answer. Only the first one holds the ICMP header. Changing type 8 to type 0
 * changes the ICMP checksum by a constant. Swapping the addresses does not change
 * the IP checksum.
 */
static size_t answer_echo(const struct xtun_host *host, uint8_t *frame, size_t len)
{
	unsigned int header, fragment, sum;
	uint8_t *icmp;

	if (len < IP + 20 || frame[IP] >> 4 != 4 || frame[IP_PROTO] != 1 ||
	    memcmp(frame + IP_DST, host->ip, 4))
		return 0;
	header = (frame[IP] & 15) * 4;
	fragment = get16(frame + IP_FRAGMENT) & 0x1fff;
	if (header < 20 || (!fragment && len < IP + header + 8))
		return 0;

	icmp = frame + IP + header;
	if (!fragment) {
		if (icmp[0] != 8 || icmp[1])
			return 0;
		icmp[0] = 0;
		sum = get16(icmp + 2) + 0x0800;
		put16(icmp + 2, (sum & 0xffff) + (sum >> 16));
	}
	swap_ips(frame + IP_SRC, frame + IP_DST);
	back_to_sender(host->mac, frame);
	return len;
}

/* Turn the frame into its answer. Returns the answer's length, or 0 if there is none. */
size_t xtun_answer(const struct xtun_host *host, uint8_t *frame, size_t len)
{
	if (len < ETH_HEADER)
		return 0;
	switch (get16(frame + ETH_TYPE)) {
	case 0x0806:
		return answer_arp(host, frame, len);
	case 0x0800:
		return answer_echo(host, frame, len);
	default:
		return 0;
	}
}

/* A group address cannot be a source: a frame to one comes back from the host's own MAC. */
void xtun_swap_macs(const struct xtun_host *host, uint8_t *frame)
{
	uint8_t from[MAC_LEN];

	memcpy(from, frame[0] & 1 ? host->mac : frame, MAC_LEN);
	back_to_sender(from, frame);
}
