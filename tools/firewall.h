/* SPDX-License-Identifier: GPL-2.0 */
/* The rules of nftables, and how they are matched against a packet. */
#ifndef XTUN_FIREWALL_H
#define XTUN_FIREWALL_H

#include "why.h"

/* firewall_match.c: runs the expressions of a rule on a packet */
struct xtun_match {
	const struct xtun_packet *packet;
	int family;			/* the rule's: NFPROTO_... */
	const char *in, *out;		/* the packet's devices at the rule's hook, or NULL */
	uint8_t registers[64];
	uint64_t known;			/* one bit for each byte of registers */
	bool fails;			/* an expression does not match */
	bool unsure;			/* it depends on something that is not known */
};

void xtun_match_run(struct xtun_match *m, const char *name, const struct nlattr *data);

/* firewall_read.c: a rule; or, if is.number is 0, a base chain and its policy */
struct xtun_nft_rule {
	struct xtun_firewall_rule is;
	bool drops, queues;	/* always or in some cases */
	bool fails;		/* it does not match the packet in question */
	unsigned int hook;	/* of a base chain */
	bool xtables;		/* it contains something that only iptables creates */
	bool counter;		/* it has a counter, at any position */
	bool counted;		/* packets includes every frame that it drops */
	uint64_t packets;
};

/* While the rules are read, the last one of the list is still incomplete. */
struct xtun_nft {
	struct xtun_nft_rule *list;
	size_t n;
	bool failed;
	const struct xtun_packet *packet;	/* the one in question, */
	const struct xtun_drop *drop;		/* and where it was dropped; or NULL */
};

void xtun_nft_read(struct xtun_nft *rules, const struct xtun_packet *packet,
		   const struct xtun_drop *drop);
const struct xtun_nft_rule *xtun_nft_base(const struct xtun_nft *rules,
					  const struct xtun_nft_rule *r);

#endif
