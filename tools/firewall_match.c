// SPDX-License-Identifier: GPL-2.0
/*
 * Whether a firewall rule matches a packet: run the rule's expressions as nftables does, as
 * far as the data that they test is known. An expression on unknown data may match.
 */
#include "firewall.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <string.h>

/* The expression may have changed the registers, and the rule may have ended there. */
static void forget(struct xtun_match *m)
{
	m->known = 0;
	m->unsure = true;
}

/* Offset of a register; -1 if LEN bytes do not fit from there on. */
static int register_at(const struct nlattr *attr, size_t len)
{
	uint32_t n = xtun_netlink_be32(attr);
	size_t at;

	if (n >= NFT_REG_1 && n <= NFT_REG_4)
		at = (n - NFT_REG_1) * NFT_REG_SIZE;
	else if (n >= NFT_REG32_00 && n <= NFT_REG32_15)
		at = (n - NFT_REG32_00) * NFT_REG32_SIZE;
	else
		return -1;
	return len && len <= sizeof(((struct xtun_match *)NULL)->registers) - at ? (int)at : -1;
}

static uint64_t bits(int at, size_t len)
{
	return (len < 64 ? (1ULL << len) - 1 : ~0ULL) << at;
}

/* The contents of a register; NULL unless LEN bytes of it are known. */
static const uint8_t *get(const struct xtun_match *m, const struct nlattr *attr, size_t len)
{
	int at = register_at(attr, len);

	return at >= 0 && !(bits(at, len) & ~m->known) ? m->registers + at : NULL;
}

/* As in nftables, the rest of the last register becomes zero. */
static void put(struct xtun_match *m, const struct nlattr *attr, const void *data, size_t len)
{
	size_t whole = len <= sizeof(m->registers) ? (len + 3) / 4 * 4 : len;
	int at = register_at(attr, whole);

	if (!data || at < 0) {
		forget(m);
		return;
	}
	memset(m->registers + at, 0, whole);
	memcpy(m->registers + at, data, len);
	m->known |= bits(at, whole);
}

/* For IPv6, the protocol behind extension headers is not searched for. */
static bool is_transport(const struct xtun_packet *p)
{
	switch (p->proto) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_AH:
	case IPPROTO_DSTOPTS:
		return p->family == AF_INET;
	default:
		return p->family && p->proto >= 0;
	}
}

static void load_device(struct xtun_match *m, const struct nlattr *to, const char *dev, bool named)
{
	uint32_t index = dev ? if_nametoindex(dev) : 0;
	char name[IF_NAMESIZE] = "";

	if (!named) {
		put(m, to, index ? &index : NULL, sizeof(index));
		return;
	}
	snprintf(name, sizeof(name), "%s", dev ? dev : "");
	put(m, to, dev ? name : NULL, sizeof(name));
}

static void run_meta(struct xtun_match *m, const struct nlattr *data)
{
	const struct nlattr *to = xtun_netlink_inside(data, NFTA_META_DREG);
	uint32_t key = xtun_netlink_be32(xtun_netlink_inside(data, NFTA_META_KEY));
	const struct xtun_packet *p = m->packet;
	uint8_t family = p->family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6, proto = p->proto;
	uint16_t type = htons(p->type);
	bool routed = m->family == NFPROTO_INET || m->family == family;

	/* Without a destination register it sets metadata, which is not part of the packet. */
	if (!to)
		return;
	if (key == NFT_META_NFPROTO)
		put(m, to, p->family && routed ? &family : NULL, sizeof(family));
	else if (key == NFT_META_L4PROTO)
		put(m, to, is_transport(p) ? &proto : NULL, sizeof(proto));
	else if (key == NFT_META_PROTOCOL)
		put(m, to, p->family ? &type : NULL, sizeof(type));
	else if (key == NFT_META_IIF || key == NFT_META_IIFNAME)
		load_device(m, to, m->in, key == NFT_META_IIFNAME);
	else if (key == NFT_META_OIF || key == NFT_META_OIFNAME)
		load_device(m, to, m->out, key == NFT_META_OIFNAME);
	else
		forget(m);
}

static void run_payload(struct xtun_match *m, const struct nlattr *data)
{
	uint32_t base = xtun_netlink_be32(xtun_netlink_inside(data, NFTA_PAYLOAD_BASE));
	uint32_t offset = xtun_netlink_be32(xtun_netlink_inside(data, NFTA_PAYLOAD_OFFSET));
	uint32_t len = xtun_netlink_be32(xtun_netlink_inside(data, NFTA_PAYLOAD_LEN));
	const struct xtun_packet *p = m->packet;
	const uint8_t *from = NULL;
	size_t kept = p->net_kept;

	/* In these families a VLAN header that is still there counts as the network header. */
	if (p->vlan >= 0 && (m->family == NFPROTO_BRIDGE || m->family == NFPROTO_NETDEV)) {
		from = NULL;
	} else if (base == NFT_PAYLOAD_NETWORK_HEADER) {
		from = p->net;
	} else if (base == NFT_PAYLOAD_TRANSPORT_HEADER && is_transport(p) && p->transport) {
		from = p->transport;
		kept -= p->transport - p->net;
	}
	if (from && offset <= kept && len <= kept - offset)
		put(m, xtun_netlink_inside(data, NFTA_PAYLOAD_DREG), from + offset, len);
	else
		forget(m);
}

/* A constant of the expression; NULL if its length differs. */
static const uint8_t *constant(const struct nlattr *data, int type, size_t len)
{
	const struct nlattr *value = xtun_netlink_inside(xtun_netlink_inside(data, type),
							 NFTA_DATA_VALUE);

	return value && xtun_netlink_len(value) == len ? xtun_netlink_data(value) : NULL;
}

static void run_bitwise(struct xtun_match *m, const struct nlattr *data)
{
	uint32_t len = xtun_netlink_be32(xtun_netlink_inside(data, NFTA_BITWISE_LEN));
	const struct nlattr *op = xtun_netlink_inside(data, NFTA_BITWISE_OP);
	const uint8_t *mask = constant(data, NFTA_BITWISE_MASK, len);
	const uint8_t *flip = constant(data, NFTA_BITWISE_XOR, len);
	const uint8_t *from = get(m, xtun_netlink_inside(data, NFTA_BITWISE_SREG), len);
	uint8_t to[sizeof(m->registers)];

	if (!from || !mask || !flip || (op && xtun_netlink_be32(op) != NFT_BITWISE_BOOL)) {
		forget(m);
		return;
	}
	for (size_t i = 0; i < len; i++)
		to[i] = (from[i] & mask[i]) ^ flip[i];
	put(m, xtun_netlink_inside(data, NFTA_BITWISE_DREG), to, len);
}

static bool is_so(uint32_t op, int order)
{
	switch (op) {
	case NFT_CMP_EQ:
		return !order;
	case NFT_CMP_NEQ:
		return order;
	case NFT_CMP_LT:
		return order < 0;
	case NFT_CMP_LTE:
		return order <= 0;
	case NFT_CMP_GT:
		return order > 0;
	case NFT_CMP_GTE:
		return order >= 0;
	default:
		return true;
	}
}

static void run_cmp(struct xtun_match *m, const struct nlattr *data)
{
	uint32_t op = xtun_netlink_be32(xtun_netlink_inside(data, NFTA_CMP_OP));
	const struct nlattr *with = xtun_netlink_inside(data, NFTA_CMP_DATA);
	const uint8_t *have;
	size_t len;

	with = xtun_netlink_inside(with, NFTA_DATA_VALUE);
	len = with ? xtun_netlink_len(with) : 0;
	have = get(m, xtun_netlink_inside(data, NFTA_CMP_SREG), len);
	m->unsure |= !have || op > NFT_CMP_GTE;
	m->fails |= have && !is_so(op, memcmp(have, xtun_netlink_data(with), len));
}

static void run_range(struct xtun_match *m, const struct nlattr *data)
{
	uint32_t op = xtun_netlink_be32(xtun_netlink_inside(data, NFTA_RANGE_OP));
	const struct nlattr *from = xtun_netlink_inside(data, NFTA_RANGE_FROM_DATA);
	const uint8_t *have, *to;
	bool inside;
	size_t len;

	from = xtun_netlink_inside(from, NFTA_DATA_VALUE);
	len = from ? xtun_netlink_len(from) : 0;
	have = get(m, xtun_netlink_inside(data, NFTA_RANGE_SREG), len);
	to = constant(data, NFTA_RANGE_TO_DATA, len);
	if (!have || !to || op > NFT_RANGE_NEQ) {
		m->unsure = true;
		return;
	}
	inside = memcmp(have, xtun_netlink_data(from), len) >= 0 && memcmp(have, to, len) <= 0;
	m->fails |= inside == (op == NFT_RANGE_NEQ);
}

static bool has_port(int port, const uint16_t range[2], bool inverted)
{
	return (port >= range[0] && port <= range[1]) != inverted;
}

/* A match of iptables. The rule compares the protocol before a match on tcp or udp. */
static void run_match(struct xtun_match *m, const struct nlattr *data)
{
	const struct nlattr *info = xtun_netlink_inside(data, NFTA_MATCH_INFO);
	size_t len = info ? xtun_netlink_len(info) : 0;
	struct xt_tcp tcp = { 0 };
	struct xt_udp udp;
	char name[32];

	xtun_netlink_name(name, sizeof(name), xtun_netlink_inside(data, NFTA_MATCH_NAME));
	if (!strcmp(name, "comment"))
		return;
	if (!strcmp(name, "tcp") && len >= sizeof(tcp)) {
		memcpy(&tcp, xtun_netlink_data(info), sizeof(tcp));
	} else if (!strcmp(name, "udp") && len >= sizeof(udp)) {
		memcpy(&udp, xtun_netlink_data(info), sizeof(udp));
		tcp = (struct xt_tcp){
			.spts = { udp.spts[0], udp.spts[1] }, .dpts = { udp.dpts[0], udp.dpts[1] },
			.invflags = udp.invflags,
		};
	} else {
		forget(m);
		return;
	}
	m->unsure |= tcp.option || tcp.flg_mask || m->packet->dport < 0;
	m->fails |= m->packet->dport >= 0 &&
		    !(has_port(m->packet->sport, tcp.spts, tcp.invflags & XT_TCP_INV_SRCPT) &&
		      has_port(m->packet->dport, tcp.dpts, tcp.invflags & XT_TCP_INV_DSTPT));
}

/* Statements: they do not test the packet, and do not change the registers. */
static bool is_action(const char *name)
{
	static const char * const names[] = {
		"counter", "log", "reject", "target", "queue", "masq", "redir", "notrack",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/**
 * xtun_match_run() - run one expression of a rule
 * @m: the packet, and the state after the expressions before
 * @name: the expression's name
 * @data: its attributes, or NULL
 */
void xtun_match_run(struct xtun_match *m, const char *name, const struct nlattr *data)
{
	static const struct {
		const char *name;
		void (*run)(struct xtun_match *m, const struct nlattr *data);
	} known[] = {
		{ "meta", run_meta }, { "payload", run_payload }, { "bitwise", run_bitwise },
		{ "cmp", run_cmp }, { "range", run_range }, { "match", run_match },
	};
	uint32_t to;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!strcmp(name, known[i].name)) {
			known[i].run(m, data);
			return;
		}
	}
	to = xtun_netlink_be32(xtun_netlink_inside(data, NFTA_IMMEDIATE_DREG));
	if (strcmp(name, "immediate") ? !is_action(name) : to != NFT_REG_VERDICT)
		forget(m);
}
