// SPDX-License-Identifier: GPL-2.0
/* What the module needs and has no substitute for. */
#include <linux/fs.h>
#include <linux/netdevice.h>
#include <linux/poll.h>
#include <linux/skbuff.h>
#include <linux/u64_stats_sync.h>
#include <net/rtnetlink.h>
#include <net/xdp.h>

struct sk_buff *probe(struct file *file, struct sk_buff *skb, bool *again);
struct sk_buff *probe(struct file *file, struct sk_buff *skb, bool *again)
{
	__poll_t events = EPOLLIN;

	skb_ext_reset(skb);
	stream_open(file_inode(file), file);
	return events ? validate_xmit_skb_list(skb, skb->dev, again) : NULL;
}
