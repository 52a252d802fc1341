// SPDX-License-Identifier: GPL-2.0
/* Drops before IP: because of the Ethernet header, the VLAN tag, or the CPU's backlog. */
#include "rules.h"

#include <linux/if_ether.h>
#include <string.h>
#include <unistd.h>

/* The kernel drops a reply that no ping socket wants, after raw sockets got their copies. */
static bool is_echo_reply(const struct xtun_case *c)
{
	const struct xtun_packet *p = &c->packet;

	return p->transport && p->sum.verdict == XTUN_SUM_RIGHT &&
	       ((p->proto == IPPROTO_ICMP && p->transport[0] == 0) ||
		(p->proto == IPPROTO_ICMPV6 && p->transport[0] == 129));
}

/* Neighbour solicitations go to a group of all whose addresses end alike (RFC 4291). */
static bool is_asked_of_others(const struct xtun_case *c)
{
	static const uint8_t group[13] = { 0xff, 0x02, [11] = 0x01, 0xff };

	return c->packet.family == AF_INET6 && within(c, "ip6_mc_input") &&
	       !memcmp(c->packet.dst, group, sizeof(group));
}

/* Membership messages and router solicitations: all machines but routers ignore them. */
static bool is_told_to_routers(const struct xtun_case *c)
{
	const struct xtun_packet *p = &c->packet;
	unsigned int type = p->transport ? p->transport[0] : 0;

	/* RFC 3810, 2710 and 4861; RFC 9776, 2236 and 1112. */
	if (p->family == AF_INET6)
		return p->proto == IPPROTO_ICMPV6 && within(c, "ip6_mc_input") &&
		       (type == 143 || type == 131 || type == 132 || type == 133);
	/* For a group that was joined, the kernel also checks the source. */
	return p->family == AF_INET && p->proto == IPPROTO_IGMP &&
	       within(c, "ip_rcv ip_list ip_sublist") && !because(c, "IP_RPFILTER") &&
	       !xtun_has_joined(AF_INET, c->at.name, p->dst) &&
	       (type == 0x22 || type == 0x16 || type == 0x17 || type == 0x12);
}

/* Messages that the kernel processes, and the form that they must have. */
struct message {
	uint8_t first, last;	/* types */
	uint8_t least;		/* bytes */
	int ttl;		/* required TTL or hop limit; -1: any */
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
 * The kernel consumes all messages of these two protocols, and older kernels report the end of
 * each like a drop. The contents of a message, such as the group, are not checked here.
 */
static bool is_taken_message(const struct xtun_case *c)
{
	/* RFC 1112, 2236 and 9776, and types that the kernel leaves to programs. */
	static const struct message igmp[] = {
		{ 0x11, 0x17, 8, -1 }, { 0x1e, 0x1f, 8, -1 }, { 0x22, 0x22, 8, -1 },
	};
	/* RFC 4443, where errors contain the header of their packet; 2710 and 3810; 4861. */
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
	/* Only errors have codes. */
	if (p->transport + 1 < p->net + p->net_kept && p->transport[0] > 127 && p->transport[1])
		return false;
	return p->transport[0] != 128 || xtun_sysctl("net/ipv6/icmp/echo_ignore_all") <= 0;
}

/* Not at a bridge's port, where frames for others are marked likewise, but not dropped. */
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

/* The IP destination, or the target address of ARP (RFC 826); NULL if there is none. */
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

/* Hubs send every frame to all ports, and switches do if they do not know the MAC yet. */
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

/* Whether a mask of CPUs, or a number, is not zero. */
static bool is_set(const char *path)
{
	char line[1024];

	return xtun_sysfs_line(path, line, sizeof(line)) && line[strspn(line, "0,")];
}

/* Whether RPS or RFS moves a device's frames to other CPUs. True if that is not known. */
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

/* xtun itself counts the frames that a full backlog refuses, except with RPS. */
static bool is_counted(const struct xtun_case *c)
{
	return comes_in(c) && is_backlogged(c) && !strcmp(c->at.name, c->iface->name) &&
	       !is_spread(c->at.name);
}

/* IEEE 802.1D: a frame of the spanning tree protocol. */
static bool is_bpdu(const struct xtun_packet *p)
{
	static const uint8_t llc[] = { 0x42, 0x42, 0x03 };

	return p->net_kept >= sizeof(llc) && !memcmp(p->net, llc, sizeof(llc));
}

/*
 * The bridge frees a BPDU that it has processed in the same way as one that it ignores, in a
 * function that the compiler may have inlined into its caller.
 */
static bool is_taken_bpdu(const struct xtun_case *c)
{
	static const uint8_t to[] = { 0x01, 0x80, 0xc2, 0, 0, 0 }, kind[] = { 0, 0, 0 };
	const struct xtun_packet *p = &c->packet;
	char path[128], line[16];

	/* 1: the kernel runs the protocol. With 2, a program does. */
	snprintf(path, sizeof(path), "/sys/class/net/%s/master/bridge/stp_state", c->at.name);
	return within(c, "br_stp_rcv stp_pdu_rcv") && !has_no_name(c) && unreasoned(c) &&
	       p->mac && !memcmp(p->mac, to, sizeof(to)) &&
	       is_bpdu(p) && p->net_kept >= 6 && !memcmp(p->net + 3, kind, sizeof(kind)) &&
	       xtun_sysfs_line(path, line, sizeof(line)) && line[0] == '1';
}

/*
 * Reassembled fragments and merged segments are linked to the first one. Kernels before 6.3
 * report each of them like a drop once the whole is read. Frames that leave are not meant: a
 * qdisc drops them in the same function.
 */
static bool is_piece(const struct xtun_case *c)
{
	return within(c, "kfree_skb_list skb_release_data") && !has_no_name(c) && unreasoned(c) &&
	       !strcmp(c->at.name, c->iface->name) && is_ip(c) &&
	       ((comes_in(c) && c->packet.fragment) || is_for_own_address(c));
}

/* When a NAPI is added, the kernel checks it with an empty frame (netif_napi_add). */
static bool is_the_kernels_own(const struct xtun_case *c)
{
	return !c->drop->len && !has_no_name(c) &&
	       within(c, "napi_get_frags_check netif_napi_add");
}

/* The kernel reports the regular end of a frame like a drop, or xtun itself counts the loss. */
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

/* The backlog of a CPU. Only the initial network namespace has the settings. */
bool xtun_is_backlogged(struct xtun_case *c)
{
	int most = xtun_sysctl("net/core/netdev_max_backlog");

	if (most >= 0) {
		found(c, 1, ": its limit is %d%s", most,
		      is_set("/proc/sys/net/core/flow_limit_cpu_bitmap") ?
		      ", or half for a flow with most of the frames (flow_limit_cpu_bitmap)" : "");
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
 * Generic XDP: for frames that do not fit native XDP, or for all frames if the program was
 * attached as generic. Drops in native XDP are counted by xtun itself.
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

/* Its first byte happened to look like IP, or the protocol info said that it is IP. */
bool xtun_is_whole_frame(struct xtun_case *c)
{
	const struct xtun_drop *d = c->drop;

	return comes_in(c) && !c->iface->ethernet && !c->packet.mac &&
	       xtun_has_ethernet_header(d->bytes, d->kept, d->len);
}

/*
 * The MAC is this device's, but the frame is marked as for another host: the stack marks
 * tagged frames without a VLAN interface so, before it removes the tag.
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

/* The machine has the IP address, but the sender uses a wrong MAC. */
bool xtun_is_for_other_mac(struct xtun_case *c)
{
	return is_for_mac_of_another(c) && is_for_own_address(c) &&
	       !xtun_has_neighbour(c->at.index, c->packet.mac);
}

/* No command here: with the MAC of another host, this one would cut that host off. */
bool xtun_is_for_other_host(struct xtun_case *c)
{
	char text[INET6_ADDRSTRLEN];
	const uint8_t *to;
	int family;

	if (!is_for_mac_of_another(c) || xtun_is_for_other_mac(c))
		return false;
	to = address_behind(&c->packet, &family);
	if (!to)
		found(c, 1, "its target address is not known");
	else if (is_for_own_address(c))
		found(c, 1, "that MAC belongs to a neighbour");
	else
		found(c, 1, "%s is not an address of this machine",
		      inet_ntop(family, to, text, sizeof(text)));
	return true;
}

/* IEEE 802.3: a type field below 0x0600 is a length, and LLC follows. */
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
		found(c, 2, ", LLC DSAP 0x%02x", p->net[0]);
	if (!is_bpdu(p))
		found(c, 3, "load the module or start the program that does; handlers: cat /proc/net/ptype");
	else if (xtun_is_port(&c->at))
		found(c, 3, "enable STP on its bridge, or disable it at the sender");
	else
		found(c, 3, "it belongs to STP: make %s a port of a bridge, or ignore it",
		      xtun_name(c->at.name));
	return true;
}

bool xtun_has_no_handler(struct xtun_case *c)
{
	found(c, 1, "0x%04x", c->packet.type);
	return comes_in(c) && within(c, "netif_receive") && !has_length(&c->packet) &&
	       !xtun_has_handler(c->packet.type, c->at.name);
}
