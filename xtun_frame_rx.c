// SPDX-License-Identifier: GPL-2.0
/*
 * Bytes to skb: what a program writes, and every check on it.
 *
 * User memory is touched neither under RCU nor with bottom halves off, since a
 * copy may sleep.
 */
#include <linux/gfp.h>
#include <linux/mm.h>

#include "xtun_frame.h"

static struct sk_buff *xtun_frame_alloc_cut(unsigned int headroom, unsigned int len,
					    unsigned int size)
{
	struct page_frag *frag = xtun_frame_align(&current->task_frag);
	struct sk_buff *skb;

	if (!xtun_frame_refill(frag, size, GFP_KERNEL))
		return NULL;
	local_bh_disable();
	skb = xtun_frame_cut(frag, headroom, len, size);
	local_bh_enable();
	return skb;
}

/* For a frame that is not cut from a fragment: a head of a page at most, the rest in frags. */
static struct sk_buff *xtun_frame_alloc_large(unsigned int headroom, unsigned int len, gfp_t gfp)
{
	unsigned int linear = SKB_MAX_HEAD(headroom);
	struct sk_buff *skb;
	int err;

	linear = min(len, linear);
	skb = alloc_skb_with_frags(headroom + linear, len - linear,
				   PAGE_ALLOC_COSTLY_ORDER, &err, gfp);
	if (!skb)
		return NULL;
	skb_reserve(skb, headroom);
	skb_put(skb, linear);
	skb->data_len = len - linear;
	skb->len = len;
	return skb;
}

static struct sk_buff *xtun_frame_alloc(unsigned int headroom, unsigned int len)
{
	unsigned int size = xtun_frame_size(headroom, len);
	struct sk_buff *skb = NULL;

	if (likely(size <= XTUN_FRAME_CUT_MAX))
		skb = xtun_frame_alloc_cut(headroom, len, size);
	if (likely(skb) || size <= PAGE_SIZE)
		return skb;
	return xtun_frame_alloc_large(headroom, len, GFP_KERNEL);
}

static int xtun_frame_add_fragment(struct sk_buff *skb, unsigned int len)
{
	void *data = netdev_alloc_frag(len);
	struct page *page;

	if (!data)
		return -ENOMEM;
	page = virt_to_head_page(data);
	skb_fill_page_desc(skb, skb_shinfo(skb)->nr_frags, page, data - page_address(page), len);
	skb->len += len;
	skb->data_len += len;
	skb->truesize += len;
	return 0;
}

/*
 * IFF_NAPI_FRAGS: the writer's first piece becomes the head, and each further one a
 * fragment, so that a program can give the stack frames of any layout.
 */
static struct sk_buff *xtun_frame_alloc_layout(unsigned int headroom, const struct iov_iter *from)
{
	unsigned long i, n = iter_is_iovec(from) ? from->nr_segs : 1;
	struct sk_buff *skb;
	size_t len;
	int err;

	if (n > MAX_SKB_FRAGS + 1)
		return ERR_PTR(-EMSGSIZE);
	len = n > 1 ? iov_iter_single_seg_count(from) : iov_iter_count(from);
	skb = alloc_skb(headroom + len, GFP_KERNEL);
	if (!skb)
		return ERR_PTR(-ENOMEM);
	skb_reserve(skb, headroom);
	skb_put(skb, len);
	for (i = 1; i < n; i++) {
		len = iter_iov(from)[i].iov_len;
		err = len && len <= PAGE_SIZE ? xtun_frame_add_fragment(skb, len) : -EINVAL;
		if (err)
			goto free;
	}
	return skb;

free:
	kfree_skb(skb);
	return ERR_PTR(err);
}

/**
 * xtun_frame_refuse() - count a write that fails as one lost frame
 * @q: the queue
 * @loss: why
 * @skb: the frame, which is freed; may be NULL
 * @len: its length in bytes
 * @err: the errno for the writer
 *
 * Context: process.
 * Return: @err; -EBADFD if the interface is gone, in which case nothing is counted.
 */
int xtun_frame_refuse(struct xtun_queue *q, enum xtun_counter loss, struct sk_buff *skb,
		      unsigned int len, int err)
{
	struct xtun_slot *slot;

	rcu_read_lock();
	slot = rcu_dereference(q->slot);
	if (slot) {
		xtun_count(slot, XTUN_RX_IN);
		xtun_lose_err(slot, loss, skb, len, err);
	} else {
		kfree_skb_reason(skb, SKB_DROP_REASON_DEV_READY);
		err = -EBADFD;
	}
	rcu_read_unlock();
	return err;
}

/*
 * The length of the frame's headers according to its vnet header. They include the
 * checksum field, even if hdr_len does not.
 */
static unsigned int xtun_frame_vnet_hdr_len(const struct virtio_net_hdr *hdr, bool le)
{
	unsigned int len = __virtio16_to_cpu(le, hdr->hdr_len);
	unsigned int csum = __virtio16_to_cpu(le, hdr->csum_start) +
			    __virtio16_to_cpu(le, hdr->csum_offset) + sizeof(__sum16);

	return hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM ? max(len, csum) : len;
}

static int xtun_frame_parse_pi(struct iov_iter *from, struct xtun_meta *meta,
			       enum xtun_counter *loss)
{
	struct tun_pi pi;

	*loss = XTUN_RX_SHORT;
	if (iov_iter_count(from) < sizeof(pi))
		return -EINVAL;
	*loss = XTUN_RX_FAULT;
	if (!copy_from_iter_full(&pi, sizeof(pi), from))
		return -EFAULT;
	meta->has_pi = true;
	meta->proto = pi.proto;
	return 0;
}

static int xtun_frame_parse_vnet(const struct xtun_shape *shape, struct iov_iter *from,
				 struct xtun_meta *meta, enum xtun_counter *loss)
{
	size_t size = xtun_compat_vnet_size(shape->vnet);
	unsigned int hdr_len;

	*loss = XTUN_RX_SHORT;
	if (iov_iter_count(from) < shape->vnet)
		return -EINVAL;
	*loss = XTUN_RX_FAULT;
	if (!copy_from_iter_full(&meta->vnet, size, from))
		return -EFAULT;
	iov_iter_advance(from, shape->vnet - size);
	meta->has_vnet = true;
	meta->vnet.tunnel = size > sizeof(meta->vnet.hdr);

	*loss = XTUN_RX_HEADER;
	hdr_len = xtun_frame_vnet_hdr_len(&meta->vnet.hdr, xtun_vnet_is_le(shape->flags));
	if (hdr_len > iov_iter_count(from) || (hdr_len && hdr_len < shape->least))
		return -EINVAL;
	return 0;
}

/* Returns the loss if a frame's length is invalid, otherwise 0. */
static enum xtun_counter xtun_frame_judge(const struct xtun_shape *shape, size_t len)
{
	if (unlikely(len < shape->least))
		return XTUN_RX_SHORT;
	if (likely(len <= XTUN_FRAME_MAX))
		return 0;
	return shape->vnet && len <= XTUN_FRAME_VNET_MAX ? 0 : XTUN_RX_LONG;
}

/**
 * xtun_frame_parse() - check a frame as far as possible before it is copied
 * @shape: the frame format
 * @from: what was written; the headers in front of the frame are consumed
 * @meta: filled in from these headers
 * @loss: set to the reason if the frame is refused
 *
 * Context: process, may sleep; any, if @from is kernel memory.
 * Return: 0; -EINVAL or -EFAULT.
 */
int xtun_frame_parse(const struct xtun_shape *shape, struct iov_iter *from,
		     struct xtun_meta *meta, enum xtun_counter *loss)
{
	size_t len;
	int err = 0;

	memset(meta, 0, sizeof(*meta));
	if (unlikely(shape->pi))
		err = xtun_frame_parse_pi(from, meta, loss);
	if (!err && shape->vnet)
		err = xtun_frame_parse_vnet(shape, from, meta, loss);
	if (err)
		return err;

	len = iov_iter_count(from);
	*loss = xtun_frame_judge(shape, len);
	return *loss ? -EINVAL : 0;
}

static enum xtun_counter xtun_frame_alloc_loss(int err)
{
	return err == -ENOMEM ? XTUN_RX_NOMEM : XTUN_RX_LAYOUT;
}

/*
 * Most frames are linear, in memory that was allocated for their length, so they do not
 * need copy_from_iter()'s check that the copy stays within a heap object.
 */
static int xtun_frame_fill(struct sk_buff *skb, size_t len, struct iov_iter *from)
{
	if (likely(!skb_is_nonlinear(skb)))
		return _copy_from_iter(skb->data, len, from) == len ? 0 : -EFAULT;
	return skb_copy_datagram_from_iter(skb, 0, from, len);
}

/**
 * xtun_frame_from_iter() - copy a frame from userspace, after xtun_frame_parse()
 * @shape: the frame format
 * @from: the frame, in any number of pieces; consumed on success
 * @frags: make each piece after the first a fragment
 * @loss: set to the reason if the frame is lost
 *
 * Context: process, may sleep.
 * Return: the frame, or an ERR_PTR with an errno as from xtun_frame_write().
 */
struct sk_buff *xtun_frame_from_iter(const struct xtun_shape *shape, struct iov_iter *from,
				     bool frags, enum xtun_counter *loss)
{
	size_t len = iov_iter_count(from);
	struct sk_buff *skb;

	if (unlikely(frags))
		skb = xtun_frame_alloc_layout(shape->headroom, from);
	else
		skb = xtun_frame_alloc(shape->headroom, len) ?: ERR_PTR(-ENOMEM);
	if (IS_ERR(skb)) {
		*loss = xtun_frame_alloc_loss(PTR_ERR(skb));
		return skb;
	}
	if (unlikely(xtun_frame_fill(skb, len, from))) {
		kfree_skb_reason(skb, SKB_DROP_REASON_SKB_UCOPY_FAULT);
		*loss = XTUN_RX_FAULT;
		return ERR_PTR(-EFAULT);
	}
	return skb;
}

/**
 * xtun_frame_write() - write one frame from userspace
 * @xf: the file
 * @q: its queue
 * @from: the frame, in any number of pieces; consumed on success
 * @nowait: do not wait for the stack to release earlier frames
 *
 * Context: process, may sleep for memory, and for room under TUNSETSNDBUF.
 * Return: length in bytes, headers included; -EINVAL if the frame is shorter than its
 * headers, longer than xtun_frame_judge() allows, or does not fit its headers;
 * -EAGAIN, -ERESTARTSYS, -ENOMEM, -EFAULT, -EMSGSIZE if it has too many pieces
 * for IFF_NAPI_FRAGS, or the errno of xtun_rx_receive(). A write of no bytes returns
 * what xtun_rx_ask() does.
 */
ssize_t xtun_frame_write(struct xtun_file *xf, struct xtun_queue *q, struct iov_iter *from,
			 bool nowait)
{
	size_t total = iov_iter_count(from);
	struct xtun_shape shape;
	enum xtun_counter loss;
	struct xtun_meta meta;
	struct sk_buff *skb;
	int err;

	if (!total)
		return xtun_rx_ask(q);
	err = xtun_frame_shape(xf, q, &shape);
	if (err)
		return err;
	err = xtun_frame_parse(&shape, from, &meta, &loss);
	if (err)
		return xtun_frame_refuse(q, loss, NULL, total, err);
	/* Only a file that has used TUNSETIFF or TUNSETSNDBUF has an account. */
	if (READ_ONCE(xf->account)) {
		err = xtun_account_wait(xf, q, nowait);
		if (err)
			return err;
	}
	skb = xtun_frame_from_iter(&shape, from, READ_ONCE(xf->frags), &loss);
	if (IS_ERR(skb))
		return xtun_frame_refuse(q, loss, NULL, total, PTR_ERR(skb));
	if (READ_ONCE(xf->account))
		xtun_account_charge(xf, skb);
	err = xtun_rx_receive(q, skb, &meta);
	return err ?: total;
}

/**
 * xtun_frame_from_bytes_slow() - xtun_frame_from_bytes() without a page fragment
 * @shape: the frame format
 * @data: the frame; each byte is read once
 * @len: its length in bytes
 * @loss: set to the reason if the frame is lost
 *
 * Context: bottom halves off.
 * Return: the frame; NULL if it is lost. A frame that would fit into a page is always
 * lost, since it comes here only if it is too short or there is no memory.
 */
struct sk_buff *xtun_frame_from_bytes_slow(const struct xtun_shape *shape, const void *data,
					   unsigned int len, enum xtun_counter *loss)
{
	struct sk_buff *skb = NULL;

	*loss = xtun_frame_judge(shape, len);
	if (unlikely(*loss))
		return NULL;
	if (xtun_frame_size(shape->headroom, len) > PAGE_SIZE)
		skb = xtun_frame_alloc_large(shape->headroom, len, GFP_ATOMIC);
	if (likely(skb))
		skb_store_bits(skb, 0, data, len);
	else
		*loss = XTUN_RX_NOMEM;
	return skb;
}

/**
 * xtun_frame_from_memory() - make a frame from memory shared with a program
 * @shape: the frame format
 * @data: the frame; each byte is read once, since the program may write it at any time
 * @len: its length in bytes, headers in front included
 * @frag: the caller's page fragment, from which it is cut
 * @meta: filled in from the headers in front of it
 * @loss: set to the reason if the frame is lost
 *
 * Context: bottom halves off.
 * Return: the frame; NULL if it is lost.
 */
struct sk_buff *xtun_frame_from_memory(const struct xtun_shape *shape, const void *data,
				       unsigned int len, struct page_frag *frag,
				       struct xtun_meta *meta, enum xtun_counter *loss)
{
	struct kvec vec = { .iov_base = (void *)data, .iov_len = len };
	struct iov_iter from;

	iov_iter_kvec(&from, WRITE, &vec, 1, len);
	if (unlikely(xtun_frame_parse(shape, &from, meta, loss)))
		return NULL;
	data += len - iov_iter_count(&from);
	return xtun_frame_from_bytes(shape, data, iov_iter_count(&from), frag, loss);
}
