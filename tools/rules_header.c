// SPDX-License-Identifier: GPL-2.0
/* Faults in a packet's own headers, whatever its destination. */
#include "rules.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

/* UDP trims a packet to the length in its own header. */
static bool is_cut_by_udp(const struct xtun_packet *p)
{
	size_t before = p->transport ? p->transport - p->net : 0;

	return p->transport && p->proto == IPPROTO_UDP && p->net_kept >= before + 8 &&
	       get16(p->transport + 4) >= 8 && before + get16(p->transport + 4) == p->net_len;
}

bool xtun_is_cut_short(struct xtun_case *c)
{
	const struct xtun_packet *p = &c->packet;

	if (!comes_in(c) || !is_ip(c) || p->total <= p->net_len || is_cut_by_udp(p))
		return false;
	found(c, 1, "%zu", p->total);
	found(c, 2, "%zu", p->net_len);
	found(c, 3, "%zu", p->total - p->net_len);
	return true;
}

bool xtun_has_bad_ip_sum(struct xtun_case *c)
{
	found_sum(c, &c->packet.ip);
	return comes_in(c) && c->packet.ip.verdict == XTUN_SUM_WRONG;
}

/* RFC 791, 3.1. */
static bool found_bad_ip4(struct xtun_case *c)
{
	const struct xtun_packet *p = &c->packet;
	size_t header = (p->net[0] & 15) * 4;

	if (p->net[0] >> 4 != 4)
		found(c, 1, "it says version %d, but the EtherType is that of version 4",
		      p->net[0] >> 4);
	else if (header < 20)
		found(c, 1, "it says that it is %zu bytes long, but the minimum is 20", header);
	else if (p->net_kept >= 4 && get16(p->net + 2) < header)
		found(c, 1, "the header is %zu bytes long, but its total length field says %u",
		      header, get16(p->net + 2));
	else if (p->net_len < header)
		found(c, 1, "only %zu of its %zu bytes are present", p->net_len, header);
	else
		return false;
	return true;
}

/* RFC 8200, 3. */
static bool found_bad_ip6(struct xtun_case *c)
{
	const struct xtun_packet *p = &c->packet;

	if (p->net[0] >> 4 != 6)
		found(c, 1, "it says version %d, but the EtherType is that of version 6",
		      p->net[0] >> 4);
	else if (p->net_len < 40)
		found(c, 1, "only %zu of its 40 bytes are present", p->net_len);
	else
		return false;
	return true;
}

bool xtun_has_bad_ip_header(struct xtun_case *c)
{
	const struct xtun_packet *p = &c->packet;

	if (!comes_in(c) || !within(c, "ip_rcv ip6_rcv ipv6_rcv") ||
	    !(unreasoned(c) || because(c, "IP_INHDR") || because(c, "UNHANDLED_PROTO") ||
	      because(c, "PKT_TOO_SMALL")))
		return false;
	if (p->type != ETH_P_IP && p->type != ETH_P_IPV6)
		return false;
	found(c, 2, "%zu", p->net ? (size_t)(p->net - c->drop->bytes) : c->drop->len);
	if (p->net)
		return p->type == ETH_P_IP ? found_bad_ip4(c) : found_bad_ip6(c);
	found(c, 1, "none of its bytes are present");
	return c->drop->len <= ETH_HEADER;
}

/* RFC 768. In IPv6 the length may be 0 (RFC 2675). */
static bool found_bad_udp(struct xtun_case *c, size_t len)
{
	size_t says = get16(c->packet.transport + 4);

	found(c, 1, "its length field says %zu, but must say 8 to %zu", says, len);
	return says > len || (says < 8 && (says || is_ipv4(c)));
}

/* RFC 9293, 3.1. */
static bool found_bad_tcp(struct xtun_case *c, size_t len)
{
	size_t says = (c->packet.transport[12] >> 4) * 4;

	found(c, 1, "its data offset says %zu bytes, but must say 20 to %zu", says, len);
	return says < 20 || says > len;
}

bool xtun_has_bad_length(struct xtun_case *c)
{
	static const struct {
		int proto;
		const char *name;
		size_t header;
		bool (*found_bad)(struct xtun_case *c, size_t len);
	} protos[] = {
		{ IPPROTO_ICMP, "ICMP", 8, NULL }, { IPPROTO_ICMPV6, "ICMPv6", 8, NULL },
		{ IPPROTO_TCP, "TCP", 20, found_bad_tcp }, { IPPROTO_UDP, "UDP", 8, found_bad_udp },
	};
	const struct xtun_packet *p = &c->packet;
	size_t i = 0, before, len;

	if (!comes_in(c) || !p->transport || !within(c, "udp tcp icmp"))
		return false;
	while (i < ARRAY_SIZE(protos) && protos[i].proto != p->proto)
		i++;
	before = p->transport - p->net;
	if (i == ARRAY_SIZE(protos) || p->total < before)
		return false;
	len = p->total - before;
	found(c, 2, "%s", protos[i].name);
	found(c, 1, "only %zu of its %zu bytes are present", len, protos[i].header);
	if (len < protos[i].header)
		return true;
	return protos[i].found_bad && p->net_kept >= before + protos[i].header &&
	       protos[i].found_bad(c, len);
}

/* RFC 826: hardware, protocol, lengths, operation, and the address that is asked for. */
bool xtun_is_odd_arp(struct xtun_case *c)
{
	static const uint8_t form[] = { 0x08, 0, MAC_LEN, 4 };
	const struct xtun_packet *p = &c->packet;
	const uint8_t *arp = p->net;
	unsigned int kind, operation;

	if (!comes_in(c) || p->type != ETH_P_ARP || !arp || !c->at.ethernet ||
	    c->drop->other_host || !within(c, "arp_rcv arp_process"))
		return false;
	if (p->net_len < 28) {
		found(c, 1, "has %zu bytes; for IPv4 over Ethernet it must have 28", p->net_len);
		return true;
	}
	if (p->net_kept < 28)
		return false;
	kind = get16(arp);
	operation = get16(arp + 6);
	if ((kind != 1 && kind != 6) || memcmp(arp + 2, form, sizeof(form)))
		found(c, 1, "has hardware type %u, protocol 0x%04x, address lengths %u and %u; for IPv4 over Ethernet these must be 1, 0x0800, 6 and 4",
		      kind, get16(arp + 2), arp[4], arp[5]);
	else if (operation != 1 && operation != 2)
		found(c, 1, "has operation %u; it must be 1 (request) or 2 (reply)", operation);
	else if (arp[24] == 127 || arp[24] >> 4 == 14)
		found(c, 1, "has the target %u.%u.%u.%u, which is a %s address", arp[24], arp[25],
		      arp[26], arp[27], arp[24] == 127 ? "loopback" : "multicast");
	else
		return false;
	return true;
}

/* RFC 791, 3.2, and RFC 8200, 4.5: reassembly ends after a timeout. */
bool xtun_is_without_the_rest(struct xtun_case *c)
{
	int seconds = xtun_sysctl(is_ipv4(c) ? "net/ipv4/ipfrag_time" : "net/ipv6/ip6frag_time");

	found(c, 1, "%d", seconds);
	return comes_in(c) && is_ip(c) && !has_no_name(c) && seconds > 0 &&
	       (unreasoned(c) || because(c, "FRAG_REASM_TIMEOUT")) &&
	       within(c, "ip_expire ip6_frag_expire ip6frag_expire");
}
