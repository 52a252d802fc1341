// SPDX-License-Identifier: GPL-2.0
#include <linux/skbuff.h>

void probe(struct sk_buff *skb);
void probe(struct sk_buff *skb)
{
	kfree_skb_reason(skb, SKB_DROP_REASON_FULL_RING);
	kfree_skb_reason(skb, SKB_DROP_REASON_SKB_UCOPY_FAULT);
	kfree_skb_reason(skb, SKB_DROP_REASON_PKT_TOO_BIG);
	kfree_skb_reason(skb, SKB_DROP_REASON_DEV_READY);
	kfree_skb_reason(skb, SKB_DROP_REASON_HDR_TRUNC);
	kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
	kfree_skb_reason(skb, SKB_DROP_REASON_CPU_BACKLOG);
	kfree_skb_reason(skb, SKB_DROP_REASON_TAP_TXFILTER);
	kfree_skb_reason(skb, SKB_DROP_REASON_TAP_FILTER);
	kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_FILTER);
	kfree_skb_reason(skb, SKB_DROP_REASON_UNHANDLED_PROTO);
	kfree_skb_reason(skb, SKB_DROP_REASON_XDP);
}
