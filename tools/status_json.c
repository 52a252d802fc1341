// SPDX-License-Identifier: GPL-2.0
/* The report of xtun status as JSON. Existing keys never change; new ones may be added. */
#include "status.h"

#include <dirent.h>
#include <inttypes.h>
#include <string.h>

#define PARAMETERS "/sys/module/xtun/parameters"

static void string(const char *text)
{
	xtun_json_string(stdout, text);
}

static void string_or_null(const char *text)
{
	if (*text)
		string(text);
	else
		fputs("null", stdout);
}

static void key(const char *name)
{
	string(name);
	putchar(':');
}

static const char *truth(bool v)
{
	return v ? "true" : "false";
}

/* Print a comma before each member of a list but the first. */
static void comma(bool *first)
{
	if (!*first)
		putchar(',');
	*first = false;
}

static void print_parameters(void)
{
	char path[sizeof(PARAMETERS) + 256], value[256];
	DIR *dir = opendir(PARAMETERS);
	struct dirent *d;
	bool first = true;

	putchar('{');
	while (dir && (d = readdir(dir))) {
		snprintf(path, sizeof(path), PARAMETERS "/%s", d->d_name);
		if (d->d_name[0] == '.' || !xtun_sysfs_line(path, value, sizeof(value)))
			continue;
		comma(&first);
		key(d->d_name);
		string(value);
	}
	putchar('}');
	if (dir)
		closedir(dir);
}

static void print_module(const struct xtun_report *r)
{
	char version[64];

	if (!xtun_sysfs_line("/sys/module/xtun/version", version, sizeof(version)))
		version[0] = '\0';
	printf("\"module\":{\"loaded\":%s,\"version\":", truth(r->loaded));
	string_or_null(version);
	fputs(",\"parameters\":", stdout);
	print_parameters();
	putchar('}');
}

static void print_lacks(const struct xtun_report *r)
{
	fputs("\"kernel\":{\"lacks\":[", stdout);
	for (size_t i = 0; i < r->n_lacks; i++) {
		if (i)
			putchar(',');
		string(r->lacks[i]);
	}
	fputs("]}", stdout);
}

/* Print the losses of a flow, or its other counters. */
static void print_counters(const struct xtun_flow *f, bool losses, bool first)
{
	struct xtun_counter_name name;

	for (size_t i = 0; i < f->counters->n; i++) {
		const struct xtun_counter *c = &f->counters->list[i];

		if (!xtun_counter_split(c->name, &name) || name.queue != f->queue ||
		    name.direction != f->direction || losses != !!name.loss)
			continue;
		comma(&first);
		key(name.loss ? name.loss : name.rest);
		printf("%" PRIu64, c->value);
	}
}

static void print_flow(const struct xtun_flow *f)
{
	key(f->direction == XTUN_TX ? "tx" : "rx");
	printf("{\"law\":\"%s\",\"off\":%lld,\"lost_total\":%" PRIu64 ",\"lost\":{",
	       xtun_verdict_name(f->verdict), f->off, f->lost);
	print_counters(f, true, true);
	putchar('}');
	print_counters(f, false, false);
	putchar('}');
}

static void print_queues(const struct xtun_law *law)
{
	for (size_t i = 0; i < law->flows; i++) {
		const struct xtun_flow *f = &law->flow[i];
		bool first_of_queue = !i || f->queue != law->flow[i - 1].queue;
		bool last_of_queue = i + 1 == law->flows || f->queue != law->flow[i + 1].queue;

		if (i)
			putchar(',');
		if (first_of_queue)
			printf("{\"queue\":%u,\"readers\":%" PRIu64 ",", f->queue,
			       xtun_counter_get(f->counters, f->queue, XTUN_DIRECTIONS, "readers"));
		print_flow(f);
		if (last_of_queue)
			putchar('}');
	}
}

static void print_iface(const struct xtun_report_iface *r)
{
	const struct xtun_iface *i = &r->iface;
	const uint8_t *m = i->mac;

	fputs("{\"name\":", stdout);
	string(i->name);
	printf(",\"index\":%d,\"up\":%s,\"carrier\":%s", i->index, truth(i->up),
	       i->up ? truth(i->carrier) : "null");
	printf(",\"address\":\"%02x:%02x:%02x:%02x:%02x:%02x\"", m[0], m[1], m[2], m[3], m[4],
	       m[5]);
	printf(",\"mtu\":%d,\"txqueuelen\":%d,\"queues\":", i->mtu, i->txqueuelen);
	if (r->judged) {
		putchar('[');
		print_queues(&r->law);
		putchar(']');
	} else {
		fputs("null", stdout);
	}
	putchar('}');
}

static void print_user(const struct xtun_user *u)
{
	printf("{\"pid\":%ld,\"comm\":", (long)u->pid);
	string(u->comm);
	printf(",\"fd\":%d,\"reads\":%s,\"writes\":%s,\"interface\":", u->fd, truth(u->reads),
	       truth(u->writes));
	string_or_null(u->ifname);
	if (u->ifname[0])
		printf(",\"queue\":%d", u->queue);
	else
		fputs(",\"queue\":null", stdout);
	if (u->netns)
		printf(",\"namespace\":%lu}", u->netns);
	else
		fputs(",\"namespace\":null}", stdout);
}

static void print_users(const struct xtun_users *users)
{
	fputs("\"users\":", stdout);
	if (!users->looked) {
		fputs("null", stdout);
	} else {
		putchar('[');
		for (size_t i = 0; i < users->n; i++) {
			if (i)
				putchar(',');
			print_user(&users->list[i]);
		}
		putchar(']');
	}
	printf(",\"processes_hidden\":%zu", users->hidden);
}

static void print_netns(const struct xtun_netns *ns)
{
	printf("\"namespace\":{\"inode\":%lu,\"name\":", ns->inode);
	string_or_null(ns->name);
	putchar('}');
}

void xtun_status_json(const struct xtun_report *r)
{
	fputs("{\"version\":", stdout);
	string(XTUN_VERSION);
	putchar(',');
	print_module(r);
	putchar(',');
	print_lacks(r);
	putchar(',');
	print_netns(&r->netns);
	fputs(",\"interfaces\":[", stdout);
	for (size_t i = 0; i < r->n; i++) {
		if (i)
			putchar(',');
		print_iface(&r->ifaces[i]);
	}
	fputs("],", stdout);
	print_users(&r->users);
	fputs("}\n", stdout);
}
