// SPDX-License-Identifier: GPL-2.0
#include <linux/u64_stats_sync.h>

u64 probe(struct u64_stats_sync *syncp, u64_stats_t *v);
u64 probe(struct u64_stats_sync *syncp, u64_stats_t *v)
{
	unsigned long flags = u64_stats_update_begin_irqsave(syncp);

	u64_stats_add(v, 1);
	u64_stats_update_end_irqrestore(syncp, flags);
	return u64_stats_read(v);
}
