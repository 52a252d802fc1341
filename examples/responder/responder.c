// SPDX-License-Identifier: GPL-2.0 OR MIT
/* xtun-responder: a minimal host on libxtun that answers ARP and ping. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xtun.h>

#define BATCH	64

static const uint8_t mac[ETH_ALEN] = { 0x02, 'x', 't', 'u', 'n', 0x02 };
static struct in_addr address;

/* Both turn a request into its answer, in place; 0 if it is not for this host. */
static int answer_arp(struct ether_arp *arp, size_t len)
{
	if (len < sizeof(*arp) || arp->arp_op != htons(ARPOP_REQUEST) ||
	    arp->arp_pro != htons(ETHERTYPE_IP) || memcmp(arp->arp_tpa, &address, 4))
		return 0;
	arp->arp_op = htons(ARPOP_REPLY);
	memcpy(arp->arp_tha, arp->arp_sha, ETH_ALEN);
	memcpy(arp->arp_tpa, arp->arp_spa, 4);
	memcpy(arp->arp_sha, mac, ETH_ALEN);
	memcpy(arp->arp_spa, &address, 4);
	return 1;
}

/* The type changes from 8 to 0, so the ones' complement checksum grows by as much. */
static int answer_echo(struct ip *ip, size_t len)
{
	struct icmphdr *icmp = (struct icmphdr *)((uint8_t *)ip + sizeof(*ip));
	uint32_t sum;

	/*
	 * No options, no fragments. The header is aligned to 2 bytes only, too little for its
	 * bit-fields.
	 */
	if (len < sizeof(*ip) + sizeof(*icmp) || *(uint8_t *)ip != 0x45 ||
	    ip->ip_p != IPPROTO_ICMP || ip->ip_off & htons(IP_MF | IP_OFFMASK) ||
	    memcmp(&ip->ip_dst, &address, sizeof(address)) || icmp->type != ICMP_ECHO)
		return 0;
	memcpy(&ip->ip_dst, &ip->ip_src, sizeof(address));
	memcpy(&ip->ip_src, &address, sizeof(address));
	icmp->type = ICMP_ECHOREPLY;
	sum = ntohs(icmp->checksum) + (ICMP_ECHO << 8);
	icmp->checksum = htons(sum + (sum >> 16));
	return 1;
}

static int answer(struct ether_header *eth, size_t len)
{
	int answered = 0;

	if (len < sizeof(*eth))
		return 0;
	len -= sizeof(*eth);
	if (eth->ether_type == htons(ETHERTYPE_ARP))
		answered = answer_arp((struct ether_arp *)(eth + 1), len);
	else if (eth->ether_type == htons(ETHERTYPE_IP))
		answered = answer_echo((struct ip *)(eth + 1), len);
	memcpy(eth->ether_dhost, eth->ether_shost, ETH_ALEN);
	memcpy(eth->ether_shost, mac, ETH_ALEN);
	return answered;
}

/* A received frame is read-only, so copy it to where the answer is sent from. */
static void respond(struct xtun *x, const struct xtun_frame *frame)
{
	void *room = xtun_reserve(x, frame->len);

	if (!room)
		return;		/* full: the same as lost on the wire */
	memcpy(room, frame->data, frame->len);
	if (answer(room, frame->len))
		xtun_send(x, frame->len);
}

int main(int argc, char **argv)
{
	struct xtun_options options = { 0 };
	struct xtun_frame frames[BATCH];
	struct xtun *x;
	int i, n;

	if (argc < 2 || argc > 3 || !inet_aton(argv[1], &address))
		errx(EXIT_FAILURE, "usage: xtun-responder ADDRESS [rings|batch|plain|tap]");
	for (i = XTUN_WAY_RINGS; argc == 3 && i <= XTUN_WAY_TAP; i++) {
		if (!strcmp(argv[2], xtun_way_name(i)))
			options.way = i;
	}
	x = xtun_open(&options);
	if (!x)
		err(EXIT_FAILURE, "xtun");
	warnx("%s answers by %s. %s", argv[1], xtun_way_name(xtun_way(x)), xtun_why(x));

	while ((n = xtun_receive(x, frames, BATCH)) >= 0) {
		for (i = 0; i < n; i++)
			respond(x, &frames[i]);
		if (xtun_flush(x) && errno != EIO && errno != EAGAIN)
			break;
		if (!n)
			xtun_wait(x, XTUN_CAN_RECEIVE, -1);
	}
	err(EXIT_FAILURE, "no more frames");
}
