// SPDX-License-Identifier: GPL-2.0
#include <linux/skbuff.h>

void probe(struct sk_buff *skb, struct sk_buff *next);
void probe(struct sk_buff *skb, struct sk_buff *next)
{
	skb_list_walk_safe(skb, skb, next)
		skb_mark_not_on_list(skb);
}
