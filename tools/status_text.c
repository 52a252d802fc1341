// SPDX-License-Identifier: GPL-2.0
/* The report of xtun status as text. */
#include "status.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

static void print_netns(const struct xtun_netns *ns)
{
	if (!ns->inode)
		return;
	printf("  in network namespace %lu", ns->inode);
	if (ns->name[0])
		printf(", named %s", xtun_name(ns->name));
	else if (ns->of_init)
		printf(", that of process 1");
	putchar('\n');
}

static void print_iface(const struct xtun_iface *i)
{
	const uint8_t *m = i->mac;
	struct xtun_word word;

	printf("%s: index %d, ", xtun_name(i->name), i->index);
	if (i->up)
		printf("up, carrier %s", i->carrier ? "on" : "off");
	else
		printf("down (to bring it up: ip link set dev %s up)",
		       xtun_word(i->name, &word));
	printf("\n  address %02x:%02x:%02x:%02x:%02x:%02x, mtu %d, txqueuelen %d\n", m[0], m[1],
	       m[2], m[3], m[4], m[5], i->mtu, i->txqueuelen);
}

static void print_user(const struct xtun_user *u, const struct xtun_netns *ns)
{
	printf("  process %ld (%s), descriptor %d, ", (long)u->pid, xtun_name(u->comm), u->fd);
	if (u->reads && u->writes)
		printf("reads and writes");
	else
		printf(u->reads ? "reads only" : "writes only");
	if (u->ifname[0])
		printf(", queue %d", u->queue);
	if (u->netns && ns->inode && u->netns != ns->inode)
		printf(", runs in network namespace %lu", u->netns);
	putchar('\n');
}

static size_t print_users_of(const struct xtun_report *r, const char *ifname)
{
	size_t readers = 0;

	for (size_t i = 0; i < r->users.n; i++) {
		const struct xtun_user *u = &r->users.list[i];

		if (strcmp(u->ifname, ifname))
			continue;
		print_user(u, &r->netns);
		readers += u->reads;
	}
	return readers;
}

static bool has_rings(const struct xtun_report *r, const char *ifname, int queue)
{
	for (size_t i = 0; i < r->users.n; i++) {
		const struct xtun_user *u = &r->users.list[i];

		if (u->rings && u->queue == queue && !strcmp(u->ifname, ifname))
			return true;
	}
	return false;
}

/* Whether its only field is the interface: no other field is known here. */
static bool is_plain(const char *template)
{
	for (const char *p = template; (p = strchr(p, '@')); p++)
		if (isalnum((unsigned char)p[1]))
			return false;
	return true;
}

static void print_remedy(const struct xtun_loss *known, const char *ifname)
{
	const char *before = "\n        fix: ";

	if (known->cure) {
		fputs(before, stdout);
		xtun_print_about(stdout, is_plain(known->cure) ? known->cure :
				 "run xtun why @ for the command", ifname);
		before = "\n        or: ";
	}
	if (known->advice && is_plain(known->advice)) {
		fputs(before, stdout);
		xtun_print_about(stdout, known->advice, ifname);
	}
}

static void print_loss(uint64_t times, const char *loss, const struct xtun_loss *known,
		       const char *ifname)
{
	printf("      lost %" PRIu64 " %s: ", times, loss);
	if (known) {
		xtun_print_about(stdout, known->meaning, ifname);
		print_remedy(known, ifname);
	} else {
		printf("a kind of loss that this version of xtun does not know; see man 4 xtun");
	}
	putchar('\n');
}

static void print_losses(const struct xtun_report *r, const struct xtun_flow *f,
			 const char *ifname)
{
	bool rings = has_rings(r, ifname, f->queue);
	struct xtun_counter_name name;

	for (size_t i = 0; i < f->counters->n; i++) {
		const struct xtun_counter *c = &f->counters->list[i];

		if (c->value && xtun_counter_split(c->name, &name) && name.loss &&
		    name.queue == f->queue && name.direction == f->direction)
			print_loss(c->value, name.loss,
				   xtun_loss_find(f->direction, name.loss, rings, 0), ifname);
	}
}

static void print_verdict(const struct xtun_flow *f)
{
	switch (f->verdict) {
	case XTUN_HOLDS:
		printf("balanced\n");
		break;
	case XTUN_BUSY:
		printf("frames are moving, off by %lld; try again when none are\n",
		       f->off);
		break;
	case XTUN_BROKEN:
		printf("NOT BALANCED, off by %lld: please report this bug\n",
		       f->off);
		break;
	}
}

static void print_flow(const struct xtun_report *r, const struct xtun_flow *f,
		       const char *ifname)
{
	uint64_t put_back = xtun_counter_get(f->counters, f->queue, f->direction, "put_back");

	printf("    %s: in %" PRIu64 " = out %" PRIu64,
	       f->direction == XTUN_TX ? "tx, to userspace  " : "rx, from userspace", f->in,
	       f->out);
	if (f->direction == XTUN_TX)
		printf(" + waiting %" PRIu64, f->waiting);
	printf(" + lost %" PRIu64 ": ", f->lost);
	print_verdict(f);
	if (put_back)
		printf("      put back %" PRIu64 ": read() got a bad address (not a loss)\n",
		       put_back);
	print_losses(r, f, ifname);
}

static void print_flows(const struct xtun_report *r, const struct xtun_law *law,
			const char *ifname)
{
	for (size_t i = 0; i < law->flows; i++) {
		const struct xtun_flow *f = &law->flow[i];

		if (!i || f->queue != law->flow[i - 1].queue)
			printf("  queue %u, readers %" PRIu64 "\n", f->queue,
			       xtun_counter_get(f->counters, f->queue, XTUN_DIRECTIONS, "readers"));
		print_flow(r, f, ifname);
	}
}

/* The driver counts all readers, but /proc may hide some of them. */
static void print_unseen(const struct xtun_report *r, const struct xtun_law *law, size_t seen)
{
	uint64_t readers = 0;

	for (size_t i = 0; i < law->flows; i++)
		if (law->flow[i].direction == XTUN_TX)
			readers += xtun_counter_get(law->flow[i].counters, law->flow[i].queue,
						    XTUN_DIRECTIONS, "readers");
	if (readers <= seen)
		return;
	printf("  %" PRIu64 " more readers are not visible from here", readers - seen);
	if (r->users.hidden)
		printf("; %zu processes cannot be inspected: run this as root",
		       r->users.hidden);
	putchar('\n');
}

static void print_unattached(const struct xtun_report *r)
{
	bool title = false;

	for (size_t i = 0; i < r->users.n; i++) {
		const struct xtun_user *u = &r->users.list[i];

		if (u->ifname[0])
			continue;
		if (!title)
			puts("open, but not attached (the first read or write attaches):");
		title = true;
		print_user(u, &r->netns);
	}
}

static void print_lacks(const struct xtun_report *r)
{
	if (!r->n_lacks)
		return;
	fputs("this kernel lacks: ", stdout);
	for (size_t i = 0; i < r->n_lacks; i++)
		printf("%s%s", i ? ", " : "", r->lacks[i]);
	putchar('\n');
}

void xtun_status_text(const struct xtun_report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct xtun_report_iface *it = &r->ifaces[i];
		size_t seen;

		print_iface(&it->iface);
		print_netns(&r->netns);
		seen = print_users_of(r, it->iface.name);
		if (!it->judged)
			continue;
		print_unseen(r, &it->law, seen);
		print_flows(r, &it->law, it->iface.name);
	}
	print_unattached(r);
	print_lacks(r);
	if (!r->users.looked)
		printf("it is not known who has /dev/xtun open: /proc cannot be read\n");
	else if (r->users.hidden)
		printf("%zu processes cannot be inspected: run this as root\n",
		       r->users.hidden);
}
