/* SPDX-License-Identifier: GPL-2.0 */
/* What xtun why knows about a lost frame, and how it finds the cause. */
#ifndef XTUN_WHY_TOOL_H
#define XTUN_WHY_TOOL_H

#include "status.h"

/* drops.c: frames that the stack drops, as /proc/net/xtun_drops reports them */
struct xtun_drop {
	char iface[IF_NAMESIZE];	/* the xtun that the frame belongs to */
	char dev[IF_NAMESIZE];		/* where it was dropped; that xtun if not known */
	enum xtun_direction direction;
	double when;			/* seconds of CLOCK_MONOTONIC */
	char function[128];		/* "?" if the kernel has no names */
	char reason[64];		/* empty: the kernel gives none */
	size_t len;
	bool ethernet;			/* bytes begin with that header, else with the next */
	unsigned int proto;		/* EtherType */
	int vlan;			/* of a tag that was stripped; -1 if none was */
	bool other_host;		/* the stack marked it as for another machine */
	size_t kept;
	uint8_t bytes[1600];
};

struct xtun_drops {
	int fd;
	uint64_t missed;		/* drops that the module could not keep */
	size_t n;
	char text[8192];		/* read, but not parsed yet */
};

bool xtun_drops_open(struct xtun_drops *drops);
bool xtun_drops_next(struct xtun_drops *drops, struct xtun_drop *drop);
void xtun_drops_close(struct xtun_drops *drops);

/* packet.c: a parsed frame */
enum xtun_sum { XTUN_SUM_UNKNOWN, XTUN_SUM_RIGHT, XTUN_SUM_WRONG };

struct xtun_checksum {
	enum xtun_sum verdict;
	unsigned int found, right;
};

struct xtun_packet {
	const uint8_t *mac;		/* the Ethernet header, or NULL */
	unsigned int type;		/* EtherType behind any tag */
	int vlan;			/* outermost tag, or -1 */
	const uint8_t *net;		/* the network header, or NULL */
	size_t net_len;			/* bytes from there on, kept or not */
	size_t net_kept;
	int family;			/* AF_INET, AF_INET6; 0 if it is neither, or cut short */
	const uint8_t *src, *dst;	/* addresses of that family */
	size_t total;			/* net_len according to the IP header */
	unsigned int ttl;
	bool fragment;
	int proto;			/* of IP; -1 if not known */
	const uint8_t *transport;	/* behind the IP headers, at least one byte; or NULL */
	int sport, dport;		/* -1 if it has none */
	struct xtun_checksum ip, sum;	/* of the IP header; of the transport protocol */
};

bool xtun_has_ethernet_header(const uint8_t *bytes, size_t kept, size_t len);
void xtun_packet_parse(struct xtun_packet *p, const struct xtun_drop *drop);

/* state.c: the current configuration of the system */
struct xtun_route {
	int error;			/* errno, or 0 */
	bool local;			/* to an address of this machine */
	bool broadcast;			/* to the broadcast address of its network */
	char dev[IF_NAMESIZE];
	uint8_t via[16];		/* the next hop; the address itself if on-link */
};

void xtun_route_get(int family, const uint8_t *to, struct xtun_route *route);
void xtun_route_get_from(int family, const uint8_t *from, int dev, const uint8_t *to,
			 struct xtun_route *route);
int xtun_setting(int family, const char *dev, const char *name);
int xtun_sysctl(const char *name);
long long xtun_snmp(const char *group, const char *name);
bool xtun_sysctl_settable(const char *name);
/* What to set a limit to that was too low. */
static inline int xtun_more(int n)
{
	return n < 5000 ? 10000 : n > 1 << 29 ? n : 2 * n;
}

bool xtun_has_joined(int family, const char *dev, const uint8_t *group);
bool xtun_has_neighbour(int ifindex, const uint8_t *mac);
bool xtun_has_handler(unsigned int ethertype, const char *dev);
int xtun_has_socket(int family, int proto, int port, unsigned long *waits);
bool xtun_socket_elsewhere(int family, int proto, int port, const uint8_t *to, char *at,
			   size_t size);
bool xtun_is_in_time_wait(const struct xtun_packet *p);
bool xtun_service_name(int proto, int port, char *name, size_t size);

/* netlink.c */
struct nlmsghdr;
struct nlattr;

int xtun_netlink_ask(int protocol, const struct nlmsghdr *request,
		     void (*each)(const struct nlmsghdr *head, void *arg), void *arg);
int xtun_netlink_ask_for(int kind, int flags, const void *msg, size_t len,
			 void (*each)(const struct nlmsghdr *head, void *arg), void *arg);
int xtun_netlink_ask_link(int ifindex, void (*each)(const struct nlmsghdr *head, void *arg),
			  void *arg);
const struct nlattr *xtun_netlink_linkinfo(const struct nlmsghdr *head);
int xtun_netlink_ask_neighbours(int family, void (*each)(const struct nlmsghdr *head, void *arg),
				void *arg);
const struct nlattr *xtun_netlink_find(const struct nlattr *attr, size_t len, int type);
const struct nlattr *xtun_netlink_inside(const struct nlattr *outer, int type);
uint32_t xtun_netlink_be32(const struct nlattr *attr);
void xtun_netlink_name(char *to, size_t size, const struct nlattr *attr);
const void *xtun_netlink_data(const struct nlattr *attr);
size_t xtun_netlink_len(const struct nlattr *attr);

/* tunnel.c: where a VXLAN sends frames for an Ethernet address */
int xtun_vxlan_remote(int ifindex, const uint8_t *mac, uint8_t to[16]);

/* bridge.c: the port behind which a bridge has a MAC */
int xtun_bridge_port(int bridge, const uint8_t *mac, int vlan);

/* queues.c: the qdisc and the filters of a device, as tc shows them */
struct xtun_queueing {
	char root[32];		/* kind of the root qdisc; empty if there is none */
	bool chosen;		/* it was configured, and is not the kernel's default */
};

void xtun_queueing_read(int ifindex, struct xtun_queueing *found);
bool xtun_has_filter(int ifindex, bool ingress);

/* ways.c: the interface by which a packet without a route could leave */
struct xtun_way {
	char dev[IF_NAMESIZE];		/* empty if there is none, or more than one */
	char via[64];			/* the only neighbour that is known there, or empty */
	char all[128];			/* the names of all candidates */
};

void xtun_way_find(int family, const char *except, struct xtun_way *way);

/* firewall.c: the rule that dropped a packet */
struct xtun_firewall_rule {
	int family;			/* NFPROTO_... */
	char table[256], chain[256];
	uint64_t handle;
	unsigned int number;		/* in its chain, from 1; 0: the chain's policy */
	bool invalid;			/* it matches the connection tracking state of that name */
	bool rejects;			/* it also informs the sender */
	bool iptables;			/* created by iptables, which can change it */
	bool unsure;			/* it may have let the packet pass */
	const char *by;			/* its action that drops only in some cases, or NULL */
};

struct xtun_firewall {
	struct xtun_firewall_rule rules[2];	/* those that can have dropped it, two at most */
	size_t could, named;			/* how many can have, and how many are in rules */
	bool counted;				/* a rule that can have dropped it counted it */
	bool full;				/* connection tracking dropped it, or may have */
};

void xtun_firewall_note(void);
void xtun_firewall_find(const struct xtun_packet *packet, const struct xtun_drop *drop,
			struct xtun_firewall *found);

/* accept.c: how to make the firewall accept it */
void xtun_accept_verdict(FILE *out, const struct xtun_firewall_rule *r,
			 const struct xtun_packet *p);
void xtun_accept_name(FILE *out, const struct xtun_firewall_rule *r, const struct xtun_packet *p);
void xtun_accept_cure(FILE *out, const struct xtun_firewall_rule *r, const struct xtun_packet *p);
void xtun_accept_undo(FILE *out, const struct xtun_firewall_rule *r, const struct xtun_packet *p);
void xtun_accept_removal(FILE *out, const struct xtun_firewall_rule *r,
			 const struct xtun_packet *p);

/* rules.c */
struct xtun_case {
	const struct xtun_iface *iface;		/* the xtun */
	struct xtun_iface at;			/* the device where it was dropped, or the same */
	const struct xtun_drop *drop;
	struct xtun_packet packet;
	char found[4][320];			/* what the test found, for the templates */
	struct xtun_firewall firewall;		/* the rules that can have dropped it */
	bool asked;				/* firewall is filled */
};

struct xtun_rule {
	const char *name;
	bool (*holds)(struct xtun_case *c);
	/* Templates for xtun_rule_print(); NULL if there is none. */
	const char *why;	/* NULL: nothing was lost */
	const char *cure;	/* a command */
	const char *undo;	/* the command that reverts it */
	const char *advice;	/* what a command cannot do */
};

const struct xtun_rule *xtun_rule_find(struct xtun_case *c);
const struct xtun_rule *xtun_rule_other(struct xtun_case *c, const struct xtun_rule *rule);
void xtun_rule_print(FILE *out, const char *template, const struct xtun_case *c);

/* cause.c */
struct xtun_cause {
	char why[512];
	char cure[320], undo[320];	/* commands that can be typed; empty: none */
	char advice[320];		/* what a command cannot do, or empty */
};

void xtun_cause_print(FILE *out, const struct xtun_cause *cause);
void xtun_cause_json(FILE *out, const struct xtun_cause *cause);

/* lost.c: an interface that is gone */
struct xtun_dead {
	bool tun;			/* it carried packets, not frames */
	bool moved;			/* it is in another namespace */
	unsigned int queues;		/* 0: one, or not known */
	enum xtun_direction direction;	/* of its last loss */
	char loss[32];			/* name as in struct xtun_loss; empty: it lost nothing */
	int err;
};

bool xtun_dead_parse(const char *line, const char *ifname, struct xtun_dead *dead);
void xtun_dead_mend(struct xtun_cause *cause, const char *ifname, const struct xtun_dead *dead);

/* xdp.c: how to detach an XDP program; the id of one that runs in native mode */
void xtun_xdp_off(const struct xtun_iface *device, struct xtun_cause *off);
unsigned int xtun_xdp_program(int ifindex);

/* finding.c: the report on a frame that xtun or the stack lost */
struct xtun_finding {
	const char *rule;		/* name in the table of rules, or of xtun's loss */
	uint64_t number;		/* for --frame; 0 if the stack lost it */
	uint64_t last_number;		/* of the last frame of this kind */
	uint64_t times;			/* how many frames were lost in this way */
	double first, last;		/* seconds ago */
	enum xtun_direction direction;
	size_t len;
	int err;			/* errno that the writer got; 0: none, or not known */
	bool ethernet;			/* frames have such a header where it was lost */
	bool whole;			/* this frame has one, and is decoded with it */
	unsigned int proto;		/* EtherType, if there is no Ethernet header */
	const uint8_t *bytes;
	size_t kept;
	char where[192];
	struct xtun_cause cause, other;		/* other.why is empty if cause is the only one */
};

double xtun_now(void);
void xtun_finding_of_lost(struct xtun_finding *v, const struct xtun_iface *iface,
			  const struct xtun_lost *l);
bool xtun_finding_of_drop(struct xtun_finding *v, const struct xtun_iface *iface,
			  const struct xtun_drop *d);
void xtun_finding_frame(FILE *out, const struct xtun_finding *v);
void xtun_finding_cause(FILE *out, const struct xtun_finding *v);
void xtun_finding_text(FILE *out, const struct xtun_finding *v);
void xtun_finding_json(FILE *out, const struct xtun_finding *v, const char *ifname);

/* pcapng.c */
struct xtun_pcapng {
	FILE *out;
	const char *ifname;
	uint32_t n, number[2];		/* interfaces written; without, with Ethernet, from 1 */
};

void xtun_pcapng_begin(struct xtun_pcapng *p, FILE *out, const char *ifname);
void xtun_pcapng_frame(struct xtun_pcapng *p, const struct xtun_finding *v);

/* readers.c */
void xtun_readers_print(FILE *out, const char *ifname, unsigned int queue);
void xtun_writers_print(FILE *out, const char *ifname);
uint64_t xtun_readers_count(const char *ifname, unsigned int queue);
bool xtun_readers_wake(struct xtun_cause *cause, const char *ifname, unsigned int queue);

/* beyond.c */
uint64_t xtun_beyond_sent(const char *ifname);
void xtun_beyond_print(FILE *out, const char *ifname, bool json);

/* probe.c */
int xtun_probe(const struct xtun_iface *iface, const char *text, void (*meanwhile)(void *),
	       void *arg);

/* refused.c */
void xtun_refusals_tell(FILE *out, bool json);

/* addresses.c */
struct xtun_addresses {
	bool any;			/* other than link-local ones of IPv6 */
	unsigned int link_local, ip6;	/* ip6 includes link_local */
};

bool xtun_address_needed(const char *ifname);
void xtun_addresses_count(const char *ifname, struct xtun_addresses *n);
uint64_t xtun_ip6_chatter(const char *ifname, const struct xtun_addresses *addresses);

/* silence.c: why nothing arrives although nothing was lost */
struct xtun_silence {
	const char *name;		/* of the case, for programs */
	struct xtun_cause cause;
};

/* Never more than this at once. */
#define XTUN_SILENCES	9

size_t xtun_silence(const struct xtun_iface *iface, const struct xtun_losses *losses,
		    const struct xtun_law *law, struct xtun_silence list[XTUN_SILENCES]);
void xtun_silence_text(FILE *out, const struct xtun_silence *s);
void xtun_silence_json(FILE *out, const struct xtun_silence *s, const char *ifname);

#endif
