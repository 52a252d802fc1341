// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations of the calls of tap fail with ENOMEM. File and interface stay as they
 * were, so that the same call then succeeds on the same file.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "filter.h"
#include "flaw.h"
#include "inject.h"
#include "xt.h"

#define NEW		"nomem0"	/* comes and goes with its file */
#define SEVERAL		"nomem1"	/* has a file already */
#define SNDBUF		100000

static int fd = -1, flags;
/* How often something was not as it had to be. */
static int wrong;

static void each(const struct inject_case *c)
{
	wrong = 0;
	inject_each(c, NULL);
	ok(!wrong, "... each time with the state that it should leave");
}

static void open_fd(void)
{
	fd = flaw_open();
}

/* --- TUNSETIFF */

static unsigned int queues(const char *name)
{
	unsigned int n = 0;
	struct dirent *e;
	char path[80];
	DIR *d;

	snprintf(path, sizeof(path), "/sys/class/net/%s/queues", name);
	d = opendir(path);
	while (d && (e = readdir(d)))
		n += !strncmp(e->d_name, "tx-", 3);
	if (d)
		closedir(d);
	return n;
}

static long make_new(void)
{
	return flaw_attach(fd, NEW, flags);
}

static void new_is_gone(void)
{
	close(fd);
	wrong += !!if_nametoindex(NEW);
}

static void new_was_not_made(void)
{
	wrong += if_nametoindex(NEW) || flaw_attached(fd) || make_new();
	new_is_gone();
}

static int first = -1;

/*
 * Made again each time, because an interface keeps the rx queue of a file that was
 * attached once.
 */
static void have_several(void)
{
	if (first >= 0)
		close(first);
	first = flaw_new(SEVERAL, TAP | IFF_MULTI_QUEUE);
	open_fd();
}

static long make_further(void)
{
	return flaw_attach(fd, SEVERAL, flags);
}

static void further_is_gone(void)
{
	close(fd);
	wrong += queues(SEVERAL) != 1;
}

static void further_was_not_made(void)
{
	wrong += queues(SEVERAL) != 1 || flaw_attached(fd) || make_further();
	wrong += queues(SEVERAL) != 2;
	further_is_gone();
}

static long attach_link(void)
{
	return flaw_attach(fd, XT_IF, TAP);
}

static void link_is_free(void)
{
	close(fd);
	open_fd();
	wrong += !!attach_link();
	close(fd);
}

static void link_was_not_attached(void)
{
	wrong += flaw_attached(fd) || attach_link();
	close(fd);
}

static void attaching(void)
{
	static const struct flaw_mode made[] = {
		{ "TUNSETIFF, a new tap", TAP },
		{ "TUNSETIFF, a new tun", IFF_TUN },
		{ "TUNSETIFF, a new tap of several queues", TAP | IFF_MULTI_QUEUE },
		{ "TUNSETIFF, a new tap with NAPI and a vnet header", FRAGS | IFF_VNET_HDR },
	};
	static const struct flaw_mode further[] = {
		{ "TUNSETIFF, a further queue", TAP | IFF_MULTI_QUEUE },
		{ "TUNSETIFF, a further queue with NAPI",
		  TAP | IFF_MULTI_QUEUE | IFF_NAPI | IFF_VNET_HDR },
	};
	struct inject_case c = { .before = open_fd, .call = make_new, .after = new_is_gone,
				 .undo = new_was_not_made, .registers = true };
	unsigned int i;

	for (i = 0; i < sizeof(made) / sizeof(*made); i++) {
		c.what = made[i].name;
		flags = made[i].flags;
		each(&c);
	}
	c.before = have_several;
	c.call = make_further;
	c.after = further_is_gone;
	c.undo = further_was_not_made;
	for (i = 0; i < sizeof(further) / sizeof(*further); i++) {
		c.what = further[i].name;
		flags = further[i].flags;
		each(&c);
	}
	close(first);
	c.what = "TUNSETIFF on an interface of ip link add";
	c.before = open_fd;
	c.call = attach_link;
	c.after = link_is_free;
	c.undo = link_was_not_attached;
	each(&c);
}

static void have_new(void)
{
	fd = flaw_new(NEW, TAP | IFF_MULTI_QUEUE | IFF_NAPI | IFF_VNET_HDR);
}

static long close_last(void)
{
	return close(fd);
}

static void last_is_closed(void)
{
	wrong += !!if_nametoindex(NEW);
}

static void closing(void)
{
	const struct inject_case c = {
		"close of the last file", .before = have_new, .call = close_last,
		.after = last_is_closed, .must_succeed = true };

	each(&c);
}

/* --- filters, on an interface that already has one which passes other frames */

static long attach_program(int want)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, want, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, -1),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { .filter = code, .len = 4 };

	return ioctl(fd, TUNATTACHFILTER, &prog);
}

static void program_of_100(void)
{
	if (attach_program(100))
		die("TUNATTACHFILTER");
}

static long program_of_200(void)
{
	return attach_program(200);
}

static void is_program_of_200(void)
{
	wrong += !filter_passes(fd, xt_everyone, 200, 200) ||
		 !filter_refuses(fd, xt_everyone, 100, "tx_lost_filter");
}

static void is_program_of_100(void)
{
	wrong += !filter_passes(fd, xt_everyone, 100, 100) ||
		 !filter_refuses(fd, xt_everyone, 200, "tx_lost_filter");
}

static long let_pass(const uint8_t *mac)
{
	struct {
		struct tun_filter head;
		uint8_t mac[6];
	} f = { .head.count = 1 };

	memcpy(f.mac, mac, 6);
	return ioctl(fd, TUNSETTXFILTER, &f);
}

static void pass_everyone(void)
{
	if (let_pass(xt_everyone) != 1)
		die("TUNSETTXFILTER");
}

static long pass_peer(void)
{
	return let_pass(xt_peer);
}

static void peer_passes(void)
{
	wrong += !filter_passes(fd, xt_peer, 100, 100) ||
		 !filter_refuses(fd, xt_everyone, 100, "tx_lost_txfilter");
}

static void everyone_passes(void)
{
	wrong += !filter_passes(fd, xt_everyone, 100, 100) ||
		 !filter_refuses(fd, xt_peer, 100, "tx_lost_txfilter");
}

static void filters(void)
{
	const struct inject_case classic = {
		"TUNATTACHFILTER", .before = program_of_100, .call = program_of_200,
		.after = is_program_of_200, .undo = is_program_of_100 };
	const struct inject_case addresses = {
		"TUNSETTXFILTER", .before = pass_everyone, .call = pass_peer,
		.after = peer_passes, .undo = everyone_passes };

	fd = filter_open();
	each(&classic);
	ioctl(fd, TUNDETACHFILTER, NULL);
	each(&addresses);
	xt_law(FILTER_IF);
	close(fd);
}

/* --- other settings */

static int sndbuf(void)
{
	int value = 0;

	return ioctl(fd, TUNGETSNDBUF, &value) ? -1 : value;
}

/* A file that TUNSETIFF has attached already has its account, and this one does not. */
static void attached_by_read(void)
{
	fd = xt_open(O_NONBLOCK);
	xt_drain(fd);
}

static long set_sndbuf(void)
{
	int value = SNDBUF;

	return ioctl(fd, TUNSETSNDBUF, &value);
}

static void sndbuf_is_set(void)
{
	wrong += sndbuf() != SNDBUF;
	close(fd);
}

static void sndbuf_is_not_set(void)
{
	wrong += sndbuf() != INT_MAX;
	close(fd);
}

static long set_offload(void)
{
	return ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6);
}

static void no_offload(void)
{
	if (ioctl(fd, TUNSETOFFLOAD, 0))
		die("TUNSETOFFLOAD");
}

static long set_persist(void)
{
	return ioctl(fd, TUNSETPERSIST, 1);
}

static void no_persist(void)
{
	if (ioctl(fd, TUNSETPERSIST, 0))
		die("TUNSETPERSIST");
}

static int namespace = -1;

static long get_namespace(void)
{
	namespace = ioctl(fd, TUNGETDEVNETNS);
	return namespace;
}

static void close_namespace(void)
{
	close(namespace);
}

static void settings(void)
{
	const struct inject_case limit = {
		"TUNSETSNDBUF", .before = attached_by_read, .call = set_sndbuf,
		.after = sndbuf_is_set, .undo = sndbuf_is_not_set };
	const struct inject_case others[] = {
		{ "TUNSETOFFLOAD", .before = no_offload, .call = set_offload,
		  .must_succeed = true },
		{ "TUNSETPERSIST", .before = no_persist, .call = set_persist,
		  .must_succeed = true },
		{ "TUNGETDEVNETNS", .call = get_namespace, .after = close_namespace },
	};
	unsigned int i;

	each(&limit);
	have_new();
	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		inject_each(&others[i], NULL);
	no_persist();
	new_is_gone();
}

/* The interface named xtun must exist and be up. */
void theme_nomem_tap(void)
{
	inject_within_module("xtun");
	attaching();
	closing();
	filters();
	settings();
	inject_within(NULL);
}
