// SPDX-License-Identifier: GPL-2.0
/*
 * The counters: their names and sums, and the function in which every lost frame ends.
 */
#include "xtun.h"
#include "xtun_why.h"

#define CREATE_TRACE_POINTS
#include "xtun_trace.h"

const char * const xtun_counter_names[XTUN_NCOUNTERS] = {
#define XTUN_NAME(id, name, ...)	[XTUN_##id] = name,
	XTUN_COUNTERS(XTUN_NAME, XTUN_NAME)
#undef XTUN_NAME
};

static const enum skb_drop_reason xtun_drop_reasons[XTUN_NCOUNTERS] = {
#define XTUN_NO_REASON(...)
#define XTUN_REASON(id, name, reason)	[XTUN_##id] = SKB_DROP_REASON_##reason,
	XTUN_COUNTERS(XTUN_NO_REASON, XTUN_REASON)
#undef XTUN_REASON
#undef XTUN_NO_REASON
};

/**
 * xtun_stats_sum() - the counters of a queue over all CPUs
 * @slot: of the queue
 * @sum: filled, indexed by enum xtun_counter
 *
 * Context: any; @slot is kept alive by RCU or RTNL.
 */
void xtun_stats_sum(const struct xtun_slot *slot, u64 sum[XTUN_NCOUNTERS])
{
	/* Pairs with xtun_net_alloc_stats(), at the slot's first queue. */
	struct xtun_stats __percpu *all = smp_load_acquire(&slot->stats);
	int cpu, c;

	memset(sum, 0, XTUN_NCOUNTERS * sizeof(*sum));
	if (!all)
		return;
	for_each_possible_cpu(cpu) {
		const struct xtun_stats *stats = per_cpu_ptr(all, cpu);

		for (c = 0; c < XTUN_NCOUNTERS; c++) {
			unsigned int start;
			u64 v;

			do {
				start = u64_stats_fetch_begin(&stats->syncp);
				v = u64_stats_read(&stats->v[c]);
			} while (u64_stats_fetch_retry(&stats->syncp, start));
			sum[c] += v;
		}
	}
}

/**
 * xtun_lose_err() - lose a frame: count, remember, trace and free it
 * @slot: of the queue
 * @loss: why
 * @skb: the frame, which is freed; NULL if it never was an skb, or if the
 *	kernel has freed it already
 * @len: its length in bytes, Ethernet header included
 * @err: the error that the sender or an XDP redirect gets, a negative errno; 0 if
 *	none
 *
 * Context: as xtun_count(), no lock of a queue or of rings held.
 */
void xtun_lose_err(struct xtun_slot *slot, enum xtun_counter loss, struct sk_buff *skb,
		   unsigned int len, int err)
{
	xtun_count(slot, loss);
	xtun_why_remember(slot, loss, skb, len, err);
	trace_xtun_loss(slot->dev, slot->index, len, xtun_counter_names[loss]);
	if (skb) {
		skb->dev = slot->dev;	/* for drop monitors */
		kfree_skb_reason(skb, xtun_drop_reasons[loss]);
	}
}

/**
 * xtun_lose() - lose a frame whose sender gets no error
 * @slot: of the queue
 * @loss: why
 * @skb: as for xtun_lose_err()
 * @len: as for xtun_lose_err()
 *
 * Context: as xtun_lose_err().
 */
void xtun_lose(struct xtun_slot *slot, enum xtun_counter loss, struct sk_buff *skb,
	       unsigned int len)
{
	xtun_lose_err(slot, loss, skb, len, 0);
}

/**
 * xtun_lose_list() - lose all frames of a list for the same reason
 * @slot: of the queue
 * @loss: why
 * @list: the frames; emptied
 *
 * Context: as xtun_lose().
 */
void xtun_lose_list(struct xtun_slot *slot, enum xtun_counter loss, struct sk_buff_head *list)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(list)))
		xtun_lose(slot, loss, skb, skb->len);
}
