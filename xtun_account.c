// SPDX-License-Identifier: GPL-2.0
/*
 * How much of what a file wrote the stack still holds, which TUNSETSNDBUF limits.
 *
 * The account is a struct sock without a socket, which an LSM can label. Frames hold
 * a reference to it only while there is a limit; such frames also pin the module until
 * the stack releases them.
 */
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <net/sock.h>

#include "xtun.h"

static struct proto xtun_account_proto = {
	.name		= "xtun",
	.owner		= THIS_MODULE,
	.obj_size	= sizeof(struct sock),
};

static bool xtun_account_limited(const struct sock *sk)
{
	return sk && READ_ONCE(sk->sk_sndbuf) != INT_MAX;
}

/*
 * If the stack holds no frame there is room, however small the limit: nothing would wake
 * a writer later. When sock_wfree() asks, one byte of each frame that is being freed is
 * still charged.
 */
static bool xtun_account_writeable(const struct sock *sk)
{
	return sk_wmem_alloc_get(sk) < SKB_TRUESIZE(1) || sock_writeable(sk);
}

/* Whether there is no room; if so, the file is woken when there is some. */
static bool xtun_account_lacks_room(struct xtun_file *xf, const struct sock *sk)
{
	if (xtun_account_writeable(sk))
		return false;
	set_bit(0, &xf->nospace);
	/*
	 * Set the flag before checking once more. Pairs with test_and_clear_bit(), which
	 * follows the release of a frame by the stack; docs/litmus/write-space.litmus.
	 */
	smp_mb__after_atomic();
	return !xtun_account_writeable(sk);
}

/*
 * The stack has released a frame. The file may be closed already. As with tap, it is
 * woken only if it has found no room before.
 */
static void xtun_account_write_space(struct sock *sk)
{
	struct xtun_file *xf;

	if (!xtun_account_writeable(sk))
		return;
	rcu_read_lock();
	xf = rcu_dereference_sk_user_data(sk);
	if (xf && test_and_clear_bit(0, &xf->nospace)) {
		/* Wake all: a reader that sleeps there could consume a single wake-up. */
		__wake_up(&xf->wait, TASK_INTERRUPTIBLE, 0, poll_to_key(EPOLLOUT | EPOLLWRNORM));
		kill_fasync(&xf->fasync, SIGIO, POLL_OUT);
	}
	rcu_read_unlock();
}

/**
 * xtun_account_create() - create a file's account, without a limit
 * @xf: the file; nothing is done if it has an account
 * @opener: credentials of the file's opener, who owns the frames
 *
 * Context: process, under RTNL.
 * Return: 0 or -ENOMEM.
 */
int xtun_account_create(struct xtun_file *xf, const struct cred *opener)
{
	struct sock *sk;

	if (xf->account)
		return 0;
	sk = sk_alloc(xf->net, AF_UNSPEC, GFP_KERNEL, &xtun_account_proto, 0);
	if (!sk)
		return -ENOMEM;
	xtun_compat_sock_init(sk, opener->fsuid);
	sk->sk_write_space = xtun_account_write_space;
	sk->sk_sndbuf = INT_MAX;
	rcu_assign_sk_user_data(sk, xf);
	/* Pairs with the readers without RTNL. */
	smp_store_release(&xf->account, sk);
	return 0;
}

/**
 * xtun_account_free() - drop a file's account when the file is closed
 * @xf: the file, which must not be freed before a grace period has passed
 *
 * Context: process.
 */
void xtun_account_free(struct xtun_file *xf)
{
	if (!xf->account)
		return;
	rcu_assign_sk_user_data(xf->account, NULL);
	sock_put(xf->account);
}

/* Check under the lock: those that wake the queue's files under it use no barrier. */
static bool xtun_account_may_go_on(struct xtun_file *xf, struct xtun_queue *q,
				   const struct sock *sk)
{
	bool may;

	spin_lock_bh(&q->lock);
	/* This sets the flag by which xtun_account_write_space() knows whom to wake. */
	may = q->dead || !xtun_account_lacks_room(xf, sk);
	spin_unlock_bh(&q->lock);
	return may;
}

/**
 * xtun_account_wait() - wait until there is room for a frame
 * @xf: the file
 * @q: its queue
 * @nowait: do not sleep
 *
 * Context: process, may sleep unless @nowait.
 * Return: 0; -EAGAIN if there is no room and @nowait is set; -ERESTARTSYS after a
 * signal; -EBADFD if the interface is gone.
 */
int xtun_account_wait(struct xtun_file *xf, struct xtun_queue *q, bool nowait)
{
	/* Pairs with xtun_account_create(). */
	struct sock *sk = smp_load_acquire(&xf->account);

	/* The charge is a refcount_t: keep it far from saturation, whatever the limit. */
	if (likely(!xtun_account_limited(sk)) ||
	    sk_wmem_alloc_get(sk) < min(READ_ONCE(sk->sk_sndbuf), INT_MAX / 2))
		return 0;
	/* Check again: if there is room by now, no wake-up will follow. */
	if (nowait)
		return xtun_account_lacks_room(xf, sk) ? -EAGAIN : 0;
	if (wait_event_interruptible(xf->wait, xtun_account_may_go_on(xf, q, sk)))
		return -ERESTARTSYS;
	return READ_ONCE(q->dead) ? -EBADFD : 0;
}

/**
 * xtun_account_charge() - charge a frame that the stack is going to hold
 * @xf: the file
 * @skb: the frame
 *
 * Context: any.
 */
void xtun_account_charge(struct xtun_file *xf, struct sk_buff *skb)
{
	/* Pairs with xtun_account_create(). */
	struct sock *sk = smp_load_acquire(&xf->account);

	/* Many writers may have found room and then slept in their copies: check once more. */
	if (unlikely(xtun_account_limited(sk)) && sk_wmem_alloc_get(sk) < INT_MAX / 2)
		skb_set_owner_w(skb, sk);
}

/**
 * xtun_account_has_room() - whether poll() may report that a write would not wait
 * @xf: the file
 *
 * Context: any.
 * Return: true if so.
 */
bool xtun_account_has_room(struct xtun_file *xf)
{
	/* Pairs with xtun_account_create(). */
	struct sock *sk = smp_load_acquire(&xf->account);

	return !xtun_account_limited(sk) || !xtun_account_lacks_room(xf, sk);
}
