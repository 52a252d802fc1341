// SPDX-License-Identifier: GPL-2.0 OR MIT
/* xtun-lwip: lwIP behind /dev/xtun, as an HTTP server or client. */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>

#include "lwip/tcpip.h"
#include "http.h"
#include "xtunif.h"

static const char usage[] =
	"usage: xtun-lwip [OPTION]... --address ADDRESS/PREFIX serve\n"
	"       xtun-lwip [OPTION]... --address ADDRESS/PREFIX fetch http://ADDRESS[:PORT]/PATH\n"
	"\n"
	"  --address A/P   lwIP's own address, of the network that the interface is in\n"
	"  --gateway A     lwIP's default gateway: the kernel's address on the interface\n"
	"  --mac M         lwIP's own MAC address, never the interface's\n"
	"                  (02:00 and the four bytes of --address)\n"
	"  --device PATH   what to open (/dev/xtun)\n"
	"  --fd N          the device is open already, as descriptor N\n"
	"  --help\n"
	"\n"
	"serve answers ping and http://ADDRESS/ until SIGTERM; fetch writes the page to\n"
	"standard output and succeeds if it was a 200 and complete.\n";

static const char *device = "/dev/xtun";
static struct xtunif xtunif = { .fd = -1 };
static struct netif netif;

struct address {
	ip4_addr_t own, mask, gateway;
	bool given;
};

static void parse_address(const char *text, struct address *a)
{
	char own[16], rest;
	unsigned int prefix;

	if (sscanf(text, "%15[0-9.]/%u%c", own, &prefix, &rest) != 2 ||
	    !ip4addr_aton(own, &a->own) || prefix < 1 || prefix > 30)
		errx(EXIT_FAILURE, "--address %s: write it as 10.99.0.2/24", text);
	a->mask.addr = lwip_htonl(~0U << (32 - prefix));
	a->given = true;
}

static void parse_mac(const char *text, unsigned char *mac)
{
	char rest;

	if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", &mac[0], &mac[1], &mac[2],
		   &mac[3], &mac[4], &mac[5], &rest) != 6 || mac[0] & 1)
		errx(EXIT_FAILURE, "--mac %s: write it as 02:00:00:00:00:02, the first byte even",
		     text);
}

static int parse_fd(const char *text)
{
	char *end;
	long fd = strtol(text, &end, 10);

	if (end == text || *end || fd < 0 || fd > INT_MAX)
		errx(EXIT_FAILURE, "--fd %s: give the number of an open descriptor", text);
	return fd;
}

static void parse_options(int argc, char **argv, struct address *a)
{
	static const struct option options[] = {
		{ "address", required_argument, NULL, 'a' },
		{ "gateway", required_argument, NULL, 'g' },
		{ "mac", required_argument, NULL, 'm' },
		{ "device", required_argument, NULL, 'd' },
		{ "fd", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	bool mac_given = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'a':
			parse_address(optarg, a);
			break;
		case 'g':
			if (!ip4addr_aton(optarg, &a->gateway))
				errx(EXIT_FAILURE, "--gateway %s: write it as 10.99.0.1", optarg);
			break;
		case 'm':
			parse_mac(optarg, xtunif.mac);
			mac_given = true;
			break;
		case 'd':
			device = optarg;
			break;
		case 'f':
			xtunif.fd = parse_fd(optarg);
			break;
		case 'h':
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		default:
			errx(EXIT_FAILURE, "see xtun-lwip --help");
		}
	}
	if (!a->given)
		errx(EXIT_FAILURE, "give lwIP an address: --address 10.99.0.2/24");
	if (!mac_given) {
		xtunif.mac[0] = 0x02;
		memcpy(xtunif.mac + 2, &a->own.addr, sizeof(a->own.addr));
	}
}

/* The reading thread calls this at its end: without frames there is nothing to do. */
static void gone(int error)
{
	errx(EXIT_FAILURE, "no more frames: %s; %s", error ? strerror(error) : "end of file",
	     xtunif_remedy(error));
}

/* lwIP takes its port and sequence numbers from rand(). */
static void seed(void)
{
	unsigned int n;

	if (getrandom(&n, sizeof(n), 0) != sizeof(n))
		err(EXIT_FAILURE, "getrandom");
	srand(n);
}

static void start(const struct address *a)
{
	if (xtunif_open(&xtunif, device))
		errx(EXIT_FAILURE, "%s: %s; %s", device, strerror(errno), xtunif_remedy(errno));
	xtunif.gone = gone;

	tcpip_init(NULL, NULL);
	LOCK_TCPIP_CORE();
	if (!netif_add(&netif, &a->own, &a->mask, &a->gateway, &xtunif, xtunif_init, tcpip_input))
		errx(EXIT_FAILURE, "lwIP cannot add the interface");
	netif_create_ip6_linklocal_address(&netif, 1);
	netif_set_default(&netif);
	netif_set_up(&netif);
	UNLOCK_TCPIP_CORE();
}

static void report(void)
{
	warnx("%lu frames read, %lu written, %lu refused by the device, %lu dropped by lwIP",
	      xtunif.frames_read, xtunif.frames_written, xtunif.frames_refused,
	      xtunif.frames_dropped);
}

static int serve(const struct address *a)
{
	const unsigned char *mac = xtunif.mac;
	sigset_t stop;
	int sig;

	/* Block them before the first thread starts, so that only sigwait() gets them. */
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigprocmask(SIG_BLOCK, &stop, NULL);

	start(a);
	if (http_serve())
		errx(EXIT_FAILURE, "lwIP cannot listen on port %d", HTTP_PORT);
	warnx("serving http://%s/ from %02x:%02x:%02x:%02x:%02x:%02x", ip4addr_ntoa(&a->own),
	      mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	sigwait(&stop, &sig);
	warnx("stopped: %s", strsignal(sig));
	return EXIT_SUCCESS;
}

static int fetch(const struct address *a, const char *url)
{
	start(a);
	return http_fetch(url, stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct address address = { 0 };
	int status;

	parse_options(argc, argv, &address);
	argc -= optind;
	argv += optind;
	/* So that writing to a closed standard output fails instead of killing us. */
	signal(SIGPIPE, SIG_IGN);
	seed();

	if (argc == 1 && !strcmp(argv[0], "serve"))
		status = serve(&address);
	else if (argc == 2 && !strcmp(argv[0], "fetch"))
		status = fetch(&address, argv[1]);
	else
		errx(EXIT_FAILURE, "say serve, or fetch and a URL; see xtun-lwip --help");
	report();
	return status;
}
