/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The differences between kernels in XDP; a part of compat.h.
 */
#ifndef _XTUN_COMPAT_XDP_H
#define _XTUN_COMPAT_XDP_H

#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/netdevice.h>
#include <net/xdp.h>

/* Newer kernels keep the state of a redirect in the task, because it may be preempted. */
#ifdef XTUN_HAVE_BPF_NET_CONTEXT
struct xtun_compat_bpf_context {
	struct bpf_net_context context;
	struct bpf_net_context *set;
};

static inline void xtun_compat_bpf_enter(struct xtun_compat_bpf_context *c)
{
	c->set = bpf_net_ctx_set(&c->context);
}

static inline void xtun_compat_bpf_leave(struct xtun_compat_bpf_context *c)
{
	bpf_net_ctx_clear(c->set);
}
#else
struct xtun_compat_bpf_context { };

static inline void xtun_compat_bpf_enter(struct xtun_compat_bpf_context *c) { }
static inline void xtun_compat_bpf_leave(struct xtun_compat_bpf_context *c) { }
#endif

/**
 * xtun_compat_xdp_rxq_info_reg() - xdp_rxq_info_reg() without a NAPI
 * @rxq: the structure to register
 * @dev: the interface
 * @index: number of the queue
 *
 * Context: process, under RTNL.
 * Return: 0 or a negative errno.
 */
static inline int xtun_compat_xdp_rxq_info_reg(struct xdp_rxq_info *rxq, struct net_device *dev,
					       u32 index)
{
#ifdef XTUN_HAVE_XDP_RXQ_NAPI_ID
	return xdp_rxq_info_reg(rxq, dev, index, 0);
#else
	return xdp_rxq_info_reg(rxq, dev, index);
#endif
}

/**
 * xtun_compat_xdp_buff() - prepare what a program is to see
 * @xdp: filled
 * @rxq: of the queue
 * @start: start of the memory
 * @size: bytes of the memory
 * @headroom: bytes before the frame
 * @len: bytes of the frame
 */
static inline void xtun_compat_xdp_buff(struct xdp_buff *xdp, struct xdp_rxq_info *rxq,
					unsigned char *start, u32 size, unsigned int headroom,
					unsigned int len)
{
#ifdef XTUN_HAVE_XDP_INIT_BUFF
	xdp_init_buff(xdp, size, rxq);
	xdp_prepare_buff(xdp, start, headroom, len, false);
#else
	xdp->data_hard_start = start;
	xdp->data = start + headroom;
	xdp->data_end = xdp->data + len;
	xdp_set_data_meta_invalid(xdp);
#ifdef XTUN_HAVE_XDP_FRAME_SZ
	xdp->frame_sz = size;
#endif
	xdp->rxq = rxq;
#endif
}

/**
 * xtun_compat_do_xdp_generic() - run a program on an skb
 * @prog: the program
 * @skb: the frame, as the stack is to receive it; may be replaced by another
 *
 * Context: bottom halves off, under RCU.
 * Return: XDP_PASS, or something else if the frame is gone.
 */
static inline int xtun_compat_do_xdp_generic(struct bpf_prog *prog, struct sk_buff **skb)
{
#ifdef XTUN_HAVE_XDP_GENERIC_PSKB
	return do_xdp_generic(prog, skb);
#else
	return do_xdp_generic(prog, *skb);
#endif
}

/**
 * xtun_compat_warn_xdp_action() - warn of a program that returned an unknown action
 * @dev: the interface
 * @prog: the program
 * @act: the action
 */
static inline void xtun_compat_warn_xdp_action(struct net_device *dev, struct bpf_prog *prog,
					       u32 act)
{
#ifdef XTUN_HAVE_XDP_WARN_PROG
	bpf_warn_invalid_xdp_action(dev, prog, act);
#else
	bpf_warn_invalid_xdp_action(act);
#endif
}

/**
 * xtun_compat_set_xdp_features() - declare what native XDP supports here
 * @dev: the interface, not yet registered
 */
static inline void xtun_compat_set_xdp_features(struct net_device *dev)
{
#ifdef XTUN_HAVE_XDP_FEATURES
	dev->xdp_features = NETDEV_XDP_ACT_BASIC | NETDEV_XDP_ACT_REDIRECT |
			    NETDEV_XDP_ACT_NDO_XMIT;
#endif
}

/**
 * xtun_compat_xdp_frame_has_frags() - whether a frame lies in several pieces
 * @frame: the frame
 *
 * Return: true if so.
 */
static inline bool xtun_compat_xdp_frame_has_frags(const struct xdp_frame *frame)
{
#ifdef XTUN_HAVE_XDP_FRAGS
	return frame->flags & XDP_FLAGS_HAS_FRAGS;
#else
	return false;
#endif
}

#endif /* _XTUN_COMPAT_XDP_H */
