/* SPDX-License-Identifier: GPL-2.0 */
/* The rules of nftables, and how they are compared with a packet. */
#ifndef XTUN_FIREWALL_H
#define XTUN_FIREWALL_H

#include "why.h"

/* firewall_match.c: what a rule looks at, compared with a packet */
struct xtun_match {
	const struct xtun_packet *packet;
	int family;			/* of the rule: NFPROTO_... */
	const char *in, *out;		/* by which devices it goes where the rule is; or NULL */
	uint8_t registers[64];
	uint64_t known;			/* a bit for each byte of them */
	bool fails;			/* something that it asks for is not so */
	bool unsure;			/* something is not known */
};

void xtun_match_run(struct xtun_match *m, const char *name, const struct nlattr *data);

/* firewall_read.c: the rules from 1 on; number 0 is a base chain and its policy */
struct xtun_nft_rule {
	struct xtun_firewall_rule is;
	bool drops, queues;	/* or can */
	bool fails;		/* it is not for the packet that is asked for */
	unsigned int hook;	/* of a base chain */
	bool xtables;		/* iptables alone makes such */
	bool counter;		/* it has one, wherever */
	bool counted;		/* each frame that it drops is in PACKETS */
	uint64_t packets;
};

/* The last of them, before the one that is found next, is being read. */
struct xtun_nft {
	struct xtun_nft_rule *list;
	size_t n;
	bool failed;
	const struct xtun_packet *packet;	/* that is asked for, */
	const struct xtun_drop *drop;		/* and what became of it; or NULL */
};

void xtun_nft_read(struct xtun_nft *rules, const struct xtun_packet *packet,
		   const struct xtun_drop *drop);
const struct xtun_nft_rule *xtun_nft_base(const struct xtun_nft *rules,
					  const struct xtun_nft_rule *r);

#endif
