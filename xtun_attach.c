// SPDX-License-Identifier: GPL-2.0
/*
 * TUNSETIFF and TUNSETQUEUE: which file has which queue, and which parts of an
 * interface are created and deleted with its files. All of it runs under RTNL.
 *
 * As in tap, the rights of the caller are checked here. For a file that attaches
 * without TUNSETIFF, those of its opener are checked instead, see xtun_net.c.
 */
#include <linux/cred.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <linux/security.h>
#include <net/net_namespace.h>

#include "xtun.h"
#include "xtun_ring.h"

/**
 * xtun_attach_count() - count the queues that have files
 * @dev: the interface
 * @in_service: count those in service; else those that IFF_DETACH_QUEUE took out of it
 *
 * Context: process, under RTNL.
 * Return: the number of these queues.
 */
unsigned int xtun_attach_count(const struct net_device *dev, bool in_service)
{
	const struct xtun *xt = netdev_priv(dev);
	const struct xtun_queue *q;
	unsigned int i, n = 0;

	for (i = 0; i < dev->real_num_tx_queues; i++) {
		q = rtnl_dereference(xt->slots[i].queue);
		n += q && READ_ONCE(q->users) && READ_ONCE(q->enabled) == in_service;
	}
	return n;
}

/**
 * xtun_attach_max() - the most queues that files may ever have
 * @dev: the interface
 *
 * Context: any.
 * Return: the number of queues.
 */
unsigned int xtun_attach_max(const struct net_device *dev)
{
	return min_t(unsigned int, dev->num_tx_queues, XTUN_QUEUES_MAX);
}

/**
 * xtun_attach_set_channels() - set how many queues files may have
 * @dev: the interface
 * @channels: 1 to xtun_attach_max()
 *
 * A file keeps its queue until it is closed, so a lower limit takes none away.
 *
 * Context: process, under RTNL.
 * Return: 0, -EBUSY if a file has a queue with the number @channels or a higher one.
 */
int xtun_attach_set_channels(struct net_device *dev, unsigned int channels)
{
	struct xtun *xt = netdev_priv(dev);
	unsigned int i;

	for (i = channels; i < dev->real_num_tx_queues; i++)
		if (rtnl_dereference(xt->slots[i].queue))
			return -EBUSY;
	xt->channels = channels;
	return 0;
}

static bool xtun_attach_permitted(const struct net_device *dev)
{
	const struct xtun *xt = netdev_priv(dev);
	bool owner = uid_valid(xt->owner);
	bool group = gid_valid(xt->group);

	if ((owner || group) && (!owner || uid_eq(current_euid(), xt->owner)) &&
	    (!group || in_egroup_p(xt->group)))
		return true;
	return ns_capable(dev_net(dev)->user_ns, CAP_NET_ADMIN);
}

/* The lowest slot below xt->channels that no file uses; NULL if there is none. */
static struct xtun_slot *xtun_attach_free_slot(const struct net_device *dev)
{
	struct xtun *xt = netdev_priv(dev);
	const struct xtun_queue *q;
	unsigned int i;

	for (i = 0; i < xt->channels; i++) {
		q = rtnl_dereference(xt->slots[i].queue);
		if (!q || (!q->own && !READ_ONCE(q->users)))
			return &xt->slots[i];
	}
	return NULL;
}

/* @tap: called for TUNSETIFF, not for rings. */
static int xtun_attach_to(struct file *file, struct xtun_slot *slot, unsigned int flags, bool tap)
{
	const struct xtun *xt = netdev_priv(slot->dev);
	struct xtun_file *xf = file->private_data;
	struct xtun_queue *q = rtnl_dereference(slot->queue);
	bool made = !q, filtered;
	int err;

	if (made) {
		err = xtun_net_open_slot(slot, true);
		if (err)
			return err;
		q = rtnl_dereference(slot->queue);
	}
	/* It must apply to the first frame, which may come before this function returns. */
	filtered = q->filtered;
	WRITE_ONCE(q->filtered, rcu_access_pointer(xt->filters.classic) &&
		   !(flags & IFF_NOFILTER));
	err = xtun_net_set_queues(slot->dev);
	if (err)
		goto err_slot;
	err = xtun_chr_attach_own(xf, q, tap, flags & IFF_NAPI_FRAGS);
	if (err)
		goto err_slot;
	if (flags & IFF_NAPI)
		xtun_napi_start(slot, q);
	return 0;

err_slot:
	if (made) {
		xtun_net_close_slot(slot);
		WARN_ON_ONCE(xtun_net_set_queues(slot->dev));
	} else {
		WRITE_ONCE(q->filtered, filtered);
	}
	return err;
}

/* Attach to the first free slot; -E2BIG if there is none. */
static int xtun_attach_somewhere(struct net_device *dev, struct file *file, unsigned int flags,
				 bool tap)
{
	struct xtun_slot *slot = xtun_attach_free_slot(dev), *tried;
	int err;

	do {
		if (!slot)
			return -E2BIG;
		err = xtun_attach_to(file, slot, flags, tap);
		/* A plain file, which needs no RTNL, may have joined queue 0 meanwhile. */
		tried = slot;
		slot = xtun_attach_free_slot(dev);
	} while (err == -EBUSY && slot != tried);
	return err;
}

/* The checks are in the same order as in tap. */
static int xtun_attach_file(struct net_device *dev, struct file *file, unsigned int flags)
{
	struct xtun_file *xf = file->private_data;
	struct xtun *xt = netdev_priv(dev);
	int err;

	err = xtun_account_create(xf, file->f_cred);
	if (err)
		return err;
	err = security_tun_dev_attach(xf->account, xt->security);
	if (err < 0)
		return err;
	err = xtun_attach_somewhere(dev, file, flags, true);
	if (!err)
		xf->ifindex = 0;
	return err == -E2BIG && !(xt->flags & IFF_MULTI_QUEUE) ? -EBUSY : err;
}

static bool xtun_attach_is_taps(struct xtun_queue *q)
{
	const struct xtun_file *xf;
	bool tap = false;

	spin_lock_bh(&q->lock);
	list_for_each_entry(xf, &q->files, node)
		tap |= xf->tap;
	spin_unlock_bh(&q->lock);
	return tap;
}

/* Count the queues of files that called TUNSETIFF, except @but. */
static unsigned int xtun_attach_taps(const struct net_device *dev, const struct xtun_queue *but)
{
	const struct xtun *xt = netdev_priv(dev);
	struct xtun_queue *q;
	unsigned int i, n = 0;

	for (i = 0; i < dev->real_num_tx_queues; i++) {
		q = rtnl_dereference(xt->slots[i].queue);
		n += q && q != but && xtun_attach_is_taps(q);
	}
	return n;
}

/*
 * The first file that calls TUNSETIFF decides, for the others that do, which headers
 * stand in front of frames and whether there is a carrier. Files that have not called
 * TUNSETIFF have no headers in front of their frames.
 */
static bool xtun_attach_is_first(const struct net_device *dev)
{
	return xtun_attach_taps(dev, NULL) == 1;
}

static int xtun_attach_existing(struct net_device *dev, struct file *file, unsigned int flags)
{
	struct xtun *xt;
	int err;

	if (flags & IFF_TUN_EXCL)
		return -EBUSY;
	if (!xtun_net_is(dev))
		return -EINVAL;
	xt = netdev_priv(dev);
	/* Some programs set both bits, and then accept either type. */
	if (!(flags & xt->flags & TUN_TYPE_MASK))
		return -EINVAL;
	if ((flags ^ xt->flags) & IFF_MULTI_QUEUE)
		return -EINVAL;
	if (!xtun_attach_permitted(dev))
		return -EPERM;
	err = security_tun_dev_open(xt->security);
	if (err < 0)
		return err;
	err = xtun_attach_file(dev, file, flags);
	if (err)
		return err;
	if (xtun_attach_is_first(dev)) {
		WRITE_ONCE(xt->flags, (xt->flags & ~XTUN_FEATURES) | (flags & XTUN_FEATURES));
		if (!(flags & IFF_BACKPRESSURE))
			xtun_net_restart(dev);
	}
	netdev_state_change(dev);
	return 0;
}

static struct net_device *xtun_attach_new(struct file *file, const char *name, unsigned int flags)
{
	struct xtun_file *xf = file->private_data;
	struct net_device *dev;
	int err;

	if (!ns_capable(xf->net->user_ns, CAP_NET_ADMIN))
		return ERR_PTR(-EPERM);
	err = security_tun_dev_create();
	if (err < 0)
		return ERR_PTR(err);
	if (!(flags & TUN_TYPE_MASK & (IFF_TUN | IFF_TAP)))
		return ERR_PTR(-EINVAL);
	if (!*name)
		name = flags & IFF_TUN ? "tun%d" : "tap%d";

	dev = xtun_net_create_tap(xf->net, name, (flags & XTUN_FEATURES) |
				  (flags & IFF_TUN ? IFF_TUN : IFF_TAP), xf->ifindex);
	/*
	 * The ifindex counts for one attempt. If another interface has it, tap has
	 * overwritten it by then: it shares a union with the u16 that numbers the queue.
	 * (On big-endian machines the u16 is the upper half, so a usual ifindex stays.)
	 */
	if (dev == ERR_PTR(-EBUSY))
		xf->ifindex = 0;
	if (IS_ERR(dev))
		return dev;
	err = xtun_attach_file(dev, file, flags);
	if (err) {
		unregister_netdevice(dev);
		return ERR_PTR(err);
	}
	return dev;
}

static int xtun_attach_check_flags(unsigned int flags)
{
	if (!(flags & IFF_NAPI_FRAGS))
		return 0;
	/* With it, a program reaches parts of the stack that otherwise only drivers reach. */
	if (!capable(CAP_NET_ADMIN))
		return -EPERM;
	return flags & IFF_NAPI && (flags & TUN_TYPE_MASK) == IFF_TAP ? 0 : -EINVAL;
}

/**
 * xtun_attach_set_iff() - TUNSETIFF
 * @file: a file that is not attached
 * @ifr: the request; the interface's name is written back
 *
 * Context: process, under RTNL.
 * Return: 0 or tap's errno: -EBUSY if the interface is in use, or exists although
 * IFF_TUN_EXCL is set; -EINVAL if it is of another type or kind; -EPERM, -E2BIG, -ENOMEM.
 */
int xtun_attach_set_iff(struct file *file, struct ifreq *ifr)
{
	struct xtun_file *xf = file->private_data;
	unsigned int flags = (unsigned short)ifr->ifr_flags;
	struct net_device *dev;
	int err;

	/* Rings never move to another queue. */
	if (xf->ring)
		return -EBUSY;
	ifr->ifr_name[IFNAMSIZ - 1] = '\0';
	err = xtun_attach_check_flags(flags);
	if (err)
		return err;

	dev = __dev_get_by_name(xf->net, ifr->ifr_name);
	if (dev) {
		err = xtun_attach_existing(dev, file, flags);
		if (err)
			return err;
	} else {
		dev = xtun_attach_new(file, ifr->ifr_name, flags);
		if (IS_ERR(dev))
			return PTR_ERR(dev);
	}

	if (!xtun_attach_is_first(dev))
		goto name;
	if (flags & IFF_NO_CARRIER)
		netif_carrier_off(dev);
	else
		netif_carrier_on(dev);
name:
	strscpy(ifr->ifr_name, dev->name, IFNAMSIZ);
	return 0;
}

/**
 * xtun_attach_set_queue() - TUNSETQUEUE: take a queue out of service, or back into it
 * @xf: the file
 * @ifr: has IFF_DETACH_QUEUE or IFF_ATTACH_QUEUE in its flags
 *
 * Context: process, under RTNL.
 * Return: 0; -EINVAL if the queue is in that state already, or the call does not apply to
 * the file; or the errno of an LSM that forbids it.
 */
int xtun_attach_set_queue(struct xtun_file *xf, const struct ifreq *ifr)
{
	struct xtun_queue *q = xtun_chr_queue_rtnl(xf);
	struct xtun_slot *slot = q ? rtnl_dereference(q->slot) : NULL;
	bool enable = ifr->ifr_flags & IFF_ATTACH_QUEUE;
	struct xtun *xt;
	int err;

	if (!slot || (!enable && !(ifr->ifr_flags & IFF_DETACH_QUEUE)))
		return -EINVAL;
	xt = netdev_priv(slot->dev);
	if (!(xt->flags & IFF_MULTI_QUEUE) || !xf->tap || q->enabled == enable)
		return -EINVAL;
	if (enable) {
		err = security_tun_dev_attach_queue(xt->security);
		if (err < 0)
			return err;
		err = security_tun_dev_attach(xf->account, xt->security);
		if (err < 0)
			return err;
		/* As in tap, even if TUNSETIFF was called with IFF_NOFILTER. */
		WRITE_ONCE(q->filtered, !!rcu_access_pointer(xt->filters.classic));
	}
	xtun_queue_enable(slot, q, enable);
	netdev_state_change(slot->dev);
	return 0;
}

/* Give a queue of its own to a file that asks for rings and is not attached. */
static int xtun_attach_sole(struct file *file)
{
	struct net_device *dev;
	struct xtun *xt;
	int err;

	rcu_read_lock();
	dev = xtun_chr_default_dev(file);
	rcu_read_unlock();
	/* RTNL keeps the device alive. */
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	err = xtun_attach_somewhere(dev, file, 0, false);
	if (err)
		return err == -E2BIG ? -EBUSY : err;
	/* xtun_attach_abandoned() turned the carrier off when the last file was closed. */
	xt = netdev_priv(dev);
	if (xt->made_by_file && xtun_attach_count(dev, true) + xtun_attach_count(dev, false) == 1)
		netif_carrier_on(dev);
	netdev_state_change(dev);
	return 0;
}

/* A file that shares a queue becomes its sole user, if no other file is attached to it. */
static int xtun_attach_make_sole(struct xtun_file *xf, struct xtun_queue *q)
{
	int err = 0;

	spin_lock_bh(&q->lock);
	if (q->dead)
		err = -EBADFD;
	else if (q->users > 1)
		err = -EBUSY;
	else
		q->exclusive = true;
	spin_unlock_bh(&q->lock);
	if (!err)
		xf->exclusive = true;
	return err;
}

/**
 * xtun_attach_rings() - give a file a pair of rings
 * @file: the file, attached or not
 * @ring: the pair, which belongs to the file on success
 *
 * Context: process, under RTNL.
 * Return: 0; -EEXIST if the file has rings; -EBUSY if other files use its queue, or
 * every queue; -EBADFD if its interface is gone; -ENODEV, -EPERM as for the first read;
 * -ENOMEM.
 */
int xtun_attach_rings(struct file *file, struct xtun_ring *ring)
{
	struct xtun_file *xf = file->private_data;
	struct xtun_queue *q = xtun_chr_queue_rtnl(xf);
	struct xtun_slot *slot;
	int err;

	if (xf->ring)
		return -EEXIST;
	err = q ? xtun_attach_make_sole(xf, q) : xtun_attach_sole(file);
	/* A read in another thread may have attached the file meanwhile. */
	if (err == -EBUSY && !q) {
		q = xtun_chr_queue_rtnl(xf);
		if (q)
			err = xtun_attach_make_sole(xf, q);
	}
	if (err)
		return err;
	q = xtun_chr_queue_rtnl(xf);
	slot = rtnl_dereference(q->slot);
	ring->xf = xf;
	xtun_ring_attach(slot, q, ring);
	/* Pairs with the readers that do not hold RTNL. */
	smp_store_release(&xf->ring, ring);
	/* A sleeping read() gets no more frames: let it fail. */
	wake_up_interruptible_all(&xf->wait);
	return 0;
}

/* End the rings of a queue that stays. */
static void xtun_attach_drop_rings(struct xtun_slot *slot, struct xtun_queue *q)
{
	struct xtun_ring *ring = xtun_ring_unpublish(q);

	if (!ring)
		return;
	synchronize_net();
	xtun_ring_stop(slot, ring);
}

/* The last file is closed: as in tap, delete the interface unless it is persistent. */
static void xtun_attach_abandoned(struct net_device *dev)
{
	struct xtun *xt = netdev_priv(dev);

	netif_carrier_off(dev);
	if (xt->flags & IFF_PERSIST || dev->reg_state != NETREG_REGISTERED) {
		netdev_state_change(dev);
		return;
	}
	xt->abandoned = true;
	unregister_netdevice(dev);
}

/**
 * xtun_attach_release() - close a file that called TUNSETIFF or has rings
 * @xf: the file, still on its queue's list
 *
 * Context: process, under RTNL.
 */
void xtun_attach_release(struct xtun_file *xf)
{
	struct xtun_queue *q = xtun_chr_queue_rtnl(xf);
	struct xtun_slot *slot = q ? rtnl_dereference(q->slot) : NULL;
	struct net_device *dev;
	struct xtun *xt;

	if (!slot)
		return;
	dev = slot->dev;
	xt = netdev_priv(dev);
	if (q->own) {
		xtun_net_close_slot(slot);
		WARN_ON_ONCE(xtun_net_set_queues(dev));
	} else {
		/* Plain files share this queue again. */
		xtun_attach_drop_rings(slot, q);
		xtun_napi_stop(slot, q);
		xtun_queue_enable(slot, q, true);
		/* Undo IFF_NOFILTER, and make up for filter changes missed while out of service. */
		WRITE_ONCE(q->filtered, rcu_access_pointer(xt->filters.classic));
		/* Still under RTNL, so that the next TUNSETIFF does not count this file. */
		xtun_queue_unlist(q, xf);
	}
	/* Files that called TUNSETIFF set the carrier, and the last of them is gone. */
	if (!xt->made_by_file && xf->tap && !xtun_attach_taps(dev, q))
		netif_carrier_on(dev);
	if (xt->made_by_file && !xtun_attach_count(dev, true) && !xtun_attach_count(dev, false))
		xtun_attach_abandoned(dev);
	else
		netdev_state_change(dev);
}
