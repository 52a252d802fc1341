// SPDX-License-Identifier: GPL-2.0
#include <linux/virtio_net.h>

int probe(struct sk_buff *skb, struct virtio_net_hdr_v1_hash_tunnel *vnet);
int probe(struct sk_buff *skb, struct virtio_net_hdr_v1_hash_tunnel *vnet)
{
	return virtio_net_hdr_tnl_from_skb(skb, vnet, true, true, 0, true, false) ?:
	       virtio_net_hdr_tnl_to_skb(skb, vnet, true, true, true);
}
