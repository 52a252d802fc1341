// SPDX-License-Identifier: GPL-2.0
/*
 * What xtun status prints for counters that a correct driver never shows, and for
 * kernels that lack something. This file replaces iface.c by an interface whose
 * counters the test scripts, and kernel.c by a list of missing parts. The code that
 * judges and prints is the tool's own.
 */
#include "status.h"
#include "tap.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_COUNTERS 16

/* The counters of a test, and how much each grows from one reading to the next. */
static struct script {
	const char *name;
	uint64_t value, growth;
} script[MAX_COUNTERS];

static int fails_with;

static size_t script_length(void)
{
	size_t n = 0;

	while (n < MAX_COUNTERS && script[n].name)
		n++;
	return n;
}

static void give_strings(struct ethtool_gstrings *names)
{
	names->len = script_length();
	for (size_t i = 0; i < names->len; i++)
		snprintf((char *)names->data + i * ETH_GSTRING_LEN, ETH_GSTRING_LEN, "%s",
			 script[i].name);
}

static void give_values(struct ethtool_stats *values)
{
	values->n_stats = script_length();
	for (size_t i = 0; i < values->n_stats; i++) {
		memcpy((char *)values->data + i * sizeof(uint64_t), &script[i].value,
		       sizeof(uint64_t));
		script[i].value += script[i].growth;
	}
}

int xtun_ethtool(const char *ifname, void *request)
{
	uint32_t *cmd = request;

	if (fails_with || strcmp(ifname, "xtun")) {
		errno = fails_with ? fails_with : ENODEV;
		return -1;
	}
	if (*cmd == ETHTOOL_GSSET_INFO)
		((struct ethtool_sset_info *)request)->data[0] = script_length();
	else if (*cmd == ETHTOOL_GSTRINGS)
		give_strings(request);
	else if (*cmd == ETHTOOL_GSTATS)
		give_values(request);
	else
		abort();
	return 0;
}

int xtun_iface_find_own(const char *name, struct xtun_iface *iface)
{
	memset(iface, 0, sizeof(*iface));
	snprintf(iface->name, sizeof(iface->name), "%s", name);
	return EXIT_OK;
}

int xtun_iface_list(struct xtun_iface **list, size_t *n)
{
	*list = calloc(1, sizeof(**list));
	*n = 1;
	return *list ? xtun_iface_find_own("xtun", *list) : -1;
}

static const char *const lacking[] = { "eBPF", "network namespaces" };
static size_t n_lacking;

size_t xtun_kernel_lacks(const char *lacks[XTUN_KERNEL_PARTS])
{
	for (size_t i = 0; i < n_lacking; i++)
		lacks[i] = lacking[i];
	return n_lacking;
}

int xtun_usage(const struct command *cmd)
{
	(void)cmd;
	return EXIT_USAGE;
}

/* Output of the last run of xtun status. */
static char said[4096];
static bool as_json;

static int status_of(const struct script *counters, size_t n)
{
	char name[] = "status", json[] = "--json", *argv[3] = { name, as_json ? json : NULL };
	FILE *file = tmpfile();
	int terminal = dup(STDOUT_FILENO), status;
	ssize_t len;

	memset(script, 0, sizeof(script));
	memcpy(script, counters, n * sizeof(*counters));
	if (!file || terminal < 0)
		abort();
	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	optind = 1;
	status = xtun_command_status.run(1 + as_json, argv);
	dup2(terminal, STDOUT_FILENO);
	close(terminal);
	len = pread(fileno(file), said, sizeof(said) - 1, 0);
	said[len > 0 ? len : 0] = '\0';
	fclose(file);
	return status;
}

#define STATUS_OF(...) \
	status_of((struct script[]){ __VA_ARGS__ }, \
		  sizeof((struct script[]){ __VA_ARGS__ }) / sizeof(struct script))

static bool says(const char *text)
{
	if (strstr(said, text))
		return true;
	printf("# missing '%s' in: %s\n", text, said);
	return false;
}

static void test_quiet(void)
{
	int status = STATUS_OF({ "q0_tx_in", 5, 0 }, { "q0_tx_out", 3, 0 },
			       { "q0_tx_waiting", 1, 0 }, { "q0_tx_lost_full", 1, 0 });

	ok(status == EXIT_OK && says("in 5 = out 3 + waiting 1 + lost 1: balanced"),
	   "a sum that is right holds");
	ok(says("lost 1 full: ") && says("fix: run xtun why xtun for the command\n"),
	   "a loss is explained, and how to mend it");

	status = STATUS_OF({ "q0_rx_in", 5, 0 }, { "q0_rx_out", 3, 0 });
	ok(status == EXIT_FAILED && says("NOT BALANCED, off by 2"),
	   "a quiet queue that misses frames is broken");

	status = STATUS_OF({ "q0_rx_in", 3, 0 }, { "q0_rx_out", 5, 0 });
	ok(status == EXIT_FAILED && says("NOT BALANCED, off by -2"),
	   "one that has too many is broken too");
}

static void test_busy(void)
{
	int status = STATUS_OF({ "q0_tx_in", 5, 100 }, { "q0_tx_out", 2, 100 });

	ok(status == EXIT_OK && says("frames are moving, off by 3"),
	   "off by less than moved: not broken, not right either");

	status = STATUS_OF({ "q0_tx_in", 5000, 10 }, { "q0_tx_out", 0, 10 });
	ok(status == EXIT_FAILED && says("NOT BALANCED, off by 5000"),
	   "off by more than moved: broken");

	status = STATUS_OF({ "q0_tx_in", 5, 0 }, { "q0_tx_out", 3, 1 });
	ok(status == EXIT_OK && says("in 5 = out 5 + waiting 0 + lost 0: balanced"),
	   "a sum that comes right when read again holds");
}

static void test_queues(void)
{
	int status = STATUS_OF({ "q0_tx_in", 1, 0 }, { "q0_tx_out", 1, 0 },
			       { "q10_tx_in", 2, 0 }, { "q10_tx_out", 1, 0 },
			       { "q0_readers", 7, 0 });

	ok(status == EXIT_FAILED && says("queue 0, readers 7") &&
	   says("in 1 = out 1 + waiting 0 + lost 0: balanced") && says("queue 10,") &&
	   says("off by 1"), "each queue is judged by itself");

	status = STATUS_OF({ "q0_rx_in", 4, 0 }, { "q0_rx_out", 1, 0 },
			   { "q0_rx_lost_novel", 3, 0 }, { "something_else", 9, 0 });
	ok(status == EXIT_OK && says("lost 3 novel: "), "a loss with a new name counts as one");

	STATUS_OF({ "q0_tx_in", 1, 5 }, { "q0_tx_out", 1, 0 }, { "q1_tx_in", 1, 0 });
	ok(says("in 1 = out 1 + waiting 0 + lost 0: balanced"),
	   "what held once is not judged again while another queue is");
}

static void test_lacks(void)
{
	STATUS_OF({ "q0_rx_in", 0, 0 });
	ok(!strstr(said, "lacks"), "a kernel that lacks nothing: not a word");
	as_json = true;
	STATUS_OF({ "q0_rx_in", 0, 0 });
	ok(says("\"kernel\":{\"lacks\":[]}"), "... nor in JSON");

	n_lacking = 2;
	STATUS_OF({ "q0_rx_in", 0, 0 });
	ok(says("\"kernel\":{\"lacks\":[\"eBPF\",\"network namespaces\"]}"),
	   "what it lacks, in JSON");
	as_json = false;
	STATUS_OF({ "q0_rx_in", 0, 0 });
	ok(says("\nthis kernel lacks: eBPF, network namespaces\n"), "... and in words");
	n_lacking = 0;
}

static void test_unreadable(void)
{
	FILE *said = tmpfile();
	int own = dup(STDERR_FILENO), status;
	char line[80] = "";

	if (!said || own < 0 || dup2(fileno(said), STDERR_FILENO) < 0) {
		ok(false, "the error's message can be caught");
		return;
	}
	fails_with = EPERM;
	status = STATUS_OF({ "q0_rx_in", 4, 0 });
	fails_with = 0;
	dup2(own, STDERR_FILENO);
	close(own);
	rewind(said);
	ok(status == EXIT_FAILED, "counters that cannot be read are an error");
	ok(fgets(line, sizeof(line), said) &&
	   !strcmp(line, "xtun: xtun: Operation not permitted\n"),
	   "which is said, with the interface");
	fclose(said);
}

int main(void)
{
	test_quiet();
	test_busy();
	test_queues();
	test_lacks();
	test_unreadable();
	return tap_end();
}
