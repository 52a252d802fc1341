// SPDX-License-Identifier: GPL-2.0
/* The last losses of an interface, as /proc/net/xtun reports them. */
#include "why.h"

#include <inttypes.h>
#include <string.h>

#define PROC "/proc/net/xtun"
/* A reader that has not read for this long is not merely slow. */
#define ASLEEP_MS 3200
/* For rings, time counts from one look to the next; a reader may ask to sleep for a second. */
#define RING_ASLEEP_MS 1500

static bool is_iface(const char *line, const char *ifname)
{
	size_t len = strlen(ifname);

	return !strncmp(line, ifname, len) && line[len] == ':';
}

/* "3 times, from 12.500 to 0.250 s ago: " or "0.250 s ago: ". Returns the rest, or NULL. */
static const char *parse_when(const char *p, struct xtun_lost *l)
{
	int n = 0;

	if (sscanf(p, "%" SCNu64 " times, from %lf to %lf s ago: %n", &l->times, &l->first,
		   &l->last, &n) == 3 && n)
		return p + n;
	if (sscanf(p, "%lf s ago: %n", &l->last, &n) != 1 || !n)
		return NULL;
	l->times = 1;
	l->first = l->last;
	return p + n;
}

/*
 * ", never read" or ", read 12 ms ago by 812"; for rings, ", not read for 12 ms by 812" or
 * ", not read for 12 ms".
 */
static void parse_reader(const char *line, pid_t *reader, unsigned int *idle_ms)
{
	const char *p = strstr(line, ", read ");

	*reader = 0;
	*idle_ms = 0;
	if (p)
		sscanf(p, ", read %u ms ago by %d", idle_ms, reader);
	p = strstr(line, ", not read for ");
	if (p)
		sscanf(p, ", not read for %u ms by %d", idle_ms, reader);
}

/* "lost #7, " or, with other losses in between, "lost #7 to #31, ". Returns the rest, or NULL. */
static const char *parse_number(const char *p, struct xtun_lost *l)
{
	int n = 0;

	if (sscanf(p, " lost #%" SCNu64 "%n", &l->number, &n) != 1)
		return NULL;
	p += n;
	if (sscanf(p, " to #%" SCNu64 "%n", &l->last_number, &n) == 1)
		p += n;
	return strncmp(p, ", ", 2) ? NULL : p + 2;
}

/*
 * "lost #7, 0.250 s ago: queue 0 tx full, 98 bytes, 5 waited, the oldest for 40 ms", or
 * ", 5 waited in a ring of 65536 bytes"; then the last reader, "; errno 22", and
 * "; wrong: " with the wrong value in the rings.
 */
static bool parse_loss(const char *line, struct xtun_lost *l)
{
	const char *ring, *rest;
	char way[3];

	memset(l, 0, sizeof(*l));
	line = parse_number(line, l);
	if (line)
		line = parse_when(line, l);
	if (!line || sscanf(line, "queue %u %2s %31[a-z_], %zu bytes, %u waited, the oldest for %u",
			    &l->queue, way, l->loss, &l->len, &l->waiting, &l->oldest_ms) < 4)
		return false;
	l->direction = way[0] == 't' ? XTUN_TX : XTUN_RX;
	if (!l->last_number)
		l->last_number = l->number + l->times - 1;
	ring = strstr(line, " waited in a ring of ");
	if (ring)
		sscanf(ring, " waited in a ring of %u", &l->ring_size);
	parse_reader(line, &l->reader, &l->idle_ms);
	rest = strstr(line, "; errno ");
	if (rest)
		sscanf(rest, "; errno %d", &l->err);
	rest = strstr(line, "; wrong: ");
	if (rest)
		sscanf(rest, "; wrong: %95[^\n]", l->wrong);
	return true;
}

static void parse_bytes(const char *line, struct xtun_lost *l)
{
	unsigned int byte;

	while (*line == ' ')
		line++;
	while (l->kept < sizeof(l->bytes) && sscanf(line, "%2x", &byte) == 1) {
		l->bytes[l->kept++] = byte;
		line += 2;
	}
}

/*
 * "  queue 0 tx: in 9 = out 4 + waiting 5 ...; readers 1, the oldest frame waits for 3200
 * ms, read 50 ms ago by 812". A slow reader has read since the oldest frame came: its last
 * read counts. For a reader that last read before, because there was no frame, the age of the
 * oldest frame counts. For rings, the time for which none was read counts.
 */
static void parse_queue(const char *line, struct xtun_losses *losses)
{
	const char *p = strstr(line, "the oldest frame waits for ");
	unsigned int ms = 0, idle_ms, queue;
	pid_t reader;

	if (sscanf(line, "  queue %u", &queue) != 1)
		return;
	parse_reader(line, &reader, &idle_ms);
	if (!p)
		ms = idle_ms;
	else if (sscanf(p, "the oldest frame waits for %u", &ms) == 1 && reader && idle_ms < ms)
		ms = idle_ms;
	if (ms < (p ? ASLEEP_MS : RING_ASLEEP_MS) || ms <= losses->asleep_ms)
		return;
	losses->asleep_ms = ms;
	losses->asleep_queue = queue;
	losses->asleep_reader = reader;
}

static void read_losses(FILE *in, const char *ifname, struct xtun_losses *losses)
{
	bool ours = false;
	char line[512];

	while (fgets(line, sizeof(line), in)) {
		if (line[0] != ' ')
			ours = is_iface(line, ifname);
		else if (!ours)
			continue;
		else if (!strncmp(line, "  queue ", 8))
			parse_queue(line, losses);
		else if (losses->n < ARRAY_SIZE(losses->list) &&
			 parse_loss(line, &losses->list[losses->n]))
			losses->n++;
		else if (losses->n && !strncmp(line, "    ", 4))
			parse_bytes(line, &losses->list[losses->n - 1]);
	}
}

/* Read the losses, the latest first. False with errno if they cannot be read. */
bool xtun_losses_read(const char *ifname, struct xtun_losses *losses)
{
	FILE *in = fopen(PROC, "re");
	bool bad;

	losses->n = 0;
	losses->asleep_ms = 0;
	if (!in)
		return false;
	read_losses(in, ifname, losses);
	bad = ferror(in);
	fclose(in);
	return !bad;
}

/* How many frames were ever lost: the number of the last one, which is first in the list. */
uint64_t xtun_losses_sum(const struct xtun_losses *losses)
{
	return losses->n ? losses->list[0].last_number : 0;
}

/* Whether no other frames were lost in between, so that each number is one of this loss. */
bool xtun_lost_in_a_row(const struct xtun_lost *l)
{
	return l->last_number - l->number == l->times - 1;
}

/* Whether the frame of that number may belong to this loss. */
bool xtun_lost_may_be(const struct xtun_lost *l, uint64_t number)
{
	return l->number <= number && number <= l->last_number;
}

/**
 * xtun_dead_parse() - parse the line about an interface that is gone
 * @line: "tap5: gone 0.250 s ago, a tap of 4 queues: cat[812] closed its last file; it had
 *	lost 3, the last 0.300 s ago: rx_lost_down, errno 5"; parts may be missing
 * @ifname: its name
 * @dead: filled
 *
 * Return: false if the line is about something else.
 */
bool xtun_dead_parse(const char *line, const char *ifname, struct xtun_dead *dead)
{
	char kind[4] = "", way[3] = "";
	const char *rest, *p = line + strlen(ifname);

	memset(dead, 0, sizeof(*dead));
	if (!is_iface(line, ifname) || strncmp(p, ": gone ", 7))
		return false;
	if (sscanf(p, ": gone %*f s ago, a %3[a-z] of %u queues", kind, &dead->queues) > 0)
		dead->tun = !strcmp(kind, "tun");
	rest = strstr(p + 2, ": ");
	dead->moved = rest && !strncmp(rest + 2, "moved to another namespace by ", 30);
	/* A program's name may contain the same words: use their last occurrence. */
	for (const char *q = p; (q = strstr(q, "; it had lost ")); q++)
		p = q;
	if (sscanf(p, "; it had lost %*u, the last %*f s ago: %2[rtx]_lost_%31[a-z_], errno %d",
		   way, dead->loss, &dead->err) < 2)
		dead->loss[0] = '\0';
	dead->direction = way[0] == 't' ? XTUN_TX : XTUN_RX;
	return true;
}

/* Describe its last loss, if that is a known one. */
static void say_last(struct xtun_cause *cause, const char *ifname, const struct xtun_dead *dead)
{
	const struct xtun_loss *loss =
		xtun_loss_find(dead->direction, dead->loss, false, dead->err);
	FILE *out = loss ? fmemopen(cause->why, sizeof(cause->why), "w") : NULL;

	if (!out)
		return;
	xtun_print_about(out, loss->meaning, ifname);
	fclose(out);
	cause->why[sizeof(cause->why) - 1] = '\0';
}

/**
 * xtun_dead_mend() - how to get an interface that stays
 * @cause: filled; why describes its last loss, or is empty
 * @ifname: name of the interface that is gone
 * @dead: what is known about it
 *
 * An interface that was created by "ip link add" stays when programs end. Only a program can
 * create a tun.
 */
void xtun_dead_mend(struct xtun_cause *cause, const char *ifname, const struct xtun_dead *dead)
{
	struct xtun_word word;
	const char *name = xtun_word(ifname, &word);
	char queues[32] = "";

	memset(cause, 0, sizeof(*cause));
	say_last(cause, ifname, dead);
	if (dead->moved) {
		snprintf(cause->advice, sizeof(cause->advice),
			 "find it: ip -all netns exec ip -br link; to move it to the namespace of process PID, run there: ip link set dev %s netns PID",
			 name);
		return;
	}
	snprintf(cause->advice, sizeof(cause->advice),
		 "keep the program's file open, or let it set TUNSETPERSIST");
	if (dead->tun)
		return;
	if (dead->queues > 1)
		snprintf(queues, sizeof(queues), " numtxqueues %u", dead->queues);
	snprintf(cause->cure, sizeof(cause->cure), "ip link add %s%s type xtun", name, queues);
	snprintf(cause->undo, sizeof(cause->undo), "ip link del dev %s", name);
}

static void print_obituary(const char *line, const struct xtun_cause *cause)
{
	xtun_text_print(stdout, line);
	if (cause->why[0])
		printf("  last loss: %s\n", cause->why);
	xtun_cause_print(stdout, cause);
}

static void print_obituary_object(const char *ifname, char *line, const struct xtun_cause *cause)
{
	line[strcspn(line, "\n")] = '\0';
	fputs("{\"interface\":", stdout);
	xtun_json_string(stdout, ifname);
	fputs(",\"gone\":", stdout);
	xtun_json_string(stdout, line + strlen(ifname) + 2);
	xtun_json_member(stdout, "last", cause->why);
	xtun_cause_json(stdout, cause);
	puts("}");
}

/* Report on an interface that is gone, if the module still remembers it. */
void xtun_obituary(const char *ifname, bool json)
{
	FILE *in = fopen(PROC, "re");
	struct xtun_cause cause;
	struct xtun_dead dead;
	char line[512];

	while (in && fgets(line, sizeof(line), in)) {
		if (!xtun_dead_parse(line, ifname, &dead))
			continue;
		xtun_dead_mend(&cause, ifname, &dead);
		if (json)
			print_obituary_object(ifname, line, &cause);
		else
			print_obituary(line, &cause);
		break;
	}
	if (in)
		fclose(in);
}
