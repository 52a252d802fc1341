// SPDX-License-Identifier: GPL-2.0
/* xtun status: gather everything that is visible without attaching, and print it. */
#include "status.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static int none_here(const struct xtun_report *r)
{
	if (r->loaded)
		xtun_complain("no xtun interface in this namespace. Type: %s (for another namespace: %s)",
			      "ip link add xtun type xtun", "ip netns exec NAME xtun status");
	else
		xtun_complain(XTUN_NOT_LOADED);
	return EXIT_ABSENT;
}

static int gather_ifaces(struct xtun_report *r, const char *name)
{
	struct xtun_iface *list = NULL, one;
	int status = EXIT_OK;
	size_t n = 1;

	if (name) {
		status = xtun_iface_find_own(name, &one);
	} else if (xtun_iface_list(&list, &n)) {
		xtun_explain("interfaces", errno, NULL);
		status = EXIT_FAILED;
	} else if (!n) {
		status = none_here(r);
	}
	if (status)
		goto out;

	r->ifaces = calloc(n, sizeof(*r->ifaces));
	if (!r->ifaces) {
		xtun_explain("interfaces", errno, NULL);
		status = EXIT_FAILED;
		goto out;
	}
	r->n = n;
	for (size_t i = 0; i < n; i++)
		r->ifaces[i].iface = name ? one : list[i];
out:
	free(list);
	return status;
}

static int judge(struct xtun_report_iface *i)
{
	i->judged = xtun_law_judge(i->iface.name, &i->law);
	if (!i->judged) {
		xtun_explain(i->iface.name, errno, NULL);
		return EXIT_FAILED;
	}
	for (size_t f = 0; f < i->law.flows; f++)
		if (i->law.flow[f].verdict == XTUN_BROKEN)
			return EXIT_FAILED;
	return EXIT_OK;
}

static int gather(struct xtun_report *r, const char *name)
{
	unsigned int major, minor;
	int status;

	xtun_netns_read(&r->netns);
	r->loaded = xtun_module_rdev(&major, &minor) > 0;
	r->n_lacks = xtun_kernel_lacks(r->lacks);
	status = gather_ifaces(r, name);
	for (size_t i = 0; i < r->n; i++)
		if (judge(&r->ifaces[i]))
			status = EXIT_FAILED;
	xtun_users_scan(&r->users);
	return status;
}

static void release(struct xtun_report *r)
{
	for (size_t i = 0; i < r->n; i++)
		xtun_law_free(&r->ifaces[i].law);
	free(r->ifaces);
	free(r->users.list);
}

static int status_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ 0 },
	};
	struct xtun_report r = { 0 };
	bool json = false;
	int opt, status;

	while ((opt = getopt_long(argc, argv, "j", options, NULL)) != -1) {
		if (opt != 'j')
			return xtun_usage(&xtun_command_status);
		json = true;
	}
	if (argc - optind > 1)
		return xtun_usage(&xtun_command_status);

	status = gather(&r, argv[optind]);
	if (json)
		xtun_status_json(&r);
	else if (r.n)
		xtun_status_text(&r);
	release(&r);
	if (fflush(stdout) || ferror(stdout)) {
		xtun_explain("standard output", errno, NULL);
		return EXIT_FAILED;
	}
	return status;
}

const struct command xtun_command_status = {
	.name = "status",
	.run = status_run,
	.args = "[--json] [IFACE]",
	.summary = "show interfaces, who reads them, counters, and what was lost and why",
	.options =
		"  --json      print JSON\n"
		"Without IFACE, all xtun interfaces of this network namespace.\n"
		"Exit status: 0 no problem found, 1 the counters are not balanced (or an error),\n"
		"2 there is no module or no such interface.\n",
};
