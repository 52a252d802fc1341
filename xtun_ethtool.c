// SPDX-License-Identifier: GPL-2.0
/*
 * What ethtool shows and sets. It shows every counter of every queue, so that
 * users can check that the law holds (see XTUN_COUNTERS).
 */
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>

#include "xtun.h"

enum xtun_priv_flag { XTUN_PRIV_RX_DIRECT, XTUN_PRIV_BACKPRESSURE };

static const char xtun_priv_flags[][ETH_GSTRING_LEN] = {
	[XTUN_PRIV_RX_DIRECT]		= "rx-direct",
	[XTUN_PRIV_BACKPRESSURE]	= "backpressure",
};

static const char * const xtun_gauges[] = { "tx_waiting", "readers" };

#define XTUN_STATS_PER_QUEUE	(XTUN_NCOUNTERS + ARRAY_SIZE(xtun_gauges))

static void xtun_ethtool_get_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	const struct xtun *xt = netdev_priv(dev);
	const char *bus = "virtual";

	if (xt->made_by_file)
		bus = xt->flags & IFF_TUN ? "tun" : "tap";
	strscpy(info->driver, "xtun", sizeof(info->driver));
	strscpy(info->version, XTUN_VERSION, sizeof(info->version));
	strscpy(info->bus_info, bus, sizeof(info->bus_info));
}

static u32 xtun_ethtool_get_msglevel(struct net_device *dev)
{
	const struct xtun *xt = netdev_priv(dev);

	return xt->msg_enable;
}

static void xtun_ethtool_set_msglevel(struct net_device *dev, u32 level)
{
	struct xtun *xt = netdev_priv(dev);

	xt->msg_enable = level;
}

static int xtun_ethtool_get_link_ksettings(struct net_device *dev,
					   struct ethtool_link_ksettings *cmd)
{
	const struct xtun *xt = netdev_priv(dev);

	cmd->base.speed = xt->speed;
	cmd->base.duplex = xt->duplex;
	cmd->base.port = PORT_TP;
	cmd->base.autoneg = AUTONEG_DISABLE;
	return 0;
}

static int xtun_ethtool_set_link_ksettings(struct net_device *dev,
					   const struct ethtool_link_ksettings *cmd)
{
	struct xtun *xt = netdev_priv(dev);

	/* Like tap: there is no real link, so the values are only stored and reported. */
	if (!ethtool_validate_speed(cmd->base.speed) || !ethtool_validate_duplex(cmd->base.duplex))
		return -EINVAL;
	xt->speed = cmd->base.speed;
	xt->duplex = cmd->base.duplex;
	return 0;
}

static void xtun_ethtool_get_channels(struct net_device *dev, struct ethtool_channels *channels)
{
	const struct xtun *xt = netdev_priv(dev);

	channels->max_combined = xtun_attach_max(dev);
	channels->combined_count = xt->made_by_file ? xtun_attach_count(dev, true) : xt->channels;
}

static int xtun_ethtool_set_channels(struct net_device *dev, struct ethtool_channels *channels)
{
	return xtun_attach_set_channels(dev, channels->combined_count);
}

/*
 * All queues that have ever existed, because users want to see what a queue has
 * lost after its file was closed. The lowest free slot is used first, so there is
 * no gap.
 */
static unsigned int xtun_ethtool_queues(const struct net_device *dev)
{
	const struct xtun *xt = netdev_priv(dev);
	unsigned int n = dev->real_num_tx_queues;

	while (n < dev->num_tx_queues && xt->slots[n].stats)
		n++;
	return n;
}

static int xtun_ethtool_get_sset_count(struct net_device *dev, int sset)
{
	switch (sset) {
	case ETH_SS_STATS:
		return xtun_ethtool_queues(dev) * XTUN_STATS_PER_QUEUE;
	case ETH_SS_PRIV_FLAGS:
		return ARRAY_SIZE(xtun_priv_flags);
	default:
		return -EOPNOTSUPP;
	}
}

static void xtun_ethtool_get_strings(struct net_device *dev, u32 sset, u8 *data)
{
	unsigned int i, c, n = xtun_ethtool_queues(dev);

	if (sset == ETH_SS_PRIV_FLAGS) {
		memcpy(data, xtun_priv_flags, sizeof(xtun_priv_flags));
		return;
	}
	for (i = 0; i < n; i++) {
		for (c = 0; c < XTUN_NCOUNTERS; c++, data += ETH_GSTRING_LEN)
			snprintf(data, ETH_GSTRING_LEN, "q%u_%s", i, xtun_counter_names[c]);
		for (c = 0; c < ARRAY_SIZE(xtun_gauges); c++, data += ETH_GSTRING_LEN)
			snprintf(data, ETH_GSTRING_LEN, "q%u_%s", i, xtun_gauges[c]);
	}
}

static void xtun_ethtool_get_stats(struct net_device *dev, struct ethtool_stats *stats, u64 *data)
{
	struct xtun *xt = netdev_priv(dev);
	unsigned int i, n = xtun_ethtool_queues(dev);

	for (i = 0; i < n; i++, data += XTUN_STATS_PER_QUEUE) {
		/* First: with rings, this counts the frames that were taken. */
		xtun_queue_gauges(&xt->slots[i], &data[XTUN_NCOUNTERS],
				  &data[XTUN_NCOUNTERS + 1]);
		xtun_stats_sum(&xt->slots[i], data);
	}
}

static u32 xtun_ethtool_get_priv_flags(struct net_device *dev)
{
	struct xtun *xt = netdev_priv(dev);

	return (xt->rx_direct ? BIT(XTUN_PRIV_RX_DIRECT) : 0) |
	       (xt->flags & IFF_BACKPRESSURE ? BIT(XTUN_PRIV_BACKPRESSURE) : 0);
}

static int xtun_ethtool_set_priv_flags(struct net_device *dev, u32 flags)
{
	struct xtun *xt = netdev_priv(dev);
	unsigned int features = xt->flags & ~IFF_BACKPRESSURE;

	if (flags & BIT(XTUN_PRIV_BACKPRESSURE))
		features |= IFF_BACKPRESSURE;
	WRITE_ONCE(xt->flags, features);
	WRITE_ONCE(xt->rx_direct, !!(flags & BIT(XTUN_PRIV_RX_DIRECT)));
	/* Without back-pressure, nothing else would restart a stopped queue. */
	if (!(features & IFF_BACKPRESSURE))
		xtun_net_restart(dev);
	return 0;
}

static int xtun_ethtool_get_coalesce(struct net_device *dev, struct ethtool_coalesce *coalesce
				     XTUN_COMPAT_COALESCE_MORE)
{
	const struct xtun *xt = netdev_priv(dev);

	coalesce->tx_coalesce_usecs = xt->wake.usecs;
	coalesce->tx_max_coalesced_frames = xt->wake.frames;
	return 0;
}

/* Applies to rings that are made from now on. */
static int xtun_ethtool_set_coalesce(struct net_device *dev, struct ethtool_coalesce *coalesce
				     XTUN_COMPAT_COALESCE_MORE)
{
	struct xtun *xt = netdev_priv(dev);
	struct xtun_wake wake = {
		.frames = coalesce->tx_max_coalesced_frames,
		.usecs = coalesce->tx_coalesce_usecs,
	};

	if (!xtun_ioc_check_wake(&wake))
		return -EINVAL;
	xt->wake = wake;
	return 0;
}

/* The queue allocates nothing in advance, so we do not limit its length. */
static void xtun_ethtool_get_ringparam(struct net_device *dev, struct ethtool_ringparam *ring
				       XTUN_COMPAT_RINGPARAM_MORE)
{
	ring->tx_max_pending = U32_MAX;
	ring->tx_pending = dev->tx_queue_len;
}

#define XTUN_ETHTOOL_OPS_COMMON						\
	XTUN_COMPAT_COALESCE_PARAMS(ETHTOOL_COALESCE_TX_USECS |		\
				    ETHTOOL_COALESCE_TX_MAX_FRAMES)	\
	.get_coalesce		= xtun_ethtool_get_coalesce,		\
	.set_coalesce		= xtun_ethtool_set_coalesce,		\
	.get_drvinfo		= xtun_ethtool_get_drvinfo,		\
	.get_msglevel		= xtun_ethtool_get_msglevel,		\
	.set_msglevel		= xtun_ethtool_set_msglevel,		\
	.get_link		= ethtool_op_get_link,			\
	.get_link_ksettings	= xtun_ethtool_get_link_ksettings,	\
	.set_link_ksettings	= xtun_ethtool_set_link_ksettings,	\
	.get_channels		= xtun_ethtool_get_channels,		\
	.get_sset_count		= xtun_ethtool_get_sset_count,		\
	.get_strings		= xtun_ethtool_get_strings,		\
	.get_ethtool_stats	= xtun_ethtool_get_stats,		\
	.get_priv_flags		= xtun_ethtool_get_priv_flags,		\
	.set_priv_flags		= xtun_ethtool_set_priv_flags,		\
	.get_ringparam		= xtun_ethtool_get_ringparam,		\
	.get_ts_info		= ethtool_op_get_ts_info

const struct ethtool_ops xtun_ethtool_ops = {
	XTUN_ETHTOOL_OPS_COMMON,
	.set_channels		= xtun_ethtool_set_channels,
};

/* Like tap: the program that made the interface decides how many queues it has. */
const struct ethtool_ops xtun_ethtool_tap_ops = {
	XTUN_ETHTOOL_OPS_COMMON,
};
