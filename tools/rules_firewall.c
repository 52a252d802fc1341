// SPDX-License-Identifier: GPL-2.0
/* Drops by netfilter: by a rule, or because the table of connections is full. */
#include "rules.h"

#include <netinet/in.h>
#include <string.h>

static bool is_filtered(struct xtun_case *c)
{
	return because(c, "NETFILTER_DROP") ||
	       (unreasoned(c) && !has_no_name(c) && within(c, "nf_hook_slow nft_do nf_queue"));
}

/* Searched once for each packet. */
static const struct xtun_firewall *firewall(struct xtun_case *c)
{
	if (!c->asked)
		xtun_firewall_find(&c->packet, c->drop, &c->firewall);
	c->asked = true;
	return &c->firewall;
}

static bool is_filtered_by_one(struct xtun_case *c)
{
	return is_filtered(c) && firewall(c)->could == 1;
}

/* A full table does not prove that it dropped this packet: a rule that counted it is stronger. */
bool xtun_is_one_connection_too_many(struct xtun_case *c)
{
	static const char setting[] = "net/netfilter/nf_conntrack_max";
	int n = xtun_sysctl("net/netfilter/nf_conntrack_count");
	int most = xtun_sysctl(setting);

	if (!within(c, "nf_hook nf_conntrack") || most <= 0 || n < most ||
	    firewall(c)->counted || !firewall(c)->full)
		return false;
	found(c, 1, "%d", n);
	found(c, 2, "%d", most);
	if (xtun_sysctl_settable(setting)) {
		found(c, 3, "sysctl -w %s=%d", setting, most < 131072 ? 262144 : 2 * most);
		found(c, 4, "sysctl -w %s=%d", setting, most);
	}
	return true;
}

typedef void accept_write(FILE *out, const struct xtun_firewall_rule *rule,
			  const struct xtun_packet *p);

static void found_of(struct xtun_case *c, int n, const struct xtun_firewall_rule *rule,
		     accept_write *write)
{
	FILE *out = fmemopen(c->found[n - 1], sizeof(c->found[0]), "w");

	if (!out)
		return;
	write(out, rule, &c->packet);
	/* Do not print a truncated command. */
	if (fclose(out) || !memchr(c->found[n - 1], '\0', sizeof(c->found[0]) - 1))
		c->found[n - 1][0] = '\0';
	c->found[n - 1][sizeof(c->found[0]) - 1] = '\0';
}

static void found_written(struct xtun_case *c, int n, accept_write *write)
{
	found_of(c, n, &c->firewall.rules[0], write);
}

/*
 * Whether a rule can accept only packets like this one. "-p 0" matches all protocols, without
 * a port a rule matches all of TCP, and in IPv6 it is matched against the protocol behind the
 * extension headers.
 */
static bool can_be_told_apart(const struct xtun_packet *p)
{
	if (p->proto == IPPROTO_TCP || p->proto == IPPROTO_UDP)
		return p->dport >= 0;
	if (p->family == AF_INET6 &&
	    (p->proto == IPPROTO_ROUTING || p->proto == IPPROTO_FRAGMENT ||
	     p->proto == IPPROTO_AH || p->proto == IPPROTO_ESP || p->proto == IPPROTO_DSTOPTS))
		return false;
	return p->family && p->proto > 0;
}

/* Gives a command only if a rule can match the packet; otherwise only names the rule. */
bool xtun_is_dropped_by_rule(struct xtun_case *c)
{
	if (!is_filtered_by_one(c))
		return false;
	found_written(c, 1, xtun_accept_verdict);
	if (can_be_told_apart(&c->packet)) {
		found_written(c, 2, xtun_accept_cure);
		found_written(c, 3, xtun_accept_undo);
	}
	found_written(c, 4, xtun_accept_removal);
	return true;
}

bool xtun_is_dropped_as_invalid(struct xtun_case *c)
{
	if (!is_filtered_by_one(c) || !c->firewall.rules[0].invalid || !xtun_is_dropped_by_rule(c))
		return false;
	found_written(c, 1, xtun_accept_name);
	return true;
}

/* Connection tracking calls the packet invalid because of its checksum. */
bool xtun_is_invalid_by_its_sum(struct xtun_case *c)
{
	return is_filtered_by_one(c) && c->firewall.rules[0].invalid &&
	       c->packet.proto != IPPROTO_IGMP && found_bad_sum(c);
}

/* False if their names are too long. One may be of iptables-legacy, whose rules are not read. */
static bool found_two(struct xtun_case *c)
{
	const struct xtun_firewall_rule *r = c->firewall.rules;

	found_written(c, 1, xtun_accept_verdict);
	found(c, 2, ", or ");
	found(c, 3, "an iptables-legacy rule");
	if (c->firewall.named == 2)
		found_of(c, 3, &r[1], r[0].rejects == r[1].rejects ? xtun_accept_name :
			 xtun_accept_verdict);
	return c->found[0][0] && c->found[2][0];
}

bool xtun_is_dropped_by_some(struct xtun_case *c)
{
	if (!is_filtered(c))
		return false;
	if (c->firewall.could == 2 && found_two(c))
		return true;
	memset(c->found, 0, sizeof(c->found));
	found(c, 1, "dropped it");
	if (c->firewall.could > 1)
		found(c, 2, ": one of %zu rules that could have", c->firewall.could);
	return true;
}
