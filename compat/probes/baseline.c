// SPDX-License-Identifier: GPL-2.0
/* What the module needs and has no substitute for. */
#include <linux/ethtool.h>
#include <linux/fs.h>
#include <linux/netdevice.h>
#include <linux/poll.h>
#include <linux/proc_fs.h>
#include <linux/skbuff.h>
#include <linux/u64_stats_sync.h>
#include <net/rtnetlink.h>
#include <net/xdp.h>

struct sk_buff *probe(struct file *file, struct sk_buff *skb, struct xdp_buff *xdp, bool *again);
struct sk_buff *probe(struct file *file, struct sk_buff *skb, struct xdp_buff *xdp, bool *again)
{
	const struct ethtool_ops ethtool = {
		.supported_coalesce_params = ETHTOOL_COALESCE_TX_USECS,
	};
	const struct proc_ops proc = { .proc_open = NULL };
	__poll_t events = ethtool.supported_coalesce_params ? EPOLLIN : 0;

	xdp->frame_sz = PAGE_SIZE;
	skb_ext_reset(skb);
	stream_open(file_inode(file), file);
	return events && !proc.proc_open ? validate_xmit_skb_list(skb, skb->dev, again) : NULL;
}
