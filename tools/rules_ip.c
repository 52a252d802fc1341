// SPDX-License-Identifier: GPL-2.0
/* Drops by IP because of a packet's source or destination. */
#include "rules.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

/* Whether it was dropped where the route of a received packet is looked up. */
static bool is_being_routed(const struct xtun_case *c)
{
	return comes_in(c) && is_ip(c) && !because(c, "IP_INHDR") && !because(c, "IP_CSUM") &&
	       within(c, "ip_rcv ip_sublist ip_list ip_error ip_route ip6_pkt ip6_rcv ipv6_rcv");
}

/*
 * Whether it was dropped where the kernel checks the source: after the lookup of the
 * destination, of which failures go to ip_error(). Newer kernels give a reason for each fault
 * of the source.
 */
static bool is_source_judged(const struct xtun_case *c, const char *reason)
{
	return is_ipv4(c) && is_being_routed(c) && (has_no_name(c) || !within(c, "ip_error")) &&
	       (unreasoned(c) || because(c, reason));
}

static bool is_for_others(struct xtun_case *c, struct xtun_route *route)
{
	if (!is_being_routed(c) || (is_ipv4(c) ? c->packet.dst[0] >> 4 == 14 :
					       c->packet.dst[0] == 0xff))
		return false;
	xtun_route_get(c->packet.family, c->packet.dst, route);
	return !route->local && !route->broadcast;
}

bool xtun_is_at_its_end(struct xtun_case *c)
{
	struct xtun_route route;

	found(c, 1, "%u", c->packet.ttl);
	found(c, 2, "%s", is_ipv4(c) ? "TTL" : "hop limit");
	/* IPv6 checks first whether forwarding is on. */
	if (c->packet.family == AF_INET6 && !xtun_setting(AF_INET6, "all", "forwarding"))
		return false;
	if (has_no_name(c) && !is_for_others(c, &route))
		return false;
	return comes_in(c) && is_ip(c) && c->packet.ttl <= 1 && within(c, "ip_forward ip6_forward");
}

/* RFC 791: DF. Routers do not fragment IPv6 (RFC 8200). */
static bool may_not_be_cut(const struct xtun_packet *p)
{
	return p->family == AF_INET6 || (p->family == AF_INET && p->net[6] & 0x40);
}

bool xtun_is_too_large(struct xtun_case *c)
{
	struct xtun_route route;
	struct xtun_iface out;
	struct xtun_word word;

	if (!is_ip(c) || !may_not_be_cut(&c->packet) ||
	    !(because(c, "PKT_TOO_BIG") || unreasoned(c)) ||
	    !within(c, "ip_forward ip6_forward ip_frag ip_do_frag ip6_frag ip_finish ip6_finish"))
		return false;
	xtun_route_get(c->packet.family, c->packet.dst, &route);
	if (route.error || !xtun_iface_read(route.dev, &out))
		return false;
	found(c, 1, "%zu", c->packet.total);
	found(c, 2, "%s", xtun_word(route.dev, &word));
	found(c, 3, "%d", out.mtu);
	return c->packet.total > (size_t)out.mtu;
}

/* IPv6 checks both addresses first of all, and has no reason of its own for them. */
static bool is_ip6_judged(const struct xtun_case *c)
{
	return comes_in(c) && c->packet.family == AF_INET6 && within(c, "ip6_rcv ipv6_rcv") &&
	       (unreasoned(c) || because(c, "IP_INHDR"));
}

/* For IPv4 the routes tell: only a member of a network knows its broadcast address. */
bool xtun_is_from_many(struct xtun_case *c)
{
	const uint8_t *src = c->packet.src;
	struct xtun_route route;
	bool group;

	if (is_ip6_judged(c)) {
		found(c, 1, "multicast");
		found(c, 2, "RFC 4291, 2.7");
		return src[0] == 0xff;
	}
	if (!is_source_judged(c, "IP_INVALID_SOURCE"))
		return false;
	group = src[0] >> 4 == 14;
	found(c, 1, group ? "multicast" : "broadcast");
	found(c, 2, "RFC 1122, 3.2.1.3");
	xtun_route_get(AF_INET, src, &route);
	return group || route.broadcast;
}

static bool is_loopback6(const uint8_t *address)
{
	static const uint8_t loopback[16] = { [15] = 1 };

	return !memcmp(address, loopback, sizeof(loopback));
}

/* The loopback addresses: RFC 1122, 3.2.1.3, and RFC 4291, 2.5.3. */
bool xtun_is_for_loopback(struct xtun_case *c)
{
	struct xtun_word word;
	const uint8_t *dst = c->packet.dst;

	if (is_ip6_judged(c))
		return is_loopback6(dst);
	if (!is_ipv4(c) || !is_being_routed(c) || dst[0] != 127 ||
	    !(unreasoned(c) || because(c, "IP_INVALID_DEST") || because(c, "IP_LOCALNET")))
		return false;
	found(c, 1, "; route_localnet=1 in net/ipv4/conf/%s would accept it, but expose everything that listens only on 127.0.0.1",
	      xtun_word(c->at.name, &word));
	return !xtun_setting(AF_INET, "all", "route_localnet") &&
	       !xtun_setting(AF_INET, c->at.name, "route_localnet");
}

/* RFC 1122, 3.3.6: a link-layer broadcast must have an IP broadcast or multicast address. */
bool xtun_is_for_one_by_many(struct xtun_case *c)
{
	static const char name[] = "drop_unicast_in_l2_multicast";
	int family = c->packet.family;
	struct xtun_route route;
	struct xtun_word word;
	const char *conf = family == AF_INET ? "ipv4" : "ipv6";
	bool all, own;
	int n;

	if (!comes_in(c) || !is_ip(c) || !c->packet.mac || !(c->packet.mac[0] & 1) ||
	    !(unreasoned(c) || because(c, "UNICAST_IN_L2_MULTICAST")) ||
	    !within(c, "ip_rcv ip_sublist ip_list ip6_rcv ipv6_rcv"))
		return false;
	xtun_route_get(family, c->packet.dst, &route);
	if (route.broadcast || (family == AF_INET ? c->packet.dst[0] >> 4 == 14 :
						    c->packet.dst[0] == 0xff))
		return false;
	/* IPv6 has this setting only for each device. */
	all = family == AF_INET && xtun_setting(family, "all", name) == 1;
	own = xtun_setting(family, c->at.name, name) == 1;
	for (int i = 0; i < 2; i++) {
		n = 0;
		if (own)
			n = snprintf(c->found[i], sizeof(c->found[i]), "sysctl -w net/%s/conf/%s/%s=%d",
				     conf, xtun_word(c->at.name, &word), name, i);
		if (all)
			snprintf(c->found[i] + n, sizeof(c->found[i]) - n,
				 "%ssysctl -w net/ipv4/conf/all/%s=%d", own ? " && " : "", name, i);
	}
	return all || own;
}

/* RFC 1812, 5.3.7: no valid source. Only route_localnet lets any of them in. */
bool xtun_is_martian(struct xtun_case *c)
{
	const uint8_t *src = c->packet.src;

	if (is_ip6_judged(c))
		return is_loopback6(src);
	return (is_source_judged(c, "IP_INVALID_SOURCE") || is_source_judged(c, "IP_LOCALNET")) &&
	       (src[0] == 0 || src[0] == 127 || src[0] >= 240);
}

bool xtun_is_own_source(struct xtun_case *c)
{
	struct xtun_route route;

	if (!is_source_judged(c, "IP_LOCAL_SOURCE") ||
	    xtun_setting(AF_INET, c->at.name, "accept_local") ||
	    xtun_setting(AF_INET, "all", "accept_local"))
		return false;
	xtun_route_get(AF_INET, c->packet.src, &route);
	return !route.error && route.local;
}

/* RFC 3704. The kernel uses the greater of the two settings. */
bool xtun_is_filtered_by_reverse_path(struct xtun_case *c)
{
	int own = xtun_setting(AF_INET, c->at.name, "rp_filter");
	int all = xtun_setting(AF_INET, "all", "rp_filter");
	int filter = own > all ? own : all;
	struct xtun_route route;
	struct xtun_word word;
	const char *dev = xtun_word(c->at.name, &word);
	char src[INET_ADDRSTRLEN];

	if (!is_source_judged(c, "IP_RPFILTER") || filter <= 0)
		return false;
	inet_ntop(AF_INET, c->packet.src, src, sizeof(src));
	found(c, 2, "%s", filter == 1 ? "strict" : "loose");
	xtun_route_get(AF_INET, c->packet.src, &route);
	if (route.error) {
		found(c, 1, "there is no route to it");
		found(c, 3, "ip route add %s dev %s", src, dev);
		found(c, 4, "ip route del %s dev %s", src, dev);
	} else if (filter == 1 && strcmp(route.dev, c->at.name)) {
		found(c, 1, "the route to it uses %s", route.dev);
		found(c, 3, "sysctl -w net/ipv4/conf/%s/rp_filter=2", dev);
		found(c, 4, "sysctl -w net/ipv4/conf/%s/rp_filter=%d", dev, own);
	} else {
		return false;
	}
	return true;
}

/* The kernel checks the source only for groups that it has joined. */
bool xtun_is_for_strange_group(struct xtun_case *c)
{
	found(c, 1, "%d", is_ipv4(c) ? 32 : 128);
	if (is_ipv4(c))
		return is_being_routed(c) && c->packet.dst[0] >> 4 == 14 &&
		       !because(c, "IP_RPFILTER") &&
		       !xtun_has_joined(AF_INET, c->at.name, c->packet.dst);
	return comes_in(c) && is_ip(c) && within(c, "ip6_mc_input") && c->packet.dst[0] == 0xff &&
	       !xtun_has_joined(AF_INET6, c->at.name, c->packet.dst);
}

bool xtun_is_not_forwarded(struct xtun_case *c)
{
	struct xtun_route route;
	struct xtun_word word;

	if (is_ipv4(c)) {
		found(c, 1, "%s does not forward packets", xtun_word(c->at.name, &word));
		found(c, 2, "sysctl -w net/ipv4/conf/%s/forwarding=1", word.text);
		found(c, 3, "sysctl -w net/ipv4/conf/%s/forwarding=0", word.text);
		return is_for_others(c, &route) &&
		       !xtun_setting(AF_INET, c->at.name, "forwarding");
	}
	/*
	 * IPv6 has one switch for all devices. It makes the machine a router, which discards
	 * the routes that others advertised: too drastic to offer as a command.
	 */
	found(c, 1, "this machine does not forward IPv6");
	found(c, 4, "make it a router: net/ipv6/conf/all/forwarding=1; but first set accept_ra=2 for each device whose routes come from router advertisements, or they are lost");
	return comes_in(c) && is_ip(c) && within(c, "ip6_forward") &&
	       (!has_no_name(c) || is_for_others(c, &route)) &&
	       !xtun_setting(AF_INET6, "all", "forwarding");
}

/* Set the fields for the missing route, as far as it can be known. */
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
		found(c, 4, "%s", *via ? "use another gateway, if this neighbour is not one" :
				  "add via GATEWAY: no neighbour is known there, or several are");
	} else if (way.all[0]) {
		found(c, 4, "it is not known which of %s leads there, and through which gateway: ip route add %s via GATEWAY",
		      way.all, text);
	} else {
		found(c, 4, "no other interface is up and has an address: configure one, then: ip route add %s via GATEWAY",
		      text);
	}
}

/* The errors of the types of routes are those of fib_props in the kernel. */
bool xtun_is_forbidden_way(struct xtun_case *c)
{
	static const struct {
		int err;
		const char *type;
	} types[] = {
		{ EINVAL, "blackhole" }, { EACCES, "prohibit" }, { EHOSTUNREACH, "unreachable" },
	};
	struct xtun_route route;

	if (!is_for_others(c, &route))
		return false;
	/* A routing rule may match the source. Other errors may be about the source itself. */
	if (!route.error && within(c, "ip_error ip_rcv_finish ip_list_rcv ip6_pkt")) {
		xtun_route_get_from(c->packet.family, c->packet.src, c->at.index, c->packet.dst,
				    &route);
		if (route.error != EACCES)
			return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (types[i].err != route.error)
			continue;
		found(c, 1, "%s", types[i].type);
		return true;
	}
	return false;
}

bool xtun_is_without_ipv6(struct xtun_case *c)
{
	char path[64];

	snprintf(path, sizeof(path), "net/ipv6/conf/%s/disable_ipv6", c->at.name);
	return comes_in(c) && c->packet.family == AF_INET6 && within(c, "ip6_rcv ipv6_rcv") &&
	       (because(c, "IPV6DISABLED") || unreasoned(c)) && xtun_sysctl(path) == 1;
}

bool xtun_has_no_route(struct xtun_case *c)
{
	struct xtun_route route;

	if (!is_for_others(c, &route) || !route.error)
		return false;
	found(c, 1, "%s", strerror(route.error));
	found_way(c, c->packet.family, c->packet.dst);
	return true;
}

/* A frame that a bridge sends by a VXLAN leaves in a packet that needs its own route. */
bool xtun_has_no_outer_route(struct xtun_case *c)
{
	struct xtun_route route;
	uint8_t to[16];
	int family;

	if (!c->packet.mac || !within(c, "vxlan_xmit") || has_no_name(c))
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
