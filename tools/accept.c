// SPDX-License-Identifier: GPL-2.0
/* The commands that make the firewall accept a packet that one of its rules dropped. */
#include "why.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <linux/netfilter.h>
#include <string.h>

static const struct {
	int proto;
	const char *name;
	bool ports;
} protos[] = {
	{ IPPROTO_ICMP, "icmp", false }, { IPPROTO_TCP, "tcp", true },
	{ IPPROTO_UDP, "udp", true }, { IPPROTO_ICMPV6, "ipv6-icmp", false },
};

static const char *family_name(int family)
{
	switch (family) {
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	case NFPROTO_BRIDGE:
		return "bridge";
	case NFPROTO_ARP:
		return "arp";
	default:
		return "netdev";
	}
}

static const char *iptables(const struct xtun_firewall_rule *r)
{
	return r->family == NFPROTO_IPV6 ? "ip6tables" : "iptables";
}

static void print_table(FILE *out, const struct xtun_firewall_rule *r)
{
	fprintf(out, "%s ", family_name(r->family));
	xtun_word_print(out, r->table);
	fputc(' ', out);
	xtun_word_print(out, r->chain);
}

/* The rule's name and place. */
void xtun_accept_name(FILE *out, const struct xtun_firewall_rule *r, const struct xtun_packet *p)
{
	(void)p;
	/* Such a rule does not mention dropping: name the action that does it. */
	if (r->by)
		fprintf(out, "the %s in ", r->by);
	if (!r->number)
		fprintf(out, "the policy of chain '%s' in table %s %s", r->chain,
			family_name(r->family), r->table);
	else if (r->iptables)
		fprintf(out, "%s rule %u of chain %s in table %s", iptables(r), r->number,
			r->chain, r->table);
	else
		fprintf(out, "the rule with handle %" PRIu64 " of chain '%s' in table %s %s",
			r->handle, r->chain, family_name(r->family), r->table);
}

/* What the rule did, and its name. */
void xtun_accept_verdict(FILE *out, const struct xtun_firewall_rule *r,
			 const struct xtun_packet *p)
{
	if (r->unsure)
		fputs("probably ", out);
	fputs(r->rejects ? "rejected it: " : "dropped it: ", out);
	xtun_accept_name(out, r, p);
}

/* The first part of a command: "iptables -I INPUT". */
static void print_iptables(FILE *out, const struct xtun_firewall_rule *r, const char *verb)
{
	fputs(iptables(r), out);
	if (strcmp(r->table, "filter")) {
		fputs(" -t ", out);
		xtun_word_print(out, r->table);
	}
	fprintf(out, " %s ", verb);
	xtun_word_print(out, r->chain);
}

static void print_packet(FILE *out, const struct xtun_firewall_rule *r,
			 const struct xtun_packet *p)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	const char *name = NULL;
	bool ports = false;

	inet_ntop(p->family, p->src, src, sizeof(src));
	inet_ntop(p->family, p->dst, dst, sizeof(dst));
	for (size_t i = 0; i < ARRAY_SIZE(protos); i++) {
		if (protos[i].proto != p->proto)
			continue;
		name = protos[i].name;
		ports = protos[i].ports && p->dport >= 0;
	}
	if (r->iptables)
		fprintf(out, " -s %s -d %s -p ", src, dst);
	else if (p->family == AF_INET)
		fprintf(out, " ip saddr %s ip daddr %s meta l4proto ", src, dst);
	else
		fprintf(out, " ip6 saddr %s ip6 daddr %s meta l4proto ", src, dst);
	if (name)
		fputs(name, out);
	else
		fprintf(out, "%d", p->proto);
	if (ports && r->iptables)
		fprintf(out, " --dport %d", p->dport);
	else if (ports)
		fprintf(out, " %s dport %d", name, p->dport);
}

/* A comment that identifies the inserted rule, so that the undo command deletes no other. */
static void print_mark(FILE *out, const struct xtun_packet *p)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];

	inet_ntop(p->family, p->src, src, sizeof(src));
	inet_ntop(p->family, p->dst, dst, sizeof(dst));
	fprintf(out, "\"xtun-why %d %s %s %d\"", p->proto, src, dst, p->dport);
}

/* Inserts before the rule, or appends to the chain if its policy dropped the packet. */
void xtun_accept_cure(FILE *out, const struct xtun_firewall_rule *r, const struct xtun_packet *p)
{
	if (r->iptables) {
		print_iptables(out, r, r->number ? "-I" : "-A");
		if (r->number)
			fprintf(out, " %u", r->number);
		print_packet(out, r, p);
		fputs(" -j ACCEPT", out);
		return;
	}
	fprintf(out, "nft %s rule ", r->number ? "insert" : "add");
	print_table(out, r);
	if (r->number)
		fprintf(out, " handle %" PRIu64, r->handle);
	print_packet(out, r, p);
	fputs(" accept comment '", out);
	print_mark(out, p);
	fputc('\'', out);
}

void xtun_accept_undo(FILE *out, const struct xtun_firewall_rule *r, const struct xtun_packet *p)
{
	if (r->iptables) {
		print_iptables(out, r, "-D");
		print_packet(out, r, p);
		fputs(" -j ACCEPT", out);
		return;
	}
	fputs("nft delete rule ", out);
	print_table(out, r);
	fputs(" handle $(nft -a list chain ", out);
	print_table(out, r);
	fputs(" | sed -n '/", out);
	print_mark(out, p);
	fputs("/{s/.*handle //p;q}')", out);
}

/* The more general fix: remove the rule, so that it drops no packet any more. */
void xtun_accept_removal(FILE *out, const struct xtun_firewall_rule *r,
			 const struct xtun_packet *p)
{
	(void)p;
	if (!r->number) {
		fputs("change the policy to accept", out);
	} else if (r->iptables) {
		fputs("delete that rule: ", out);
		print_iptables(out, r, "-D");
		fprintf(out, " %u", r->number);
	} else {
		fputs("delete that rule: nft delete rule ", out);
		print_table(out, r);
		fprintf(out, " handle %" PRIu64, r->handle);
	}
}
