// SPDX-License-Identifier: GPL-2.0
/* The counters of ethtool -S, read by SIOCETHTOOL. */
#include "status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Room for counters that appear between the calls: the kernel writes as many as there are,
 * whatever size the request states, and a queue adds some forty when it is first attached.
 */
#define MOST	(256 * 64)

static int count(const char *ifname, uint32_t *n)
{
	union {
		struct ethtool_sset_info info;
		char room[sizeof(struct ethtool_sset_info) + sizeof(uint32_t)];
	} ask = { .info = { .cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1 << ETH_SS_STATS } };

	if (xtun_ethtool(ifname, &ask))
		return -1;
	*n = ask.info.sset_mask ? ask.info.data[0] : 0;
	return 0;
}

static struct xtun_counters *join(const struct ethtool_gstrings *names,
				  const struct ethtool_stats *values)
{
	size_t n = names->len;
	struct xtun_counters *c = calloc(1, sizeof(*c) + n * sizeof(c->list[0]));

	if (!c)
		return NULL;
	c->n = n;
	for (size_t i = 0; i < n; i++) {
		memcpy(c->list[i].name, names->data + i * ETH_GSTRING_LEN, ETH_GSTRING_LEN);
		c->list[i].value = values->data[i];
	}
	return c;
}

/* EAGAIN: the number of counters changed between the calls; newer kernels then return none. */
static struct xtun_counters *read_once(const char *ifname)
{
	struct ethtool_gstrings *names = NULL;
	struct ethtool_stats *values = NULL;
	struct xtun_counters *c = NULL;
	uint32_t n;

	if (count(ifname, &n))
		return NULL;
	names = calloc(1, sizeof(*names) + (size_t)(n + MOST) * ETH_GSTRING_LEN);
	values = calloc(1, sizeof(*values) + (size_t)(n + MOST) * sizeof(uint64_t));
	if (!names || !values)
		goto out;

	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_STATS;
	names->len = n;
	values->cmd = ETHTOOL_GSTATS;
	values->n_stats = n;
	if (xtun_ethtool(ifname, names) || xtun_ethtool(ifname, values))
		goto out;
	if (names->len == n && values->n_stats == n)
		c = join(names, values);
	else
		errno = EAGAIN;
out:
	free(names);
	free(values);
	return c;
}

/* Read all counters once. The caller frees the result; NULL with errno on failure. */
struct xtun_counters *xtun_counters_read(const char *ifname)
{
	struct xtun_counters *c;
	int tries = 10;

	do {
		c = read_once(ifname);
	} while (!c && errno == EAGAIN && --tries);
	return c;
}

bool xtun_counter_split(const char *name, struct xtun_counter_name *split)
{
	int len = 0;

	if (sscanf(name, "q%u_%n", &split->queue, &len) != 1 || !len)
		return false;
	split->direction = XTUN_DIRECTIONS;
	split->rest = name + len;
	split->loss = NULL;
	if (!strncmp(split->rest, "tx_", 3))
		split->direction = XTUN_TX;
	else if (!strncmp(split->rest, "rx_", 3))
		split->direction = XTUN_RX;
	if (split->direction == XTUN_DIRECTIONS)
		return true;
	split->rest += 3;
	if (!strncmp(split->rest, "lost_", 5))
		split->loss = split->rest + 5;
	return true;
}

/* Returns 0 if there is no such counter. */
uint64_t xtun_counter_get(const struct xtun_counters *c, unsigned int queue,
			  enum xtun_direction direction, const char *rest)
{
	struct xtun_counter_name name;

	for (size_t i = 0; i < c->n; i++)
		if (xtun_counter_split(c->list[i].name, &name) && name.queue == queue &&
		    name.direction == direction && !strcmp(name.rest, rest))
			return c->list[i].value;
	return 0;
}
