/* SPDX-License-Identifier: GPL-2.0 */
/* The tests behind the rows of rules.c, and what they have in common. */
#ifndef XTUN_RULES_H
#define XTUN_RULES_H

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "why.h"

/* Set the field "@N" of the row's templates; N counts from 1. */
static inline __attribute__((format(printf, 3, 4)))
void found(struct xtun_case *c, int n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->found[n - 1], sizeof(c->found[0]), fmt, ap);
	va_end(ap);
}

/* A kernel without KALLSYMS names no function. */
static inline bool has_no_name(const struct xtun_case *c)
{
	return c->drop->function[0] == '?';
}

/*
 * Whether the function's name, without leading underscores, begins with a word of the list.
 * True if the kernel has no names.
 */
static inline bool within(const struct xtun_case *c, const char *list)
{
	const char *function = c->drop->function;
	size_t n;

	if (has_no_name(c))
		return true;
	function += strspn(function, "_");
	for (; *list; list += n + strspn(list + n, " ")) {
		n = strcspn(list, " ");
		if (!strncmp(function, list, n))
			return true;
	}
	return false;
}

static inline bool because(const struct xtun_case *c, const char *reason)
{
	return !strcmp(c->drop->reason, reason);
}

/* The kernel says where it dropped the frame, but not why. */
static inline bool unreasoned(const struct xtun_case *c)
{
	return !c->drop->reason[0] || because(c, "NOT_SPECIFIED");
}

static inline bool comes_in(const struct xtun_case *c)
{
	return c->drop->direction == XTUN_RX;
}

static inline bool is_ip(const struct xtun_case *c)
{
	return c->packet.family;
}

static inline bool is_ipv4(const struct xtun_case *c)
{
	return c->packet.family == AF_INET;
}

static inline void found_address(struct xtun_case *c, int n, const uint8_t *address)
{
	inet_ntop(c->packet.family, address, c->found[n - 1], sizeof(c->found[0]));
}

static inline void found_sum(struct xtun_case *c, const struct xtun_checksum *sum)
{
	found(c, 1, "0x%04x", sum->found);
	found(c, 2, "0x%04x", sum->right);
}

static inline bool found_bad_sum(struct xtun_case *c)
{
	static const struct {
		int proto;
		const char *name;
	} names[] = {
		{ IPPROTO_ICMP, "ICMP" }, { IPPROTO_TCP, "TCP" }, { IPPROTO_UDP, "UDP" },
		{ IPPROTO_ICMPV6, "ICMPv6" }, { IPPROTO_IGMP, "IGMP" },
	};

	if (!comes_in(c) || c->packet.sum.verdict != XTUN_SUM_WRONG)
		return false;
	found_sum(c, &c->packet.sum);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].proto == c->packet.proto)
			found(c, 3, "%s", names[i].name);
	return true;
}

static inline unsigned int get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

/*
 * Whether a row's cause applies. Each test checks what it needs to be certain, and fills
 * found[], which is discarded if it returns false.
 */

/* rules_header.c */
bool xtun_is_cut_short(struct xtun_case *c);
bool xtun_has_bad_ip_sum(struct xtun_case *c);
bool xtun_has_bad_ip_header(struct xtun_case *c);
bool xtun_has_bad_length(struct xtun_case *c);
bool xtun_is_odd_arp(struct xtun_case *c);
bool xtun_is_without_the_rest(struct xtun_case *c);

/* rules_queue.c */
bool xtun_is_filtered_by_tc(struct xtun_case *c);
bool xtun_is_without_carrier(struct xtun_case *c);
bool xtun_is_dropped_by_queue(struct xtun_case *c);

/* rules_link.c */
bool xtun_is_no_drop(struct xtun_case *c);
bool xtun_is_backlogged(struct xtun_case *c);
bool xtun_is_dropped_by_xdp(struct xtun_case *c);
bool xtun_is_headerless(struct xtun_case *c);
bool xtun_is_whole_frame(struct xtun_case *c);
bool xtun_is_strange_vlan(struct xtun_case *c);
bool xtun_is_of_vlan_down(struct xtun_case *c);
bool xtun_is_for_other_mac(struct xtun_case *c);
bool xtun_is_for_other_host(struct xtun_case *c);
bool xtun_has_no_llc(struct xtun_case *c);
bool xtun_has_no_handler(struct xtun_case *c);

/* rules_bridge.c */
bool xtun_is_port(const struct xtun_iface *dev);
bool xtun_is_from_no_mac(struct xtun_case *c);
bool xtun_is_for_its_own_port(struct xtun_case *c);
bool xtun_is_for_closed_port(struct xtun_case *c);
bool xtun_is_for_no_port(struct xtun_case *c);
bool xtun_is_at_bridge_down(struct xtun_case *c);
bool xtun_is_blocked(struct xtun_case *c);
bool xtun_is_of_strange_bridge_vlan(struct xtun_case *c);
bool xtun_has_no_bridge_vlan(struct xtun_case *c);
bool xtun_is_too_large_for_port(struct xtun_case *c);

/* rules_firewall.c */
bool xtun_is_one_connection_too_many(struct xtun_case *c);
bool xtun_is_invalid_by_its_sum(struct xtun_case *c);
bool xtun_is_dropped_as_invalid(struct xtun_case *c);
bool xtun_is_dropped_by_rule(struct xtun_case *c);
bool xtun_is_dropped_by_some(struct xtun_case *c);

/* rules_ip.c */
bool xtun_has_no_outer_route(struct xtun_case *c);
bool xtun_is_for_loopback(struct xtun_case *c);
bool xtun_is_for_one_by_many(struct xtun_case *c);
bool xtun_is_martian(struct xtun_case *c);
bool xtun_is_from_many(struct xtun_case *c);
bool xtun_is_at_its_end(struct xtun_case *c);
bool xtun_is_too_large(struct xtun_case *c);
bool xtun_is_own_source(struct xtun_case *c);
bool xtun_is_filtered_by_reverse_path(struct xtun_case *c);
bool xtun_is_for_strange_group(struct xtun_case *c);
bool xtun_is_not_forwarded(struct xtun_case *c);
bool xtun_is_forbidden_way(struct xtun_case *c);
bool xtun_is_without_ipv6(struct xtun_case *c);
bool xtun_has_no_route(struct xtun_case *c);

/* rules_above.c */
bool xtun_is_tcp_taken(struct xtun_case *c);
bool xtun_has_module(struct xtun_case *c);
bool xtun_is_of_strange_gre_version(struct xtun_case *c);
bool xtun_has_no_gre_tunnel(struct xtun_case *c);
bool xtun_is_unknown_protocol(struct xtun_case *c);
bool xtun_has_bad_sum(struct xtun_case *c);
bool xtun_is_echo_for_many(struct xtun_case *c);
bool xtun_is_strange_icmp(struct xtun_case *c);
bool xtun_is_left_unread(struct xtun_case *c);
bool xtun_has_no_socket(struct xtun_case *c);
bool xtun_has_socket_elsewhere(struct xtun_case *c);
bool xtun_found_socket_full(struct xtun_case *c);
bool xtun_has_no_neighbour(struct xtun_case *c);
bool xtun_is_unexplained(struct xtun_case *c);

#endif
