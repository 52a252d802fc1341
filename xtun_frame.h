/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bytes to skb, for those that do so with many at a time: what each frame takes of
 * that is here, to be compiled into their loops.
 *
 * A frame's head is cut from a fragment, if it is not too large. Most fragments are of
 * 32 KiB, and those that could not be had are of a page.
 */
#ifndef _XTUN_FRAME_H
#define _XTUN_FRAME_H

#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/skbuff.h>
#include <net/sock.h>

#include "xtun.h"

/* What is cut from a fragment: half of one, or of those of a page all. */
#define XTUN_FRAME_CUT_MAX	max_t(unsigned int, PAGE_SIZE, SZ_16K)

/* What a frame takes whose head is cut from a fragment. */
static __always_inline unsigned int xtun_frame_size(unsigned int headroom, unsigned int len)
{
	return SKB_DATA_ALIGN(headroom + len) + SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
}

/* Of a task's own fragment others have pieces of any length. */
static __always_inline struct page_frag *xtun_frame_align(struct page_frag *frag)
{
	frag->offset = ALIGN(frag->offset, SMP_CACHE_BYTES);
	return frag;
}

/*
 * As skb_page_frag_refill(), which most need not call: room for one that is at most
 * XTUN_FRAME_CUT_MAX. It answers for a page alone, whatever it is asked for.
 * The offset is as xtun_frame_size() leaves it, or xtun_frame_align() makes it.
 */
static __always_inline bool xtun_frame_refill(struct page_frag *frag, unsigned int size, gfp_t gfp)
{
	if (likely(frag->page)) {
		if (page_ref_count(frag->page) == 1)
			frag->offset = 0;
		if (likely(frag->offset + size <= frag->size))
			return true;
	}
	return skb_page_frag_refill(size, frag, gfp) && frag->offset + size <= frag->size;
}

/*
 * After xtun_frame_refill(), with bottom halves off: the skb itself is of those that
 * this processor has at hand, as drivers do.
 */
static __always_inline struct sk_buff *xtun_frame_cut(struct page_frag *frag, unsigned int headroom,
						      unsigned int len, unsigned int size)
{
	struct sk_buff *skb = napi_build_skb(page_address(frag->page) + frag->offset, size);

	if (unlikely(!skb))
		return NULL;
	/* A fragment is whole pages, of which this is the first. */
	page_ref_inc(frag->page);
	frag->offset += size;
	skb_reserve(skb, headroom);
	/* Its size was made for that. */
	__skb_put(skb, len);
	return skb;
}

/**
 * xtun_frame_from_bytes() - one frame that has nothing in front of it
 * @shape: what it looks like
 * @data: the frame; a program may write it at any time: each byte is read once
 * @len: its length in bytes
 * @frag: where to cut it from; the caller's
 * @loss: set to the reason, if it is lost
 *
 * Context: bottom halves off.
 * Return: the frame, NULL if it is lost.
 */
static __always_inline struct sk_buff *
xtun_frame_from_bytes(const struct xtun_shape *shape, const void *data, unsigned int len,
		      struct page_frag *frag, enum xtun_counter *loss)
{
	unsigned int size = xtun_frame_size(shape->headroom, len);
	struct sk_buff *skb;

	BUILD_BUG_ON(XTUN_FRAME_CUT_MAX > XTUN_FRAME_MAX);
	/* What can be cut is not too long. */
	if (unlikely(len < shape->least || size > XTUN_FRAME_CUT_MAX ||
		     !xtun_frame_refill(frag, size, GFP_ATOMIC)))
		return xtun_frame_from_bytes_slow(shape, data, len, loss);
	skb = xtun_frame_cut(frag, shape->headroom, len, size);
	if (likely(skb))
		memcpy(skb->data, data, len);
	else
		*loss = XTUN_RX_NOMEM;
	return skb;
}

#endif /* _XTUN_FRAME_H */
