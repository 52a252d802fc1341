// SPDX-License-Identifier: GPL-2.0
/* The report on a lost frame, whether xtun or the kernel's stack lost it. */
#include "why.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void fill(char *text, size_t size, const char *template, const struct xtun_case *c)
{
	FILE *out = template ? fmemopen(text, size, "w") : NULL;

	text[0] = '\0';
	if (!out)
		return;
	xtun_rule_print(out, template, c);
	fclose(out);
	text[size - 1] = '\0';
}

static void fill_all(struct xtun_cause *cause, const struct xtun_case *c, const char *why,
		     const char *cure, const char *undo, const char *advice)
{
	fill(cause->why, sizeof(cause->why), why, c);
	fill(cause->cure, sizeof(cause->cure), cure, c);
	fill(cause->undo, sizeof(cause->undo), undo, c);
	fill(cause->advice, sizeof(cause->advice), advice, c);
}

static void fill_by_rule(struct xtun_cause *cause, const struct xtun_case *c,
			 const struct xtun_rule *rule)
{
	fill_all(cause, c, rule->why, rule->cure, rule->undo, rule->advice);
}

static void add_readers(struct xtun_finding *v, const char *ifname, unsigned int queue)
{
	static const char words[] = "; open in: ";
	size_t n = strlen(v->cause.why);
	FILE *out = fmemopen(v->cause.why + n, sizeof(v->cause.why) - n, "w");

	if (!out)
		return;
	fputs(words, out);
	xtun_readers_print(out, ifname, queue);
	fclose(out);
}

/* Which field of which record, or which position, was wrong. */
static void add_fault(struct xtun_finding *v, const struct xtun_lost *l)
{
	size_t n = strlen(v->cause.why);

	if (l->wrong[0])
		snprintf(v->cause.why + n, sizeof(v->cause.why) - n, ": it wrote %s", l->wrong);
}

static void add_reader(struct xtun_finding *v, const struct xtun_lost *l)
{
	size_t n = strlen(v->cause.why);
	char comm[32] = "";

	if (l->ring_size) {
		snprintf(v->cause.why + n, sizeof(v->cause.why) - n,
			 "; none was read for at least %u ms", l->idle_ms);
		return;
	}
	if (!l->reader) {
		snprintf(v->cause.why + n, sizeof(v->cause.why) - n, "; none was ever read");
		return;
	}
	if (xtun_has_ended(l->reader)) {
		snprintf(v->cause.why + n, sizeof(v->cause.why) - n,
			 "; the last was read %u ms earlier by process %d, which has ended",
			 l->idle_ms, l->reader);
		return;
	}
	if (xtun_pids_are_first())
		xtun_comm_read(l->reader, comm, sizeof(comm));
	if (comm[0])
		snprintf(v->cause.why + n, sizeof(v->cause.why) - n,
			 "; the last was read %u ms earlier by %s[%d]", l->idle_ms, xtun_name(comm),
			 l->reader);
	else
		snprintf(v->cause.why + n, sizeof(v->cause.why) - n,
			 "; the last was read %u ms earlier by process %d, which is not visible here",
			 l->idle_ms, l->reader);
}

static void add_backlog(struct xtun_finding *v, const struct xtun_lost *l)
{
	size_t n = strlen(v->cause.why);

	/* Frames that a program writes do not wait in a queue. */
	if (l->direction == XTUN_RX)
		return;
	if (l->ring_size)
		snprintf(v->cause.why + n, sizeof(v->cause.why) - n,
			 "; frames waiting: %u, in a ring of %u bytes", l->waiting,
			 l->ring_size);
	else if (l->waiting)
		snprintf(v->cause.why + n, sizeof(v->cause.why) - n,
			 "; frames waiting: %u, the oldest for %u ms", l->waiting,
			 l->oldest_ms);
	if (l->waiting)
		add_reader(v, l);
}

static const struct xtun_loss *find_loss(const struct xtun_lost *l)
{
	if (l->direction == XTUN_RX && !strcmp(l->loss, "proto") &&
	    xtun_has_ethernet_header(l->bytes, l->kept, l->len))
		return &xtun_loss_whole_frame;
	return xtun_loss_find(l->direction, l->loss, l->ring_size, l->err);
}

/*
 * Whether the bytes begin with an Ethernet header: where they should, or where an IP packet
 * was expected and the bytes are evidently a frame.
 */
static bool is_frame(bool ought, const uint8_t *bytes, size_t kept, size_t len)
{
	return ought || xtun_has_ethernet_header(bytes, kept, len);
}

/* Whether the loss's command can be used here. Also sets the fields of its templates. */
static bool can_be_cured(const struct xtun_loss *loss, struct xtun_case *c)
{
	struct xtun_cause off;
	unsigned int program;

	/* Only the initial network namespace has the setting. */
	if (!strcmp(loss->name, "backlog"))
		return xtun_sysctl("net/core/netdev_max_backlog") >= 0;
	if (!strcmp(loss->name, "xdp_drop")) {
		xtun_xdp_off(&c->at, &off);
		snprintf(c->found[0], sizeof(c->found[0]), "%s", off.cure);
		snprintf(c->found[1], sizeof(c->found[1]), "%s", off.undo);
		snprintf(c->found[2], sizeof(c->found[2]), "%s", off.advice);
		return true;
	}
	if (strcmp(loss->name, "xdp_failed"))
		return true;
	program = xtun_xdp_program(c->at.index);
	snprintf(c->found[0], sizeof(c->found[0]), "%u", program);
	return program;
}

static void fill_by_loss(struct xtun_cause *cause, struct xtun_case *c,
			 const struct xtun_loss *loss)
{
	bool can = can_be_cured(loss, c);

	fill_all(cause, c, loss->meaning, can ? loss->cure : NULL, can ? loss->undo : NULL,
		 loss->advice);
}

/* Do not advise a longer queue if nobody reads it: it would only be full later. */
static void mend_full(struct xtun_cause *cause, const struct xtun_case *c,
		      const struct xtun_lost *l)
{
	const char *ifname = c->iface->name;

	if (xtun_readers_wake(cause, ifname, l->queue) || l->ring_size)
		return;
	if (l->reader && !xtun_has_ended(l->reader) && xtun_readers_count(ifname, l->queue))
		return;
	cause->cure[0] = '\0';
	cause->undo[0] = '\0';
	fill(cause->advice, sizeof(cause->advice),
	     "start the program that reads @; a longer queue would only fill up later", c);
}

/**
 * xtun_finding_of_lost() - report on frames that xtun lost
 * @v: filled; points into @l
 * @iface: the interface
 * @l: the frames
 */
void xtun_finding_of_lost(struct xtun_finding *v, const struct xtun_iface *iface,
			  const struct xtun_lost *l)
{
	const struct xtun_loss *known = find_loss(l);
	struct xtun_case c = { .iface = iface, .at = *iface };

	memset(v, 0, sizeof(*v));
	v->rule = known ? known->name : "unknown";
	v->number = l->number;
	v->last_number = l->last_number;
	v->times = l->times;
	v->first = l->first;
	v->last = l->last;
	v->err = l->err;
	v->direction = l->direction;
	v->len = l->len;
	v->ethernet = iface->ethernet;
	v->whole = is_frame(v->ethernet, l->bytes, l->kept, l->len);
	v->bytes = l->bytes;
	v->kept = l->kept;
	snprintf(v->where, sizeof(v->where), "inside xtun, queue %u, %s_lost_%s", l->queue,
		 l->direction == XTUN_TX ? "tx" : "rx", l->loss);
	if (known)
		fill_by_loss(&v->cause, &c, known);
	else
		fill_all(&v->cause, &c, "a kind of loss that this version of xtun does not know",
			 NULL, NULL, "see man 4 xtun");
	add_fault(v, l);
	add_backlog(v, l);
	if (known && l->direction == XTUN_TX && !strcmp(known->name, "full")) {
		add_readers(v, iface->name, l->queue);
		mend_full(&v->cause, &c, l);
	}
}

/* Seconds of the clock that the module's times are from. */
double xtun_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void fill_where(struct xtun_finding *v, const struct xtun_drop *d)
{
	int n = snprintf(v->where, sizeof(v->where), "in the kernel's stack, at %s, %s", d->dev,
			 d->function[0] == '?' ? "unknown function" : d->function);

	if (d->reason[0] && n > 0 && (size_t)n < sizeof(v->where))
		snprintf(v->where + n, sizeof(v->where) - n, " (%s)", d->reason);
}

/**
 * xtun_finding_of_drop() - report on a frame that the stack dropped
 * @v: filled; points into @d
 * @iface: the interface that it belongs to
 * @d: the drop
 *
 * Return: false if nothing was lost.
 */
bool xtun_finding_of_drop(struct xtun_finding *v, const struct xtun_iface *iface,
			  const struct xtun_drop *d)
{
	struct xtun_case c = { .iface = iface, .drop = d };
	const struct xtun_rule *rule, *other;

	if (!xtun_iface_read(d->dev, &c.at))
		c.at = *iface;
	xtun_packet_parse(&c.packet, d);
	rule = xtun_rule_find(&c);
	memset(v, 0, sizeof(*v));
	v->rule = rule->name;
	v->times = 1;
	v->last = xtun_now() - d->when;
	v->first = v->last;
	v->direction = d->direction;
	v->len = d->len;
	v->ethernet = d->ethernet;
	v->whole = is_frame(v->ethernet, d->bytes, d->kept, d->len);
	v->proto = d->proto;
	v->bytes = d->bytes;
	v->kept = d->kept;
	fill_where(v, d);
	fill_by_rule(&v->cause, &c, rule);
	other = xtun_rule_other(&c, rule);
	if (other)
		fill_by_rule(&v->other, &c, other);
	return rule->why;
}

/* Print it in one line. A packet without an Ethernet header gets one to be decoded with. */
void xtun_finding_frame(FILE *out, const struct xtun_finding *v)
{
	uint8_t frame[ETH_HEADER + sizeof(((struct xtun_drop *)NULL)->bytes)] = { 0 };
	unsigned int proto = v->proto;

	if (v->whole) {
		xtun_decode(out, v->bytes, v->kept, v->len);
		return;
	}
	if (!proto && v->kept)
		proto = v->bytes[0] >> 4 == 6 ? 0x86dd : 0x0800;
	frame[12] = proto >> 8;
	frame[13] = proto;
	memcpy(frame + ETH_HEADER, v->bytes, v->kept);
	xtun_decode(out, frame, ETH_HEADER + v->kept, ETH_HEADER + v->len);
}

static void print_cause(FILE *out, const struct xtun_cause *cause)
{
	/* It contains names of untrusted origin: escape them. In commands they are quoted. */
	fputs("why: ", out);
	xtun_text_print(out, cause->why);
	fputc('\n', out);
	xtun_cause_print(out, cause);
}

/* Print where, why, and how to fix it, one item a line. */
void xtun_finding_cause(FILE *out, const struct xtun_finding *v)
{
	fputs("  where: ", out);
	xtun_text_print(out, v->where);
	fputs("\n  ", out);
	print_cause(out, &v->cause);
	if (!v->other.why[0])
		return;
	fputs("  another possible cause (this kernel does not name the function, so the two cannot be distinguished):\n  ",
	      out);
	print_cause(out, &v->other);
}

void xtun_finding_text(FILE *out, const struct xtun_finding *v)
{
	if (v->number)
		fprintf(out, "#%" PRIu64, v->number);
	if (v->times > 1) {
		fprintf(out, " and %" PRIu64 " more", v->times - 1);
		if (v->last_number - v->number != v->times - 1)
			fprintf(out, " up to #%" PRIu64, v->last_number);
		fprintf(out, ", from %.3f to %.3f s ago, ", v->first, v->last);
	} else {
		fprintf(out, "%s%.3f s ago, ", v->number ? ", " : "", v->last);
	}
	fprintf(out, "%s userspace, %zu bytes", v->direction == XTUN_TX ? "to" : "from", v->len);
	if (v->kept) {
		fputs(": ", out);
		xtun_finding_frame(out, v);
	}
	fputc('\n', out);
	xtun_finding_cause(out, v);
}

/* The decoded line, as much as fits, and the bytes. */
static void json_frame(FILE *out, const struct xtun_finding *v)
{
	char text[512];
	FILE *line = fmemopen(text, sizeof(text), "w");

	text[0] = '\0';
	if (line) {
		if (v->kept)
			xtun_finding_frame(line, v);
		fclose(line);
	}
	xtun_json_member(out, "frame", text);
	fputs(",\"data\":\"", out);
	for (size_t i = 0; i < v->kept; i++)
		fprintf(out, "%02x", v->bytes[i]);
	fputc('"', out);
}

/* Print it as one JSON object on a line. */
void xtun_finding_json(FILE *out, const struct xtun_finding *v, const char *ifname)
{
	fputs("{\"interface\":", out);
	xtun_json_string(out, ifname);
	xtun_json_member(out, "rule", v->rule);
	if (v->number)
		fprintf(out, ",\"number\":%" PRIu64 ",\"last_number\":%" PRIu64, v->number,
			v->last_number);
	fprintf(out, ",\"times\":%" PRIu64 ",\"first\":%.6f,\"last\":%.6f", v->times, v->first,
		v->last);
	xtun_json_member(out, "direction", v->direction == XTUN_TX ? "tx" : "rx");
	fprintf(out, ",\"bytes\":%zu", v->len);
	if (v->err)
		fprintf(out, ",\"errno\":%d", v->err);
	json_frame(out, v);
	xtun_json_member(out, "where", v->where);
	xtun_json_member(out, "why", v->cause.why);
	xtun_cause_json(out, &v->cause);
	if (v->other.why[0]) {
		fputs(",\"other\":{\"why\":", out);
		xtun_json_string(out, v->other.why);
		xtun_cause_json(out, &v->other);
		fputc('}', out);
	}
	fputs("}\n", out);
}
