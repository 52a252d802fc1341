// SPDX-License-Identifier: GPL-2.0
/*
 * Bytes to skb and skb to bytes, what stands in front of a frame, and every
 * check on both.
 *
 * A file that said TUNSETIFF has in front of each frame what the interface's
 * flags say: protocol info (struct tun_pi), then a vnet header. All others have
 * nothing there, and get frames with nothing left to do: checksums finished,
 * large ones cut.
 *
 * User memory is touched here alone, and neither under RCU nor with bottom
 * halves off, since a copy may sleep.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>

#include "xtun.h"
#include "xtun_trace.h"

#define XTUN_HEADROOM	(NET_SKB_PAD + NET_IP_ALIGN)

/**
 * xtun_frame_get_shape() - what frames of a file look like
 * @xf: the file
 * @slot: of its queue
 * @shape: filled
 *
 * Context: any, under RCU.
 */
void xtun_frame_get_shape(const struct xtun_file *xf, const struct xtun_slot *slot,
			  struct xtun_shape *shape)
{
	const struct xtun *xt = netdev_priv(slot->dev);

	shape->pi = 0;
	shape->vnet = 0;
	shape->flags = READ_ONCE(xt->flags);
	shape->ethernet = shape->flags & IFF_TAP;
	shape->offloads = READ_ONCE(slot->dev->features) & XTUN_OFFLOADS;
	shape->headroom = XTUN_HEADROOM;
	if (rcu_access_pointer(xt->xdp))
		shape->headroom = XDP_PACKET_HEADROOM + NET_IP_ALIGN;
	if (!READ_ONCE(xf->tap))
		return;
	if (!(shape->flags & IFF_NO_PI))
		shape->pi = sizeof(struct tun_pi);
	if (shape->flags & IFF_VNET_HDR)
		shape->vnet = READ_ONCE(xt->vnet_hdr_sz);
}

/**
 * xtun_frame_shape() - the same for who has but the queue
 * @xf: the file
 * @q: its queue
 * @shape: filled
 *
 * Context: any.
 * Return: 0; -EBADFD if the interface is gone.
 */
int xtun_frame_shape(const struct xtun_file *xf, struct xtun_queue *q, struct xtun_shape *shape)
{
	struct xtun_slot *slot;

	rcu_read_lock();
	slot = rcu_dereference(q->slot);
	if (slot)
		xtun_frame_get_shape(xf, slot, shape);
	rcu_read_unlock();
	return slot ? 0 : -EBADFD;
}

/**
 * xtun_frame_header_len() - what stands in front of a frame
 * @xf: the file
 * @q: the queue it is on
 *
 * Context: any, under RCU.
 * Return: bytes.
 */
unsigned int xtun_frame_header_len(struct xtun_file *xf, struct xtun_queue *q)
{
	struct xtun_shape shape;

	return xtun_frame_shape(xf, q, &shape) ? 0 : shape.pi + shape.vnet;
}

/* A frame of a page or less: the head is cut from the writer's own fragment. */
static struct sk_buff *xtun_frame_alloc_small(unsigned int headroom, unsigned int len,
					      unsigned int size)
{
	struct page_frag *frag = &current->task_frag;
	struct sk_buff *skb;

	frag->offset = ALIGN(frag->offset, SMP_CACHE_BYTES);
	if (unlikely(!skb_page_frag_refill(size, frag, GFP_KERNEL)))
		return NULL;
	/* The skb itself is of those that this processor has at hand, as drivers do. */
	local_bh_disable();
	skb = napi_build_skb(page_address(frag->page) + frag->offset, size);
	local_bh_enable();
	if (unlikely(!skb))
		return NULL;
	get_page(frag->page);
	frag->offset += size;
	skb_reserve(skb, headroom);
	skb_put(skb, len);
	return skb;
}

/* A larger one: a head of a page, and the rest in fragments. */
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
	unsigned int size = SKB_DATA_ALIGN(headroom + len) +
			    SKB_DATA_ALIGN(sizeof(struct skb_shared_info));

	if (size <= PAGE_SIZE)
		return xtun_frame_alloc_small(headroom, len, size);
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
 * IFF_NAPI_FRAGS: the writer's first piece is the head, and each further one a
 * fragment, to bring the stack frames of any layout.
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
 * xtun_frame_refuse() - a write that ends here moves one counter
 * @q: the queue
 * @loss: why
 * @skb: the frame, which is freed; may be NULL
 * @len: its length in bytes
 * @err: what the writer is to be told
 *
 * Context: process.
 * Return: @err, or -EBADFD if the interface is gone, and then nothing is counted.
 */
int xtun_frame_refuse(struct xtun_queue *q, enum xtun_counter loss, struct sk_buff *skb,
		      unsigned int len, int err)
{
	struct xtun_slot *slot;

	rcu_read_lock();
	slot = rcu_dereference(q->slot);
	if (slot) {
		xtun_count(slot, XTUN_RX_IN);
		xtun_lose(slot, loss, skb, len);
	} else {
		kfree_skb_reason(skb, SKB_DROP_REASON_DEV_READY);
		err = -EBADFD;
	}
	rcu_read_unlock();
	return err;
}

/*
 * How much of the frame the header says to be headers. A checksum's place is
 * among them, whether it says so or not.
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
	if (hdr_len > iov_iter_count(from) || (shape->ethernet && hdr_len && hdr_len < ETH_HLEN))
		return -EINVAL;
	return 0;
}

/* The loss that its length makes of a frame; 0 if it is none. */
static enum xtun_counter xtun_frame_judge(const struct xtun_shape *shape, size_t len)
{
	if (unlikely(len < (shape->ethernet ? ETH_HLEN : 1)))
		return XTUN_RX_SHORT;
	return unlikely(len > XTUN_FRAME_MAX) ? XTUN_RX_LONG : 0;
}

/**
 * xtun_frame_parse() - all that can be said of a frame before it is copied
 * @shape: what it looks like
 * @from: what was written; what stands in front of the frame is consumed
 * @meta: filled with that
 * @loss: set to the reason, if it is refused
 *
 * Context: process, may sleep; any, if @from is the kernel's memory.
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
 * Most lie in one piece, which was made as long as the frame is: copy_from_iter()
 * would only ask once more whether it lies within an object of the heap.
 */
static int xtun_frame_fill(struct sk_buff *skb, size_t len, struct iov_iter *from)
{
	if (likely(!skb_is_nonlinear(skb)))
		return _copy_from_iter(skb->data, len, from) == len ? 0 : -EFAULT;
	return skb_copy_datagram_from_iter(skb, 0, from, len);
}

/**
 * xtun_frame_from_iter() - one frame from userspace, after xtun_frame_parse()
 * @shape: what it looks like
 * @from: the frame, in as many pieces as the caller likes; consumed on success
 * @frags: each piece is to become a fragment
 * @loss: set to the reason, if it is lost
 *
 * Context: process, may sleep.
 * Return: the frame, or an ERR_PTR as xtun_frame_write() returns it.
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
 * xtun_frame_write() - one frame from userspace
 * @xf: the file
 * @q: its queue
 * @from: the frame, in as many pieces as the caller likes; consumed on success
 * @nowait: do not wait for the stack to let go of earlier ones
 *
 * Context: process, may sleep for memory, and for room under TUNSETSNDBUF.
 * Return: length in bytes, with what stands in front; -EINVAL if shorter than
 * its headers, longer than XTUN_FRAME_MAX, or with headers that do not fit it;
 * -EAGAIN, -ERESTARTSYS, -ENOMEM, -EFAULT, -EMSGSIZE if it has too many pieces
 * for IFF_NAPI_FRAGS, or what xtun_rx_receive() answers. No bytes at all are a
 * question, see xtun_rx_ask().
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
	/* Only a file that said TUNSETIFF has one. */
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

/* The same memory as of a small frame, but from the processor's fragment. */
static struct sk_buff *xtun_frame_alloc_napi(unsigned int headroom, unsigned int len)
{
	unsigned int size = SKB_DATA_ALIGN(headroom + len) +
			    SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
	struct sk_buff *skb;
	void *data;

	if (unlikely(size > PAGE_SIZE))
		return xtun_frame_alloc_large(headroom, len, GFP_ATOMIC);
	data = napi_alloc_frag(size);
	if (unlikely(!data))
		return NULL;
	skb = napi_build_skb(data, size);
	if (unlikely(!skb)) {
		skb_free_frag(data);
		return NULL;
	}
	skb_reserve(skb, headroom);
	skb_put(skb, len);
	return skb;
}

/**
 * xtun_frame_from_bytes() - one frame that has nothing in front of it
 * @shape: what it looks like
 * @data: the frame; a program may write it at any time: each byte is read once
 * @len: its length in bytes
 * @loss: set to the reason, if it is lost
 *
 * Context: bottom halves off.
 * Return: the frame, NULL if it is lost.
 */
struct sk_buff *xtun_frame_from_bytes(const struct xtun_shape *shape, const void *data,
				      unsigned int len, enum xtun_counter *loss)
{
	struct sk_buff *skb;

	*loss = xtun_frame_judge(shape, len);
	if (unlikely(*loss))
		return NULL;
	skb = xtun_frame_alloc_napi(shape->headroom, len);
	if (unlikely(!skb)) {
		*loss = XTUN_RX_NOMEM;
		return NULL;
	}
	if (likely(!skb_is_nonlinear(skb)))
		memcpy(skb->data, data, len);
	else
		skb_store_bits(skb, 0, data, len);
	return skb;
}

/**
 * xtun_frame_from_memory() - one frame from memory that a program shares
 * @shape: what it looks like
 * @data: the frame; the program may write it at any time: each byte is read once
 * @len: its length in bytes, with what stands in front
 * @meta: filled with what was in front of it
 * @loss: set to the reason, if it is lost
 *
 * Context: bottom halves off.
 * Return: the frame, NULL if it is lost.
 */
struct sk_buff *xtun_frame_from_memory(const struct xtun_shape *shape, const void *data,
				       unsigned int len, struct xtun_meta *meta,
				       enum xtun_counter *loss)
{
	struct kvec vec = { .iov_base = (void *)data, .iov_len = len };
	struct iov_iter from;

	iov_iter_kvec(&from, WRITE, &vec, 1, len);
	if (unlikely(xtun_frame_parse(shape, &from, meta, loss)))
		return NULL;
	data += len - iov_iter_count(&from);
	return xtun_frame_from_bytes(shape, data, iov_iter_count(&from), loss);
}

/* The bytes that a list of segments has. */
static unsigned int xtun_frame_sum(const struct sk_buff *segs)
{
	unsigned int sum = 0;

	for (; segs; segs = segs->next)
		sum += segs->len;
	return sum;
}

static struct sk_buff *xtun_frame_cut(struct xtun_queue *q, struct sk_buff *skb)
{
	struct sk_buff *segs = skb_gso_segment(skb, NETIF_F_SG);
	struct sk_buff *rest;

	if (IS_ERR(segs))
		return NULL;
	if (!segs)
		return skb;
	rest = segs->next;
	if (rest)
		xtun_queue_put_segments(q, rest, xtun_frame_sum(segs) - skb->len);
	skb_mark_not_on_list(segs);
	consume_skb(skb);
	return segs;
}

static struct sk_buff *xtun_frame_finish_rcu(struct xtun_queue *q, struct sk_buff *skb)
{
	struct xtun_slot *slot = rcu_dereference(q->slot);
	struct sk_buff *done = skb;

	if (!slot) {
		kfree_skb_reason(skb, SKB_DROP_REASON_DEV_READY);
		return ERR_PTR(-EBADFD);
	}
	skb->dev = slot->dev;	/* protocols' segmentation may ask for it */
	if (skb_is_gso(skb))
		done = xtun_frame_cut(q, skb);
	if (done && (done->ip_summed != CHECKSUM_PARTIAL || !skb_checksum_help(done))) {
		done->dev = NULL;
		return done;
	}
	if (done)
		skb = done;
	xtun_lose(slot, XTUN_TX_NOMEM, skb, skb->len);
	return ERR_PTR(-ENOMEM);
}

/*
 * A frame that another file's offloads left unfinished. What it has more than
 * one segment of goes back to the queue. An ERR_PTR if it cannot be done, and
 * then the frame is lost.
 */
static struct sk_buff *xtun_frame_finish(struct xtun_queue *q, struct sk_buff *skb)
{
	if (likely(xtun_frame_is_finished(skb)))
		return skb;
	rcu_read_lock();
	skb = xtun_frame_finish_rcu(q, skb);
	rcu_read_unlock();
	return skb;
}

/* -EINVAL for a kind of large frame that such a header has no word for. */
static int xtun_frame_fill_vnet(const struct xtun_shape *shape, struct sk_buff *skb,
				struct xtun_compat_vnet *vnet)
{
	int err;

	vnet->tunnel = xtun_compat_vnet_size(shape->vnet) > sizeof(vnet->hdr);
	err = xtun_compat_vnet_from_skb(skb, vnet, shape->offloads, xtun_vnet_is_le(shape->flags));
	if (err)
		memset(vnet, 0, sizeof(*vnet));
	return err;
}

/**
 * xtun_frame_is_ready() - whether a file can take a frame as it is
 * @shape: what it is to look like
 * @skb: the frame
 *
 * Context: any.
 * Return: true if nothing is left to do, or its vnet header can say what.
 */
bool xtun_frame_is_ready(const struct xtun_shape *shape, struct sk_buff *skb)
{
	struct xtun_compat_vnet vnet = {};

	if (likely(!skb_is_gso(skb)))
		return shape->vnet || skb->ip_summed != CHECKSUM_PARTIAL;
	return shape->vnet && !xtun_frame_fill_vnet(shape, skb, &vnet);
}

/*
 * What stands in front of a frame: whole, so that no byte of it is left as it
 * was, in the buffer or here.
 */
static int xtun_frame_put_headers(const struct xtun_shape *shape, const struct sk_buff *skb,
				  const struct xtun_compat_vnet *vnet, bool fits,
				  struct iov_iter *to)
{
	struct tun_pi pi = { .proto = skb->protocol };
	size_t size;

	if (shape->pi) {
		if (!fits)
			pi.flags = TUN_PKT_STRIP;
		if (copy_to_iter(&pi, sizeof(pi), to) != sizeof(pi))
			return -EFAULT;
	}
	if (shape->vnet) {
		size = xtun_compat_vnet_size(shape->vnet);
		if (copy_to_iter(vnet, size, to) != size ||
		    iov_iter_zero(shape->vnet - size, to) != shape->vnet - size)
			return -EFAULT;
	}
	return 0;
}

/*
 * A frame that has found its reader, whole or not. Its skb is kept for the next
 * that this processor allocates: so drivers do it, with bottom halves off.
 */
static void xtun_frame_count_read(struct xtun_queue *q, struct sk_buff *skb, bool whole)
{
	struct xtun_slot *slot;

	local_bh_disable();
	slot = rcu_dereference_bh(q->slot);
	if (slot && unlikely(!whole)) {
		xtun_lose(slot, XTUN_TX_TRUNCATED, skb, skb->len);
		skb = NULL;
	} else if (likely(slot)) {
		xtun_count(slot, XTUN_TX_OUT);
		trace_xtun_tx(slot->dev, slot->index, skb->len);
	}
	napi_consume_skb(skb, 1);
	local_bh_enable();
}

/*
 * Most lie in one piece, whose length is the skb's own: that it lies within an
 * object of the heap, as copy_to_iter() would ask, the skb has guaranteed.
 */
static int xtun_frame_copy(const struct sk_buff *skb, size_t n, struct iov_iter *to)
{
	if (likely(n <= skb_headlen(skb)))
		return _copy_to_iter(skb->data, n, to) == n ? 0 : -EFAULT;
	return skb_copy_datagram_iter(skb, 0, to, n);
}

/**
 * xtun_frame_to_iter() - one frame that is ready, whole, to userspace
 * @shape: what it is to look like
 * @skb: the frame; stays the caller's
 * @to: the buffer, with room for it and what stands in front
 *
 * Context: process, may sleep.
 * Return: 0 or -EFAULT.
 */
int xtun_frame_to_iter(const struct xtun_shape *shape, struct sk_buff *skb, struct iov_iter *to)
{
	struct xtun_compat_vnet vnet = {};

	if (shape->vnet)
		xtun_frame_fill_vnet(shape, skb, &vnet);
	if ((shape->pi || shape->vnet) && xtun_frame_put_headers(shape, skb, &vnet, true, to))
		return -EFAULT;
	return xtun_frame_copy(skb, skb->len, to);
}

static ssize_t xtun_frame_deliver(struct xtun_queue *q, struct sk_buff *skb, struct iov_iter *to,
				  bool *whole)
{
	size_t n = min_t(size_t, skb->len, iov_iter_count(to));

	if (unlikely(xtun_frame_copy(skb, n, to))) {
		xtun_queue_put_back(q, skb);
		return -EFAULT;
	}
	*whole = n == skb->len;
	xtun_frame_count_read(q, skb, *whole);
	return n;
}

/* To a file that may have something in front of it. */
static ssize_t xtun_frame_deliver_tap(struct xtun_file *xf, struct xtun_queue *q,
				      struct sk_buff *skb, struct iov_iter *to, bool *whole)
{
	struct xtun_compat_vnet vnet = {};
	struct xtun_shape shape;
	size_t room, headers;
	ssize_t n;
	int err;

	if (xtun_frame_shape(xf, q, &shape)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_DEV_READY);
		return -EBADFD;
	}
	if (!shape.vnet || xtun_frame_fill_vnet(&shape, skb, &vnet)) {
		skb = xtun_frame_finish(q, skb);
		if (IS_ERR(skb))
			return PTR_ERR(skb);
	}

	headers = shape.pi + shape.vnet;
	room = iov_iter_count(to);
	err = -EINVAL;
	if (room >= headers)
		err = xtun_frame_put_headers(&shape, skb, &vnet, skb->len <= room - headers, to);
	if (err) {
		xtun_queue_put_back(q, skb);
		return err;
	}
	n = xtun_frame_deliver(q, skb, to, whole);
	return n < 0 ? n : headers + n;
}

/**
 * xtun_frame_read() - one frame to userspace
 * @xf: the file
 * @q: its queue
 * @skb: the frame; consumed
 * @to: the buffer; a frame that does not fit is cut, and counted as lost
 * @whole: set to whether it did fit
 *
 * Context: process, may sleep.
 * Return: bytes written to @to; -EFAULT, or -EINVAL if not even what stands in
 * front of it fits, and then the frame is the next again; -ENOMEM if it could
 * not be finished, and is lost; -EBADFD if the interface is gone.
 */
ssize_t xtun_frame_read(struct xtun_file *xf, struct xtun_queue *q, struct sk_buff *skb,
			struct iov_iter *to, bool *whole)
{
	if (READ_ONCE(xf->tap))
		return xtun_frame_deliver_tap(xf, q, skb, to, whole);
	skb = xtun_frame_finish(q, skb);
	if (IS_ERR(skb))
		return PTR_ERR(skb);
	return xtun_frame_deliver(q, skb, to, whole);
}

/**
 * xtun_frame_plan() - how a frame is to look in memory that a program shares
 * @xf: the program's file
 * @slot: of its queue
 * @skb: the frame
 * @plan: filled
 *
 * Context: any, under RCU.
 * Return: true; false if the frame has to be finished first, for what is left to
 * do to it cannot be said, and @plan is then for the finished ones.
 */
bool xtun_frame_plan(const struct xtun_file *xf, const struct xtun_slot *slot,
		     struct sk_buff *skb, struct xtun_plan *plan)
{
	bool finished = xtun_frame_is_finished(skb);

	plan->headers = 0;
	if (!READ_ONCE(xf->tap))
		return finished;
	xtun_frame_get_shape(xf, slot, &plan->shape);
	memset(&plan->vnet, 0, sizeof(plan->vnet));
	plan->headers = plan->shape.pi + plan->shape.vnet;
	if (!plan->shape.vnet)
		return finished;
	return !xtun_frame_fill_vnet(&plan->shape, skb, &plan->vnet) || finished;
}

/**
 * xtun_frame_to_memory() - a frame, and what stands in front of it, as bytes
 * @plan: of xtun_frame_plan()
 * @skb: the frame; stays the caller's
 * @to: at least plan->headers + skb->len bytes
 *
 * Context: any.
 */
void xtun_frame_to_memory(const struct xtun_plan *plan, const struct sk_buff *skb, void *to)
{
	struct kvec vec = { .iov_base = to, .iov_len = plan->headers };
	struct iov_iter head;

	if (plan->headers) {
		iov_iter_kvec(&head, READ, &vec, 1, plan->headers);
		xtun_frame_put_headers(&plan->shape, skb, &plan->vnet, true, &head);
		to += plan->headers;
	}
	xtun_frame_to_bytes(skb, to);
}

/**
 * xtun_frame_finish_all() - a frame as a reader without a vnet header can take it
 * @slot: of the queue
 * @skb: the frame; consumed
 *
 * Context: any.
 * Return: the frame, or its segments, linked as skb_gso_segment() does; NULL if
 * there was no memory, and then it has been freed.
 */
struct sk_buff *xtun_frame_finish_all(struct xtun_slot *slot, struct sk_buff *skb)
{
	struct sk_buff *segs = NULL, *seg;

	skb->dev = slot->dev;	/* protocols' segmentation may ask for it */
	if (skb_is_gso(skb))
		segs = skb_gso_segment(skb, NETIF_F_SG);
	if (IS_ERR(segs))
		goto lost;
	if (segs)
		consume_skb(skb);
	else
		segs = skb;
	for (seg = segs; seg; seg = seg->next) {
		if (seg->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(seg)) {
			skb = segs;
			goto lost;
		}
	}
	return segs;

lost:
	kfree_skb_list(skb);
	return NULL;
}
