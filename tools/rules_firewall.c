// SPDX-License-Identifier: GPL-2.0
/* What netfilter drops: by a rule, or for its table of connections. */
#include "rules.h"

#include <netinet/in.h>
#include <string.h>

static bool is_filtered(struct xtun_case *c)
{
	return because(c, "NETFILTER_DROP") ||
	       (unreasoned(c) && !has_no_name(c) && within(c, "nf_hook_slow nft_do nf_queue"));
}

/* Asked once of a packet. */
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

/* That it is full does not say that this one had no room: a rule that counts says more. */
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
	/* Half a command is none. */
	if (fclose(out) || !memchr(c->found[n - 1], '\0', sizeof(c->found[0]) - 1))
		c->found[n - 1][0] = '\0';
	c->found[n - 1][sizeof(c->found[0]) - 1] = '\0';
}

static void found_written(struct xtun_case *c, int n, accept_write *write)
{
	found_of(c, n, &c->firewall.rules[0], write);
}

/*
 * Whether a rule can let through this packet and its like alone: to "-p 0" all protocols
 * are alike, without a port all of TCP is, and IPv6 is asked for what is behind its
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

/* Behind a port of IP alone; what is no packet is left to whoever reads the rule. */
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

/* It is the checksum that connection tracking does not like. */
bool xtun_is_invalid_by_its_sum(struct xtun_case *c)
{
	return is_filtered_by_one(c) && c->firewall.rules[0].invalid &&
	       c->packet.proto != IPPROTO_IGMP && found_bad_sum(c);
}

/* False: their names are too long. One may be of iptables-legacy, whose rules are not read. */
static bool found_two(struct xtun_case *c)
{
	const struct xtun_firewall_rule *r = c->firewall.rules;

	found_written(c, 1, xtun_accept_verdict);
	found(c, 2, ", or ");
	found(c, 3, "one of iptables-legacy");
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
		found(c, 2, ": one of %zu that could have", c->firewall.could);
	return true;
}
