// SPDX-License-Identifier: GPL-2.0
#include <linux/netdevice.h>

struct sk_buff *probe(struct sk_buff *skb, bool *again);
struct sk_buff *probe(struct sk_buff *skb, bool *again)
{
	return validate_xmit_skb_list(skb, skb->dev, again);
}
