// SPDX-License-Identifier: GPL-2.0
/*
 * The shape that TUNSETIFF and TUNSETQUEUE give: which file has which queue,
 * and what of an interface comes and goes with its files. All under RTNL.
 *
 * The caller's rights count here, as with tap; those of the opener where a file
 * attaches without a word, see xtun_net.c.
 */
#include <linux/cred.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <linux/security.h>
#include <net/net_namespace.h>

#include "xtun.h"
#include "xtun_ring.h"

/**
 * xtun_attach_count() - how many queues files have
 * @dev: the interface
 * @in_service: those in service, or those that IFF_DETACH_QUEUE took out of it
 *
 * Context: process, under RTNL.
 * Return: their number.
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
 * xtun_attach_max() - how many queues files may ever have
 * @dev: the interface
 *
 * Context: any.
 * Return: their number.
 */
unsigned int xtun_attach_max(const struct net_device *dev)
{
	return min_t(unsigned int, dev->num_tx_queues, XTUN_QUEUES_MAX);
}

/**
 * xtun_attach_set_channels() - how many queues files may have from now on
 * @dev: the interface
 * @channels: 1 to xtun_attach_max()
 *
 * A queue is its file's as long as that is open, so none is taken away.
 *
 * Context: process, under RTNL.
 * Return: 0, -EBUSY if a queue of that number or a higher one is some file's.
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

/* The lowest slot that nobody uses, of those that may be; NULL if there is none. */
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

/* @tap: by TUNSETIFF. */
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
	/* From its first frame on, which may come before the file can be told of success. */
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

/* Wherever there is room: -E2BIG if that is nowhere. */
static int xtun_attach_somewhere(struct net_device *dev, struct file *file, unsigned int flags,
				 bool tap)
{
	struct xtun_slot *slot = xtun_attach_free_slot(dev), *tried;
	int err;

	do {
		if (!slot)
			return -E2BIG;
		err = xtun_attach_to(file, slot, flags, tap);
		/* A plain file may have come to the first meanwhile, without RTNL. */
		tried = slot;
		slot = xtun_attach_free_slot(dev);
	} while (err == -EBUSY && slot != tried);
	return err;
}

/* As tap: in the order of its refusals. */
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

/* Queues of files that said TUNSETIFF, but for one. */
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
 * The first of several that says TUNSETIFF says what frames look like, and whether
 * there is a link. All other files have nothing in front of their frames.
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
	/* Both bits, as some programs set them, are whichever there is. */
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
	 * A number is asked for once: where another has it, tap has forgotten it by then
	 * (but on big-endian machines, where its queue's number lies beside that).
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
	/* It reaches parts of the stack that only a driver reaches. */
	if (!capable(CAP_NET_ADMIN))
		return -EPERM;
	return flags & IFF_NAPI && (flags & TUN_TYPE_MASK) == IFF_TAP ? 0 : -EINVAL;
}

/**
 * xtun_attach_set_iff() - TUNSETIFF
 * @file: not attached
 * @ifr: what is asked; the name is written back
 *
 * Context: process, under RTNL.
 * Return: 0 or tap's errno: -EBUSY the interface is in use or IFF_TUN_EXCL does
 * not want it, -EINVAL it is of another type or kind, -EPERM, -E2BIG, -ENOMEM.
 */
int xtun_attach_set_iff(struct file *file, struct ifreq *ifr)
{
	struct xtun_file *xf = file->private_data;
	unsigned int flags = (unsigned short)ifr->ifr_flags;
	struct net_device *dev;
	int err;

	/* Rings have but one queue in their life. */
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
 * xtun_attach_set_queue() - TUNSETQUEUE: out of service, and into it again
 * @xf: the file
 * @ifr: IFF_DETACH_QUEUE or IFF_ATTACH_QUEUE in its flags
 *
 * Context: process, under RTNL.
 * Return: 0, -EINVAL if there is nothing to be done.
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
		/* As tap, whatever TUNSETIFF had said of IFF_NOFILTER. */
		WRITE_ONCE(q->filtered, !!rcu_access_pointer(xt->filters.classic));
	}
	xtun_queue_enable(slot, q, enable);
	netdev_state_change(slot->dev);
	return 0;
}

/* A file that rings have not found attached gets a queue of its own, if there is one. */
static int xtun_attach_sole(struct file *file)
{
	struct net_device *dev;
	struct xtun *xt;
	int err;

	rcu_read_lock();
	dev = xtun_chr_default_dev(file);
	rcu_read_unlock();
	/* RTNL keeps it. */
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	err = xtun_attach_somewhere(dev, file, 0, false);
	if (err)
		return err == -E2BIG ? -EBUSY : err;
	/* The last that left it took its carrier along. */
	xt = netdev_priv(dev);
	if (xt->made_by_file && xtun_attach_count(dev, true) + xtun_attach_count(dev, false) == 1)
		netif_carrier_on(dev);
	netdev_state_change(dev);
	return 0;
}

/* One that shares a queue may keep it if nobody else is there. */
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
 * @file: the file; attached or not
 * @ring: the pair; the file's on success
 *
 * Context: process, under RTNL.
 * Return: 0; -EEXIST it has one; -EBUSY others use its queue, or every queue;
 * -EBADFD its interface is gone; -ENODEV, -EPERM as the first read; -ENOMEM.
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
	/* Unless it has just attached itself, by a read of another thread. */
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
	/* Pairs with those that read it without RTNL. */
	smp_store_release(&xf->ring, ring);
	/* No frame comes any more to who sleeps in read(). */
	wake_up_interruptible_all(&xf->wait);
	return 0;
}

/* A queue that outlives its file's rings. */
static void xtun_attach_drop_rings(struct xtun_slot *slot, struct xtun_queue *q)
{
	struct xtun_ring *ring = xtun_ring_unpublish(q);

	if (!ring)
		return;
	synchronize_net();
	xtun_ring_stop(slot, ring);
}

/* What a tap interface is without files: nothing, unless it is to persist. */
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
 * xtun_attach_release() - a file that said TUNSETIFF, or has rings, is being closed
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
		/* It is plain files' again. */
		xtun_attach_drop_rings(slot, q);
		xtun_napi_stop(slot, q);
		xtun_queue_enable(slot, q, true);
		/* What it was spared, or missed while it was out of service, they are not. */
		WRITE_ONCE(q->filtered, rcu_access_pointer(xt->filters.classic));
		/* For whoever says TUNSETIFF next, the file has gone by then. */
		xtun_queue_unlist(q, xf);
	}
	/* Whether there is a link was theirs to say. */
	if (!xt->made_by_file && xf->tap && !xtun_attach_taps(dev, q))
		netif_carrier_on(dev);
	if (xt->made_by_file && !xtun_attach_count(dev, true) && !xtun_attach_count(dev, false))
		xtun_attach_abandoned(dev);
	else
		netdev_state_change(dev);
}
