// SPDX-License-Identifier: GPL-2.0
/*
 * Find the firewall rule that dropped a packet. nftables has its own rules and those of
 * iptables, except those of iptables-legacy. Candidates are the rules that can match the
 * packet and, if they count what they drop, whose counter has moved. One or two candidates
 * are named; of more, only the number is reported.
 */
#include "firewall.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <stdlib.h>
#include <string.h>

/* Two snapshots of the counters; later readings are compared with the older one. */
static struct xtun_nft older, newer;
static long long older_full, newer_full;

/* The text in column N of a line; NULL if the line has fewer columns. */
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

/* How many packets connection tracking itself has dropped; -1 if the kernel does not tell. */
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
	/* One line for each processor. */
	while (n >= 0 && fgets(line, sizeof(line), in)) {
		of_one = column(line, n);
		sum = (sum < 0 ? 0 : sum) + (of_one ? strtoll(of_one, NULL, 16) : 0);
	}
	fclose(in);
	return sum;
}

/**
 * xtun_firewall_note() - take a snapshot of the rules' counters
 *
 * Later readings are compared with the snapshot before this one, so that a frame that was
 * dropped before this call and has not been reported yet still counts as new.
 */
void xtun_firewall_note(void)
{
	static bool again;

	free(older.list);
	older = newer;
	older_full = newer_full;
	xtun_nft_read(&newer, NULL, NULL);
	newer_full = read_full();
	if (!again) {
		xtun_nft_read(&older, NULL, NULL);
		older_full = newer_full;
	}
	again = true;
}

/* --- the rule that dropped the packet */

static bool is_of(const struct xtun_nft_rule *r, int family)
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

static uint64_t packets_before(const struct xtun_nft_rule *r)
{
	for (size_t i = 0; i < older.n; i++) {
		const struct xtun_nft_rule *o = &older.list[i];

		if (o->is.handle == r->is.handle && !o->is.number == !r->is.number &&
		    o->is.family == r->is.family && !strcmp(o->is.table, r->is.table))
			return o->packets;
	}
	return 0;
}

/* A counter that is lower than before has been reset meanwhile. */
static bool has_moved(const struct xtun_nft_rule *r)
{
	uint64_t before = packets_before(r);

	return r->packets > (r->packets < before ? 0 : before);
}

/*
 * A received frame that is still at the xtun cannot have passed OUTPUT. A frame that is to
 * leave by the xtun cannot be at INPUT or PREROUTING.
 */
static bool passes_hook(const struct xtun_nft_rule *base, const struct xtun_drop *d)
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

/* A packet that cannot be queued is dropped in a function whose name contains nf_queue. */
static bool drops_there(const struct xtun_nft_rule *r, const char *function)
{
	bool queued = strstr(function, "nf_queue"), nameless = function[0] == '?';

	return (r->drops && !queued) || (r->queues && (queued || nameless));
}

static bool can_be(const struct xtun_nft *rules, const struct xtun_nft_rule *r)
{
	const struct xtun_nft_rule *base;

	if (!drops_there(r, rules->drop->function) || r->fails ||
	    !is_of(r, rules->packet->family) || (r->counted && !has_moved(r)))
		return false;
	base = xtun_nft_base(rules, r);
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
 * Whether iptables-nft made the rule's table, so that iptables has to change it: the table
 * contains something that only iptables creates, or everything in it looks like iptables'
 * work, with a counter in each rule and base chains of these names only.
 */
static bool is_of_iptables(const struct xtun_nft *rules, const struct xtun_nft_rule *r)
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
		const struct xtun_nft_rule *o = &rules->list[i];

		if (o->is.family != r->is.family || strcmp(o->is.table, r->is.table))
			continue;
		if (o->xtables)
			return true;
		like &= o->is.number ? o->counter :
			is_one_of(o->is.chain, chains, ARRAY_SIZE(chains));
	}
	return like;
}

/* Whether there are rules of iptables-legacy, which are not read here. */
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

static void keep(struct xtun_firewall *found, const struct xtun_nft *rules,
		 const struct xtun_nft_rule *r)
{
	struct xtun_firewall_rule *to = &found->rules[found->named];

	found->could++;
	found->counted |= r->counted;
	if (found->named == ARRAY_SIZE(found->rules))
		return;
	found->named++;
	*to = r->is;
	to->iptables = is_of_iptables(rules, r);
	/* A rule that counts all it drops, and whose counter has moved, did drop a packet. */
	to->unsure &= !r->counted || r->is.by;
}

/**
 * xtun_firewall_find() - find the rule that dropped a packet
 * @packet: the packet
 * @drop: where it was dropped, and its direction
 * @found: filled with the candidates; a single one is the rule. The rules of iptables-legacy,
 *	which are not read, count as one candidate without a name
 */
void xtun_firewall_find(const struct xtun_packet *packet, const struct xtun_drop *drop,
			struct xtun_firewall *found)
{
	long long full = read_full();
	struct xtun_nft now;

	*found = (struct xtun_firewall){ .full = full < 0 || full > older_full };
	xtun_nft_read(&now, packet, drop);
	for (size_t i = 0; i < now.n; i++)
		if (can_be(&now, &now.list[i]))
			keep(found, &now, &now.list[i]);
	/* Of two candidates, "probably" is printed once, and only if both are unsure. */
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
