// SPDX-License-Identifier: GPL-2.0
/*
 * Why the kernel's stack drops a frame, and how to fix it: one row for each cause.
 *
 * The place where the kernel dropped the frame is never the only evidence: the row's test
 * checks the frame's own bytes and the configuration of the system, and records what it
 * found. If there are several faults, the place tells which one the kernel met first. The
 * first row whose test holds is the verdict.
 */
#include "rules.h"

#define SUM_ADVICE \
	"set the field to zero before summing; TCP, UDP and ICMPv6 also sum the pseudo header"

/*
 * Templates: @ is the xtun, @d the device where the frame was dropped and @m its MAC, @M the
 * frame's Ethernet destination, @s and @t its IP source and destination, @f the kernel's
 * function, @1 to @4 what the test found; @q the txqueuelen of the xtun and @w the suggested
 * one; @b and @c likewise for net.core.netdev_max_backlog.
 */
static const struct xtun_rule rules[] = {
	{ "no-drop", xtun_is_no_drop, NULL, NULL, NULL, NULL },
	{ "no-drop", xtun_is_tcp_taken, NULL, NULL, NULL, NULL },
	{ "cpu-backlog", xtun_is_backlogged,
	  "the input backlog of the CPU that should process it was full@1",
	  "@2", "@3", "write more slowly" },
	{ "xdp-generic", xtun_is_dropped_by_xdp,
	  "the XDP program of @d, in generic mode, dropped it or failed on it",
	  "@1", "@2", "@3; to see failures: perf trace -e xdp:xdp_exception" },
	{ "tc", xtun_is_filtered_by_tc, "a tc filter dropped it at the @1 of @d",
	  NULL, NULL,
	  "find it: tc -s filter show dev @d @1; it may be eBPF: bpftool net show dev @d" },
	{ "headerless", xtun_is_headerless,
	  "an IP packet without an Ethernet header: its first 14 bytes were taken for one",
	  NULL, NULL,
	  "write a header first: 6 bytes @m, your own MAC, 0800 or 86dd; or attach with IFF_TUN" },
	{ "header", xtun_is_whole_frame,
	  "an Ethernet frame, but @ is a tun, which accepts only IP packets",
	  NULL, NULL, "omit its first 14 bytes, or attach with IFF_TAP" },
	{ "vlan", xtun_is_strange_vlan,
	  "it has a VLAN tag, but @d has no interface for that VLAN",
	  NULL, NULL,
	  "see which VLAN (xtun dump @d), then: ip link add link @d name @d.N up type vlan id N" },
	{ "vlan-down", xtun_is_of_vlan_down, "@1, the interface for VLAN @2 of @d, is down",
	  "ip link set dev @3 up", "ip link set dev @3 down", NULL },
	{ "vxlan", xtun_has_no_outer_route,
	  "@d must send it to @1, but there is no route to that address", "@2", "@3", "@4" },
	{ "mac", xtun_is_for_other_mac, "its destination MAC is @M, but @d has @m",
	  "ip link set dev @d address @M", "ip link set dev @d address @m", NULL },
	{ "other-host", xtun_is_for_other_host, "its destination MAC is @M, but @d has @m; @1",
	  NULL, NULL,
	  "if it is for this machine, its sender must write @m; if a hub floods, nothing is lost" },
	{ "llc", xtun_has_no_llc,
	  "an 802.3 frame of @1 bytes@2, which nothing on this machine handles on @d",
	  NULL, NULL, "@3" },
	{ "ethertype", xtun_has_no_handler, "nothing on this machine handles EtherType @1",
	  NULL, NULL,
	  "load the module or start the program that does; handlers: cat /proc/net/ptype" },
	{ "bridge-down", xtun_is_at_bridge_down, "@d is a port of bridge @1, which is down",
	  "ip link set dev @2 up", "ip link set dev @2 down", NULL },
	{ "bridge-port", xtun_is_blocked, "bridge port @d is in state '@1'",
	  "@2", "@3", "@4" },
	{ "source-mac", xtun_is_from_no_mac,
	  "its source MAC is @1, which is not a valid source: a bridge drops such frames",
	  NULL, NULL,
	  "write a MAC of your own into bytes 6 to 11; the first byte must be even, such as 02" },
	{ "bridge-vlan", xtun_is_of_strange_bridge_vlan,
	  "the bridge filters by VLAN, and port @d is not a member of VLAN @1",
	  "bridge vlan add dev @d vid @1", "bridge vlan del dev @d vid @1", NULL },
	{ "bridge-untagged", xtun_has_no_bridge_vlan,
	  "the bridge filters by VLAN, and port @d has no PVID for untagged frames",
	  "@1", "@2", "@3" },
	{ "mtu", xtun_is_too_large_for_port,
	  "it has @1 bytes, but the MTU of bridge port @d is @2",
	  "ip link set dev @d mtu @1", "ip link set dev @d mtu @2", NULL },
	{ "bridge-hairpin", xtun_is_for_its_own_port,
	  "the bridge has @M on @d, the port that the frame came in by, and does not send it back",
	  NULL, NULL,
	  "nothing is lost if a switch flooded it there; else: bridge link set dev @d hairpin on" },
	{ "bridge-out", xtun_is_for_closed_port, "the bridge has @M on port @1", "@2", "@3", "@4" },
	{ "bridge-nobody", xtun_is_for_no_port,
	  "bridge @1 does not know @M, and has no other port to flood the frame to",
	  NULL, NULL,
	  "check that the port towards @M is in the bridge, and up: bridge -d link show" },
	{ "arp", xtun_is_odd_arp, "the kernel does not accept this ARP packet: it @1", NULL, NULL,
	  "correct what the program writes after the Ethernet header (RFC 826)" },
	{ "ip-header", xtun_has_bad_ip_header, "its IP header is invalid: @1", NULL, NULL,
	  "correct what the program writes at byte @2 of the frame, or its EtherType" },
	{ "fragments", xtun_is_without_the_rest,
	  "it is a fragment, and the others did not arrive within @1 s", NULL, NULL,
	  "write all fragments, with the same identification, and offsets in units of 8 bytes" },
	{ "truncated", xtun_is_cut_short,
	  "its IP header says @1 bytes, but there are @2: @3 bytes are missing",
	  NULL, NULL, "write the whole packet at once, or correct its length field" },
	{ "ip-checksum", xtun_has_bad_ip_sum, "its IP header checksum is @1, but should be @2",
	  NULL, NULL, "set the field to zero before summing, and sum only the header" },
	{ "conntrack", xtun_is_one_connection_too_many,
	  "the connection tracking table is full: @1 of @2 entries",
	  "@3", "@4",
	  "in a namespace, the limit of the initial namespace applies: raise it there" },
	{ "checksum", xtun_is_invalid_by_its_sum,
	  "its @3 checksum is @1, but should be @2: the firewall dropped it as INVALID",
	  NULL, NULL, SUM_ADVICE },
	{ "invalid", xtun_is_dropped_as_invalid,
	  "connection tracking classifies it as INVALID, and @1 drops INVALID packets",
	  "@2", "@3", "@4" },
	{ "firewall", xtun_is_dropped_by_rule,
	  "the firewall @1", "@2", "@3", "@4" },
	{ "firewall", xtun_is_dropped_by_some, "the firewall @1@2@3",
	  NULL, NULL,
	  "find the rule: nft -a list ruleset; iptables-legacy -L -v -n; nft monitor trace" },
	{ "group", xtun_is_for_strange_group, "@d is not a member of the multicast group @t",
	  "ip address add @t/@1 dev @d autojoin", "ip address del @t/@1 dev @d", NULL },
	{ "broadcast-source", xtun_is_from_many,
	  "its source @s is a @1 address, which no host may send from (@2)",
	  NULL, NULL, "correct the source address that the program writes" },
	{ "loopback", xtun_is_for_loopback,
	  "its destination @t is a loopback address, which is not valid from the network",
	  NULL, NULL, "send it to an address of this machine that is not a loopback address@1" },
	{ "martian", xtun_is_martian,
	  "its source @s is not a valid host address (martian source)",
	  NULL, NULL, "correct the source address that the program writes" },
	{ "ttl", xtun_is_at_its_end, "it should be forwarded, but its @2 is @1",
	  NULL, NULL,
	  "send it with a greater @2; if it was high enough, look for a loop: traceroute @t" },
	{ "mtu", xtun_is_too_large, "it has @1 bytes, but the MTU of @2 is @3",
	  "ip link set dev @2 mtu @1", "ip link set dev @2 mtu @3", NULL },
	{ "own-source", xtun_is_own_source, "its source @s is an address of this machine",
	  "sysctl -w net/ipv4/conf/@d/accept_local=1", "sysctl -w net/ipv4/conf/@d/accept_local=0",
	  NULL },
	{ "reverse-path", xtun_is_filtered_by_reverse_path,
	  "the @2 reverse-path filter of @d rejects its source @s: @1",
	  "@3", "@4", "turn the filter off: rp_filter=0 in net/ipv4/conf, for both @d and all" },
	{ "l2-multicast", xtun_is_for_one_by_many,
	  "its destination @t is unicast, but the MAC @M is multicast or broadcast; drop_unicast_in_l2_multicast is on for @d",
	  "@1", "@2", "send it to the MAC of @d: @m" },
	{ "forwarding", xtun_is_not_forwarded,
	  "@t is not an address of this machine, and @1", "@2", "@3", "@4" },
	{ "route-forbids", xtun_is_forbidden_way,
	  "a route or routing rule of type @1 applies to @t", NULL, NULL,
	  "find it: ip route show table all type @1; ip rule; then: ip route del @1 ..." },
	{ "ipv6-disabled", xtun_is_without_ipv6, "IPv6 is disabled on @d",
	  "sysctl -w net/ipv6/conf/@d/disable_ipv6=0", "sysctl -w net/ipv6/conf/@d/disable_ipv6=1",
	  NULL },
	{ "route", xtun_has_no_route, "no route to @t: @1",
	  "@2", "@3", "@4" },
	{ "carrier", xtun_is_without_carrier, "it should leave through @d, which has no carrier",
	  NULL, NULL, "check the other end of @d" },
	{ "qdisc", xtun_is_dropped_by_queue,
	  "the qdisc '@1' of @d was full, or dropped it because it is configured to",
	  NULL, NULL,
	  "see its counters: tc -s qdisc show dev @d@2" },
	{ "module", xtun_has_module, "nothing on this machine handles IP protocol @1",
	  "@2", "@3", "@4" },
	{ "gre-version", xtun_is_of_strange_gre_version,
	  "unsupported GRE version @1: the kernel supports 0, and 1 with the module pptp",
	  NULL, NULL,
	  "write 0 into the low 7 bits of its second byte; or for PPTP: modprobe pptp" },
	{ "gre-tunnel", xtun_has_no_gre_tunnel,
	  "no GRE tunnel here accepts packets from @s to @t@2",
	  "ip link add xtungre up type @1 local @t remote @s@2", "ip link del xtungre", NULL },
	{ "protocol", xtun_is_unknown_protocol, "nothing on this machine handles IP protocol @1",
	  NULL, NULL, "start the program that does; open raw sockets: cat /proc/net/raw" },
	{ "length", xtun_has_bad_length,
	  "its @2 header does not match the packet's length: @1", NULL, NULL,
	  "correct the lengths that the program writes into its headers" },
	{ "checksum", xtun_has_bad_sum, "its @3 checksum is @1, but should be @2",
	  NULL, NULL, SUM_ADVICE },
	{ "echo-broadcast", xtun_is_echo_for_many,
	  "this machine does not answer ICMP @3 requests to broadcast or multicast addresses (@t)",
	  "@1", "@2", NULL },
	{ "icmp-type", xtun_is_strange_icmp,
	  "the kernel does not know ICMP type @1", NULL, NULL,
	  "use a type that is defined (RFC 792; IANA, ICMP Type Numbers)" },
	{ "unread", xtun_is_left_unread,
	  "@1 closed the socket or ended without reading this packet", NULL, NULL,
	  "let it read what waits before it ends, or let the sender send this packet again" },
	{ "socket", xtun_has_no_socket, "no program has @1 port @2@4 open on @t",
	  NULL, NULL, "start the program that should listen there; those that listen now: ss @3" },
	{ "socket-address", xtun_has_socket_elsewhere,
	  "a program has @1 port @2 open only on @3, not on @t",
	  NULL, NULL,
	  "let that program listen on @t, or on all addresses; to see which program it is: ss @4" },
	{ "socket-full", xtun_found_socket_full,
	  "the receive buffer of UDP port @1 is full: its program reads too slowly, and @2 bytes wait",
	  "@3", "@4",
	  "read faster, or set SO_RCVBUF; a new default is for new sockets only, and in a namespace it may have to be set in the initial one"
	},
	{ "neighbour", xtun_has_no_neighbour, "nobody answers @2 for @1 on @d",
	  NULL, NULL, "@3; if it cannot: ip neighbour replace @1 dev @d lladdr MAC" },
	{ "unexplained", xtun_is_unexplained, "the kernel dropped it in @f (reason: @1)",
	  NULL, NULL, "see docs/lost-frames.md for how to go on" },
};

static const struct xtun_rule *find(struct xtun_case *c, const struct xtun_rule *rule)
{
	/* Clear found[] before each test: a test that fails may have filled it. */
	for (memset(c->found, 0, sizeof(c->found)); !rule->holds(c); rule++)
		memset(c->found, 0, sizeof(c->found));
	return rule;
}

/**
 * xtun_rule_find() - find out why a frame was dropped
 * @c: the frame, and where it was dropped; its found[] is filled
 *
 * Return: the rule; its @why is NULL if nothing was lost.
 */
const struct xtun_rule *xtun_rule_find(struct xtun_case *c)
{
	return find(c, rules);
}

/**
 * xtun_rule_other() - find a second possible cause
 * @c: the frame, and where it was dropped; its found[] is filled again
 * @rule: the rule that was found first
 *
 * The rows are in the order of the stack's checks, so the first that holds is the cause if
 * the configuration is unchanged. Without the function's name it is not known whether the
 * frame had already passed that check.
 *
 * Return: the rule, or NULL if there is none.
 */
const struct xtun_rule *xtun_rule_other(struct xtun_case *c, const struct xtun_rule *rule)
{
	const struct xtun_rule *other;

	/* Causes in the frame's own bytes are certain. The last row has none behind it. */
	if (!has_no_name(c) || !rule->why || rule->holds == xtun_is_cut_short ||
	    rule->holds == xtun_has_bad_ip_header || rule->holds == xtun_is_odd_arp ||
	    rule->holds == xtun_has_bad_ip_sum || rule->holds == xtun_is_unexplained)
		return NULL;
	other = find(c, rule + 1);
	return other->holds == xtun_is_unexplained ? NULL : other;
}

static void print_mac(FILE *out, const uint8_t *mac)
{
	for (size_t i = 0; i < MAC_LEN; i++)
		fprintf(out, "%s%02x", i ? ":" : "", mac[i]);
}

static void print_address(FILE *out, const struct xtun_case *c, const uint8_t *address)
{
	char text[INET6_ADDRSTRLEN];

	if (c->packet.family)
		fputs(inet_ntop(c->packet.family, address, text, sizeof(text)), out);
}

/* False if it is not a field, but the '@' alone. */
static bool print_field(FILE *out, char field, const struct xtun_case *c)
{
	if (field >= '1' && field <= '4')
		fputs(c->found[field - '1'], out);
	else if (field == 'd')
		xtun_word_print(out, c->at.name);
	else if (field == 'm')
		print_mac(out, c->at.mac);
	else if (field == 'M' && c->packet.mac)
		print_mac(out, c->packet.mac);
	else if (field == 's')
		print_address(out, c, c->packet.src);
	else if (field == 't')
		print_address(out, c, c->packet.dst);
	else if (field == 'f')
		fputs(c->drop->function, out);
	else if (field == 'q')
		fprintf(out, "%d", c->iface->txqueuelen);
	else if (field == 'w')
		fprintf(out, "%d", xtun_more(c->iface->txqueuelen));
	else if (field == 'b')
		fprintf(out, "%d", xtun_sysctl("net/core/netdev_max_backlog"));
	else if (field == 'c')
		fprintf(out, "%d", xtun_more(xtun_sysctl("net/core/netdev_max_backlog")));
	else
		return false;
	return true;
}

/**
 * xtun_rule_print() - print a sentence or command of a rule
 * @out: where to
 * @template: from struct xtun_rule
 * @c: the case for which the rule holds
 */
void xtun_rule_print(FILE *out, const char *template, const struct xtun_case *c)
{
	for (; *template; template++) {
		if (*template != '@')
			fputc(*template, out);
		else if (print_field(out, template[1], c))
			template++;
		else
			xtun_word_print(out, c->iface->name);
	}
}
