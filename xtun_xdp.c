// SPDX-License-Identifier: GPL-2.0
/*
 * XDP: programs that see a written frame before the stack does, and frames
 * that the programs of other devices redirect to this one.
 *
 * A program runs in the writer's context; with rings, in the context that takes the
 * frame, which may be the softirq or the poller. It sees the frame by native XDP if the
 * frame, with the headroom that XDP needs, lies in a page or less. Larger frames, and
 * those that are still to be segmented, go through generic XDP, as with tap.
 */
#include <linux/bpf.h>
#include <linux/bpf_trace.h>
#include <linux/etherdevice.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>

#include "xtun.h"
#include "xtun_trace.h"

/**
 * xtun_xdp_queue_init() - let programs see which queue a frame comes from
 * @q: the queue
 * @slot: its slot
 *
 * Context: process, under RTNL.
 * Return: 0 or a negative errno.
 */
int xtun_xdp_queue_init(struct xtun_queue *q, struct xtun_slot *slot)
{
	int err = xtun_compat_xdp_rxq_info_reg(&q->rxq, slot->dev, slot->index);

	if (err)
		return err;
	err = xdp_rxq_info_reg_mem_model(&q->rxq, MEM_TYPE_PAGE_SHARED, NULL);
	if (err)
		xdp_rxq_info_unreg(&q->rxq);
	return err;
}

/**
 * xtun_xdp_queue_exit() - undo xtun_xdp_queue_init()
 * @q: the queue, which no frame can reach any more
 *
 * Context: process, under RTNL.
 */
void xtun_xdp_queue_exit(struct xtun_queue *q)
{
	xdp_rxq_info_unreg(&q->rxq);
}

/**
 * xtun_xdp_bpf() - ndo_bpf: install or remove a program
 * @dev: the interface
 * @bpf: the request
 *
 * Context: process, under RTNL.
 * Return: 0; -EINVAL if the command is unknown.
 */
int xtun_xdp_bpf(struct net_device *dev, struct netdev_bpf *bpf)
{
	struct xtun *xt = netdev_priv(dev);
	struct bpf_prog *old;

	if (bpf->command != XDP_SETUP_PROG)
		return -EINVAL;
	old = rtnl_dereference(xt->xdp);
	rcu_assign_pointer(xt->xdp, bpf->prog);
	if (old)
		bpf_prog_put(old);
	return 0;
}

/* Take over the frame from the program, which may have moved both ends. */
static void xtun_xdp_to_skb(const struct xdp_buff *xdp, struct sk_buff *skb)
{
	unsigned int len = xdp->data_end - xdp->data;

	skb->data = xdp->data;
	skb->len = len;
	skb_set_tail_pointer(skb, len);
}

/* XDP_TX: the interface that the frame was written to transmits it. */
static void xtun_xdp_bounce(struct xtun_slot *slot, struct xtun_queue *q,
			    const struct xdp_buff *xdp, struct sk_buff *skb)
{
	/* Its only reader may be its writer, which may be waiting for room. */
	skb_orphan(skb);
	xtun_xdp_to_skb(xdp, skb);
	xtun_count_received(slot, 1, skb->len);
	xtun_count(slot, XTUN_RX_XDP_TX);
	trace_xtun_rx(slot->dev, slot->index, skb->len);

	skb_reset_mac_header(skb);
	skb->protocol = eth_hdr(skb)->h_proto;
	xtun_queue_put(slot, q, skb);
}

static void xtun_xdp_redirect(struct xtun_slot *slot, struct bpf_prog *prog, struct xdp_buff *xdp,
			      struct sk_buff *skb)
{
	struct page *page = virt_to_head_page(skb->head);
	unsigned int len = skb->len;
	int err;

	/*
	 * The memory is passed on without the skb, so free the skb first: the next
	 * owner may build its own skb in this memory at once.
	 */
	get_page(page);
	consume_skb(skb);
	err = xdp_do_redirect(slot->dev, xdp, prog);
	if (unlikely(err)) {
		put_page(page);
		xtun_lose_err(slot, XTUN_RX_XDP_FAILED, NULL, len, err);
		return;
	}
	xdp_do_flush();
	xtun_count_received(slot, 1, len);
	xtun_count(slot, XTUN_RX_XDP_REDIRECT);
	trace_xtun_rx(slot->dev, slot->index, len);
}

static bool xtun_xdp_act(struct xtun_slot *slot, struct xtun_queue *q, struct bpf_prog *prog,
			 struct xdp_buff *xdp, struct sk_buff *skb, u32 act)
{
	switch (act) {
	case XDP_PASS:
		xtun_xdp_to_skb(xdp, skb);
		return true;
	case XDP_TX:
		xtun_xdp_bounce(slot, q, xdp, skb);
		return false;
	case XDP_REDIRECT:
		xtun_xdp_redirect(slot, prog, xdp, skb);
		return false;
	case XDP_DROP:
		xtun_lose(slot, XTUN_RX_XDP_DROP, skb, skb->len);
		return false;
	default:
		xtun_compat_warn_xdp_action(slot->dev, prog, act);
		fallthrough;
	case XDP_ABORTED:
		trace_xdp_exception(slot->dev, prog, act);
		xtun_lose(slot, XTUN_RX_XDP_ABORTED, skb, skb->len);
		return false;
	}
}

/* The size of the frame's memory, from skb->head on. */
static u32 xtun_xdp_frame_size(const struct sk_buff *skb)
{
	return skb_end_offset(skb) + SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
}

static bool xtun_xdp_run(struct xtun_slot *slot, struct xtun_queue *q, struct bpf_prog *prog,
			 struct sk_buff *skb)
{
	struct xtun_compat_bpf_context context;
	struct xdp_buff xdp;
	bool pass;

	local_bh_disable();
	xtun_compat_bpf_enter(&context);
	xtun_compat_xdp_buff(&xdp, &q->rxq, skb->head, xtun_xdp_frame_size(skb),
			     skb_headroom(skb), skb->len);
	pass = xtun_xdp_act(slot, q, prog, &xdp, skb, bpf_prog_run_xdp(prog, &xdp));
	xtun_compat_bpf_leave(&context);
	local_bh_enable();
	return pass;
}

/**
 * xtun_xdp_native() - run the program, if there is one, on a written frame
 * @slot: the queue's slot
 * @q: the queue
 * @skb: the frame, which begins with its Ethernet header; consumed and counted, unless
 *	it passes
 * @done: set to false if the program must still run, by xtun_xdp_generic(); else to true
 *
 * A frame that is not suitable for native XDP passes.
 *
 * Context: process or softirq, under RCU.
 * Return: true if it passes.
 */
bool xtun_xdp_native(struct xtun_slot *slot, struct xtun_queue *q, struct sk_buff *skb, bool *done)
{
	struct xtun *xt = netdev_priv(slot->dev);
	struct bpf_prog *prog = rcu_dereference(xt->xdp);

	*done = true;
	if (likely(!prog))
		return true;
	if (skb_is_nonlinear(skb) || !skb->head_frag ||
	    skb_headroom(skb) < XDP_PACKET_HEADROOM || xtun_xdp_frame_size(skb) > PAGE_SIZE) {
		*done = false;
		return true;
	}
	return xtun_xdp_run(slot, q, prog, skb);
}

/**
 * xtun_xdp_generic() - run the program on a frame that is not suitable for native XDP
 * @slot: the queue's slot
 * @skb: the frame, as the stack is to receive it
 *
 * Context: process or softirq, under RCU.
 * Return: the frame; NULL if the program took it, in which case it is counted.
 */
struct sk_buff *xtun_xdp_generic(struct xtun_slot *slot, struct sk_buff *skb)
{
	struct xtun *xt = netdev_priv(slot->dev);
	struct bpf_prog *prog = rcu_dereference(xt->xdp);
	unsigned int len = xtun_rx_len(skb);
	int act;

	if (!prog)
		return skb;
	local_bh_disable();
	act = xtun_compat_do_xdp_generic(prog, &skb);
	local_bh_enable();
	if (act == XDP_PASS)
		return skb;
	xtun_count_received(slot, 1, len);
	xtun_count(slot, XTUN_RX_XDP_GENERIC);
	trace_xtun_rx(slot->dev, slot->index, len);
	return NULL;
}

/* Copy the frame, so that the queue only has to handle skbs. */
static struct sk_buff *xtun_xdp_frame_to_skb(struct net_device *dev, const struct xdp_frame *frame)
{
	struct sk_buff *skb;

	if (xtun_compat_xdp_frame_has_frags(frame))
		return NULL;
	skb = __netdev_alloc_skb_ip_align(dev, frame->len, GFP_ATOMIC);
	if (!skb)
		return NULL;
	skb_put_data(skb, frame->data, frame->len);
	skb_reset_mac_header(skb);
	skb->protocol = eth_hdr(skb)->h_proto;
	return skb;
}

/**
 * xtun_xdp_xmit() - ndo_xdp_xmit: take frames that other devices' programs redirect
 * @dev: the interface
 * @n: how many
 * @frames: the frames; consumed
 * @flags: XDP_XMIT_FLUSH, which has no effect: readers are woken in any case
 *
 * A frame that cannot be queued is lost and counted here, as when the stack transmits
 * it. So the caller need not know which frames were lost.
 *
 * Context: softirq.
 * Return: @n; -EINVAL for an unknown flag, -ENXIO if there is no queue.
 */
int xtun_xdp_xmit(struct net_device *dev, int n, struct xdp_frame **frames, u32 flags)
{
	struct xtun *xt = netdev_priv(dev);
	struct xtun_slot *slot;
	struct xtun_queue *q;
	struct sk_buff *skb;
	int i;

	if (unlikely(flags & ~XDP_XMIT_FLAGS_MASK))
		return -EINVAL;

	rcu_read_lock();
	slot = &xt->slots[xtun_steer_by_cpu(xt)];
	q = rcu_dereference(slot->queue);
	if (!q) {
		rcu_read_unlock();
		return -ENXIO;
	}
	for (i = 0; i < n; i++) {
		unsigned int len = frames[i]->len;

		skb = xtun_xdp_frame_to_skb(dev, frames[i]);
		xdp_return_frame(frames[i]);
		if (likely(skb)) {
			xtun_queue_put(slot, q, skb);
		} else {
			xtun_count(slot, XTUN_TX_IN);
			xtun_lose(slot, XTUN_TX_NOMEM, NULL, len);
		}
	}
	rcu_read_unlock();
	return n;
}
