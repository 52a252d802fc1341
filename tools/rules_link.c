// SPDX-License-Identifier: GPL-2.0
/* What befalls a frame before IP sees it: its header, its tag, its processor. */
#include "rules.h"

#include <linux/if_ether.h>
#include <string.h>
#include <unistd.h>

/* Programs with a raw socket have had theirs, when the kernel finds that nobody else asked. */
static bool is_echo_reply(const struct xtun_case *c)
{
	const struct xtun_packet *p = &c->packet;

	return p->transport && p->sum.verdict == XTUN_SUM_RIGHT &&
	       ((p->proto == IPPROTO_ICMP && p->transport[0] == 0) ||
		(p->proto == IPPROTO_ICMPV6 && p->transport[0] == 129));
}

/* Who has an address is asked in a group of those whose addresses end alike (RFC 4291). */
static bool is_asked_of_others(const struct xtun_case *c)
{
	static const uint8_t group[13] = { 0xff, 0x02, [11] = 0x01, 0xff };

	return c->packet.family == AF_INET6 && within(c, "ip6_mc_input") &&
	       !memcmp(c->packet.dst, group, sizeof(group));
}

/* Who they are, and of which groups hosts are members: everybody else lets go of it. */
static bool is_told_to_routers(const struct xtun_case *c)
{
	const struct xtun_packet *p = &c->packet;
	unsigned int type = p->transport ? p->transport[0] : 0;

	/* RFC 3810, 2710 and 4861; RFC 9776, 2236 and 1112. */
	if (p->family == AF_INET6)
		return p->proto == IPPROTO_ICMPV6 && within(c, "ip6_mc_input") &&
		       (type == 143 || type == 131 || type == 132 || type == 133);
	/* Of a member the source is judged besides. */
	return p->family == AF_INET && p->proto == IPPROTO_IGMP &&
	       within(c, "ip_rcv ip_list ip_sublist") && !because(c, "IP_RPFILTER") &&
	       !xtun_has_joined(AF_INET, c->at.name, p->dst) &&
	       (type == 0x22 || type == 0x16 || type == 0x17 || type == 0x12);
}

/* Of which the kernel knows what to do, and of what shape it has to be for that. */
struct message {
	uint8_t first, last;	/* types */
	uint8_t least;		/* bytes */
	int ttl;		/* that it has to have; -1: any */
};

static bool is_one_of(const struct xtun_packet *p, const struct message *list, size_t n)
{
	size_t before = p->transport - p->net;

	for (size_t i = 0; i < n; i++)
		if (p->transport[0] >= list[i].first && p->transport[0] <= list[i].last)
			return p->total >= before + list[i].least &&
			       (list[i].ttl < 0 || p->ttl == (unsigned int)list[i].ttl);
	return false;
}

/*
 * Whatever comes of these two protocols ends there, and older kernels tell of each such end.
 * What is not well of what they mean, such as a group, is not looked at.
 */
static bool is_taken_message(const struct xtun_case *c)
{
	/* RFC 1112, 2236 and 9776, and what the kernel leaves to programs. */
	static const struct message igmp[] = {
		{ 0x11, 0x17, 8, -1 }, { 0x1e, 0x1f, 8, -1 }, { 0x22, 0x22, 8, -1 },
	};
	/* RFC 4443: with the header of the packet it is of; 2710 and 3810; 4861. */
	static const struct message icmp6[] = {
		{ 1, 4, 48, -1 }, { 128, 129, 8, -1 }, { 130, 132, 24, 1 }, { 133, 133, 8, 255 },
		{ 134, 134, 16, 255 }, { 135, 136, 24, 255 }, { 137, 137, 40, 255 },
		{ 143, 143, 8, 1 },
	};
	const struct xtun_packet *p = &c->packet;

	if (!p->transport || p->sum.verdict == XTUN_SUM_WRONG || p->total > p->net_len)
		return false;
	if (p->family == AF_INET)
		return p->proto == IPPROTO_IGMP && within(c, "igmp_rcv") &&
		       is_one_of(p, igmp, ARRAY_SIZE(igmp));
	if (p->proto != IPPROTO_ICMPV6 || !within(c, "icmpv6_rcv") ||
	    !is_one_of(p, icmp6, ARRAY_SIZE(icmp6)))
		return false;
	/* Errors alone have codes. */
	if (p->transport + 1 < p->net + p->net_kept && p->transport[0] > 127 && p->transport[1])
		return false;
	return p->transport[0] != 128 || xtun_sysctl("net/ipv6/icmp/echo_ignore_all") <= 0;
}

/* At a bridge's port all that is for others is marked so, and goes on. */
static bool is_let_go_as_anothers(const struct xtun_case *c)
{
	return comes_in(c) && c->drop->other_host && !xtun_is_port(&c->at) &&
	       (because(c, "OTHERHOST") || unreasoned(c)) &&
	       within(c, "ip_rcv ip_list ip_sublist ip6_rcv ip6_list ipv6_rcv ipv6_list arp_rcv");
}

static bool is_for_mac_of_another(const struct xtun_case *c)
{
	const uint8_t *mac = c->packet.mac;

	return is_let_go_as_anothers(c) && mac && c->at.ethernet && memcmp(mac, c->at.mac, MAC_LEN);
}

/* Of IP, or the one that ARP asks for or answers (RFC 826); NULL if it has none of that kind. */
static const uint8_t *address_behind(const struct xtun_packet *p, int *family)
{
	static const uint8_t of_ip[] = { 0, 1, 0x08, 0, MAC_LEN, 4 };

	*family = p->family;
	if (p->family)
		return p->dst;
	if (p->type != ETH_P_ARP || p->net_kept < 28 || memcmp(p->net, of_ip, sizeof(of_ip)))
		return NULL;
	*family = AF_INET;
	return p->net + 24;
}

static bool is_for_own_address(const struct xtun_case *c)
{
	struct xtun_route route;
	int family;
	const uint8_t *to = address_behind(&c->packet, &family);

	if (!to)
		return false;
	xtun_route_get(family, to, &route);
	return route.local;
}

/* A hub hands to all what is for one; so does a switch that has not learnt where that is. */
static bool is_passing_by(const struct xtun_case *c)
{
	return is_for_mac_of_another(c) && !is_for_own_address(c) &&
	       xtun_has_neighbour(c->at.index, c->packet.mac);
}

static bool is_backlogged(const struct xtun_case *c)
{
	return within(c, "enqueue_to_backlog") && !has_no_name(c) &&
	       (because(c, "CPU_BACKLOG") || unreasoned(c));
}

/* A mask of processors, or a number: whether it has any but zeros. */
static bool is_set(const char *path)
{
	char line[1024];

	return xtun_sysfs_line(path, line, sizeof(line)) && line[strspn(line, "0,")];
}

/* RPS, or RFS: whether other processors are to take what comes by that device, or may be. */
static bool is_spread(const char *dev)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/net/%s", dev);
	if (access(path, F_OK))
		return true;
	for (int queue = 0; ; queue++) {
		snprintf(path, sizeof(path), "/sys/class/net/%s/queues/rx-%d/rps_cpus", dev, queue);
		if (access(path, F_OK))
			return false;
		if (is_set(path))
			return true;
		snprintf(path, sizeof(path), "/sys/class/net/%s/queues/rx-%d/rps_flow_cnt", dev,
			 queue);
		if (is_set(path))
			return true;
	}
}

/* What xtun gives there itself it counts, if it is not taken; what RPS does is not seen. */
static bool is_counted(const struct xtun_case *c)
{
	return comes_in(c) && is_backlogged(c) && !strcmp(c->at.name, c->iface->name) &&
	       !is_spread(c->at.name);
}

/* IEEE 802.1D: of the spanning tree. */
static bool is_bpdu(const struct xtun_packet *p)
{
	static const uint8_t llc[] = { 0x42, 0x42, 0x03 };

	return p->net_kept >= sizeof(llc) && !memcmp(p->net, llc, sizeof(llc));
}

/*
 * A bridge that has read it ends it as it does what it does not read, in a function that the
 * compiler may have made part of its caller.
 */
static bool is_taken_bpdu(const struct xtun_case *c)
{
	static const uint8_t to[] = { 0x01, 0x80, 0xc2, 0, 0, 0 }, kind[] = { 0, 0, 0 };
	const struct xtun_packet *p = &c->packet;
	char path[128], line[16];

	/* By the kernel itself, and not by a program (2). */
	snprintf(path, sizeof(path), "/sys/class/net/%s/master/bridge/stp_state", c->at.name);
	return within(c, "br_stp_rcv stp_pdu_rcv") && !has_no_name(c) && unreasoned(c) &&
	       p->mac && !memcmp(p->mac, to, sizeof(to)) &&
	       is_bpdu(p) && p->net_kept >= 6 && !memcmp(p->net + 3, kind, sizeof(kind)) &&
	       xtun_sysfs_line(path, line, sizeof(line)) && line[0] == '1';
}

/*
 * Of fragments put together, and of segments, the pieces hang at the first, and are told of
 * by kernels before 6.3 when that has been read. A queue drops what leaves.
 */
static bool is_piece(const struct xtun_case *c)
{
	return within(c, "kfree_skb_list skb_release_data") && !has_no_name(c) && unreasoned(c) &&
	       !strcmp(c->at.name, c->iface->name) && is_ip(c) &&
	       ((comes_in(c) && c->packet.fragment) || is_for_own_address(c));
}

/* With one of no bytes the kernel tries a NAPI out when that is made (netif_napi_add). */
static bool is_the_kernels_own(const struct xtun_case *c)
{
	return !c->drop->len && !has_no_name(c) &&
	       within(c, "napi_get_frags_check netif_napi_add");
}

/* Of the end of a frame that is well the kernel tells as of a drop, or xtun counts it. */
bool xtun_is_no_drop(struct xtun_case *c)
{
	if (comes_in(c) && !c->drop->other_host && !has_no_name(c) &&
	    c->packet.sum.verdict != XTUN_SUM_WRONG && c->packet.ip.verdict != XTUN_SUM_WRONG &&
	    (is_told_to_routers(c) || is_asked_of_others(c)))
		return true;
	if (is_echo_reply(c) && (!has_no_name(c) || unreasoned(c)) &&
	    within(c, "icmp_rcv icmpv6_rcv ping_rcv"))
		return true;
	if (is_passing_by(c) || is_counted(c) || is_taken_bpdu(c) || is_the_kernels_own(c) ||
	    is_piece(c))
		return true;
	return unreasoned(c) && !has_no_name(c) && is_taken_message(c);
}

/* Of a processor; only the first namespace has the settings. */
bool xtun_is_backlogged(struct xtun_case *c)
{
	int most = xtun_sysctl("net/core/netdev_max_backlog");

	if (most >= 0) {
		found(c, 1, ": it takes %d%s", most,
		      is_set("/proc/sys/net/core/flow_limit_cpu_bitmap") ?
		      ", or half of them while most are of one flow (flow_limit_cpu_bitmap)" : "");
		found(c, 2, "sysctl -w net/core/netdev_max_backlog=%d", xtun_more(most));
		found(c, 3, "sysctl -w net/core/netdev_max_backlog=%d", most);
	}
	return is_backlogged(c);
}

bool xtun_is_headerless(struct xtun_case *c)
{
	const uint8_t *b = c->drop->bytes;
	size_t len = c->drop->len;

	if (!comes_in(c) || !c->packet.mac || c->drop->kept < 20)
		return false;
	return (b[0] >> 4 == 4 && (b[0] & 15) >= 5 && get16(b + 2) == len) ||
	       (b[0] >> 4 == 6 && get16(b + 4) + 40U == len);
}

/*
 * In its generic form, in which the program meets what is no fit for its own, or all if it
 * was attached so. What it drops without that xtun counts.
 */
bool xtun_is_dropped_by_xdp(struct xtun_case *c)
{
	struct xtun_cause off;

	if (!comes_in(c) ||
	    !(because(c, "XDP") || (unreasoned(c) && !has_no_name(c) &&
				    within(c, "do_xdp_generic netif_receive_generic_xdp"))))
		return false;
	xtun_xdp_off(&c->at, &off);
	found(c, 1, "%s", off.cure);
	found(c, 2, "%s", off.undo);
	found(c, 3, "%s", off.advice);
	return true;
}

/* Its first byte happened to look like an IP header's, or somebody said that it is IP. */
bool xtun_is_whole_frame(struct xtun_case *c)
{
	const struct xtun_drop *d = c->drop;

	return comes_in(c) && !c->iface->ethernet && !c->packet.mac &&
	       xtun_has_ethernet_header(d->bytes, d->kept, d->len);
}

/*
 * For this machine by its address, and still another's: so the stack marks what has a tag
 * for which there is no interface, before it throws the tag away.
 */
bool xtun_is_strange_vlan(struct xtun_case *c)
{
	const uint8_t *mac = c->packet.mac;

	return is_let_go_as_anothers(c) && mac && !memcmp(mac, c->at.mac, MAC_LEN);
}

/* "xtun.5         | 5  | xtun" */
static bool find_vlan(const char *dev, int vlan, struct xtun_iface *found)
{
	FILE *in = fopen("/proc/net/vlan/config", "re");
	char line[256], name[IF_NAMESIZE], upon[IF_NAMESIZE];
	bool is = false;
	int id;

	while (in && !is && fgets(line, sizeof(line), in))
		is = sscanf(line, "%15s | %d | %15s", name, &id, upon) == 3 && id == vlan &&
		     !strcmp(upon, dev);
	if (in)
		fclose(in);
	return is && xtun_iface_read(name, found);
}

bool xtun_is_of_vlan_down(struct xtun_case *c)
{
	struct xtun_iface vlan;
	struct xtun_word word;

	if (!comes_in(c) || c->packet.vlan < 0 || !unreasoned(c) || has_no_name(c) ||
	    !within(c, "vlan_do_receive") ||
	    !find_vlan(c->at.name, c->packet.vlan, &vlan))
		return false;
	found(c, 1, "%s", xtun_name(vlan.name));
	found(c, 2, "%d", c->packet.vlan);
	found(c, 3, "%s", xtun_word(vlan.name, &word));
	return !vlan.up;
}

/* It has the address, and another MAC than whoever sent it believes. */
bool xtun_is_for_other_mac(struct xtun_case *c)
{
	return is_for_mac_of_another(c) && is_for_own_address(c) &&
	       !xtun_has_neighbour(c->at.index, c->packet.mac);
}

/* To take on the MAC of another would cut that one off. */
bool xtun_is_for_other_host(struct xtun_case *c)
{
	char text[INET6_ADDRSTRLEN];
	const uint8_t *to;
	int family;

	if (!is_for_mac_of_another(c) || xtun_is_for_other_mac(c))
		return false;
	to = address_behind(&c->packet, &family);
	if (!to)
		found(c, 1, "what address it is for is not known");
	else if (is_for_own_address(c))
		found(c, 1, "that MAC is a neighbour's");
	else
		found(c, 1, "%s is no address of this machine",
		      inet_ntop(family, to, text, sizeof(text)));
	return true;
}

/* IEEE 802.3: what is no type is a length, and what follows, LLC, tells whom it is for. */
static bool has_length(const struct xtun_packet *p)
{
	return p->mac && p->type < ETH_P_802_3_MIN;
}

bool xtun_has_no_llc(struct xtun_case *c)
{
	const struct xtun_packet *p = &c->packet;

	if (!comes_in(c) || !has_length(p) || c->drop->other_host ||
	    !(unreasoned(c) || because(c, "UNHANDLED_PROTO")) ||
	    !within(c, "netif_receive llc_rcv llc_station_rcv stp_pdu_rcv br_stp_rcv"))
		return false;
	found(c, 1, "%u", p->type);
	if (p->net_kept >= 3)
		found(c, 2, ", LLC for DSAP 0x%02x", p->net[0]);
	if (!is_bpdu(p))
		found(c, 3, "load the module or start the program that does: cat /proc/net/ptype");
	else if (xtun_is_port(&c->at))
		found(c, 3, "have its bridge take part in the spanning tree, or its sender leave it");
	else
		found(c, 3, "it is of the spanning tree: make %s a port of a bridge, or let it be",
		      xtun_name(c->at.name));
	return true;
}

bool xtun_has_no_handler(struct xtun_case *c)
{
	found(c, 1, "0x%04x", c->packet.type);
	return comes_in(c) && within(c, "netif_receive") && !has_length(&c->packet) &&
	       !xtun_has_handler(c->packet.type, c->at.name);
}
