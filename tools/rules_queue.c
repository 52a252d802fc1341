// SPDX-License-Identifier: GPL-2.0
/* Drops by filters of tc, and by the queue before a device. */
#include "rules.h"

/*
 * Kernels since 5.18 give a reason for each of these. Older ones give only the function, which
 * also drops for other causes.
 */
static bool is_of_old_kernel(const struct xtun_case *c, const char *function)
{
	return !c->drop->reason[0] && !has_no_name(c) && within(c, function);
}

/* The function of the ingress filters also drops frames that nothing takes. */
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

/* Without a carrier the kernel replaces the queue by one that drops everything. */
bool xtun_is_without_carrier(struct xtun_case *c)
{
	return is_at_queue(c) && c->at.up && !c->at.carrier;
}

bool xtun_is_dropped_by_queue(struct xtun_case *c)
{
	struct xtun_queueing queueing;
	struct xtun_word word;

	/* The queue of a device that is down is replaced, too. */
	if (!is_at_queue(c) || !c->at.up)
		return false;
	xtun_queueing_read(c->at.index, &queueing);
	found(c, 1, "%s", queueing.root);
	if (queueing.chosen)
		found(c, 2, "; to remove it: tc qdisc del dev %s root",
		      xtun_word(c->at.name, &word));
	return queueing.root[0] && strcmp(queueing.root, "noqueue");
}
