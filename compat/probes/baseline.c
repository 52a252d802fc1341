// SPDX-License-Identifier: GPL-2.0
/* What the module needs and has no substitute for. */
#include <linux/compiler.h>
#include <linux/filter.h>
#include <linux/hrtimer.h>
#include <linux/netdevice.h>
#include <linux/rcupdate.h>
#include <linux/skbuff.h>
#include <linux/u64_stats_sync.h>
#include <net/rtnetlink.h>
#include <net/xdp.h>

struct xdp_frame *probe(struct xdp_rxq_info *rxq, struct xdp_frame *frame,
			enum hrtimer_mode *mode);
struct xdp_frame *probe(struct xdp_rxq_info *rxq, struct xdp_frame *frame,
			enum hrtimer_mode *mode)
{
	*mode = HRTIMER_MODE_REL_SOFT;
	xdp_rxq_info_unreg(rxq);
	xdp_return_frame(frame);
	xdp_do_flush();
	return frame;
}

struct later {
	struct rcu_head rcu;
};

struct netdev_nested_priv *probe_drops(struct net *net, struct notifier_block *nb,
				       struct netdev_nested_priv *priv, struct later *later);
struct netdev_nested_priv *probe_drops(struct net *net, struct notifier_block *nb,
				       struct netdev_nested_priv *priv, struct later *later)
{
	/* There is no race here: only the macro is probed. */
	priv->data = data_race(net);
	register_netdevice_notifier_net(net, nb);
	kvfree_rcu(later, rcu);
	return priv;
}
