// SPDX-License-Identifier: GPL-2.0
/* Why no frames arrive although none was lost: none was sent or written, or none is taken. */
#include "why.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

struct flows {
	uint64_t readers, in, waiting;
	uint64_t written;	/* by programs, including lost ones */
	bool shared;		/* several files read one queue */
};

static uint64_t readers_of(const struct xtun_flow *flow)
{
	return xtun_counter_get(flow->counters, flow->queue, XTUN_DIRECTIONS, "readers");
}

static bool is_shared(const struct xtun_flow *flow)
{
	return flow->direction == XTUN_TX && readers_of(flow) > 1;
}

static void sum_up(const struct xtun_law *law, struct flows *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (size_t f = 0; f < law->flows; f++) {
		const struct xtun_flow *flow = &law->flow[f];

		if (flow->direction == XTUN_RX)
			sum->written += flow->in;
		if (flow->direction != XTUN_TX)
			continue;
		sum->shared |= is_shared(flow);
		sum->readers += readers_of(flow);
		sum->in += flow->in;
		sum->waiting += flow->waiting;
	}
}

/* '@' stands for the interface in all of these. NULL: there is none. */
struct row {
	const char *name, *why;
	const char *cure, *undo;	/* commands */
	const char *advice;		/* what a command cannot do */
};

static const struct row down = {
	"down", "@ is down: nothing passes", "ip link set dev @ up", "ip link set dev @ down", NULL
};

static const struct row carrier = {
	"carrier", "@ has no carrier: the kernel sends nothing", NULL, NULL,
	"attach the program that should be the other end of @"
};

static const struct row reader = {
	"reader", "nobody reads @; frames waiting: ", NULL, NULL,
	"start the program that should be the other end of @"
};

static const struct row asleep = {
	"asleep", "the reader of queue ", NULL, NULL, NULL
};

static const struct row shared = {
	"shared", "several programs read ", NULL, NULL,
	"end all but one, or give each its own queue: IFF_MULTI_QUEUE, rings"
};

static const struct row arp = {
	"arp", "ARP is off on @: the kernel neither asks nor answers",
	"ip link set dev @ arp on", "ip link set dev @ arp off", NULL
};

/* Only the network's administrator knows which address. */
#define GIVE_ADDRESS "give it an address of its network: ip address add A.B.C.D/24 dev @"

static const struct row address = {
	"address", "@ has no address: the kernel answers no requests there",
	NULL, NULL, GIVE_ADDRESS
};

static const struct row link_local = {
	"address", "@ has no address other than link-local: the kernel answers no requests for other addresses there",
	NULL, NULL, GIVE_ADDRESS
};

static const struct row sent = {
	"sent", "the kernel has not sent anything to @ yet", NULL, NULL,
	"check whether a route leads to @: ip route get ADDRESS"
};

static const struct row chattered = {
	"sent", "the kernel has not sent anything to @ yet, except what IPv6 sends on its own",
	NULL, NULL, "check whether a route leads to @: ip route get ADDRESS"
};

static const struct row asked = {
	"asked", "no program has ever written a frame to @, so there was nothing to answer; open for writing in: ",
	NULL, NULL,
	"let a program write to @; to test the other direction: xtun why --probe ADDRESS @"
};

static const struct row echo_off = {
	"echo-off", "this machine does not answer echo requests: icmp_echo_ignore_all is 1",
	NULL, NULL,
	"if a request was written to @: sysctl -w net/ipv4/icmp_echo_ignore_all=0"
};

static const struct row node_bars = { "node", NULL, NULL, NULL, NULL };

/* Everything that was found for one interface. */
struct silences {
	const struct xtun_iface *iface;
	struct xtun_silence *list;
	size_t n;
};

static void fill(char *text, size_t size, const char *template, const char *ifname)
{
	FILE *out = template ? fmemopen(text, size, "w") : NULL;

	text[0] = '\0';
	if (!out)
		return;
	xtun_print_about(out, template, ifname);
	fclose(out);
	text[size - 1] = '\0';
}

__attribute__((format(printf, 3, 4)))
static void append(char *text, size_t size, const char *fmt, ...)
{
	size_t n = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + n, size - n, fmt, ap);
	va_end(ap);
}

static struct xtun_cause *say(struct silences *s, const struct row *row)
{
	struct xtun_silence *one = &s->list[s->n++];
	const char *name = s->iface->name;

	one->name = row->name;
	fill(one->cause.why, sizeof(one->cause.why), row->why, name);
	fill(one->cause.cure, sizeof(one->cause.cure), row->cure, name);
	fill(one->cause.undo, sizeof(one->cause.undo), row->undo, name);
	fill(one->cause.advice, sizeof(one->cause.advice), row->advice, name);
	return &one->cause;
}

static void add_readers(struct xtun_cause *c, const char *ifname, unsigned int queue)
{
	size_t n = strlen(c->why);
	FILE *out = fmemopen(c->why + n, sizeof(c->why) - n, "w");

	if (!out)
		return;
	xtun_readers_print(out, ifname, queue);
	fclose(out);
}

static void say_barred(struct silences *s, const struct xtun_node *node)
{
	struct xtun_cause *c = say(s, &node_bars);
	struct xtun_word word;
	const char *name = xtun_word(s->iface->name, &word);
	unsigned int uid = geteuid();

	xtun_node_say(c->why, sizeof(c->why), node);
	if (node->lets_group)
		append(c->advice, sizeof(c->advice),
		       "join that group, or run the program that needs %s as root", name);
	else
		append(c->advice, sizeof(c->advice),
		       "run the program that needs %s as root, or permit that user: chown %u %s, and TUNSETOWNER (tunctl -f %s -t %s -u %u); permanently, from the next load on: module parameter owner=%u and its udev rule; unloading deletes all interfaces",
		       name, uid, node->path, node->path, name, uid, uid);
}

/* A reader has to open the node, whose permissions are checked before the module is called. */
static void add_as_whom(struct xtun_cause *c, const struct xtun_node *node)
{
	if (!node->bars_others)
		return;
	append(c->advice, sizeof(c->advice), "; run it as root");
	if (node->uid)
		append(c->advice, sizeof(c->advice), " or user %u", node->uid);
	if (node->lets_group)
		append(c->advice, sizeof(c->advice), " or in group %u", node->gid);
	append(c->advice, sizeof(c->advice), ": %s has mode %04o", node->path, node->mode);
}

static void say_no_reader(struct silences *s, const struct flows *sum,
			  const struct xtun_node *node)
{
	struct xtun_cause *c = say(s, &reader);

	append(c->why, sizeof(c->why), "%" PRIu64, sum->waiting);
	add_as_whom(c, node);
}

static uint64_t waiting_in(const struct xtun_law *law, unsigned int queue)
{
	for (size_t f = 0; f < law->flows; f++)
		if (law->flow[f].direction == XTUN_TX && law->flow[f].queue == queue)
			return law->flow[f].waiting;
	return 0;
}

static void say_asleep(struct silences *s, const struct xtun_losses *losses,
		       const struct xtun_law *law)
{
	struct xtun_cause *c = say(s, &asleep);
	unsigned int ms = losses->asleep_ms, queue = losses->asleep_queue;

	append(c->why, sizeof(c->why),
	       "%u has not read for %u.%u s; frames waiting there: %" PRIu64, queue,
	       ms / 1000, ms / 100 % 10, waiting_in(law, queue));
	if (losses->asleep_reader && xtun_has_ended(losses->asleep_reader))
		append(c->why, sizeof(c->why), "; the last was read by process %ld, which has ended",
		       (long)losses->asleep_reader);
	append(c->why, sizeof(c->why), "; open in: ");
	add_readers(c, s->iface->name, queue);
	if (!xtun_readers_wake(c, s->iface->name, queue))
		fill(c->advice, sizeof(c->advice), "check whether it hangs: xtun status @",
		     s->iface->name);
}

/* One list for each shared queue: a reader that has a queue of its own is not affected. */
static void say_shared(struct silences *s, const struct xtun_law *law)
{
	struct xtun_cause *c = say(s, &shared);
	const char *between = "";

	for (size_t f = 0; f < law->flows; f++) {
		const struct xtun_flow *flow = &law->flow[f];

		if (!is_shared(flow))
			continue;
		append(c->why, sizeof(c->why),
		       "%squeue %u, and each gets only some of the frames: ", between, flow->queue);
		add_readers(c, s->iface->name, flow->queue);
		between = ". Several programs read ";
	}
}

/* The interface's statistics include the frames of queues that are gone. */
static bool was_written(const struct xtun_iface *iface, const struct flows *sum)
{
	char path[128], packets[32];

	snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/rx_packets", iface->name);
	return sum->written ||
	       (xtun_sysfs_line(path, packets, sizeof(packets)) && strcmp(packets, "0"));
}

/* Name those who could write: some may only read, and others may have just started. */
static void say_never_asked(struct silences *s)
{
	struct xtun_cause *c = say(s, &asked);
	size_t n = strlen(c->why);
	FILE *out = fmemopen(c->why + n, sizeof(c->why) - n, "w");

	if (!out)
		return;
	xtun_writers_print(out, s->iface->name);
	fclose(out);
}

/* Only if requests went unanswered: on many machines the setting is intended. */
static void say_echo_off(struct silences *s)
{
	long long asked = xtun_snmp("Icmp:", "InEchos");
	long long answered = xtun_snmp("Icmp:", "OutEchoReps");
	struct xtun_cause *c;

	if (asked <= answered)
		return;
	c = say(s, &echo_off);
	append(c->why, sizeof(c->why),
	       "; on all interfaces it received %lld and answered %lld", asked,
	       answered);
}

/* Causes in the interface itself, whoever reads it. */
static void say_of_link(struct silences *s, const struct flows *sum)
{
	const struct xtun_iface *iface = s->iface;
	struct xtun_addresses addresses;

	if (!iface->up)
		return;
	xtun_addresses_count(iface->name, &addresses);
	if (iface->ethernet && !iface->arp)
		say(s, &arp);
	if (xtun_address_needed(iface->name) && !addresses.any)
		say(s, addresses.link_local ? &link_local : &address);
	if (!sum->in)
		say(s, &sent);
	else if (sum->in <= xtun_ip6_chatter(iface->name, &addresses))
		say(s, &chattered);
	if (iface->carrier && sum->readers && !was_written(iface, sum))
		say_never_asked(s);
	else if (xtun_sysctl("net/ipv4/icmp_echo_ignore_all") == 1)
		say_echo_off(s);
}

/**
 * xtun_silence() - find out why no frames arrive at all
 * @iface: the interface
 * @losses: its losses; tells whether a reader sleeps
 * @law: its counters
 * @list: filled
 *
 * Return: how many there are in @list; 0 if nothing is wrong.
 */
size_t xtun_silence(const struct xtun_iface *iface, const struct xtun_losses *losses,
		    const struct xtun_law *law, struct xtun_silence list[XTUN_SILENCES])
{
	struct silences s = { .iface = iface, .list = list };
	struct xtun_node node;
	struct flows sum;

	sum_up(law, &sum);
	xtun_node_read(XTUN_NODE, &node);
	if (node.bars_you)
		say_barred(&s, &node);
	if (!iface->up)
		say(&s, &down);
	else if (!iface->carrier)
		say(&s, &carrier);
	if (!sum.readers)
		say_no_reader(&s, &sum, &node);
	else if (losses->asleep_ms)
		say_asleep(&s, losses, law);
	if (sum.shared)
		say_shared(&s, law);
	say_of_link(&s, &sum);
	return s.n;
}

void xtun_silence_text(FILE *out, const struct xtun_silence *s)
{
	xtun_text_print(out, s->cause.why);
	fputs(".\n", out);
	xtun_cause_print(out, &s->cause);
}

void xtun_silence_json(FILE *out, const struct xtun_silence *s, const char *ifname)
{
	fputs("{\"interface\":", out);
	xtun_json_string(out, ifname);
	xtun_json_member(out, "silence", s->name);
	xtun_json_member(out, "why", s->cause.why);
	xtun_cause_json(out, &s->cause);
	fputs("}\n", out);
}
