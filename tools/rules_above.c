// SPDX-License-Identifier: GPL-2.0
/* Drops above IP: by protocols, sockets and neighbours. */
#include "rules.h"

#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <unistd.h>

enum { TCP_SYN = 0x02, TCP_ACK = 0x10 };	/* RFC 9293, 3.1 */

/* Duplicates, as when a delay made the sender repeat what the connection already has. */
static bool has_come_twice(const struct xtun_case *c)
{
	static const char * const reasons[] = {
		"TCP_OLD_DATA", "TCP_OFOMERGE", "TCP_OLD_ACK", "TCP_TOO_OLD_ACK",
		"TCP_OLD_SEQUENCE", "TCP_INVALID_SYN",
	};

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (because(c, reasons[i]))
			return true;
	return false;
}

/*
 * A segment that TCP has processed and that brought no new data. The kernel reports its end
 * like a drop if the connection is in TIME_WAIT, and before 5.17 whenever it keeps nothing of
 * the segment.
 */
bool xtun_is_tcp_taken(struct xtun_case *c)
{
	const struct xtun_packet *p = &c->packet;
	size_t header;

	if (!comes_in(c) || p->proto != IPPROTO_TCP || !p->transport ||
	    p->sum.verdict != XTUN_SUM_RIGHT)
		return false;
	/* A SYN that is dropped is a loss: it gets no answer. */
	if ((p->transport[13] & (TCP_SYN | TCP_ACK)) == TCP_SYN)
		return false;
	if (has_come_twice(c))
		return true;
	/* QUEUE_PURGE: newer kernels' reason for what was unread when a socket was closed. */
	if (has_no_name(c) || !(unreasoned(c) || because(c, "QUEUE_PURGE")))
		return false;
	if (within(c, "tcp_v4_rcv tcp_v6_rcv"))
		return xtun_is_in_time_wait(p);
	header = (p->transport - p->net) + (p->transport[12] >> 4) * 4;
	return header >= p->total &&
	       (within(c, "tcp_drop tcp_rcv_state tcp_v4_do_rcv tcp_v6_do_rcv") ||
		within(c, "sk_stream_kill inet_sock"));
}

bool xtun_has_bad_sum(struct xtun_case *c)
{
	return within(c, "udp tcp icmp igmp skb_") && found_bad_sum(c);
}

/* The modules that handle these protocols of IP; IANA, "Protocol Numbers". */
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

/* Every kernel handles these, or skips them as extension headers. */
static bool is_usual(int proto)
{
	static const int usual[] = { 0, 1, 6, 17, 43, 44, 58, 59, 60 };

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		if (usual[i] == proto)
			return true;
	return false;
}

bool xtun_is_unknown_protocol(struct xtun_case *c)
{
	found(c, 1, "%d", c->packet.proto);
	return comes_in(c) && is_ip(c) && !is_usual(c->packet.proto) &&
	       (because(c, "IP_NOPROTO") || unreasoned(c)) &&
	       within(c, "ip_protocol_deliver ip_local_deliver ip6_protocol_deliver ip6_input");
}

/* The GRE header (RFC 2784 and 2890) of a packet that the kernel dropped for it, or NULL. */
static const uint8_t *gre_header(const struct xtun_case *c)
{
	const struct xtun_packet *p = &c->packet;

	if (!comes_in(c) || p->family != AF_INET || p->proto != 47 || !p->transport ||
	    !within(c, "gre_rcv") || p->transport + 8 > p->net + p->net_kept)
		return NULL;
	return p->transport;
}

/* The module for protocol 47 may be loaded without ip_gre, the one for GRE version 0. */
static bool is_gre_without_module(struct xtun_case *c)
{
	const uint8_t *gre = gre_header(c);

	found(c, 1, "47");
	return gre && !(gre[1] & 0x7f) && !xtun_kernel_runs("ip_gre");
}

bool xtun_has_module(struct xtun_case *c)
{
	const char *module = module_for(c->packet.family, c->packet.proto);

	if (!module || !(is_gre_without_module(c) || xtun_is_unknown_protocol(c)))
		return false;
	if (xtun_kernel_has(module)) {
		found(c, 2, "modprobe %s", module);
		found(c, 3, "modprobe -r %s", module);
	} else {
		found(c, 4, "this kernel was built without %s, or its modules are not installed",
		      module);
	}
	return true;
}

bool xtun_is_of_strange_gre_version(struct xtun_case *c)
{
	const uint8_t *gre = gre_header(c);

	if (!gre || !(gre[1] & 0x7f))
		return false;
	found(c, 1, "%d", gre[1] & 0x7f);
	return true;
}

/* The header may have a key and a sequence number; with other fields it is not examined. */
bool xtun_has_no_gre_tunnel(struct xtun_case *c)
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

/* RFC 1122, 3.2.2.6. */
bool xtun_is_echo_for_many(struct xtun_case *c)
{
	static const char setting[] = "net/ipv4/icmp_echo_ignore_broadcasts";
	const struct xtun_packet *p = &c->packet;
	struct xtun_route route;

	if (!comes_in(c) || !is_ipv4(c) || p->proto != IPPROTO_ICMP || !p->transport ||
	    (p->transport[0] != ICMP_ECHO && p->transport[0] != ICMP_TIMESTAMP) ||
	    !within(c, "icmp_rcv") || !(unreasoned(c) || because(c, "INVALID_PROTO")))
		return false;
	xtun_route_get(AF_INET, p->dst, &route);
	found(c, 1, "sysctl -w %s=0", setting);
	found(c, 2, "sysctl -w %s=1", setting);
	found(c, 3, p->transport[0] == ICMP_ECHO ? "echo" : "timestamp");
	return (route.broadcast || p->dst[0] >> 4 == 14) && xtun_sysctl(setting) == 1;
}

/* RFC 1122, 3.2.2: unknown types are discarded. */
bool xtun_is_strange_icmp(struct xtun_case *c)
{
	const struct xtun_packet *p = &c->packet;

	if (!comes_in(c) || !is_ipv4(c) || p->proto != IPPROTO_ICMP || !p->transport ||
	    p->sum.verdict == XTUN_SUM_WRONG || !within(c, "icmp_rcv") || has_no_name(c) ||
	    !(unreasoned(c) || because(c, "UNHANDLED_PROTO")))
		return false;
	found(c, 1, "%u", p->transport[0]);
	/* Newer kernels know the types of extended echo (RFC 8335). */
	return p->transport[0] > NR_ICMP_TYPES && p->transport[0] != 42 && p->transport[0] != 43;
}

/* Packets that wait in a socket are freed with it. */
bool xtun_is_left_unread(struct xtun_case *c)
{
	const struct xtun_packet *p = &c->packet;

	if (!comes_in(c) || !is_ip(c) || has_no_name(c) ||
	    !(unreasoned(c) || because(c, "QUEUE_PURGE")) ||
	    !within(c, "udp_destruct udpv6_destruct inet_sock_destruct sk_stream_kill"))
		return false;
	if (within(c, "inet_sock_destruct"))
		found(c, 1, "a program with a raw socket (which receives copies)");
	else
		found(c, 1, "the program that had %s port %d open",
		      p->proto == IPPROTO_TCP ? "TCP" : "UDP", p->dport);
	return true;
}

bool xtun_has_no_socket(struct xtun_case *c)
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

/* A socket receives packets for the address it is bound to, or for any if it has none. */
bool xtun_has_socket_elsewhere(struct xtun_case *c)
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

bool xtun_found_socket_full(struct xtun_case *c)
{
	const struct xtun_packet *p = &c->packet;
	static const char setting[] = "net/core/rmem_default";
	int usual = xtun_sysctl(setting);
	unsigned long waits;

	if (!comes_in(c) || p->proto != IPPROTO_UDP || p->dport < 0 ||
	    !within(c, "udp sock_queue") ||
	    !xtun_has_socket(p->family, p->proto, p->dport, &waits) || !waits)
		return false;
	found(c, 1, "%d", p->dport);
	found(c, 2, "%lu", waits);
	if (xtun_sysctl_settable(setting)) {
		found(c, 3, "sysctl -w %s=%d", setting, usual < 4194304 ? 8388608 : 2 * usual);
		found(c, 4, "sysctl -w %s=%d", setting, usual);
	}
	return because(c, "SOCKET_RCVBUFF") ||
	       (unreasoned(c) && usual >= 0 && waits * 2 >= (unsigned int)usual);
}

/* Sent or forwarded. A received frame is at another device then, or the function tells. */
static bool is_going_out(const struct xtun_case *c)
{
	return !comes_in(c) || strcmp(c->at.name, c->iface->name) || !has_no_name(c);
}

bool xtun_has_no_neighbour(struct xtun_case *c)
{
	struct xtun_route route;
	struct xtun_word word;

	if (!is_going_out(c) || !is_ip(c) ||
	    !(unreasoned(c) || !strncmp(c->drop->reason, "NEIGH_", 6)) ||
	    !within(c, "arp_error ndisc_error neigh ip_finish"))
		return false;
	xtun_route_get(c->packet.family, c->packet.dst, &route);
	if (route.error || strcmp(route.dev, c->at.name))
		return false;
	found_address(c, 1, route.via);
	found(c, 2, "%s", is_ipv4(c) ? "ARP" : "neighbour discovery");
	if (strcmp(c->at.name, c->iface->name))
		found(c, 3, "check that the host with that address is up, and on that link");
	else
		found(c, 3, "let the program that reads %s answer",
		      xtun_word(c->iface->name, &word));
	return true;
}

bool xtun_is_unexplained(struct xtun_case *c)
{
	found(c, 1, "%s", c->drop->reason[0] ? c->drop->reason : "none given");
	return true;
}
