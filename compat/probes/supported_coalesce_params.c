// SPDX-License-Identifier: GPL-2.0
#include <linux/ethtool.h>

extern const struct ethtool_ops probe;
const struct ethtool_ops probe = {
	.supported_coalesce_params = ETHTOOL_COALESCE_TX_USECS,
};
