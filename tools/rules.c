// SPDX-License-Identifier: GPL-2.0
/*
 * Why the kernel's stack drops a frame, and what mends it: a row a cause.
 *
 * A cause is never taken from where the kernel dropped the frame alone: the row's test
 * looks at the frame's own bytes and at how the system is set up, and says what it
 * found. Where the kernel was says which of several faults it met first. The first row
 * that holds is the one.
 */
#include "rules.h"

#define SUM_ADVICE	"set the field to zero before summing, and count the pseudo header"

/*
 * Templates: @ is the xtun, @d the device where the frame was and @m that one's address,
 * @M the frame's Ethernet destination, @s and @t its IP source and destination, @f the
 * kernel's function, @1 to @4 what the test has found; @q the length of the xtun's queue,
 * and @w what it had better be; @b and @c the same of net.core.netdev_max_backlog.
 */
static const struct xtun_rule rules[] = {
	{ "no-drop", xtun_is_no_drop, NULL, NULL, NULL, NULL },
	{ "no-drop", xtun_is_tcp_taken, NULL, NULL, NULL, NULL },
	{ "cpu-backlog", xtun_is_backlogged,
	  "the queue of frames that wait for the processor that was to take it was full@1",
	  "@2", "@3", "write more slowly" },
	{ "xdp-generic", xtun_is_dropped_by_xdp,
	  "dropped by the XDP program of @d, or that failed at it",
	  "@1", "@2", "@3; look at: perf trace -e xdp:xdp_exception" },
	{ "tc", xtun_is_filtered_by_tc, "a filter of tc drops it at the @1 of @d",
	  NULL, NULL,
	  "find it: tc -s filter show dev @d @1; it may be eBPF: bpftool net show dev @d" },
	{ "headerless", xtun_is_headerless,
	  "an IP packet without an Ethernet header: its first 14 bytes were taken for one",
	  NULL, NULL,
	  "write the header first: 6 bytes @m, 6 of your own, 0800; or attach with IFF_TUN" },
	{ "header", xtun_is_whole_frame, "an Ethernet frame, and @ takes packets of IP alone",
	  NULL, NULL, "leave out its first 14 bytes, or attach with IFF_TAP" },
	{ "vlan", xtun_is_strange_vlan,
	  "it has the tag of a VLAN for which @d has no interface",
	  NULL, NULL,
	  "see which (xtun dump @d), then: ip link add link @d name @d.N up type vlan id N" },
	{ "vlan-down", xtun_is_of_vlan_down, "@1, which is for VLAN @2 of @d, is down",
	  "ip link set dev @3 up", "ip link set dev @3 down", NULL },
	{ "vxlan", xtun_has_no_outer_route,
	  "@d is to send it to @1, and there is no route to that", "@2", "@3", "@4" },
	{ "mac", xtun_is_for_other_mac, "it is for @M, and @d is @m",
	  "ip link set dev @d address @M", "ip link set dev @d address @m", NULL },
	{ "other-host", xtun_is_for_other_host, "it is for @M, and @d is @m; @1",
	  NULL, NULL,
	  "let its sender write @m, if it is meant for here; if a hub floods, nothing is lost" },
	{ "llc", xtun_has_no_llc,
	  "an 802.3 frame of @1 bytes@2, which nothing on this machine takes from @d",
	  NULL, NULL, "@3" },
	{ "ethertype", xtun_has_no_handler, "nothing on this machine takes frames of type @1",
	  NULL, NULL, "load the module or start the program that does: cat /proc/net/ptype" },
	{ "bridge-down", xtun_is_at_bridge_down, "@1, the bridge that @d is a port of, is down",
	  "ip link set dev @2 up", "ip link set dev @2 down", NULL },
	{ "bridge-port", xtun_is_blocked, "@d is a port of a bridge in the state '@1'",
	  "@2", "@3", "@4" },
	{ "source-mac", xtun_is_from_no_mac,
	  "it comes from @1, which is no machine's address: a bridge takes no such frame",
	  NULL, NULL, "write a MAC of your own into bytes 6 to 11: the first byte even, as 02" },
	{ "bridge-vlan", xtun_is_of_strange_bridge_vlan,
	  "the bridge filters by VLAN, and @d is no member of VLAN @1",
	  "bridge vlan add dev @d vid @1", "bridge vlan del dev @d vid @1", NULL },
	{ "bridge-untagged", xtun_has_no_bridge_vlan,
	  "the bridge filters by VLAN, and @d has none for what comes without a tag",
	  "@1", "@2", "@3" },
	{ "mtu", xtun_is_too_large_for_port,
	  "it is of @1 bytes, and @d, a port of a bridge, takes @2",
	  "ip link set dev @d mtu @1", "ip link set dev @d mtu @2", NULL },
	{ "bridge-hairpin", xtun_is_for_its_own_port,
	  "its bridge has @M behind @d too, whence it came: nothing goes back there",
	  NULL, NULL,
	  "nothing is lost if a switch floods there; else: bridge link set dev @d hairpin on" },
	{ "bridge-out", xtun_is_for_closed_port, "its bridge has @M behind @1", "@2", "@3", "@4" },
	{ "bridge-nobody", xtun_is_for_no_port,
	  "no other port of @1, the bridge, takes what is for @M, which nobody there has had yet",
	  NULL, NULL, "see whether that one's port is in the bridge, and up: bridge -d link show" },
	{ "arp", xtun_is_odd_arp, "its ARP is none that the kernel takes: it @1", NULL, NULL,
	  "mend what the program writes behind the Ethernet header (RFC 826)" },
	{ "ip-header", xtun_has_bad_ip_header, "its IP header cannot be one: @1", NULL, NULL,
	  "mend what the program writes at byte @2 of the frame, or its type" },
	{ "fragments", xtun_is_without_the_rest,
	  "it is a fragment, and the others have not come within @1 s", NULL, NULL,
	  "write all, each with its offset in 8 bytes and the same identification" },
	{ "truncated", xtun_is_cut_short,
	  "its IP header says @1 bytes, and there are @2: @3 bytes missing",
	  NULL, NULL, "write the whole packet at once, or mend its length field" },
	{ "ip-checksum", xtun_has_bad_ip_sum, "the checksum of its IP header is @1, and ought to be @2",
	  NULL, NULL, "set the field to zero before summing, and sum the header alone" },
	{ "conntrack", xtun_is_one_connection_too_many,
	  "the firewall's table of connections is full: @1 of @2",
	  "@3", "@4", "a namespace takes the machine's limit: it is set outside of it" },
	{ "checksum", xtun_is_invalid_by_its_sum,
	  "the @3 checksum is @1, and ought to be @2: the firewall drops it as invalid",
	  NULL, NULL, SUM_ADVICE },
	{ "invalid", xtun_is_dropped_as_invalid,
	  "connection tracking calls it invalid, and such are dropped by @1", "@2", "@3", "@4" },
	{ "firewall", xtun_is_dropped_by_rule,
	  "a rule of the firewall has @1", "@2", "@3", "@4" },
	{ "firewall", xtun_is_dropped_by_some, "a rule of the firewall has @1@2@3",
	  NULL, NULL,
	  "find the rule: nft -a list ruleset; iptables-legacy -L -v -n; nft monitor trace" },
	{ "group", xtun_is_for_strange_group, "@d is no member of the group @t",
	  "ip address add @t/@1 dev @d autojoin", "ip address del @t/@1 dev @d", NULL },
	{ "broadcast-source", xtun_is_from_many,
	  "it comes from @s, a @1 address, from which no host may send (@2)",
	  NULL, NULL, "mend the source address that the program writes" },
	{ "loopback", xtun_is_for_loopback,
	  "it is for @t, by which a machine speaks to itself alone", NULL, NULL,
	  "have the program write an address that this machine has in a network@1" },
	{ "martian", xtun_is_martian, "it comes from @s, and nobody can be asked to answer there",
	  NULL, NULL, "mend the source address that the program writes" },
	{ "ttl", xtun_is_at_its_end, "it was to be forwarded with a @2 of @1",
	  NULL, NULL,
	  "send it with a greater one; if it should be, look for a loop: traceroute @t" },
	{ "mtu", xtun_is_too_large, "it is of @1 bytes, and @2 takes @3",
	  "ip link set dev @2 mtu @1", "ip link set dev @2 mtu @3", NULL },
	{ "own-source", xtun_is_own_source, "it comes from @s, which is an address of this machine",
	  "sysctl -w net/ipv4/conf/@d/accept_local=1", "sysctl -w net/ipv4/conf/@d/accept_local=0",
	  NULL },
	{ "reverse-path", xtun_is_filtered_by_reverse_path,
	  "it comes from @s, to which frames would leave @1, and the @2 reverse-path filter is on",
	  "@3", "@4", "turn the filter off: rp_filter=0 in net/ipv4/conf, of @d and of all" },
	{ "l2-multicast", xtun_is_for_one_by_many,
	  "it is for @t alone, and @M is of many machines: @d is set not to take that",
	  "@1", "@2", "or write the MAC of that one machine: @m" },
	{ "forwarding", xtun_is_not_forwarded,
	  "@t is no address of this machine, and @1 to others", "@2", "@3", "@4" },
	{ "route-forbids", xtun_is_forbidden_way,
	  "a route or a rule of routing @1 what is for @t", NULL, NULL,
	  "find it: ip route show table all type @2; ip rule; then: ip route del @2 ..." },
	{ "ipv6-disabled", xtun_is_without_ipv6, "@d has IPv6 switched off",
	  "sysctl -w net/ipv6/conf/@d/disable_ipv6=0", "sysctl -w net/ipv6/conf/@d/disable_ipv6=1",
	  NULL },
	{ "route", xtun_has_no_route, "there is no way to @t: @1",
	  "@2", "@3", "@4" },
	{ "carrier", xtun_is_without_carrier, "it was to leave by @d, which has no carrier",
	  NULL, NULL, "see to whoever is at the other end of @d" },
	{ "qdisc", xtun_is_dropped_by_queue,
	  "the queue before @d, '@1', was full, or drops what it is told to",
	  NULL, NULL,
	  "see which and how often: tc -s qdisc show dev @d@2" },
	{ "module", xtun_has_module, "nothing on this machine takes protocol @1 of IP",
	  "@2", "@3", "@4" },
	{ "gre-version", xtun_is_of_strange_gre_version,
	  "its GRE header says version @1; there is 0, and 1 where PPTP is",
	  NULL, NULL,
	  "write 0 into the low 7 bits of its second byte; or for PPTP: modprobe pptp" },
	{ "gre-tunnel", xtun_has_no_gre_tunnel, "no GRE tunnel here is for what comes from @s to @t@2",
	  "ip link add xtungre up type @1 local @t remote @s@2", "ip link del xtungre", NULL },
	{ "protocol", xtun_is_unknown_protocol, "nothing on this machine takes protocol @1 of IP",
	  NULL, NULL, "start the program that does: cat /proc/net/raw" },
	{ "length", xtun_has_bad_length, "its @2 header is wrong about lengths: @1", NULL, NULL,
	  "mend the lengths that the program writes into its headers" },
	{ "checksum", xtun_has_bad_sum, "the @3 checksum is @1, and ought to be @2",
	  NULL, NULL, SUM_ADVICE },
	{ "echo-broadcast", xtun_is_echo_for_many,
	  "it is an ICMP @3 request for all of @t, and this machine does not answer such",
	  "@1", "@2", NULL },
	{ "icmp-type", xtun_is_strange_icmp,
	  "the kernel does not know what ICMP of type @1 is", NULL, NULL,
	  "write a type that there is (RFC 792; IANA, ICMP Type Numbers)" },
	{ "unread", xtun_is_left_unread,
	  "@1 has closed it, or ended, and not read this", NULL, NULL,
	  "have it read what waits before it ends, or its sender send that again" },
	{ "socket", xtun_has_no_socket, "no program has @1 port @2@4 of @t open",
	  NULL, NULL, "start the one that is to listen there; which do, and where: ss @3" },
	{ "socket-address", xtun_has_socket_elsewhere,
	  "a program has @1 port @2 open at @3 alone, and it is for @t",
	  NULL, NULL, "have that program listen at @t, or at all addresses; who it is: ss @4" },
	{ "socket-full", xtun_found_socket_full,
	  "the program that has port @1 open reads too slowly: @2 bytes wait",
	  "@3", "@4",
	  "start that program again afterwards; a namespace may take the machine's setting" },
	{ "neighbour", xtun_has_no_neighbour, "nobody answers @2 for @1 on @d",
	  NULL, NULL, "@3; if it cannot: ip neighbour replace @1 dev @d lladdr MAC" },
	{ "unexplained", xtun_is_unexplained, "the kernel dropped it in @f; the reason: @1",
	  NULL, NULL, "docs/lost-frames.md tells how to go on" },
};

static const struct xtun_rule *find(struct xtun_case *c, const struct xtun_rule *rule)
{
	/* What one has found is no other's. */
	for (memset(c->found, 0, sizeof(c->found)); !rule->holds(c); rule++)
		memset(c->found, 0, sizeof(c->found));
	return rule;
}

/**
 * xtun_rule_find() - why a frame was dropped
 * @c: the frame, and where; filled with what was measured
 *
 * Return: the rule; one without @why if nothing was lost.
 */
const struct xtun_rule *xtun_rule_find(struct xtun_case *c)
{
	return find(c, rules);
}

/**
 * xtun_rule_other() - what it may have been as well
 * @c: the frame, and where; filled anew
 * @rule: the one that was found
 *
 * The rows are in the order in which the stack looks, so the first that holds is the
 * one, if all has stayed as it was. Without the function's name nothing tells whether
 * the frame had come further by then.
 *
 * Return: the rule, or NULL if there is none.
 */
const struct xtun_rule *xtun_rule_other(struct xtun_case *c, const struct xtun_rule *rule)
{
	const struct xtun_rule *other;

	/* The frame's own bytes have not changed; and behind the last there is none. */
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

/* False: it is no field, but the name alone. */
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
 * xtun_rule_print() - a sentence or command of a rule
 * @out: where to
 * @template: of struct xtun_rule
 * @c: the case of which the rule holds
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
