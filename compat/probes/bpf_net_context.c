// SPDX-License-Identifier: GPL-2.0
#include <linux/filter.h>

void probe(struct bpf_net_context *context);
void probe(struct bpf_net_context *context)
{
	bpf_net_ctx_clear(bpf_net_ctx_set(context));
}
