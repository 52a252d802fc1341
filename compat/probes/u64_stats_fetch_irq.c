// SPDX-License-Identifier: GPL-2.0
#include <linux/u64_stats_sync.h>

unsigned int probe(const struct u64_stats_sync *syncp);
unsigned int probe(const struct u64_stats_sync *syncp)
{
	return u64_stats_fetch_begin_irq(syncp);
}
