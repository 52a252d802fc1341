// SPDX-License-Identifier: GPL-2.0
/* Read the rules of nftables from the kernel, and find those that can drop a packet. */
#include "firewall.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

static uint64_t get_be64(const struct nlattr *attr)
{
	uint64_t n;

	if (!attr || xtun_netlink_len(attr) != sizeof(n))
		return 0;
	memcpy(&n, xtun_netlink_data(attr), sizeof(n));
	return be64toh(n);
}

/* Matches only "-m conntrack --ctstate INVALID" and "-m state --state INVALID". */
static bool matches_invalid(const struct nlattr *data)
{
	const struct nlattr *info = xtun_netlink_inside(data, NFTA_MATCH_INFO);
	uint16_t flags, inverted, states;
	uint32_t state;
	char name[32];

	xtun_netlink_name(name, sizeof(name), xtun_netlink_inside(data, NFTA_MATCH_NAME));
	if (info && !strcmp(name, "state") && xtun_netlink_len(info) >= sizeof(state)) {
		memcpy(&state, xtun_netlink_data(info), sizeof(state));
		return state == 1;
	}
	/* struct xt_conntrack_mtinfo3: match_flags, invert_flags, state_mask */
	if (!info || strcmp(name, "conntrack") || xtun_netlink_len(info) < 152)
		return false;
	memcpy(&flags, (const char *)xtun_netlink_data(info) + 146, sizeof(flags));
	memcpy(&inverted, (const char *)xtun_netlink_data(info) + 148, sizeof(inverted));
	memcpy(&states, (const char *)xtun_netlink_data(info) + 150, sizeof(states));
	return flags == 1 && !inverted && states == 1;
}

static bool masks_invalid(const struct nlattr *data)
{
	const struct nlattr *mask = xtun_netlink_inside(data, NFTA_BITWISE_MASK);
	uint32_t state;

	mask = xtun_netlink_inside(mask, NFTA_DATA_VALUE);
	if (!mask || xtun_netlink_len(mask) != sizeof(state))
		return false;
	memcpy(&state, xtun_netlink_data(mask), sizeof(state));
	return state == 1;
}

static bool is_verdict_drop(const struct nlattr *data)
{
	const struct nlattr *verdict = xtun_netlink_inside(data, NFTA_IMMEDIATE_DATA);

	verdict = xtun_netlink_inside(verdict, NFTA_DATA_VERDICT);
	return xtun_netlink_be32(xtun_netlink_inside(verdict, NFTA_VERDICT_CODE)) == NF_DROP;
}

/* Actions that drop if something is missing: an address, a program that listens. */
static const char *read_action(const char *name)
{
	static const char * const names[] = {
		"masq", "redir", "queue", "synproxy",
		"MASQUERADE", "REDIRECT", "NFQUEUE", "SYNPROXY", "TPROXY",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return names[i];
	return NULL;
}

/* The target or action of a rule. */
static void read_target(struct xtun_nft_rule *r, const char *name)
{
	r->is.by = read_action(name);
	r->queues |= !strcmp(name, "queue") || !strcmp(name, "NFQUEUE");
	r->is.rejects |= !strcmp(name, "reject") || !strcmp(name, "REJECT");
	r->drops |= r->is.rejects || !strcmp(name, "DROP") || (r->is.by && !r->queues);
}

/* One expression of a rule. They are read in the order in which they run. */
static void read_part(struct xtun_nft_rule *r, const char *name, const struct nlattr *data,
		      bool *of_state)
{
	char target[32];
	bool state = false;

	if (!strcmp(name, "counter")) {
		r->counter = true;
		r->counted = true;
		r->packets = get_be64(xtun_netlink_inside(data, NFTA_COUNTER_PACKETS));
	} else if (!strcmp(name, "immediate")) {
		r->drops |= is_verdict_drop(data);
	} else if (!strcmp(name, "target")) {
		xtun_netlink_name(target, sizeof(target),
				  xtun_netlink_inside(data, NFTA_TARGET_NAME));
		read_target(r, target);
		r->xtables = true;
	} else if (!strcmp(name, "reject") || read_action(name)) {
		read_target(r, name);
	} else if (!strcmp(name, "lookup")) {
		/* A verdict map: one of its verdicts may be to drop. */
		r->drops |= xtun_netlink_be32(xtun_netlink_inside(data, NFTA_LOOKUP_DREG)) ==
			    NFT_REG_VERDICT;
		r->counted = false;
	} else if (!strcmp(name, "ct")) {
		state = xtun_netlink_be32(xtun_netlink_inside(data, NFTA_CT_KEY)) == NFT_CT_STATE;
	} else if (!strcmp(name, "bitwise")) {
		r->is.invalid |= *of_state && masks_invalid(data);
	} else if (!strcmp(name, "match")) {
		r->is.invalid |= matches_invalid(data);
		r->xtables = true;
		r->counted = false;
	} else if (strcmp(name, "log")) {
		/* A packet that a counter before this has counted may still not be dropped. */
		r->counted = false;
	}
	*of_state = state;
}

static void read_parts(struct xtun_nft_rule *r, const struct nlattr *parts,
		       struct xtun_match *match)
{
	size_t left = parts ? xtun_netlink_len(parts) : 0, size;
	const struct nlattr *part = parts ? xtun_netlink_data(parts) : NULL;
	bool of_state = false;
	const struct nlattr *data;
	char name[32];

	for (; left >= NLA_HDRLEN && part->nla_len >= NLA_HDRLEN && part->nla_len <= left;
	     left -= size, part = (const void *)((const char *)part + size)) {
		size = NLA_ALIGN(part->nla_len);
		size = size < left ? size : left;
		xtun_netlink_name(name, sizeof(name), xtun_netlink_inside(part, NFTA_EXPR_NAME));
		data = xtun_netlink_inside(part, NFTA_EXPR_DATA);
		read_part(r, name, data, &of_state);
		if (match->packet)
			xtun_match_run(match, name, data);
	}
}

/* --- all of them */

static struct xtun_nft_rule *add(struct xtun_nft *rules, int family, const struct nlattr *table,
				 const struct nlattr *chain)
{
	struct xtun_nft_rule *r = realloc(rules->list, (rules->n + 1) * sizeof(*r));

	if (!r) {
		rules->failed = true;
		return NULL;
	}
	rules->list = r;
	r += rules->n++;
	memset(r, 0, sizeof(*r));
	r->is.family = family;
	xtun_netlink_name(r->is.table, sizeof(r->is.table), table);
	xtun_netlink_name(r->is.chain, sizeof(r->is.chain), chain);
	return r;
}

static bool is_same_chain(const struct xtun_nft_rule *a, const struct xtun_nft_rule *b)
{
	return a->is.family == b->is.family && !strcmp(a->is.table, b->is.table) &&
	       !strcmp(a->is.chain, b->is.chain);
}

/**
 * xtun_nft_base() - find the base chain of a rule
 * @rules: all rules
 * @r: one of them
 *
 * Return: the base chain, or NULL if the rule is in a chain that other rules jump to.
 */
const struct xtun_nft_rule *xtun_nft_base(const struct xtun_nft *rules,
					  const struct xtun_nft_rule *r)
{
	for (size_t i = 0; i < rules->n; i++)
		if (!rules->list[i].is.number && is_same_chain(&rules->list[i], r))
			return &rules->list[i];
	return NULL;
}

/*
 * Set the packet's devices at a hook, as far as the device where it was dropped tells them:
 * that is the input device until the packet is routed, and the output device after that.
 */
static void look_from(struct xtun_match *m, const struct xtun_nft_rule *base,
		      const struct xtun_drop *d)
{
	if (base->is.family != NFPROTO_INET && base->is.family != NFPROTO_IPV4 &&
	    base->is.family != NFPROTO_IPV6)
		return;
	if (base->hook == NF_INET_PRE_ROUTING || base->hook == NF_INET_LOCAL_IN ||
	    (base->hook == NF_INET_FORWARD && d->direction == XTUN_RX &&
	     !strcmp(d->dev, d->iface)))
		m->in = d->dev;
	else if (base->hook == NF_INET_POST_ROUTING || d->direction == XTUN_TX)
		m->out = d->dev;
}

static void read_rule(const struct nlmsghdr *head, void *arg)
{
	const struct nfgenmsg *msg = NLMSG_DATA(head);
	const struct nlattr *attrs = (const void *)(msg + 1);
	size_t len = NLMSG_PAYLOAD(head, NLMSG_ALIGN(sizeof(*msg)));
	struct xtun_nft *rules = arg;
	struct xtun_match match = { .packet = rules->packet, .family = msg->nfgen_family };
	const struct xtun_nft_rule *last, *base;
	struct xtun_nft_rule *r;

	if ((head->nlmsg_type & 0xff) != NFT_MSG_NEWRULE)
		return;
	r = add(rules, msg->nfgen_family, xtun_netlink_find(attrs, len, NFTA_RULE_TABLE),
		xtun_netlink_find(attrs, len, NFTA_RULE_CHAIN));
	if (!r)
		return;
	last = rules->n > 1 ? r - 1 : NULL;
	r->is.number = last && last->is.family == r->is.family &&
		       !strcmp(last->is.table, r->is.table) &&
		       !strcmp(last->is.chain, r->is.chain) ? last->is.number + 1 : 1;
	r->is.handle = get_be64(xtun_netlink_find(attrs, len, NFTA_RULE_HANDLE));
	base = xtun_nft_base(rules, r);
	if (base && rules->packet)
		look_from(&match, base, rules->drop);
	read_parts(r, xtun_netlink_find(attrs, len, NFTA_RULE_EXPRESSIONS), &match);
	r->fails = match.fails;
	/* The rules that jump to a chain are not examined. */
	r->is.unsure = match.unsure || !base || r->is.by;
}

/* A base chain is listed like a rule, because its policy may be to drop. */
static void read_chain(const struct nlmsghdr *head, void *arg)
{
	const struct nfgenmsg *msg = NLMSG_DATA(head);
	const struct nlattr *attrs = (const void *)(msg + 1);
	size_t len = NLMSG_PAYLOAD(head, NLMSG_ALIGN(sizeof(*msg)));
	const struct nlattr *hook = xtun_netlink_find(attrs, len, NFTA_CHAIN_HOOK), *counters;
	struct xtun_nft_rule *r;

	if ((head->nlmsg_type & 0xff) != NFT_MSG_NEWCHAIN || !hook)
		return;
	r = add(arg, msg->nfgen_family, xtun_netlink_find(attrs, len, NFTA_CHAIN_TABLE),
		xtun_netlink_find(attrs, len, NFTA_CHAIN_NAME));
	if (!r)
		return;
	r->hook = xtun_netlink_be32(xtun_netlink_inside(hook, NFTA_HOOK_HOOKNUM));
	r->drops = xtun_netlink_be32(xtun_netlink_find(attrs, len, NFTA_CHAIN_POLICY)) == NF_DROP;
	/* Counters of the policy. Only iptables creates them: nft has no syntax for them. */
	counters = xtun_netlink_find(attrs, len, NFTA_CHAIN_COUNTERS);
	r->xtables = counters;
	r->counted = counters;
	r->packets = get_be64(xtun_netlink_inside(counters, NFTA_COUNTER_PACKETS));
	r->is.handle = get_be64(xtun_netlink_find(attrs, len, NFTA_CHAIN_HANDLE));
}

/* Fails if the rules change meanwhile, because the result would be inconsistent. */
static void read_rules_once(struct xtun_nft *rules)
{
	struct {
		struct nlmsghdr head;
		struct nfgenmsg msg;
	} ask = {
		.head.nlmsg_len = sizeof(ask),
		.head.nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN,
		.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
	};

	free(rules->list);
	rules->list = NULL;
	rules->n = 0;
	rules->failed = xtun_netlink_ask(NETLINK_NETFILTER, &ask.head, read_chain, rules);
	ask.head.nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE;
	rules->failed |= xtun_netlink_ask(NETLINK_NETFILTER, &ask.head, read_rule, rules);
}

/**
 * xtun_nft_read() - read all rules, and the policies of chains
 * @rules: filled; the caller frees its list
 * @packet: matched against the rules; NULL to read only the counters
 * @drop: where it was dropped, or NULL
 *
 * If nftables is not loaded there are no rules, and the kernel is not asked: that would load it.
 */
void xtun_nft_read(struct xtun_nft *rules, const struct xtun_packet *packet,
		   const struct xtun_drop *drop)
{
	*rules = (struct xtun_nft){ .packet = packet, .drop = drop };
	if (!xtun_kernel_runs("nf_tables"))
		return;
	for (int tries = 0; tries < 3; tries++) {
		read_rules_once(rules);
		if (!rules->failed)
			break;
	}
}
