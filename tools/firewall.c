// SPDX-License-Identifier: GPL-2.0
/*
 * Which rule of the firewall drops: nftables knows its own rules and those of iptables,
 * but for iptables-legacy's. Of those that can be for the packet it is the one whose
 * counter has moved; where that leaves two, both are named, and of more none is.
 */
#include "why.h"

#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Number 0 stands for a base chain and its policy, from 1 on they are rules. */
struct rule {
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
struct rules {
	struct rule *list;
	size_t n;
	bool failed;
	const struct xtun_packet *packet;	/* that is asked for, */
	const struct xtun_drop *drop;		/* and what became of it; or NULL */
};

/* How the counters were; the older of the two is compared with. */
static struct rules older, newer;
static long long older_full, newer_full;

static uint64_t get_be64(const struct nlattr *attr)
{
	uint64_t n;

	if (!attr || xtun_netlink_len(attr) != sizeof(n))
		return 0;
	memcpy(&n, xtun_netlink_data(attr), sizeof(n));
	return be64toh(n);
}

/* --- what a rule does */

/* "-m conntrack --ctstate INVALID" and "-m state --state INVALID", and nothing besides. */
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

/* What drops if something is missing: an address, a program that listens. */
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

/* What it ends with. */
static void read_target(struct rule *r, const char *name)
{
	r->is.by = read_action(name);
	r->queues |= !strcmp(name, "queue") || !strcmp(name, "NFQUEUE");
	r->is.rejects |= !strcmp(name, "reject") || !strcmp(name, "REJECT");
	r->drops |= r->is.rejects || !strcmp(name, "DROP") || (r->is.by && !r->queues);
}

/* One of its parts, in the order in which they are run. */
static void read_part(struct rule *r, const char *name, const struct nlattr *data, bool *of_state)
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
		/* In a map of verdicts: one of them may be to drop. */
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
		/* What is counted before it may still go another way. */
		r->counted = false;
	}
	*of_state = state;
}

static void read_parts(struct rule *r, const struct nlattr *parts, struct xtun_match *match)
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

/* --- all rules */

static struct rule *add(struct rules *rules, int family, const struct nlattr *table,
			const struct nlattr *chain)
{
	struct rule *r = realloc(rules->list, (rules->n + 1) * sizeof(*r));

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

static bool is_same_chain(const struct rule *a, const struct rule *b)
{
	return a->is.family == b->is.family && !strcmp(a->is.table, b->is.table) &&
	       !strcmp(a->is.chain, b->is.chain);
}

/* The base chain that it is in; NULL if others jump there. */
static const struct rule *base_of(const struct rules *rules, const struct rule *r)
{
	for (size_t i = 0; i < rules->n; i++)
		if (!rules->list[i].is.number && is_same_chain(&rules->list[i], r))
			return &rules->list[i];
	return NULL;
}

/*
 * Where the packet is at a hook, as far as the device tells by which it was lost: it has
 * that of its arrival until it is routed, and that of its departure from then on.
 */
static void look_from(struct xtun_match *m, const struct rule *base, const struct xtun_drop *d)
{
	if (base->is.family != NFPROTO_INET && base->is.family != NFPROTO_IPV4 &&
	    base->is.family != NFPROTO_IPV6)
		return;
	if (base->hook == NF_INET_PRE_ROUTING || base->hook == NF_INET_LOCAL_IN ||
	    (base->hook == NF_INET_FORWARD && !strcmp(d->dev, d->iface)))
		m->in = d->dev;
	else if (base->hook == NF_INET_POST_ROUTING)
		m->out = d->dev;
}

static void read_rule(const struct nlmsghdr *head, void *arg)
{
	const struct nfgenmsg *msg = NLMSG_DATA(head);
	const struct nlattr *attrs = (const void *)(msg + 1);
	size_t len = NLMSG_PAYLOAD(head, NLMSG_ALIGN(sizeof(*msg)));
	struct rules *rules = arg;
	struct xtun_match match = { .packet = rules->packet, .family = msg->nfgen_family };
	const struct rule *last, *base;
	struct rule *r;

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
	base = base_of(rules, r);
	if (base && rules->packet)
		look_from(&match, base, rules->drop);
	read_parts(r, xtun_netlink_find(attrs, len, NFTA_RULE_EXPRESSIONS), &match);
	r->fails = match.fails;
	/* What leads into another chain is not looked at. */
	r->is.unsure = match.unsure || !base || r->is.by;
}

/* A chain whose policy is to drop does so as a rule would. */
static void read_chain(const struct nlmsghdr *head, void *arg)
{
	const struct nfgenmsg *msg = NLMSG_DATA(head);
	const struct nlattr *attrs = (const void *)(msg + 1);
	size_t len = NLMSG_PAYLOAD(head, NLMSG_ALIGN(sizeof(*msg)));
	const struct nlattr *hook = xtun_netlink_find(attrs, len, NFTA_CHAIN_HOOK), *counters;
	struct rule *r;

	if ((head->nlmsg_type & 0xff) != NFT_MSG_NEWCHAIN || !hook)
		return;
	r = add(arg, msg->nfgen_family, xtun_netlink_find(attrs, len, NFTA_CHAIN_TABLE),
		xtun_netlink_find(attrs, len, NFTA_CHAIN_NAME));
	if (!r)
		return;
	r->hook = xtun_netlink_be32(xtun_netlink_inside(hook, NFTA_HOOK_HOOKNUM));
	r->drops = xtun_netlink_be32(xtun_netlink_find(attrs, len, NFTA_CHAIN_POLICY)) == NF_DROP;
	/* What its policy was for; nft has no words for that. */
	counters = xtun_netlink_find(attrs, len, NFTA_CHAIN_COUNTERS);
	r->xtables = counters;
	r->counted = counters;
	r->packets = get_be64(xtun_netlink_inside(counters, NFTA_COUNTER_PACKETS));
	r->is.handle = get_be64(xtun_netlink_find(attrs, len, NFTA_CHAIN_HANDLE));
}

/* They are not all of one moment if one is added or deleted meanwhile. */
static void read_rules_once(struct rules *rules)
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

/* Asking would load the module. */
static void read_rules(struct rules *rules, const struct xtun_packet *packet,
		       const struct xtun_drop *drop)
{
	*rules = (struct rules){ .packet = packet, .drop = drop };
	if (!xtun_kernel_runs("nf_tables"))
		return;
	for (int tries = 0; tries < 3; tries++) {
		read_rules_once(rules);
		if (!rules->failed)
			break;
	}
}

/* Of a line, what stands in that column; NULL if it has fewer. */
static char *column(char *line, int n)
{
	char *next = strtok(line, "\n ");

	while (next && n-- > 0)
		next = strtok(NULL, "\n ");
	return next;
}

static int find_column(char *line, const char *name)
{
	int n = 0;

	for (char *next = strtok(line, "\n "); next; next = strtok(NULL, "\n "), n++)
		if (!strcmp(next, name))
			return n;
	return -1;
}

/* How many frames connection tracking has dropped itself; -1 if the kernel does not tell. */
static long long read_full(void)
{
	FILE *in = fopen("/proc/net/stat/nf_conntrack", "re");
	long long sum = -1;
	char line[512];
	const char *of_one;
	int n = -1;

	if (!in)
		return -1;
	if (fgets(line, sizeof(line), in))
		n = find_column(line, "drop");
	/* A line for each processor. */
	while (n >= 0 && fgets(line, sizeof(line), in)) {
		of_one = column(line, n);
		sum = (sum < 0 ? 0 : sum) + (of_one ? strtoll(of_one, NULL, 16) : 0);
	}
	fclose(in);
	return sum;
}

/**
 * xtun_firewall_note() - remember how often each rule has dropped until now
 *
 * The counters of the last but one time are what later ones are compared with, so that
 * a frame that is not told of yet is not forgotten.
 */
void xtun_firewall_note(void)
{
	static bool again;

	free(older.list);
	older = newer;
	older_full = newer_full;
	read_rules(&newer, NULL, NULL);
	newer_full = read_full();
	if (!again) {
		read_rules(&older, NULL, NULL);
		older_full = newer_full;
	}
	again = true;
}

/* --- the one that has dropped */

static bool is_of(const struct rule *r, int family)
{
	switch (r->is.family) {
	case NFPROTO_IPV4:
		return family == AF_INET;
	case NFPROTO_IPV6:
		return family == AF_INET6;
	case NFPROTO_ARP:
		return !family;
	default:
		return true;
	}
}

static uint64_t packets_before(const struct rule *r)
{
	for (size_t i = 0; i < older.n; i++) {
		const struct rule *o = &older.list[i];

		if (o->is.handle == r->is.handle && !o->is.number == !r->is.number &&
		    o->is.family == r->is.family && !strcmp(o->is.table, r->is.table))
			return o->packets;
	}
	return 0;
}

/* What is less than it was has been set to zero meanwhile. */
static bool has_moved(const struct rule *r)
{
	uint64_t before = packets_before(r);

	return r->packets > (r->packets < before ? 0 : before);
}

/*
 * What came in by the interface and is still there was not sent from here; what is to
 * leave by it was neither received here nor is its way to be found.
 */
static bool passes_hook(const struct rule *base, const struct xtun_drop *d)
{
	bool here = !strcmp(d->dev, d->iface);

	switch (base->is.family) {
	case NFPROTO_INET:
	case NFPROTO_IPV4:
	case NFPROTO_IPV6:
		if (d->direction == XTUN_RX)
			return !here || base->hook != NF_INET_LOCAL_OUT;
		return !here || (base->hook != NF_INET_LOCAL_IN &&
				 base->hook != NF_INET_PRE_ROUTING);
	default:
		return true;
	}
}

/* What is to be queued and cannot be is lost in a function of that name. */
static bool drops_there(const struct rule *r, const char *function)
{
	bool queued = strstr(function, "nf_queue"), nameless = function[0] == '?';

	return (r->drops && !queued) || (r->queues && (queued || nameless));
}

static bool can_be(const struct rules *rules, const struct rule *r)
{
	const struct rule *base;

	if (!drops_there(r, rules->drop->function) || r->fails ||
	    !is_of(r, rules->packet->family) || (r->counted && !has_moved(r)))
		return false;
	base = base_of(rules, r);
	return !base || passes_hook(base, rules->drop);
}

static bool is_one_of(const char *name, const char * const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/*
 * iptables-nft made its table, and iptables is to change it: something there is of iptables
 * alone; or else all is as that makes it, each rule with a counter and base chains of
 * these names.
 */
static bool is_of_iptables(const struct rules *rules, const struct rule *r)
{
	static const char * const tables[] = { "filter", "mangle", "raw", "security", "nat" };
	static const char * const chains[] = {
		"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING",
	};
	bool like = true;

	if ((r->is.family != NFPROTO_IPV4 && r->is.family != NFPROTO_IPV6) ||
	    !is_one_of(r->is.table, tables, ARRAY_SIZE(tables)))
		return false;
	for (size_t i = 0; i < rules->n; i++) {
		const struct rule *o = &rules->list[i];

		if (o->is.family != r->is.family || strcmp(o->is.table, r->is.table))
			continue;
		if (o->xtables)
			return true;
		like &= o->is.number ? o->counter :
			is_one_of(o->is.chain, chains, ARRAY_SIZE(chains));
	}
	return like;
}

/* Rules by the older interface of the kernel, which are not read here. */
static bool has_legacy(void)
{
	static const char * const lists[] = {
		"/proc/net/ip_tables_names", "/proc/net/ip6_tables_names", "/proc/net/arp_tables_names",
	};
	bool has = false;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		FILE *in = fopen(lists[i], "re");

		has |= in && fgetc(in) != EOF;
		if (in)
			fclose(in);
	}
	return has;
}

static void keep(struct xtun_firewall *found, const struct rules *rules,
		 const struct rule *r)
{
	struct xtun_firewall_rule *to = &found->rules[found->named];

	found->could++;
	found->counted |= r->counted;
	if (found->named == ARRAY_SIZE(found->rules))
		return;
	found->named++;
	*to = r->is;
	to->iptables = is_of_iptables(rules, r);
	/* What counts all that it drops has dropped one by now. */
	to->unsure &= !r->counted || r->is.by;
}

/**
 * xtun_firewall_find() - which rule has dropped a packet
 * @packet: it
 * @drop: where it was, and on which way
 * @found: filled: one alone that could have is it. Those of iptables-legacy, which are not
 *	read, count as one without a name
 */
void xtun_firewall_find(const struct xtun_packet *packet, const struct xtun_drop *drop,
			struct xtun_firewall *found)
{
	long long full = read_full();
	struct rules now;

	*found = (struct xtun_firewall){ .full = full < 0 || full > older_full };
	read_rules(&now, packet, drop);
	for (size_t i = 0; i < now.n; i++)
		if (can_be(&now, &now.list[i]))
			keep(found, &now, &now.list[i]);
	/* That it may have been neither of two is said once. */
	if (found->named == 2) {
		found->rules[0].unsure &= found->rules[1].unsure;
		found->rules[1].unsure = false;
	}
	if (found->could && has_legacy())
		found->could++;
	if (now.failed || older.failed)
		*found = (struct xtun_firewall){ .full = found->full };
	free(now.list);
}
