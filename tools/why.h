/* SPDX-License-Identifier: GPL-2.0 */
/* What xtun why knows of a frame that was lost, and how it comes to say why. */
#ifndef XTUN_WHY_TOOL_H
#define XTUN_WHY_TOOL_H

#include "status.h"

/* drops.c: what the stack drops, as /proc/net/xtun_drops tells it */
struct xtun_drop {
	char iface[IF_NAMESIZE];	/* the xtun that the frame is of */
	char dev[IF_NAMESIZE];		/* where it was; that xtun, if nothing else is known */
	enum xtun_direction direction;
	double when;			/* seconds of CLOCK_MONOTONIC */
	char function[128];		/* "?" if the kernel has no names */
	char reason[64];		/* empty: the kernel gives none */
	size_t len;
	bool ethernet;			/* the bytes begin with that header, else with the next */
	unsigned int proto;		/* EtherType */
	int vlan;			/* of the tag that was taken out; -1 if none was */
	bool other_host;		/* the stack had found it to be for another machine */
	size_t kept;
	uint8_t bytes[1600];
};

struct xtun_drops {
	int fd;
	uint64_t missed;		/* that the module has not kept */
	size_t n;
	char text[8192];		/* read, and not parsed yet */
};

bool xtun_drops_open(struct xtun_drops *drops);
bool xtun_drops_next(struct xtun_drops *drops, struct xtun_drop *drop);
void xtun_drops_close(struct xtun_drops *drops);

/* packet.c: a frame taken apart */
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
	size_t total;			/* what the IP header says that net_len is */
	unsigned int ttl;
	bool fragment;
	int proto;			/* of IP; -1 if not known */
	const uint8_t *transport;	/* behind the IP headers: a byte at least, or NULL */
	int sport, dport;		/* -1 if it has none */
	struct xtun_checksum ip, sum;	/* of the IP header; of what is behind it */
};

bool xtun_has_ethernet_header(const uint8_t *bytes, size_t kept, size_t len);
void xtun_packet_parse(struct xtun_packet *p, const struct xtun_drop *drop);

/* state.c: how the system is set up at this moment */
struct xtun_route {
	int error;			/* errno, or 0 */
	bool local;			/* to an address of this machine */
	bool broadcast;			/* to all of a network that it is in */
	char dev[IF_NAMESIZE];
	uint8_t via[16];		/* the next hop: the address itself on a link */
};

void xtun_route_get(int family, const uint8_t *to, struct xtun_route *route);
void xtun_route_get_from(int family, const uint8_t *from, int dev, const uint8_t *to,
			 struct xtun_route *route);
int xtun_setting(int family, const char *dev, const char *name);
int xtun_sysctl(const char *name);
long long xtun_snmp(const char *group, const char *name);
bool xtun_sysctl_settable(const char *name);
/* Of what was too little. */
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

/* tunnel.c: where a VXLAN sends what is for an Ethernet address */
int xtun_vxlan_remote(int ifindex, const uint8_t *mac, uint8_t to[16]);

/* bridge.c: behind which port a bridge has a MAC */
int xtun_bridge_port(int bridge, const uint8_t *mac, int vlan);

/* queues.c: what tc has set up before a device */
struct xtun_queueing {
	char root[32];		/* kind of the queue; empty if there is none */
	bool chosen;		/* somebody has put it there, and not the kernel */
};

void xtun_queueing_read(int ifindex, struct xtun_queueing *found);
bool xtun_has_filter(int ifindex, bool ingress);

/* ways.c: by which interface what has no route could leave */
struct xtun_way {
	char dev[IF_NAMESIZE];		/* empty if there is none, or not one alone */
	char via[64];			/* the one neighbour that is known there; or empty */
	char all[128];			/* of several, their names */
};

void xtun_way_find(int family, const char *except, struct xtun_way *way);

/* firewall.c: the rule that has dropped a packet */
struct xtun_firewall_rule {
	int family;			/* NFPROTO_... */
	char table[256], chain[256];
	uint64_t handle;
	unsigned int number;		/* in its chain, from 1; 0: it is the chain's policy */
	bool invalid;			/* it is for what connection tracking calls so */
	bool rejects;			/* its sender is told */
	bool iptables;			/* made by iptables, which can change it */
	bool unsure;			/* it may have let it through */
	const char *by;			/* what of it drops only at times; or NULL */
};

struct xtun_firewall {
	struct xtun_firewall_rule rules[2];	/* that can have dropped it; more are not kept, */
	size_t could, named;			/* how many could, and how many are there */
	bool counted;				/* the counter of one that could has moved */
	bool full;				/* frames were lost for the table of connections */
};

void xtun_firewall_note(void);
void xtun_firewall_find(const struct xtun_packet *packet, const struct xtun_drop *drop,
			struct xtun_firewall *found);

/* accept.c: and how that one is got round */
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
	struct xtun_iface at;			/* where in the stack, or the same */
	const struct xtun_drop *drop;
	struct xtun_packet packet;
	char found[4][320];			/* what the rule has measured */
	struct xtun_firewall firewall;		/* whose rule it can have been */
	bool asked;				/* if that was asked */
};

struct xtun_rule {
	const char *name;
	bool (*holds)(struct xtun_case *c);
	/* Templates, as xtun_rule_print() fills them in; NULL if there is none. */
	const char *why;	/* NULL: nothing was lost */
	const char *cure;	/* a command */
	const char *undo;	/* and the one that takes it back */
	const char *advice;	/* what no command does */
};

const struct xtun_rule *xtun_rule_find(struct xtun_case *c);
const struct xtun_rule *xtun_rule_other(struct xtun_case *c, const struct xtun_rule *rule);
void xtun_rule_print(FILE *out, const char *template, const struct xtun_case *c);

/* cause.c */
struct xtun_cause {
	char why[512];
	char cure[320], undo[320];	/* commands that can be typed; empty: none */
	char advice[320];		/* what no command does, or empty */
};

void xtun_cause_print(FILE *out, const struct xtun_cause *cause);
void xtun_cause_json(FILE *out, const struct xtun_cause *cause);

/* lost.c: an interface that is no more */
struct xtun_dead {
	bool tun;			/* it was for packets */
	bool moved;			/* it is in another namespace */
	unsigned int queues;		/* 0: one, or it is not told */
	enum xtun_direction direction;	/* of what it lost last, */
	char loss[32];			/* as struct xtun_loss has it; empty: nothing */
	int err;
};

bool xtun_dead_parse(const char *line, const char *ifname, struct xtun_dead *dead);
void xtun_dead_mend(struct xtun_cause *cause, const char *ifname, const struct xtun_dead *dead);

/* xdp.c: what takes a program of XDP off; the number of one that runs as the driver's */
void xtun_xdp_off(const struct xtun_iface *device, struct xtun_cause *off);
unsigned int xtun_xdp_program(int ifindex);

/* finding.c: what is told of a lost frame, whoever lost it */
struct xtun_finding {
	const char *rule;		/* of the table, or the loss that xtun counts */
	uint64_t number;		/* --frame takes it; 0 in the stack */
	uint64_t last_number;		/* of as many as there are of the same kind */
	uint64_t times;			/* frames that were lost like that one after the other */
	double first, last;		/* seconds ago */
	enum xtun_direction direction;
	size_t len;
	int err;			/* what was answered; 0: nothing, or it is not known */
	bool ethernet;			/* where it was lost, frames have that header */
	bool whole;			/* this one has, even so: it is shown as what it is */
	unsigned int proto;		/* EtherType, if there is no Ethernet header */
	const uint8_t *bytes;
	size_t kept;
	char where[192];
	struct xtun_cause cause, other;		/* the other without a why: it is that one */
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
	uint32_t n, number[2];		/* interfaces told of; without and with Ethernet, from 1 */
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
	bool any;			/* but link-local ones of IPv6 */
	unsigned int link_local, ip6;	/* the former are among the latter */
};

bool xtun_address_needed(const char *ifname);
void xtun_addresses_count(const char *ifname, struct xtun_addresses *n);
uint64_t xtun_ip6_chatter(const char *ifname, const struct xtun_addresses *addresses);

/* silence.c: why nothing comes, where nothing was lost */
struct xtun_silence {
	const char *name;		/* of the case, for programs */
	struct xtun_cause cause;
};

/* As many as there can be at once. */
#define XTUN_SILENCES	9

size_t xtun_silence(const struct xtun_iface *iface, const struct xtun_losses *losses,
		    const struct xtun_law *law, struct xtun_silence list[XTUN_SILENCES]);
void xtun_silence_text(FILE *out, const struct xtun_silence *s);
void xtun_silence_json(FILE *out, const struct xtun_silence *s, const char *ifname);

#endif
