// SPDX-License-Identifier: GPL-2.0
/*
 * xtun why --probe ADDRESS: send one echo request by the interface, and follow it and the
 * reply. If the kernel does not know the MAC, it asks for that by itself.
 */
#include "why.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 3000
#define ROUND_MS 50

enum { ARP_REQUEST = 1, ARP_REPLY = 2 };
enum { ECHO_REPLY = 0, ECHO_REQUEST = 8 };
enum { ECHO6_REQUEST = 128, ECHO6_REPLY, SOLICITATION = 135, ADVERTISEMENT };
enum { TYPE_ARP = 0x0806 };

struct probe {
	const struct xtun_iface *iface;
	const char *text;		/* the address, as it was given */
	int family;
	uint8_t to[16];
	struct xtun_route route;
	int capture, socket;
	/* What was seen so far. */
	bool asked, told, sent, answered, delivered;
	uint64_t read;			/* frames that the program had read before */
	double ms;
};

/* --- what passes the interface */

static bool is_arp(const struct xtun_packet *p, int op, const uint8_t *target, size_t offset)
{
	return p->type == TYPE_ARP && p->net && p->net_kept >= 28 && p->net[7] == op &&
	       !memcmp(p->net + offset, target, 4);
}

static bool is_icmp(const struct xtun_packet *p, int type)
{
	return (p->proto == IPPROTO_ICMP || p->proto == IPPROTO_ICMPV6) && p->transport &&
	       p->transport < p->net + p->net_kept && p->transport[0] == type;
}

static bool is_between(const struct probe *probe, const struct xtun_packet *p, bool tx)
{
	return p->family == probe->family &&
	       !memcmp(tx ? p->dst : p->src, probe->to, p->family == AF_INET ? 4 : 16);
}

static void note_tx(struct probe *probe, const struct xtun_packet *p)
{
	bool four = probe->family == AF_INET;

	if (four ? is_arp(p, ARP_REQUEST, probe->route.via, 24) : is_icmp(p, SOLICITATION))
		probe->asked = true;
	else if (is_between(probe, p, true) && is_icmp(p, four ? ECHO_REQUEST : ECHO6_REQUEST))
		probe->sent = true;
}

static void note_rx(struct probe *probe, const struct xtun_packet *p)
{
	bool four = probe->family == AF_INET;

	if (four ? is_arp(p, ARP_REPLY, probe->route.via, 14) : is_icmp(p, ADVERTISEMENT))
		probe->told = true;
	else if (is_between(probe, p, false) && is_icmp(p, four ? ECHO_REPLY : ECHO6_REPLY))
		probe->answered = true;
}

static void watch(struct probe *probe)
{
	struct xtun_packet packet;
	struct xtun_frame frame;
	struct xtun_drop drop;

	while (xtun_capture_next(probe->capture, &frame) > 0) {
		memset(&drop, 0, sizeof(drop));
		drop.ethernet = probe->iface->ethernet;
		if (!drop.ethernet && frame.len)
			drop.proto = frame.data[0] >> 4 == 6 ? 0x86dd : 0x0800;
		drop.vlan = -1;
		drop.len = frame.len;
		drop.kept = frame.len < sizeof(drop.bytes) ? frame.len : sizeof(drop.bytes);
		memcpy(drop.bytes, frame.data, drop.kept);
		xtun_packet_parse(&packet, &drop);
		if (frame.tx)
			note_tx(probe, &packet);
		else
			note_rx(probe, &packet);
	}
}

/* --- the echo request */

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static bool open_socket(struct probe *probe)
{
	int proto = probe->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;

	probe->socket = socket(probe->family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, proto);
	if (probe->socket >= 0 &&
	    !setsockopt(probe->socket, SOL_SOCKET, SO_BINDTODEVICE, probe->iface->name,
			strlen(probe->iface->name) + 1))
		return true;
	xtun_explain("socket", errno, probe->iface->name);
	if (probe->socket >= 0)
		close(probe->socket);
	probe->socket = -1;
	return false;
}

/* RFC 792 and 4443. For the latter the kernel fills in the checksum. */
static bool ask(const struct probe *probe)
{
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	bool is_four = probe->family == AF_INET;
	uint16_t id = htons(getpid() & 0xffff), seq = htons(1), sum;
	uint8_t echo[8] = { is_four ? ECHO_REQUEST : ECHO6_REQUEST };
	uint32_t total;

	memcpy(echo + 4, &id, 2);
	memcpy(echo + 6, &seq, 2);
	total = (ECHO_REQUEST << 8) + ntohs(id) + ntohs(seq);
	total = (total & 0xffff) + (total >> 16);
	sum = htons(~total);
	if (is_four)
		memcpy(echo + 2, &sum, 2);
	memcpy(&four.sin_addr, probe->to, 4);
	memcpy(&six.sin6_addr, probe->to, 16);
	six.sin6_scope_id = probe->iface->index;
	return sendto(probe->socket, echo, sizeof(echo), 0,
		      is_four ? (struct sockaddr *)&four : (struct sockaddr *)&six,
		      is_four ? sizeof(four) : sizeof(six)) == sizeof(echo);
}

/* Whether the stack delivered the reply. For IPv4 the IP header comes first. */
static bool has_answer(const struct probe *probe)
{
	uint16_t id = htons(getpid() & 0xffff);
	uint8_t packet[512], *icmp = packet;
	ssize_t n;

	while ((n = recv(probe->socket, packet, sizeof(packet), 0)) > 0) {
		if (probe->family == AF_INET)
			icmp = packet + (packet[0] & 15) * 4;
		if (icmp + 8 <= packet + n && !memcmp(icmp + 4, &id, 2) &&
		    icmp[0] == (probe->family == AF_INET ? ECHO_REPLY : ECHO6_REPLY))
			return true;
	}
	return false;
}

static uint64_t frames_read(const struct xtun_iface *iface)
{
	struct xtun_law law;
	uint64_t n = 0;

	if (xtun_law_judge(iface->name, &law))
		for (size_t f = 0; f < law.flows; f++)
			n += law.flow[f].direction == XTUN_TX ? law.flow[f].out : 0;
	xtun_law_free(&law);
	return n;
}

/* --- the result */

static const char *question(const struct probe *probe)
{
	return probe->family == AF_INET ? "ARP" : "neighbour discovery";
}

static void tell_unread(const struct probe *probe, const char *what)
{
	if (frames_read(probe->iface) == probe->read)
		printf("The %s waits in %s: no program has read it.\n", what,
		       xtun_name(probe->iface->name));
	else
		printf("The program that reads %s has received the %s, but not answered.\n",
		       xtun_name(probe->iface->name), what);
}

static void tell(const struct probe *probe)
{
	char via[INET6_ADDRSTRLEN];

	inet_ntop(probe->family, probe->route.via, via, sizeof(via));
	if (probe->asked)
		printf("%s for %s: asked%s.\n", question(probe), via,
		       probe->told ? ", and answered" : "");
	else if (probe->sent && !probe->iface->ethernet)
		printf("%s for %s: not needed, because %s is a tun, without Ethernet addresses.\n",
		       question(probe), via, xtun_name(probe->iface->name));
	else if (probe->sent && !probe->iface->arp)
		printf("%s for %s: not sent, because it is off on %s.\n", question(probe), via,
		       xtun_name(probe->iface->name));
	else if (probe->sent)
		printf("%s for %s: not sent, because the kernel knows the MAC address.\n",
		       question(probe), via);
	if (probe->sent)
		printf("Echo request to %s: sent.\n", probe->text);
	if (probe->answered)
		printf("Echo reply from %s: received on %s.\n", probe->text,
		       xtun_name(probe->iface->name));
	if (probe->delivered)
		printf("%s answers: %.1f ms.\n", probe->text, probe->ms);
	else if (probe->answered)
		puts("The kernel's stack has not delivered it: see above.");
	else if (probe->sent)
		tell_unread(probe, "echo request");
	else if (probe->asked)
		tell_unread(probe, probe->family == AF_INET ? "ARP request" :
			    "neighbour solicitation");
	else
		printf("The kernel has sent nothing through %s.\n", xtun_name(probe->iface->name));
}

/* A route that refuses may be intended: give no command to bypass it. */
static void tell_no_way(const struct probe *probe)
{
	struct xtun_cause cause = { .why = "" };
	struct xtun_word word;

	printf("No route to %s: %s.\n", probe->text, strerror(probe->route.error));
	if (probe->route.error == ENETUNREACH) {
		xtun_word(probe->iface->name, &word);
		snprintf(cause.cure, sizeof(cause.cure), "ip route add %s dev %s", probe->text,
			 word.text);
		snprintf(cause.undo, sizeof(cause.undo), "ip route del %s dev %s", probe->text,
			 word.text);
	} else {
		snprintf(cause.advice, sizeof(cause.advice),
			 "find the route or rule that refuses it: ip route show table all; ip rule");
	}
	xtun_cause_print(stdout, &cause);
}

/* The current route may be intended. */
static void tell_elsewhere(const struct probe *probe)
{
	const char *dev = xtun_name(probe->route.dev);
	struct xtun_cause cause = { .why = "" };
	struct xtun_word word;

	printf("Frames for %s leave through %s.\n", probe->text, dev);
	snprintf(cause.advice, sizeof(cause.advice),
		 "none needed if that is intended; else send them through %s instead: ip route add %s dev %s",
		 xtun_name(probe->iface->name), probe->text, xtun_word(probe->iface->name, &word));
	xtun_cause_print(stdout, &cause);
}

static bool is_reachable(struct probe *probe)
{
	const char *name = probe->iface->name;

	/* Then no route leads there, and none can be added; xtun_silence() tells what to do. */
	if (!probe->iface->up) {
		printf("%s was not probed: %s is down.\n", probe->text, xtun_name(name));
		return false;
	}
	xtun_route_get(probe->family, probe->to, &probe->route);
	/* Link-local addresses exist on every device: use the one that was asked for. */
	if (probe->family == AF_INET6 && probe->to[0] == 0xfe && (probe->to[1] & 0xc0) == 0x80) {
		memset(&probe->route, 0, sizeof(probe->route));
		memcpy(probe->route.via, probe->to, sizeof(probe->to));
		snprintf(probe->route.dev, sizeof(probe->route.dev), "%s", name);
	}
	if (probe->route.error)
		tell_no_way(probe);
	else if (probe->route.local || probe->route.broadcast)
		printf("%s is an address of this machine itself; probe one that is behind %s.\n",
		       probe->text, xtun_name(name));
	else if (strcmp(probe->route.dev, name))
		tell_elsewhere(probe);
	else
		return true;
	return false;
}

/**
 * xtun_probe() - send an echo request by an interface, and say how far it and the reply got
 * @iface: the interface
 * @text: the address
 * @meanwhile: called repeatedly while waiting for the reply
 * @arg: for @meanwhile
 *
 * Return: an exit status: EXIT_OK if the reply was delivered.
 */
int xtun_probe(const struct xtun_iface *iface, const char *text, void (*meanwhile)(void *),
	       void *arg)
{
	struct probe probe = { .iface = iface, .text = text, .family = AF_INET };
	struct pollfd answer = { .events = POLLIN };
	double start;

	if (inet_pton(AF_INET, text, probe.to) != 1) {
		probe.family = AF_INET6;
		if (inet_pton(AF_INET6, text, probe.to) != 1) {
			xtun_complain("'%s' is not an IP address", text);
			return EXIT_USAGE;
		}
	}
	if (!is_reachable(&probe))
		return EXIT_FAILED;
	probe.capture = xtun_capture_open(iface->name, iface->index);
	if (probe.capture < 0)
		return EXIT_FAILED;
	probe.read = frames_read(iface);
	start = now_ms();
	if (open_socket(&probe) && !ask(&probe))
		xtun_explain("the echo request", errno, iface->name);
	answer.fd = probe.socket;
	while (probe.socket >= 0 && !probe.delivered && now_ms() - start < PATIENCE_MS) {
		poll(&answer, 1, ROUND_MS);
		watch(&probe);
		probe.delivered = has_answer(&probe);
		probe.ms = now_ms() - start;
		meanwhile(arg);
	}
	/* The reply passed the interface before it was delivered, but maybe after the last look. */
	watch(&probe);
	close(probe.capture);
	if (probe.socket >= 0)
		close(probe.socket);
	tell(&probe);
	return probe.delivered ? EXIT_OK : EXIT_FAILED;
}
