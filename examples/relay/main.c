// SPDX-License-Identifier: GPL-2.0 OR MIT
/* xtun-relay: connect the xtun interfaces of two hosts by a tunnel of frames. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "relay.h"

static const char usage[] =
	"usage: xtun-relay [OPTION]... OUTER PEER\n"
	"\n"
	"  OUTER            the interface that frames are sent by, such as eth0\n"
	"  PEER             the MAC address of the other relay's OUTER\n"
	"  --own MAC        this relay's address there (OUTER's own)\n"
	"  --interface NAME what is relayed (the interface xtun)\n"
	"  --id N           the tunnel's number, the same at both ends (1)\n"
	"  --way WAY        rings, batch, plain or tap (the best there is)\n"
	"  --help\n";

struct settings {
	const char *outer;
	uint32_t id;
	bool own;		/* --own: not the interface's address */
	struct xtun_options xtun;
};

static enum xtun_way parse_way(const char *name)
{
	int way = XTUN_WAY_TAP;

	while (way > XTUN_WAY_ANY && strcmp(name, xtun_way_name(way)))
		way--;
	if (way == XTUN_WAY_ANY)
		errx(EXIT_FAILURE, "--way %s: there are rings, batch, plain and tap", name);
	return way;
}

static void parse_mac(const char *text, uint8_t *mac)
{
	char rest;

	if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", &mac[0], &mac[1], &mac[2],
		   &mac[3], &mac[4], &mac[5], &rest) != 6)
		errx(EXIT_FAILURE, "%s: write the MAC address as 02:00:00:00:00:02", text);
}

static void parse_options(int argc, char **argv, struct settings *s,
			  struct tunnel_header *header)
{
	static const struct option options[] = {
		{ "own", required_argument, NULL, 'o' },
		{ "interface", required_argument, NULL, 'i' },
		{ "id", required_argument, NULL, 'n' },
		{ "way", required_argument, NULL, 'w' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'o':
			parse_mac(optarg, header->from);
			s->own = true;
			break;
		case 'i':
			s->xtun.ifname = optarg;
			break;
		case 'n':
			s->id = strtoul(optarg, NULL, 0);
			break;
		case 'w':
			s->xtun.way = parse_way(optarg);
			break;
		case 'h':
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		default:
			errx(EXIT_FAILURE, "see xtun-relay --help");
		}
	}
	if (argc - optind != 2)
		errx(EXIT_FAILURE, "name OUTER and PEER; see xtun-relay --help");
	s->outer = argv[optind];
	parse_mac(argv[optind + 1], header->to);
}

/* Promiscuous, to receive frames for --own too, which is not the interface's address. */
static int open_packet(const char *name, uint8_t *address)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(TUNNEL_ETHERTYPE),
		.sll_ifindex = if_nametoindex(name),
	};
	struct packet_mreq promiscuous = {
		.mr_ifindex = ll.sll_ifindex,
		.mr_type = PACKET_MR_PROMISC,
	};
	const int size = 4 << 20;
	struct ifreq ifr = { 0 };
	int s;

	if (!ll.sll_ifindex)
		err(EXIT_FAILURE, "%s", name);
	strcpy(ifr.ifr_name, name);
	s = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (s < 0 || bind(s, (struct sockaddr *)&ll, sizeof(ll)) ||
	    setsockopt(s, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof(promiscuous)) ||
	    ioctl(s, SIOCGIFHWADDR, &ifr))
		err(EXIT_FAILURE, "a packet socket on %s", name);
	/* As large as permitted. No error: the default size is enough. */
	if (setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(s, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	memcpy(address, ifr.ifr_hwaddr.sa_data, 6);
	return s;
}

static void start(struct relay *r, const struct settings *s)
{
	uint8_t address[6];

	r->header.ethertype = htons(TUNNEL_ETHERTYPE);
	r->header.version = TUNNEL_VERSION;
	r->header.id = htonl(s->id);
	r->packet = open_packet(s->outer, address);
	if (!s->own)
		memcpy(r->header.from, address, sizeof(address));
	r->x = xtun_open(&s->xtun);
	if (!r->x)
		err(EXIT_FAILURE, "xtun");
	r->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->stop < 0)
		err(EXIT_FAILURE, "eventfd");
	warnx("relaying by %s%s%s", xtun_way_name(xtun_way(r->x)),
	      *xtun_why(r->x) ? ", for " : "", xtun_why(r->x));
}

static void run(struct relay *r, const sigset_t *stop)
{
	pthread_t out, in;
	uint64_t one = 1;
	int sig;

	if (pthread_create(&out, NULL, relay_out, r) || pthread_create(&in, NULL, relay_in, r))
		errx(EXIT_FAILURE, "no thread");
	sigwait(stop, &sig);
	if (write(r->stop, &one, sizeof(one)) < 0)
		err(EXIT_FAILURE, "eventfd");
	pthread_join(out, NULL);
	pthread_join(in, NULL);
}

int main(int argc, char **argv)
{
	struct settings settings = { .id = 1 };
	struct relay r = { 0 };
	sigset_t stop;

	parse_options(argc, argv, &settings, &r.header);
	/* Block them before the first thread starts, so that only sigwait() gets them. */
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	start(&r, &settings);
	run(&r, &stop);
	warnx("%lu frames out, %lu in, %lu too long for %s, %lu foreign", r.out, r.in, r.too_long,
	      settings.outer, r.foreign);
	xtun_close(r.x);
	if (r.error)
		errx(EXIT_FAILURE, "ended: %s", strerror(r.error));
	return EXIT_SUCCESS;
}
