// SPDX-License-Identifier: GPL-2.0
#include <linux/skbuff.h>

enum skb_drop_reason probe(void);
enum skb_drop_reason probe(void)
{
	return SKB_DROP_REASON_NETFILTER_DROP;
}
