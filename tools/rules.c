// SPDX-License-Identifier: GPL-2.0
/*
 * Why the kernel's stack drops a frame, and what mends it: a row a cause.
 *
 * A cause is never taken from where the kernel dropped the frame alone: the row's test
 * looks at the frame's own bytes and at how the system is set up, and says what it
 * found. Where the kernel was says which of several faults it met first. The first row
 * that holds is the one.
 */
#include "why.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- what the tests have in common */

/* found[N] is "@N" in the row's templates, counted from 1. */
static __attribute__((format(printf, 3, 4))) void found(struct xtun_case *c, int n,
							 const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->found[n - 1], sizeof(c->found[0]), fmt, ap);
	va_end(ap);
}

/* Of a list of beginnings, of which underscores do not count; a kernel may have no names. */
static bool within(const struct xtun_case *c, const char *list)
{
	const char *function = c->drop->function;
	size_t n;

	function += strspn(function, "_");
	if (*function == '?')
		return true;
	for (; *list; list += n + strspn(list + n, " ")) {
		n = strcspn(list, " ");
		if (!strncmp(function, list, n))
			return true;
	}
	return false;
}

static bool because(const struct xtun_case *c, const char *reason)
{
	return !strcmp(c->drop->reason, reason);
}

/* The kernel says no more than where it was. */
static bool unreasoned(const struct xtun_case *c)
{
	return !c->drop->reason[0] || because(c, "NOT_SPECIFIED");
}

static bool comes_in(const struct xtun_case *c)
{
	return c->drop->direction == XTUN_RX;
}

static bool is_ip(const struct xtun_case *c)
{
	return c->packet.family;
}

static bool is_ipv4(const struct xtun_case *c)
{
	return c->packet.family == AF_INET;
}

static void found_address(struct xtun_case *c, int n, const uint8_t *address)
{
	inet_ntop(c->packet.family, address, c->found[n - 1], sizeof(c->found[0]));
}

static void found_sum(struct xtun_case *c, const struct xtun_checksum *sum)
{
	found(c, 1, "0x%04x", sum->found);
	found(c, 2, "0x%04x", sum->right);
}

static bool found_bad_sum(struct xtun_case *c)
{
	static const struct {
		int proto;
		const char *name;
	} names[] = {
		{ IPPROTO_ICMP, "ICMP" }, { IPPROTO_TCP, "TCP" }, { IPPROTO_UDP, "UDP" },
		{ IPPROTO_ICMPV6, "ICMPv6" },
	};

	if (!comes_in(c) || c->packet.sum.verdict != XTUN_SUM_WRONG)
		return false;
	found_sum(c, &c->packet.sum);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].proto == c->packet.proto)
			found(c, 3, "%s", names[i].name);
	return true;
}

static bool has_bad_sum(struct xtun_case *c)
{
	return within(c, "udp tcp icmp skb_") && found_bad_sum(c);
}

/* --- the tests, in the order in which the stack meets the faults */

/* Programs with a raw socket have had theirs, when the kernel finds that nobody else asked. */
static bool is_echo_reply(const struct xtun_case *c)
{
	const struct xtun_packet *p = &c->packet;

	return p->transport && p->sum.verdict == XTUN_SUM_RIGHT &&
	       ((p->proto == IPPROTO_ICMP && p->transport[0] == 0) ||
		(p->proto == IPPROTO_ICMPV6 && p->transport[0] == 129));
}

/* Of the end of a frame that is well the kernel tells as of a drop, or xtun counts it. */
static bool is_no_drop(struct xtun_case *c)
{
	if (is_echo_reply(c) && within(c, "icmp_rcv icmpv6_rcv ping_rcv"))
		return true;
	return unreasoned(c) && c->packet.sum.verdict != XTUN_SUM_WRONG &&
	       c->drop->function[0] != '?' && within(c, "icmpv6_rcv igmp_rcv");
}

/* Of a processor; xtun counts those that it gave there itself, RPS gives it those of rings. */
static bool is_backlogged(struct xtun_case *c)
{
	int most = xtun_sysctl("net/core/netdev_max_backlog");

	found(c, 1, "%d", most);
	found(c, 2, "%d", most < 5000 ? 10000 : 2 * most);
	return within(c, "enqueue_to_backlog") && c->drop->function[0] != '?';
}

static unsigned int get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static bool is_headerless(struct xtun_case *c)
{
	const uint8_t *b = c->drop->bytes;
	size_t len = c->drop->len;

	if (!comes_in(c) || !c->packet.mac || c->drop->kept < 20)
		return false;
	return (b[0] >> 4 == 4 && (b[0] & 15) >= 5 && get16(b + 2) == len) ||
	       (b[0] >> 4 == 6 && get16(b + 4) + 40U == len);
}

/* At a bridge's port all that is for others is marked so, and goes on. */
static bool is_let_go_as_anothers(const struct xtun_case *c)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/net/%s/brport", c->at.name);
	return comes_in(c) && c->drop->other_host && access(path, F_OK) &&
	       (because(c, "OTHERHOST") || unreasoned(c)) &&
	       within(c, "ip_rcv ip_list ip_sublist ip6_rcv ip6_list ipv6_rcv ipv6_list arp_rcv");
}

/*
 * For this machine by its address, and still another's: so the stack marks what has a tag
 * for which there is no interface, before it throws the tag away.
 */
static bool is_strange_vlan(struct xtun_case *c)
{
	const uint8_t *mac = c->packet.mac;

	return is_let_go_as_anothers(c) && mac && !memcmp(mac, c->at.mac, MAC_LEN);
}

static bool is_for_other_mac(struct xtun_case *c)
{
	const uint8_t *mac = c->packet.mac;

	return is_let_go_as_anothers(c) && mac && c->at.ethernet && memcmp(mac, c->at.mac, MAC_LEN);
}

static bool has_no_handler(struct xtun_case *c)
{
	found(c, 1, "0x%04x", c->packet.type);
	return comes_in(c) && within(c, "netif_receive") && !xtun_has_handler(c->packet.type);
}

/* BR_STATE_* of <linux/if_bridge.h>. */
static bool is_blocked(struct xtun_case *c)
{
	static const char * const states[] = {
		"disabled", "listening", "learning", NULL, "blocking"
	};
	char path[128], line[16];
	unsigned long state;

	snprintf(path, sizeof(path), "/sys/class/net/%s/brport/state", c->at.name);
	if (!within(c, "br_ nf_hook") || !xtun_sysfs_line(path, line, sizeof(line)))
		return false;
	state = strtoul(line, NULL, 10);
	if (state >= ARRAY_SIZE(states) || !states[state])
		return false;
	found(c, 1, "%s", states[state]);
	found(c, 2, "%lu", state);
	return true;
}

static bool is_outside_bridge_vlan(const struct xtun_case *c)
{
	char path[128], line[16];

	snprintf(path, sizeof(path), "/sys/class/net/%s/master/bridge/vlan_filtering", c->at.name);
	return within(c, "allowed_ingress br_allowed") && c->drop->function[0] != '?' &&
	       xtun_sysfs_line(path, line, sizeof(line)) && line[0] == '1';
}

static bool is_of_strange_bridge_vlan(struct xtun_case *c)
{
	found(c, 1, "%d", c->packet.vlan);
	return is_outside_bridge_vlan(c) && c->packet.vlan > 0;
}

static bool has_no_bridge_vlan(struct xtun_case *c)
{
	return is_outside_bridge_vlan(c) && c->packet.vlan <= 0;
}

static bool is_cut_short(struct xtun_case *c)
{
	const struct xtun_packet *p = &c->packet;

	if (!comes_in(c) || !is_ip(c) || p->total <= p->net_len)
		return false;
	found(c, 1, "%zu", p->total);
	found(c, 2, "%zu", p->net_len);
	found(c, 3, "%zu", p->total - p->net_len);
	return true;
}

static bool has_bad_ip_sum(struct xtun_case *c)
{
	found_sum(c, &c->packet.ip);
	return comes_in(c) && c->packet.ip.verdict == XTUN_SUM_WRONG;
}

static bool is_one_connection_too_many(struct xtun_case *c)
{
	int n = xtun_sysctl("net/netfilter/nf_conntrack_count");
	int most = xtun_sysctl("net/netfilter/nf_conntrack_max");

	found(c, 1, "%d", n);
	found(c, 2, "%d", most);
	found(c, 3, "%d", most < 131072 ? 262144 : 2 * most);
	return within(c, "nf_hook nf_conntrack") && most > 0 && n >= most;
}

static bool is_filtered(struct xtun_case *c)
{
	return because(c, "NETFILTER_DROP") ||
	       (unreasoned(c) && c->drop->function[0] != '?' && within(c, "nf_hook_slow nft_do"));
}

/* Asked once of a packet. */
static bool is_filtered_by_one(struct xtun_case *c)
{
	if (!is_filtered(c))
		return false;
	if (!c->asked)
		c->could = xtun_firewall_find(c->packet.family, &c->rule);
	c->asked = true;
	return c->could == 1;
}

static void found_written(struct xtun_case *c, int n,
			  void (*write)(FILE *out, const struct xtun_firewall_rule *rule,
					const struct xtun_packet *p))
{
	FILE *out = fmemopen(c->found[n - 1], sizeof(c->found[0]), "w");

	if (!out)
		return;
	write(out, &c->rule, &c->packet);
	/* Half a command is none. */
	if (fclose(out))
		c->found[n - 1][0] = '\0';
	c->found[n - 1][sizeof(c->found[0]) - 1] = '\0';
}

/* Behind a port of IP alone; what is no packet is left to whoever reads the rule. */
static bool is_dropped_by_rule(struct xtun_case *c)
{
	if (!is_filtered_by_one(c))
		return false;
	found_written(c, 1, xtun_accept_name);
	if (is_ip(c)) {
		found_written(c, 2, xtun_accept_cure);
		found_written(c, 3, xtun_accept_undo);
	}
	found_written(c, 4, xtun_accept_removal);
	return true;
}

static bool is_dropped_as_invalid(struct xtun_case *c)
{
	return is_filtered_by_one(c) && c->rule.invalid && is_dropped_by_rule(c);
}

/* It is the checksum that connection tracking does not like. */
static bool is_invalid_by_its_sum(struct xtun_case *c)
{
	return is_filtered_by_one(c) && c->rule.invalid && found_bad_sum(c);
}

static bool is_dropped_by_some(struct xtun_case *c)
{
	if (!is_filtered(c))
		return false;
	if (c->could > 1)
		found(c, 1, ": one of %zu that could have", c->could);
	return true;
}

static bool is_at_its_end(struct xtun_case *c)
{
	found(c, 1, "%u", c->packet.ttl);
	/* IPv6 looks first whether it forwards at all. */
	if (c->packet.family == AF_INET6 && !xtun_setting(AF_INET6, "all", "forwarding"))
		return false;
	return comes_in(c) && is_ip(c) && c->packet.ttl <= 1 && within(c, "ip_forward ip6_forward");
}

/* RFC 791: DF. Routers cut nothing of IPv6 (RFC 8200). */
static bool may_not_be_cut(const struct xtun_packet *p)
{
	return p->family == AF_INET6 || (p->family == AF_INET && p->net[6] & 0x40);
}

static bool is_too_large(struct xtun_case *c)
{
	struct xtun_route route;
	struct xtun_iface out;

	if (!is_ip(c) || !may_not_be_cut(&c->packet) ||
	    !(because(c, "PKT_TOO_BIG") || unreasoned(c)) ||
	    !within(c, "ip_forward ip6_forward ip_frag ip_do_frag ip6_frag ip_finish ip6_finish"))
		return false;
	xtun_route_get(c->packet.family, c->packet.dst, &route);
	if (route.error || !xtun_iface_read(route.dev, &out))
		return false;
	found(c, 1, "%zu", c->packet.total);
	found(c, 2, "%s", route.dev);
	found(c, 3, "%d", out.mtu);
	return c->packet.total > (size_t)out.mtu;
}

/* Where a route for what came in is looked up. */
static bool is_being_routed(const struct xtun_case *c)
{
	return comes_in(c) && is_ip(c) &&
	       within(c, "ip_rcv ip_sublist ip_list ip_error ip_route ip6_pkt ip6_rcv ipv6_rcv");
}

/* RFC 1812, 5.3.7: nobody sends from these, and no setting but route_localnet lets them in. */
static bool is_martian(struct xtun_case *c)
{
	const uint8_t *src = c->packet.src;

	return is_ipv4(c) && is_being_routed(c) && (src[0] == 0 || src[0] == 127 || src[0] >= 224);
}

static bool is_own_source(struct xtun_case *c)
{
	struct xtun_route route;

	if (!is_ipv4(c) || !is_being_routed(c) ||
	    xtun_setting(AF_INET, c->at.name, "accept_local") ||
	    xtun_setting(AF_INET, "all", "accept_local"))
		return false;
	xtun_route_get(AF_INET, c->packet.src, &route);
	return !route.error && route.local;
}

/* RFC 3704; the kernel takes the greater of the two settings. */
static bool is_filtered_by_reverse_path(struct xtun_case *c)
{
	int own = xtun_setting(AF_INET, c->at.name, "rp_filter");
	int all = xtun_setting(AF_INET, "all", "rp_filter");
	int filter = own > all ? own : all;
	struct xtun_route route;

	if (!is_ipv4(c) || !is_being_routed(c) || filter <= 0)
		return false;
	xtun_route_get(AF_INET, c->packet.src, &route);
	if (route.error)
		found(c, 1, "nowhere, for there is no route");
	else if (filter == 1 && strcmp(route.dev, c->at.name))
		found(c, 1, "by %s", route.dev);
	else
		return false;
	found(c, 2, "%s", filter == 1 ? "strict" : "loose");
	found(c, 3, "%d", own);
	found(c, 4, "%d", all);
	return true;
}

static bool is_for_strange_group(struct xtun_case *c)
{
	return is_ipv4(c) && is_being_routed(c) && c->packet.dst[0] >> 4 == 14 &&
	       !xtun_has_joined(c->at.name, c->packet.dst);
}

static bool is_for_others(struct xtun_case *c, struct xtun_route *route)
{
	if (!is_being_routed(c) || (is_ipv4(c) ? c->packet.dst[0] >> 4 == 14 :
					       c->packet.dst[0] == 0xff))
		return false;
	xtun_route_get(c->packet.family, c->packet.dst, route);
	return !route->local;
}

static bool is_not_forwarded(struct xtun_case *c)
{
	struct xtun_route route;

	found(c, 1, "ipv4");
	found(c, 2, "%s", c->at.name);
	if (is_ipv4(c))
		return is_for_others(c, &route) &&
		       !xtun_setting(AF_INET, c->at.name, "forwarding");
	/* Of IPv6 one switch is for all, and that of a device is for what it advertises. */
	found(c, 1, "ipv6");
	found(c, 2, "all");
	return comes_in(c) && is_ip(c) && within(c, "ip6_forward") &&
	       !xtun_setting(AF_INET6, "all", "forwarding");
}

/* What goes behind "ip route add", and what is not known of it. */
static void found_way(struct xtun_case *c, int family, const uint8_t *to)
{
	char text[INET6_ADDRSTRLEN];
	struct xtun_word word;
	struct xtun_way way;
	const char *via, *dev;

	inet_ntop(family, to, text, sizeof(text));
	xtun_way_find(family, c->iface->name, &way);
	if (way.dev[0]) {
		dev = xtun_word(way.dev, &word);
		via = way.via[0] ? " via " : "";
		found(c, 2, "ip route add %s%s%s dev %s", text, via, way.via, dev);
		found(c, 3, "ip route del %s%s%s dev %s", text, via, way.via, dev);
		found(c, 4, "%s", *via ? "by another gateway, if this neighbour is none" :
				  "add via GATEWAY: no neighbour there is known, or several are");
	} else if (way.all[0]) {
		found(c, 4, "which of %s leads there, and by which gateway, is not known: ip route add %s via GATEWAY",
		      way.all, text);
	} else {
		found(c, 4, "no other interface is up and has an address: set one up, and then: ip route add %s via GATEWAY",
		      text);
	}
}

static bool has_no_route(struct xtun_case *c)
{
	struct xtun_route route;

	if (!is_for_others(c, &route) || !route.error)
		return false;
	found(c, 1, "%s", strerror(route.error));
	found_way(c, c->packet.family, c->packet.dst);
	return true;
}

/* What a bridge has given to a VXLAN leaves by a route of the VXLAN's own. */
static bool has_no_outer_route(struct xtun_case *c)
{
	struct xtun_route route;
	uint8_t to[16];
	int family;

	if (!c->packet.mac || !within(c, "vxlan_xmit") || c->drop->function[0] == '?')
		return false;
	family = xtun_vxlan_remote(c->at.index, c->packet.mac, to);
	if (!family)
		return false;
	xtun_route_get(family, to, &route);
	if (!route.error)
		return false;
	inet_ntop(family, to, c->found[0], sizeof(c->found[0]));
	found_way(c, family, to);
	return true;
}

/* The modules that take these protocols of IP; IANA, "Protocol Numbers". */
static const char *module_for(int family, int proto)
{
	static const struct {
		int proto;
		const char *four, *six;
	} modules[] = {
		{ 4, "ipip", "ip6_tunnel" }, { 41, "sit", "ip6_tunnel" },
		{ 47, "ip_gre", "ip6_gre" },
		{ 50, "esp4", "esp6" }, { 51, "ah4", "ah6" }, { 108, "ipcomp", "ipcomp6" },
		{ 115, "l2tp_ip", "l2tp_ip6" }, { 132, "sctp", "sctp" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(modules); i++)
		if (modules[i].proto == proto)
			return family == AF_INET ? modules[i].four : modules[i].six;
	return NULL;
}

/* Each kernel takes these, or what they stand before. */
static bool is_usual(int proto)
{
	static const int usual[] = { 0, 1, 6, 17, 43, 44, 58, 59, 60 };

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		if (usual[i] == proto)
			return true;
	return false;
}

static bool is_unknown_protocol(struct xtun_case *c)
{
	found(c, 1, "%d", c->packet.proto);
	return comes_in(c) && is_ip(c) && !is_usual(c->packet.proto) &&
	       (because(c, "IP_NOPROTO") || unreasoned(c)) &&
	       within(c, "ip_protocol_deliver ip_local_deliver ip6_protocol_deliver ip6_input");
}

/* RFC 2784 and 2890: the header at which the kernel has come to grief, or NULL. */
static const uint8_t *gre_header(const struct xtun_case *c)
{
	const struct xtun_packet *p = &c->packet;

	if (!comes_in(c) || p->family != AF_INET || p->proto != 47 || !p->transport ||
	    !within(c, "gre_rcv") || p->transport + 8 > p->net + p->net_kept)
		return NULL;
	return p->transport;
}

/* One module takes the protocol, and others its versions. */
static bool is_gre_without_module(struct xtun_case *c)
{
	const uint8_t *gre = gre_header(c);

	found(c, 1, "47");
	return gre && !(gre[1] & 0x7f) && access("/sys/module/ip_gre", F_OK);
}

static bool has_module(struct xtun_case *c)
{
	const char *module = module_for(c->packet.family, c->packet.proto);

	if (!module || !(is_gre_without_module(c) || is_unknown_protocol(c)))
		return false;
	found(c, 2, "%s", module);
	return true;
}

static bool is_of_strange_gre_version(struct xtun_case *c)
{
	const uint8_t *gre = gre_header(c);

	if (!gre || !(gre[1] & 0x7f))
		return false;
	found(c, 1, "%d", gre[1] & 0x7f);
	return true;
}

/* With a key, perhaps, and a number; what else it may have is not looked at here. */
static bool has_no_gre_tunnel(struct xtun_case *c)
{
	const uint8_t *gre = gre_header(c);
	unsigned int type;

	if (!gre || gre[1] || gre[0] & ~0x30)
		return false;
	type = get16(gre + 2);
	found(c, 1, "%s", type == 0x6558 ? "gretap" : "gre");
	if (gre[0] & 0x20)
		found(c, 2, " key %u", get16(gre + 4) << 16 | get16(gre + 6));
	return type != 0x88be && type != 0x22eb;	/* ERSPAN has keys of its own */
}

static bool has_no_socket(struct xtun_case *c)
{
	const struct xtun_packet *p = &c->packet;
	unsigned long waits;
	char service[32];

	if (!comes_in(c) || p->dport < 0 || !within(c, "udp tcp"))
		return false;
	found(c, 1, "%s", p->proto == IPPROTO_TCP ? "TCP" : "UDP");
	found(c, 2, "%d", p->dport);
	found(c, 3, "%s", p->proto == IPPROTO_TCP ? "-tln" : "-uln");
	if (xtun_service_name(p->proto, p->dport, service, sizeof(service)))
		found(c, 4, " (%s)", service);
	return !xtun_has_socket(p->family, p->proto, p->dport, &waits);
}

/* A socket takes what is for its own address, or if it has none, for any. */
static bool has_socket_elsewhere(struct xtun_case *c)
{
	const struct xtun_packet *p = &c->packet;

	if (!comes_in(c) || p->dport < 0 || !within(c, "udp tcp"))
		return false;
	found(c, 1, "%s", p->proto == IPPROTO_TCP ? "TCP" : "UDP");
	found(c, 2, "%d", p->dport);
	found(c, 4, "%s", p->proto == IPPROTO_TCP ? "-tlnp" : "-ulnp");
	return xtun_socket_elsewhere(p->family, p->proto, p->dport, p->dst, c->found[2],
				     sizeof(c->found[2]));
}

static bool found_socket_full(struct xtun_case *c)
{
	const struct xtun_packet *p = &c->packet;
	int usual = xtun_sysctl("net/core/rmem_default");
	unsigned long waits;

	if (!comes_in(c) || p->proto != IPPROTO_UDP || p->dport < 0 ||
	    !within(c, "udp sock_queue") ||
	    !xtun_has_socket(p->family, p->proto, p->dport, &waits) || !waits)
		return false;
	found(c, 1, "%d", p->dport);
	found(c, 2, "%lu", waits);
	found(c, 3, "%d", usual);
	found(c, 4, "%d", usual < 4194304 ? 8388608 : 2 * usual);
	return because(c, "SOCKET_RCVBUFF") || (unreasoned(c) && waits * 2 >= (unsigned int)usual);
}

static bool has_no_neighbour(struct xtun_case *c)
{
	struct xtun_route route;

	if (comes_in(c) || !is_ip(c) || !within(c, "arp_error ndisc_error neigh ip_finish"))
		return false;
	xtun_route_get(c->packet.family, c->packet.dst, &route);
	if (route.error || strcmp(route.dev, c->at.name))
		return false;
	found_address(c, 1, route.via);
	found(c, 2, "%s", is_ipv4(c) ? "ARP" : "neighbour discovery");
	return true;
}

static bool is_unexplained(struct xtun_case *c)
{
	found(c, 1, "%s", c->drop->reason[0] ? c->drop->reason : "it gives none");
	return true;
}

#define SUM_ADVICE	"set the field to zero before summing, and count the pseudo header"

/*
 * Templates: @ is the xtun, @d the device where the frame was and @m that one's address,
 * @M the frame's Ethernet destination, @s and @t its IP source and destination, @f the
 * kernel's function, @1 to @4 what the test has found; @q the length of the xtun's queue,
 * @b net.core.netdev_max_backlog.
 */
static const struct xtun_rule rules[] = {
	{ "no-drop", is_no_drop, NULL, NULL, NULL, NULL },
	{ "cpu-backlog", is_backlogged,
	  "the processor that was to take it had @1 frames waiting already",
	  "sysctl -w net/core/netdev_max_backlog=@2", "sysctl -w net/core/netdev_max_backlog=@1",
	  "write more slowly" },
	{ "headerless", is_headerless,
	  "an IP packet without an Ethernet header: its first 14 bytes were taken for one",
	  NULL, NULL,
	  "write the header first: 6 bytes @m, 6 of your own, 0800; or attach with IFF_TUN" },
	{ "vlan", is_strange_vlan,
	  "it has the tag of a VLAN for which @d has no interface",
	  NULL, NULL,
	  "see which (xtun dump @d), then: ip link add link @d name @d.N up type vlan id N" },
	{ "vxlan", has_no_outer_route,
	  "@d is to send it to @1, and there is no route to that", "@2", "@3", "@4" },
	{ "mac", is_for_other_mac, "it is for @M, and @d is @m",
	  "ip link set dev @d address @M", "ip link set dev @d address @m", NULL },
	{ "ethertype", has_no_handler, "nothing on this machine takes frames of type @1",
	  NULL, NULL, "load the module or start the program that does: cat /proc/net/ptype" },
	{ "bridge-port", is_blocked, "@d is a port of a bridge in the state '@1'",
	  "bridge link set dev @d state 3", "bridge link set dev @d state @2", NULL },
	{ "bridge-vlan", is_of_strange_bridge_vlan,
	  "the bridge filters by VLAN, and @d is no member of VLAN @1",
	  "bridge vlan add dev @d vid @1", "bridge vlan del dev @d vid @1", NULL },
	{ "bridge-untagged", has_no_bridge_vlan,
	  "the bridge filters by VLAN, and @d has none for what comes without a tag",
	  NULL, NULL, "name it: bridge vlan add dev @d vid N pvid untagged" },
	{ "truncated", is_cut_short,
	  "its IP header says @1 bytes, and there are @2: @3 bytes missing",
	  NULL, NULL, "write the whole packet at once, or mend its length field" },
	{ "ip-checksum", has_bad_ip_sum, "the checksum of its IP header is @1, and ought to be @2",
	  NULL, NULL, "set the field to zero before summing, and sum the header alone" },
	{ "conntrack", is_one_connection_too_many,
	  "the firewall's table of connections is full: @1 of @2",
	  "sysctl -w net/netfilter/nf_conntrack_max=@3",
	  "sysctl -w net/netfilter/nf_conntrack_max=@2", NULL },
	{ "checksum", is_invalid_by_its_sum,
	  "the @3 checksum is @1, and ought to be @2: the firewall drops it as invalid",
	  NULL, NULL, SUM_ADVICE },
	{ "invalid", is_dropped_as_invalid,
	  "connection tracking calls it invalid, and such are dropped by @1", "@2", "@3", "@4" },
	{ "firewall", is_dropped_by_rule,
	  "a rule of the firewall has dropped it: @1", "@2", "@3", "@4" },
	{ "firewall", is_dropped_by_some, "a rule of the firewall has dropped it@1",
	  NULL, NULL,
	  "find the rule: nft -a list ruleset; iptables-legacy -L -v -n; nft monitor trace" },
	{ "martian", is_martian, "it comes from @s, and nobody can be asked to answer there",
	  NULL, NULL, "mend the source address that the program writes" },
	{ "ttl", is_at_its_end, "it was to be forwarded with a TTL of @1",
	  NULL, NULL,
	  "send it with a greater one; if it should be, look for a loop: traceroute @t" },
	{ "mtu", is_too_large, "it is of @1 bytes, and @2 takes @3",
	  "ip link set dev @2 mtu @1", "ip link set dev @2 mtu @3", NULL },
	{ "own-source", is_own_source, "it comes from @s, which is an address of this machine",
	  "sysctl -w net/ipv4/conf/@d/accept_local=1", "sysctl -w net/ipv4/conf/@d/accept_local=0",
	  NULL },
	{ "reverse-path", is_filtered_by_reverse_path,
	  "it comes from @s, to which frames would leave @1, and the @2 reverse-path filter is on",
	  "sysctl -w net/ipv4/conf/@d/rp_filter=0 net/ipv4/conf/all/rp_filter=0",
	  "sysctl -w net/ipv4/conf/@d/rp_filter=@3 net/ipv4/conf/all/rp_filter=@4", NULL },
	{ "group", is_for_strange_group, "@d is no member of the group @t",
	  "ip address add @t/32 dev @d autojoin", "ip address del @t/32 dev @d", NULL },
	{ "forwarding", is_not_forwarded,
	  "@t is no address of this machine, and @d does not forward to others",
	  "sysctl -w net/@1/conf/@2/forwarding=1", "sysctl -w net/@1/conf/@2/forwarding=0", NULL },
	{ "route", has_no_route, "there is no way to @t: @1",
	  "@2", "@3", "@4" },
	{ "module", has_module, "nothing on this machine takes protocol @1 of IP",
	  "modprobe @2", "modprobe -r @2", NULL },
	{ "gre-version", is_of_strange_gre_version,
	  "its GRE header says version @1; there is 0, and 1 where PPTP is",
	  NULL, NULL,
	  "write 0 into the low 7 bits of its second byte; or for PPTP: modprobe pptp" },
	{ "gre-tunnel", has_no_gre_tunnel, "no GRE tunnel here is for what comes from @s to @t@2",
	  "ip link add xtungre up type @1 local @t remote @s@2", "ip link del xtungre", NULL },
	{ "protocol", is_unknown_protocol, "nothing on this machine takes protocol @1 of IP",
	  NULL, NULL, "start the program that does: cat /proc/net/raw" },
	{ "checksum", has_bad_sum, "the @3 checksum is @1, and ought to be @2",
	  NULL, NULL, SUM_ADVICE },
	{ "socket", has_no_socket, "no program has @1 port @2@4 of @t open",
	  NULL, NULL, "start the one that is to listen there; which do, and where: ss @3" },
	{ "socket-address", has_socket_elsewhere,
	  "a program has @1 port @2 open at @3 alone, and it is for @t",
	  NULL, NULL, "have that program listen at @t, or at all addresses; who it is: ss @4" },
	{ "socket-full", found_socket_full,
	  "the program that has port @1 open reads too slowly: @2 bytes wait",
	  "sysctl -w net/core/rmem_default=@4", "sysctl -w net/core/rmem_default=@3",
	  "start that program again afterwards" },
	{ "neighbour", has_no_neighbour, "nobody answers @2 for @1 on @d",
	  "ip neighbour replace @1 dev @d lladdr 02:00:00:00:00:01",
	  "ip neighbour del @1 dev @d",
	  "let the program that reads @ answer; that address is made up" },
	{ "unexplained", is_unexplained, "the kernel dropped it in @f; the reason: @1",
	  NULL, NULL, "docs/lost-frames.md tells how to go on" },
};

/**
 * xtun_rule_find() - why a frame was dropped
 * @c: the frame, and where; filled with what was measured
 *
 * Return: the rule; one without @why if nothing was lost.
 */
const struct xtun_rule *xtun_rule_find(struct xtun_case *c)
{
	const struct xtun_rule *rule = rules;

	/* What one has found is no other's. */
	for (memset(c->found, 0, sizeof(c->found)); !rule->holds(c); rule++)
		memset(c->found, 0, sizeof(c->found));
	return rule;
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
	else if (field == 'b')
		fprintf(out, "%d", xtun_sysctl("net/core/netdev_max_backlog"));
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
