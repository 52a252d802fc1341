// SPDX-License-Identifier: GPL-2.0
/* Why nothing comes, where nothing was lost: no frame was ever sent, or none is taken. */
#include "why.h"

#include <ifaddrs.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct flows {
	uint64_t readers, in, waiting;
	bool shared;		/* several files read one queue */
};

static void sum_up(const struct xtun_law *law, struct flows *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (size_t f = 0; f < law->flows; f++) {
		const struct xtun_flow *flow = &law->flow[f];
		uint64_t readers;

		if (flow->direction != XTUN_TX)
			continue;
		readers = xtun_counter_get(flow->counters, flow->queue, XTUN_DIRECTIONS, "readers");
		sum->shared |= readers > 1;
		sum->readers += readers;
		sum->in += flow->in;
		sum->waiting += flow->waiting;
	}
}

/* A port of a bridge needs none: what is above it has one. */
static bool needs_address(const char *ifname)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/net/%s/master", ifname);
	return access(path, F_OK) != 0;
}

static bool has_address(const char *ifname)
{
	struct ifaddrs *all, *a;
	bool has = false;

	if (getifaddrs(&all))
		return true;	/* nothing is known against it */
	for (a = all; a && !has; a = a->ifa_next)
		has = a->ifa_addr && !strcmp(a->ifa_name, ifname) &&
		      (a->ifa_addr->sa_family == AF_INET || a->ifa_addr->sa_family == AF_INET6);
	freeifaddrs(all);
	return has;
}

static void say_readers(struct xtun_silence *s, const char *ifname)
{
	size_t n = strlen(s->why);
	FILE *out = fmemopen(s->why + n, sizeof(s->why) - n, "w");

	if (!out)
		return;
	xtun_readers_print(out, ifname);
	fclose(out);
}

/* Who reads has to open it first, and that is refused before the module hears of it. */
static void say_as_whom(struct xtun_silence *s, const struct xtun_node *node)
{
	size_t n = strlen(s->cure);

	if (!node->bars_others)
		return;
	n += snprintf(s->cure + n, sizeof(s->cure) - n, "; as root");
	if (node->uid && n < sizeof(s->cure))
		n += snprintf(s->cure + n, sizeof(s->cure) - n, " or user %u", node->uid);
	if (node->lets_group && n < sizeof(s->cure))
		n += snprintf(s->cure + n, sizeof(s->cure) - n, " or in group %u", node->gid);
	if (n < sizeof(s->cure))
		snprintf(s->cure + n, sizeof(s->cure) - n, ": %s has mode %04o", node->path,
			 node->mode);
}

static void say_barred(struct xtun_silence *s, const struct xtun_node *node, const char *name)
{
	xtun_node_say(s->why, sizeof(s->why), node);
	if (node->lets_group)
		snprintf(s->cure, sizeof(s->cure),
			 "be one of that group, or run as root what is to have %s", name);
	else
		snprintf(s->cure, sizeof(s->cure),
			 "load the module for that user (rmmod xtun; modprobe xtun owner=%u), or run as root what is to have %s",
			 (unsigned int)geteuid(), name);
}

/**
 * xtun_silence() - what keeps frames from coming at all
 * @iface: the interface
 * @losses: of it; whether its readers sleep
 * @law: its counters
 * @list: filled
 *
 * Return: how many there are in @list; none is the best.
 */
size_t xtun_silence(const struct xtun_iface *iface, const struct xtun_losses *losses,
		    const struct xtun_law *law, struct xtun_silence list[8])
{
	struct xtun_word word;
	const char *name = xtun_word(iface->name, &word);
	struct xtun_node node;
	struct flows sum;
	size_t n = 0;

#define SAY(case, cure_format, ...)							\
	do {										\
		list[n].name = case;							\
		snprintf(list[n].why, sizeof(list[n].why), __VA_ARGS__);		\
		snprintf(list[n].cure, sizeof(list[n].cure), cure_format, name);	\
		n++;									\
	} while (0)

	sum_up(law, &sum);
	xtun_node_read(XTUN_NODE, &node);
	if (node.bars_you) {
		list[n].name = "node";
		say_barred(&list[n++], &node, name);
	}
	if (!iface->up)
		SAY("down", "ip link set dev %s up", "%s is down: nothing passes", name);
	else if (!iface->carrier)
		SAY("carrier", "attach the program that is to be the other end of %s",
		    "%s has no carrier: the kernel sends nothing", name);
	if (!sum.readers) {
		SAY("reader", "start the program that is to be the other end of %s",
		    "nobody reads %s; frames that wait: %" PRIu64, name, sum.waiting);
		say_as_whom(&list[n - 1], &node);
	} else if (losses->asleep_ms) {
		SAY("asleep", "see whether it hangs (xtun status %s)",
		    "whoever reads has not for %u.%u s; frames that wait: %" PRIu64
		    "; who has it open: ",
		    losses->asleep_ms / 1000, losses->asleep_ms / 100 % 10, sum.waiting);
		say_readers(&list[n - 1], iface->name);
	}
	if (sum.shared) {
		SAY("shared", "end all but one, or give each a queue of its own: IFF_MULTI_QUEUE, rings (%s)",
		    "of several that read one queue each gets some of the frames: ");
		say_readers(&list[n - 1], iface->name);
	}
	if (iface->up && iface->ethernet && !iface->arp)
		SAY("arp", "ip link set dev %s arp on",
		    "ARP is off at %s: the kernel neither asks nor answers", name);
	if (iface->up && needs_address(iface->name) && !has_address(iface->name))
		SAY("address", "ip address add 192.0.2.1/24 dev %s   (or whichever it is to have)",
		    "%s has no address: the kernel answers nobody there", name);
	if (iface->up && !sum.in)
		SAY("sent", "ip route get ADDRESS   tells whether anything leads to %s",
		    "the kernel has not sent anything to %s yet", name);
#undef SAY
	return n;
}

void xtun_silence_json(FILE *out, const struct xtun_silence *s, const char *ifname)
{
	fputs("{\"interface\":", out);
	xtun_json_string(out, ifname);
	fprintf(out, ",\"silence\":\"%s\",\"why\":", s->name);
	xtun_json_string(out, s->why);
	fputs(",\"cure\":", out);
	xtun_json_string(out, s->cure);
	fputs("}\n", out);
}
