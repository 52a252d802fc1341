// SPDX-License-Identifier: GPL-2.0
/*
 * What an interface remembers of the frames that it lost.
 *
 * Of a frame that is not lost nothing is kept, and nothing is asked. Losses of one
 * kind that follow each other are one, so that a flood leaves the others where they
 * can be found.
 */
#include <linux/ktime.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "xtun.h"
#include "xtun_why.h"

/* Nanoseconds after which a loss that goes on is looked at again. */
#define XTUN_WHY_AGAIN	NSEC_PER_SEC

struct xtun_why {
	spinlock_t lock;	/* all that follows */
	u64 lost;		/* frames, ever */
	unsigned int n;		/* losses, ever; the last are in the array, by n modulo its size */
	struct xtun_why_loss losses[XTUN_WHY_LOSSES];
};

static struct xtun_why_loss *xtun_why_nth(struct xtun_why *why, unsigned int n)
{
	BUILD_BUG_ON_NOT_POWER_OF_2(XTUN_WHY_LOSSES);
	return &why->losses[n % XTUN_WHY_LOSSES];
}

/**
 * xtun_why_create() - the memory of an interface
 *
 * Context: process.
 * Return: it, or NULL.
 */
struct xtun_why *xtun_why_create(void)
{
	struct xtun_why *why = kvzalloc(sizeof(*why), GFP_KERNEL_ACCOUNT);

	if (why)
		spin_lock_init(&why->lock);
	return why;
}

/**
 * xtun_why_free() - forget everything
 * @why: of xtun_why_create(), or NULL
 *
 * Context: process.
 */
void xtun_why_free(struct xtun_why *why)
{
	kvfree(why);
}

/**
 * xtun_why_forget_frames() - whoever may see frames from now on may not see the last ones
 * @xt: the interface; that frames were lost, and why, is still told
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
		/* One that goes on is looked at again at once. */
		why->losses[i].seen = why->losses[i].last - XTUN_WHY_AGAIN;
	}
	spin_unlock_bh(&why->lock);
}

/* From its Ethernet header on, which may have been taken off. */
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
 * xtun_why_remember() - a frame is being lost
 * @slot: of the queue
 * @loss: why
 * @skb: the frame; NULL if it never became one, or is no more
 * @len: its length in bytes, Ethernet header included
 * @err: what whoever sent it is told, a negative errno; 0 if nothing is
 *
 * Context: process or softirq, no lock of a queue or ring held; @slot is kept alive by RCU
 * or RTNL.
 */
void xtun_why_remember(const struct xtun_slot *slot, enum xtun_counter loss,
		       const struct sk_buff *skb, unsigned int len, int err)
{
	const struct xtun *xt = netdev_priv(slot->dev);
	struct xtun_why *why = xt->why;
	struct xtun_why_loss *l;
	s64 now = ktime_get_ns();

	spin_lock_bh(&why->lock);
	why->lost++;
	l = xtun_why_nth(why, why->n - 1);
	if (!why->n || l->loss != loss || l->queue != slot->index || l->err != err) {
		l = xtun_why_nth(why, why->n++);
		l->number = why->lost;
		l->loss = loss;
		l->queue = slot->index;
		l->err = err;
		l->times = 0;
		l->first = now;
		l->fault.field = NULL;
	}
	l->last = now;
	if (!l->times++ || now - l->seen > XTUN_WHY_AGAIN) {
		l->seen = now;
		xtun_why_look(l, slot, skb, len);
	}
	spin_unlock_bh(&why->lock);
}

/**
 * xtun_why_blame() - the last loss was for what a program wrote
 * @slot: of the queue
 * @loss: why; if another one has come since, that is left as it is
 * @fault: what it wrote
 *
 * Context: as xtun_why_remember().
 */
void xtun_why_blame(const struct xtun_slot *slot, enum xtun_counter loss,
		    const struct xtun_why_fault *fault)
{
	const struct xtun *xt = netdev_priv(slot->dev);
	struct xtun_why *why = xt->why;
	struct xtun_why_loss *l;

	spin_lock_bh(&why->lock);
	l = xtun_why_nth(why, why->n - 1);
	if (why->n && l->loss == loss && l->queue == slot->index)
		l->fault = *fault;
	spin_unlock_bh(&why->lock);
}

/**
 * xtun_why_fault_text() - a fault in words
 * @fault: it
 * @text: filled
 * @size: bytes of @text
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
 * xtun_why_get() - one of the last losses
 * @xt: the interface
 * @back: how many are younger
 * @l: filled
 *
 * Context: process, under RCU or RTNL.
 * Return: true; false if there is none, or not any more.
 */
bool xtun_why_get(const struct xtun *xt, unsigned int back, struct xtun_why_loss *l)
{
	struct xtun_why *why = xt->why;
	bool found;

	spin_lock_bh(&why->lock);
	found = back < min(why->n, XTUN_WHY_LOSSES);
	if (found)
		*l = *xtun_why_nth(why, why->n - 1 - back);
	spin_unlock_bh(&why->lock);
	return found;
}

/**
 * xtun_why_lost() - how many frames an interface has lost
 * @xt: the interface
 *
 * Context: process, under RCU or RTNL.
 * Return: their number, of all queues and both ways.
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
