// SPDX-License-Identifier: GPL-2.0
/* What tc has been told to drop, and what waits too long for a device. */
#include "rules.h"

/*
 * Kernels since 5.18 have a reason for each of these; older ones say no more than in which
 * function it was, and that drops for other causes too.
 */
static bool is_of_old_kernel(const struct xtun_case *c, const char *function)
{
	return !c->drop->reason[0] && !has_no_name(c) && within(c, function);
}

/* What nothing takes is dropped where those are asked that look at what comes in. */
static bool is_filtered_coming_in(const struct xtun_case *c)
{
	return because(c, "TC_INGRESS") ||
	       (is_of_old_kernel(c, "netif_receive_skb") && comes_in(c) && !c->drop->other_host &&
		xtun_has_handler(c->packet.type, c->at.name) && xtun_has_filter(c->at.index, true));
}

bool xtun_is_filtered_by_tc(struct xtun_case *c)
{
	bool in = is_filtered_coming_in(c);

	found(c, 1, in ? "ingress" : "egress");
	return in || because(c, "TC_EGRESS") ||
	       (is_of_old_kernel(c, "dev_queue_xmit") && xtun_has_filter(c->at.index, false));
}

static bool is_at_queue(const struct xtun_case *c)
{
	return !strncmp(c->drop->reason, "QDISC_", 6) || !strncmp(c->drop->reason, "FQ_", 3) ||
	       is_of_old_kernel(c, "kfree_skb_list");
}

/* Then the kernel has put a queue there that drops all. */
bool xtun_is_without_carrier(struct xtun_case *c)
{
	return is_at_queue(c) && c->at.up && !c->at.carrier;
}

bool xtun_is_dropped_by_queue(struct xtun_case *c)
{
	struct xtun_queueing queueing;
	struct xtun_word word;

	/* Of one that is down the queue is another one, too. */
	if (!is_at_queue(c) || !c->at.up)
		return false;
	xtun_queueing_read(c->at.index, &queueing);
	found(c, 1, "%s", queueing.root);
	if (queueing.chosen)
		found(c, 2, "; without it: tc qdisc del dev %s root", xtun_word(c->at.name, &word));
	return queueing.root[0] && strcmp(queueing.root, "noqueue");
}
