// SPDX-License-Identifier: GPL-2.0
/*
 * xtun's own ioctls, for what tap's ABI, ethtool and rtnetlink cannot express.
 * Each is the same for 32-bit and 64-bit programs.
 */
#include <linux/log2.h>
#include <linux/rtnetlink.h>
#include <linux/uaccess.h>

#include "xtun.h"
#include "xtun_ring.h"

static bool xtun_ioc_has_rings(void)
{
	return xtun_main_offers_rings() && !xtun_compat_dcache_aliases();
}

static int xtun_ioc_features(u32 __user *argp)
{
	u32 features = XTUN_F_BATCH;

	if (xtun_ioc_has_rings())
		features |= XTUN_F_RINGS | XTUN_F_POLLER;
	return put_user(features, argp);
}

static bool xtun_ioc_is_ring_size(u32 size)
{
	return size >= XTUN_RING_MIN && size <= XTUN_RING_MAX && is_power_of_2(size);
}

static int xtun_ioc_check_rings(const struct xtun_rings *want)
{
	if (!xtun_ioc_is_ring_size(want->tx_size) || !xtun_ioc_is_ring_size(want->rx_size) ||
	    want->flags & ~XTUN_RINGS_POLLER ||
	    memchr_inv(want->reserved, 0, sizeof(want->reserved)))
		return -EINVAL;
	if (want->flags & XTUN_RINGS_POLLER)
		return want->idle_usecs && want->idle_usecs <= XTUN_IDLE_MAX ? 0 : -EINVAL;
	return want->idle_usecs ? -EINVAL : 0;
}

static int xtun_ioc_set_rings(struct file *file, const void __user *argp)
{
	struct xtun_file *xf = file->private_data;
	struct xtun_rings want;
	struct xtun_ring *ring;
	int err;

	if (!xtun_ioc_has_rings())
		return -EOPNOTSUPP;
	if (copy_from_user(&want, argp, sizeof(want)))
		return -EFAULT;
	err = xtun_ioc_check_rings(&want);
	if (err)
		return err;
	if ((file->f_mode & (FMODE_READ | FMODE_WRITE)) != (FMODE_READ | FMODE_WRITE))
		return -EACCES;
	if (READ_ONCE(xf->ring))
		return -EEXIST;

	ring = xtun_ring_create(&want);
	if (IS_ERR(ring))
		return PTR_ERR(ring);
	rtnl_lock();
	err = xtun_attach_rings(file, ring);
	rtnl_unlock();
	if (err)
		xtun_ring_free(ring);
	return err;
}

/**
 * xtun_ioc_check_wake() - whether wake-up settings are valid
 * @wake: the settings
 *
 * A reader that waits for more than one frame needs a timeout, or might never be woken.
 *
 * Context: any.
 * Return: true if they are.
 */
bool xtun_ioc_check_wake(const struct xtun_wake *wake)
{
	bool waits = wake->frames > 1 || wake->bytes;

	return wake->usecs <= XTUN_WAKE_USECS_MAX && (wake->usecs || !waits) && !wake->reserved;
}

static int xtun_ioc_set_wake(struct xtun_ring *ring, const void __user *argp)
{
	struct xtun_wake wake;

	if (copy_from_user(&wake, argp, sizeof(wake)))
		return -EFAULT;
	if (!xtun_ioc_check_wake(&wake))
		return -EINVAL;
	xtun_ring_set_wake(ring, &wake);
	return 0;
}

static int xtun_ioc_get_wake(struct xtun_ring *ring, void __user *argp)
{
	struct xtun_wake wake;

	spin_lock_bh(&ring->lock);
	wake = ring->wake;
	spin_unlock_bh(&ring->lock);
	return copy_to_user(argp, &wake, sizeof(wake)) ? -EFAULT : 0;
}

static int xtun_ioc_set_batch(struct xtun_file *xf, const u32 __user *argp)
{
	u32 on;

	if (get_user(on, argp))
		return -EFAULT;
	if (on > 1)
		return -EINVAL;
	WRITE_ONCE(xf->batch, on);
	return 0;
}

/**
 * xtun_ioc_ioctl() - an ioctl of <linux/xtun.h>
 * @file: the file
 * @cmd: number of the ioctl
 * @argp: its argument
 *
 * Context: process, takes RTNL.
 * Return: as <linux/xtun.h> says; -ENOTTY for an unknown ioctl.
 */
long xtun_ioc_ioctl(struct file *file, unsigned int cmd, void __user *argp)
{
	struct xtun_file *xf = file->private_data;
	/* Pairs with xtun_attach_rings(). */
	struct xtun_ring *ring = smp_load_acquire(&xf->ring);
	int err;

	switch (cmd) {
	case XTUN_IOC_FEATURES:
		return xtun_ioc_features(argp);
	case XTUN_IOC_SET_RINGS:
		err = xtun_ioc_set_rings(file, argp);
		if (err)
			xtun_refused_remember(xf->net, cmd, NULL, 0, err);
		return err;
	case XTUN_IOC_DOORBELL:
		return ring ? xtun_ring_doorbell(ring) : -EINVAL;
	case XTUN_IOC_SET_WAKE:
		return ring ? xtun_ioc_set_wake(ring, argp) : -EINVAL;
	case XTUN_IOC_GET_WAKE:
		return ring ? xtun_ioc_get_wake(ring, argp) : -EINVAL;
	case XTUN_IOC_SET_BATCH:
		return ring ? -EBUSY : xtun_ioc_set_batch(xf, argp);
	default:
		return -ENOTTY;
	}
}
