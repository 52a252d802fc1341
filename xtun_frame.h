/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bytes to skb, for callers that convert many frames at a time: the work for each frame
 * is here, to be inlined into their loops.
 *
 * A frame's head is cut from a page fragment, unless it is too large. Most fragments
 * have 32 KiB; where that much cannot be allocated, they have a page.
 */
#ifndef _XTUN_FRAME_H
#define _XTUN_FRAME_H

#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/skbuff.h>
#include <net/sock.h>

#include "xtun.h"

/* Most to cut from a fragment: half of 32 KiB, or all of a fragment that is one large page. */
#define XTUN_FRAME_CUT_MAX	max_t(unsigned int, PAGE_SIZE, SZ_16K)

/* How many bytes of a fragment a frame takes. */
static __always_inline unsigned int xtun_frame_size(unsigned int headroom, unsigned int len)
{
	return SKB_DATA_ALIGN(headroom + len) + SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
}

/* Other users cut pieces of any length from a task's fragment. */
static __always_inline struct page_frag *xtun_frame_align(struct page_frag *frag)
{
	frag->offset = ALIGN(frag->offset, SMP_CACHE_BYTES);
	return frag;
}

/*
 * Like skb_page_frag_refill(), but inline for most frames, and for at most
 * XTUN_FRAME_CUT_MAX bytes. skb_page_frag_refill() may succeed with a single page even
 * if more is asked for, so check the size. The offset is aligned: xtun_frame_size()
 * keeps it so, and xtun_frame_align() makes it so.
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
 * Call this after xtun_frame_refill(), with bottom halves off: like drivers, it takes
 * the struct sk_buff from this processor's cache.
 */
static __always_inline struct sk_buff *xtun_frame_cut(struct page_frag *frag, unsigned int headroom,
						      unsigned int len, unsigned int size)
{
	struct sk_buff *skb = napi_build_skb(page_address(frag->page) + frag->offset, size);

	if (unlikely(!skb))
		return NULL;
	/* This is the fragment's first page, so get_page() need not look for the head. */
	page_ref_inc(frag->page);
	frag->offset += size;
	skb_reserve(skb, headroom);
	/* @size includes room for @len bytes. */
	__skb_put(skb, len);
	return skb;
}

/**
 * xtun_frame_from_bytes() - make a frame that has no headers in front of it
 * @shape: the frame format
 * @data: the frame; each byte is read once, since a program may write it at any time
 * @len: its length in bytes
 * @frag: the caller's page fragment, from which it is cut
 * @loss: set to the reason if the frame is lost
 *
 * Context: bottom halves off.
 * Return: the frame; NULL if it is lost.
 */
static __always_inline struct sk_buff *
xtun_frame_from_bytes(const struct xtun_shape *shape, const void *data, unsigned int len,
		      struct page_frag *frag, enum xtun_counter *loss)
{
	unsigned int size = xtun_frame_size(shape->headroom, len);
	struct sk_buff *skb;

	BUILD_BUG_ON(XTUN_FRAME_CUT_MAX > XTUN_FRAME_MAX);
	/* A frame that can be cut from a fragment is not too long. */
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
