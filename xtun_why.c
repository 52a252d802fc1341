// SPDX-License-Identifier: GPL-2.0
/*
 * What an interface remembers of the frames that it lost.
 *
 * A frame that is not lost is neither recorded nor checked here. Losses of one kind
 * share an entry if they follow each other directly or within XTUN_WHY_SOON, so that a
 * flood of one kind, or of several in turn, does not push out the others. The search for
 * the entry is linear, with the latest first: a flood finds its entry early, and for a
 * new kind the copy of the frame takes longer than the search.
 */
#include <linux/ktime.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "xtun.h"
#include "xtun_why.h"

/* Nanoseconds after which a frame of a continuing loss is recorded again. */
#define XTUN_WHY_AGAIN	NSEC_PER_SEC
/* Nanoseconds within which losses of one kind share an entry, with others in between. */
#define XTUN_WHY_SOON	(10 * NSEC_PER_SEC)

struct xtun_why {
	spinlock_t lock;	/* all that follows */
	u64 lost;		/* frames lost so far */
	unsigned int n;		/* how many of the entries below are used */
	u8 order[XTUN_WHY_LOSSES];	/* indexes of these in losses, the latest first */
	struct xtun_why_loss losses[XTUN_WHY_LOSSES];
};

static struct xtun_why_loss *xtun_why_nth(struct xtun_why *why, unsigned int n)
{
	return &why->losses[why->order[n]];
}

/* Position in why->order of the entry that the loss continues; why->n if there is none. */
static unsigned int xtun_why_find(struct xtun_why *why, enum xtun_counter loss, u16 queue, int err,
				  s64 now)
{
	const struct xtun_why_loss *l;
	unsigned int i;

	for (i = 0; i < why->n; i++) {
		l = xtun_why_nth(why, i);
		if (i && now - l->last > XTUN_WHY_SOON)
			return why->n;
		if (l->loss == loss && l->queue == queue && l->err == err)
			break;
	}
	return i;
}

static struct xtun_why_loss *xtun_why_to_front(struct xtun_why *why, unsigned int n)
{
	u8 at = why->order[n];

	memmove(why->order + 1, why->order, n);
	why->order[0] = at;
	return &why->losses[at];
}

/* An unused entry, or else the one whose last loss is the oldest. */
static struct xtun_why_loss *xtun_why_new(struct xtun_why *why)
{
	if (why->n < XTUN_WHY_LOSSES) {
		why->order[why->n] = why->n;
		why->n++;
	}
	return xtun_why_to_front(why, why->n - 1);
}

/**
 * xtun_why_create() - allocate what an interface remembers
 *
 * Context: process.
 * Return: the memory, or NULL.
 */
struct xtun_why *xtun_why_create(void)
{
	struct xtun_why *why = kvzalloc(sizeof(*why), GFP_KERNEL_ACCOUNT);

	if (why)
		spin_lock_init(&why->lock);
	return why;
}

/**
 * xtun_why_free() - free what an interface remembers
 * @why: of xtun_why_create(), or NULL
 *
 * Context: process.
 */
void xtun_why_free(struct xtun_why *why)
{
	kvfree(why);
}

/**
 * xtun_why_forget_frames() - forget the bytes of the lost frames
 * @xt: the interface
 *
 * Those who get access to the interface must not see earlier frames. The losses
 * themselves, and their reasons, are kept.
 *
 * Context: process, under RTNL.
 */
void xtun_why_forget_frames(const struct xtun *xt)
{
	struct xtun_why *why = xt->why;
	unsigned int i;

	spin_lock_bh(&why->lock);
	for (i = 0; i < XTUN_WHY_LOSSES; i++) {
		why->losses[i].kept = 0;
		/* If the loss continues, its next frame is recorded at once. */
		why->losses[i].seen = why->losses[i].last - XTUN_WHY_AGAIN;
	}
	spin_unlock_bh(&why->lock);
}

/* From the Ethernet header on, which may lie before skb->data. */
static unsigned int xtun_why_copy(const struct sk_buff *skb, u8 *bytes)
{
	int offset = skb_mac_header_was_set(skb) ? min(skb_mac_offset(skb), 0) : 0;
	int len = min_t(int, skb->len - offset, XTUN_WHY_BYTES);

	return skb_copy_bits(skb, offset, bytes, len) ? 0 : len;
}

static void xtun_why_look(struct xtun_why_loss *l, const struct xtun_slot *slot,
			  const struct sk_buff *skb, unsigned int len)
{
	struct xtun_queue *q;

	l->len = len;
	l->kept = skb ? xtun_why_copy(skb, l->bytes) : 0;
	rcu_read_lock();
	q = rcu_dereference(slot->queue);
	memset(&l->backlog, 0, sizeof(l->backlog));
	if (q)
		xtun_queue_backlog(q, &l->backlog);
	rcu_read_unlock();
}

/**
 * xtun_why_remember() - record a lost frame
 * @slot: of the queue
 * @loss: the reason
 * @skb: the frame; NULL if there was no skb yet, or it is freed already
 * @len: its length in bytes, Ethernet header included
 * @err: the negative errno that its sender gets; 0 if none
 *
 * Context: process or softirq, with no lock of a queue or ring held; @slot is kept alive
 * by RCU or RTNL.
 */
void xtun_why_remember(const struct xtun_slot *slot, enum xtun_counter loss,
		       const struct sk_buff *skb, unsigned int len, int err)
{
	const struct xtun *xt = netdev_priv(slot->dev);
	struct xtun_why *why = xt->why;
	struct xtun_why_loss *l;
	s64 now = ktime_get_ns();
	unsigned int n;

	spin_lock_bh(&why->lock);
	why->lost++;
	n = xtun_why_find(why, loss, slot->index, err, now);
	if (n < why->n) {
		l = xtun_why_to_front(why, n);
	} else {
		l = xtun_why_new(why);
		l->number = why->lost;
		l->loss = loss;
		l->queue = slot->index;
		l->err = err;
		l->times = 0;
		l->first = now;
		l->fault.field = NULL;
	}
	l->last_number = why->lost;
	l->last = now;
	if (!l->times++ || now - l->seen > XTUN_WHY_AGAIN) {
		l->seen = now;
		xtun_why_look(l, slot, skb, len);
	}
	spin_unlock_bh(&why->lock);
}

/**
 * xtun_why_blame() - add to a loss what a program wrote wrongly
 * @slot: of the queue
 * @loss: the reason; the loss was recorded without an errno
 * @fault: what the program wrote
 *
 * Context: as xtun_why_remember().
 */
void xtun_why_blame(const struct xtun_slot *slot, enum xtun_counter loss,
		    const struct xtun_why_fault *fault)
{
	const struct xtun *xt = netdev_priv(slot->dev);
	struct xtun_why *why = xt->why;
	unsigned int n;

	spin_lock_bh(&why->lock);
	n = xtun_why_find(why, loss, slot->index, 0, ktime_get_ns());
	if (n < why->n)
		xtun_why_nth(why, n)->fault = *fault;
	spin_unlock_bh(&why->lock);
}

/**
 * xtun_why_fault_text() - describe a fault in words
 * @fault: the fault
 * @text: filled with the description
 * @size: size of @text in bytes
 *
 * Context: any.
 */
void xtun_why_fault_text(const struct xtun_why_fault *fault, char *text, size_t size)
{
	int n = scnprintf(text, size, "%s %u", fault->field, fault->value);

	if (fault->inside) {
		scnprintf(text + n, size - n, ", within the record at %u", fault->at);
		return;
	}
	if (fault->record)
		n += scnprintf(text + n, size - n, " of the record at %u", fault->at);
	n += scnprintf(text + n, size - n, ", not %u", fault->first);
	if (fault->first != fault->last)
		scnprintf(text + n, size - n, " to %u", fault->last);
}

/**
 * xtun_why_get() - copy the latest losses
 * @xt: the interface
 * @list: filled, the latest first
 * @most: how many losses fit in @list
 *
 * Context: process, under RCU or RTNL.
 * Return: how many were copied.
 */
unsigned int xtun_why_get(const struct xtun *xt, struct xtun_why_loss *list, unsigned int most)
{
	struct xtun_why *why = xt->why;
	unsigned int i, n;

	spin_lock_bh(&why->lock);
	n = min(why->n, most);
	/* All under one lock: the order may change while the caller prints them. */
	for (i = 0; i < n; i++)
		list[i] = *xtun_why_nth(why, i);
	spin_unlock_bh(&why->lock);
	return n;
}

/**
 * xtun_why_lost() - how many frames an interface has lost
 * @xt: the interface
 *
 * Context: process, under RCU or RTNL.
 * Return: their number, over all queues and both directions.
 */
u64 xtun_why_lost(const struct xtun *xt)
{
	struct xtun_why *why = xt->why;
	u64 lost;

	spin_lock_bh(&why->lock);
	lost = why->lost;
	spin_unlock_bh(&why->lock);
	return lost;
}
