// SPDX-License-Identifier: GPL-2.0
/* The frames of xtun that the kernel's stack drops while this program listens. */
#include "why.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define PROC "/proc/net/xtun_drops"

/* False with errno if it is not permitted, or the kernel cannot report drops. */
bool xtun_drops_open(struct xtun_drops *drops)
{
	memset(drops, 0, sizeof(*drops));
	drops->fd = open(PROC, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return drops->fd >= 0;
}

void xtun_drops_close(struct xtun_drops *drops)
{
	if (drops->fd >= 0)
		close(drops->fd);
	drops->fd = -1;
}

/* ", VLAN 5, for another host, at br0", and anything that later versions add. */
static void parse_rest(const char *line, struct xtun_drop *d)
{
	const char *p;

	d->vlan = -1;
	p = strstr(line, ", VLAN ");
	if (p)
		sscanf(p, ", VLAN %d", &d->vlan);
	snprintf(d->dev, sizeof(d->dev), "%s", d->iface);
	d->other_host = strstr(line, ", for another host");
	p = strstr(line, ", at ");
	if (p)
		sscanf(p, ", at %15s", d->dev);
}

/* "xtun rx 12.345678: ip_rcv_core, IP_CSUM, 98 bytes, Ethernet 0800" */
static bool parse_words(const char *line, struct xtun_drop *d)
{
	char way[3], layer[16];
	int n = 0;

	memset(d, 0, sizeof(*d));
	if (sscanf(line, "%15s %2s %lf: %127[^,], %63[^,], %zu bytes, %15s %4x%n", d->iface, way,
		   &d->when, d->function, d->reason, &d->len, layer, &d->proto, &n) != 8 || !n)
		return false;
	d->direction = way[0] == 't' ? XTUN_TX : XTUN_RX;
	d->ethernet = !strcmp(layer, "Ethernet");
	if (!strcmp(d->reason, "no reason"))
		d->reason[0] = '\0';
	/* Cut off the compiler's suffix (".part.0") and the module's name. */
	d->function[strcspn(d->function, ". ")] = '\0';
	/* The frame's skb_iif is not set yet there, but only received frames get there. */
	if (!strcmp(d->function, "enqueue_to_backlog"))
		d->direction = XTUN_RX;
	parse_rest(line + n, d);
	return true;
}

static void parse_bytes(const char *line, struct xtun_drop *d)
{
	unsigned int byte;

	line += strspn(line, " ");
	while (d->kept < sizeof(d->bytes) && sscanf(line, "%2x", &byte) == 1) {
		d->bytes[d->kept++] = byte;
		line += 2;
	}
}

static void fill(struct xtun_drops *drops)
{
	ssize_t n;

	do {
		n = read(drops->fd, drops->text + drops->n, sizeof(drops->text) - 1 - drops->n);
		if (n > 0)
			drops->n += n;
	} while (n > 0 && drops->n < sizeof(drops->text) - 1);
	drops->text[drops->n] = '\0';
}

/* Terminate the line at P. Returns what follows it; NULL if the line is not complete. */
static char *next_line(char *p)
{
	char *end = p ? strchr(p, '\n') : NULL;

	if (!end)
		return NULL;
	*end = '\0';
	return end + 1;
}

static void forget(struct xtun_drops *drops, const char *end)
{
	drops->n -= end - drops->text;
	memmove(drops->text, end, drops->n + 1);
}

/* Get the next drop that waits; false if there is none. */
bool xtun_drops_next(struct xtun_drops *drops, struct xtun_drop *drop)
{
	uint64_t missed;
	char *bytes, *end;
	bool got;

	for (;;) {
		fill(drops);
		bytes = strchr(drops->text, '\n');
		if (!bytes++)
			return false;
		if (sscanf(drops->text, "missed %" SCNu64, &missed) == 1) {
			drops->missed += missed;
			forget(drops, bytes);
			continue;
		}
		if (!strchr(bytes, '\n'))
			return false;
		next_line(drops->text);
		end = next_line(bytes);
		got = parse_words(drops->text, drop);
		if (got)
			parse_bytes(bytes, drop);
		forget(drops, end);
		if (got)
			return true;
	}
}
