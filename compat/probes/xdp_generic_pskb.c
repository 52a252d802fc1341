// SPDX-License-Identifier: GPL-2.0
#include <linux/netdevice.h>

int probe(struct bpf_prog *prog, struct sk_buff **skb);
int probe(struct bpf_prog *prog, struct sk_buff **skb)
{
	return do_xdp_generic(prog, skb);
}
