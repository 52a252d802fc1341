// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls of <linux/if_tun.h>, with tap's errno for each misuse.
 */
#include <linux/compat.h>
#include <linux/if_arp.h>
#include <linux/proc_fs.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/uaccess.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "xtun.h"
#include "xtun_ctl.h"
#include "xtun_why.h"

/**
 * struct xtun_ctl - one call of ioctl() on an attached file
 * @xf: the file
 * @q: its queue
 * @dev: its interface
 * @xt: the private part of @dev
 * @arg: its argument, as a number
 * @user: what the argument points to
 */
struct xtun_ctl {
	struct xtun_file *xf;
	struct xtun_queue *q;
	struct net_device *dev;
	struct xtun *xt;
	unsigned long arg;
	struct xtun_ctl_user *user;
};

static int xtun_ctl_get_features(unsigned int __user *argp)
{
	return put_user(IFF_TUN | IFF_TAP | IFF_NO_CARRIER | XTUN_FEATURES, argp);
}

static int xtun_ctl_open_netns(struct net *net)
{
	if (!ns_capable(net->user_ns, CAP_NET_ADMIN))
		return -EPERM;
	return open_related_ns(&net->ns, get_net_ns);
}

static int xtun_ctl_get_iff(const struct xtun_ctl *c, struct ifreq *ifr)
{
	unsigned int flags = xtun_info_flags(c->xt);

	strscpy(ifr->ifr_name, c->dev->name, IFNAMSIZ);
	if (!c->q->enabled)
		flags |= IFF_DETACH_QUEUE;
	if (!c->q->filtered)
		flags |= IFF_NOFILTER;
	ifr->ifr_flags = flags;
	return 0;
}

static int xtun_ctl_set_persist(const struct xtun_ctl *c)
{
	unsigned int flags = c->xt->flags & ~IFF_PERSIST;

	if (c->arg || !c->xt->made_by_file)
		flags |= IFF_PERSIST;
	if (!c->arg && !c->xt->made_by_file && net_ratelimit())
		netdev_info(c->dev, "is kept when its files are closed, because \"ip link add\" or insmod made it; \"ip link del\" removes it\n");
	if (flags != c->xt->flags) {
		WRITE_ONCE(c->xt->flags, flags);
		netdev_state_change(c->dev);
	}
	return 0;
}

static int xtun_ctl_set_owner(const struct xtun_ctl *c)
{
	kuid_t owner = make_kuid(current_user_ns(), c->arg);

	if (!uid_valid(owner))
		return -EINVAL;
	WRITE_ONCE(c->xt->owner, owner);
	/*
	 * The new owner must not see frames that were lost before. Forget them only after
	 * the change, so that those lost in the meantime are forgotten, too.
	 */
	xtun_why_forget_frames(c->xt);
	netdev_state_change(c->dev);
	return 0;
}

static int xtun_ctl_set_group(const struct xtun_ctl *c)
{
	kgid_t group = make_kgid(current_user_ns(), c->arg);

	if (!gid_valid(group))
		return -EINVAL;
	WRITE_ONCE(c->xt->group, group);
	xtun_why_forget_frames(c->xt);
	netdev_state_change(c->dev);
	return 0;
}

static unsigned char xtun_ctl_addr_len(unsigned short type)
{
	switch (type) {
	case ARPHRD_ETHER:
	case ARPHRD_FDDI:
	case ARPHRD_HIPPI:
	case ARPHRD_IEEE802:
		return ETH_ALEN;
	case ARPHRD_IP6GRE:
	case ARPHRD_TUNNEL6:
		return 16;
	case ARPHRD_IPGRE:
	case ARPHRD_TUNNEL:
	case ARPHRD_SIT:
		return 4;
	case ARPHRD_IEEE802154:
	case ARPHRD_IEEE802154_MONITOR:
	case ARPHRD_6LOWPAN:
		return 8;
	case ARPHRD_ROSE:
		return 5;
	case ARPHRD_NETROM:
		return 7;
	case ARPHRD_LOCALTLK:
		return 1;
	default:
		return 0;
	}
}

static int xtun_ctl_set_link(const struct xtun_ctl *c)
{
	int err;

	if (c->dev->flags & IFF_UP)
		return -EBUSY;
	err = notifier_to_errno(call_netdevice_notifiers(NETDEV_PRE_TYPE_CHANGE, c->dev));
	if (err)
		return err;
	c->dev->type = c->arg;
	c->dev->addr_len = xtun_ctl_addr_len(c->dev->type);
	call_netdevice_notifiers(NETDEV_POST_TYPE_CHANGE, c->dev);
	return 0;
}

/*
 * Each bit selects a feature, if the bits that it depends on are set too. The call
 * fails if any bits are left: that is how programs find out what is supported.
 */
static netdev_features_t xtun_ctl_offloads(unsigned long *left)
{
	netdev_features_t features = 0;
	unsigned long arg = *left;

	if (!(arg & TUN_F_CSUM))
		return 0;
	features |= NETIF_F_HW_CSUM;
	*left &= ~(TUN_F_CSUM | TUN_F_UFO);

	if (arg & (TUN_F_TSO4 | TUN_F_TSO6)) {
		if (arg & TUN_F_TSO_ECN)
			features |= NETIF_F_TSO_ECN;
		if (arg & TUN_F_TSO4)
			features |= NETIF_F_TSO;
		if (arg & TUN_F_TSO6)
			features |= NETIF_F_TSO6;
		*left &= ~(TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN);
	}
	if (XTUN_COMPAT_USO && (arg & TUN_F_USO4) && (arg & TUN_F_USO6)) {
		features |= XTUN_COMPAT_USO;
		*left &= ~(TUN_F_USO4 | TUN_F_USO6);
	}
	if (XTUN_COMPAT_TUNNEL_OFFLOADS && (arg & TUN_F_UDP_TUNNEL_GSO) &&
	    (features & (NETIF_F_TSO | NETIF_F_TSO6 | XTUN_COMPAT_USO))) {
		features |= NETIF_F_GSO_UDP_TUNNEL;
		if (arg & TUN_F_UDP_TUNNEL_GSO_CSUM)
			features |= NETIF_F_GSO_UDP_TUNNEL_CSUM;
		*left &= ~(TUN_F_UDP_TUNNEL_GSO | TUN_F_UDP_TUNNEL_GSO_CSUM);
	}
	return features;
}

static int xtun_ctl_set_offload(const struct xtun_ctl *c)
{
	unsigned long left = c->arg;
	netdev_features_t features = xtun_ctl_offloads(&left);

	if (left) {
		if (net_ratelimit())
			netdev_info(c->dev, "TUNSETOFFLOAD 0x%lx: the bits 0x%lx are unknown here, or need others that are not set\n",
				    c->arg, left);
		return -EINVAL;
	}
	c->xt->offloads = features;
	c->dev->wanted_features &= ~XTUN_OFFLOADS;
	c->dev->wanted_features |= features;
	netdev_update_features(c->dev);
	return 0;
}

static int xtun_ctl_get_hwaddr(const struct xtun_ctl *c, struct ifreq *ifr)
{
	struct sockaddr *sa = &ifr->ifr_hwaddr;

	if (!c->dev->addr_len)
		memset(sa->sa_data, 0, XTUN_COMPAT_SA_DATA);
	memcpy(sa->sa_data, c->dev->dev_addr, min_t(size_t, XTUN_COMPAT_SA_DATA, c->dev->addr_len));
	sa->sa_family = c->dev->type;
	return 0;
}

static int xtun_ctl_get_sndbuf(const struct xtun_ctl *c)
{
	c->user->value = c->xf->account ? c->xf->account->sk_sndbuf : INT_MAX;
	return 0;
}

static void xtun_ctl_set_sndbuf_of(struct xtun_queue *q, int sndbuf)
{
	struct xtun_file *xf;

	spin_lock_bh(&q->lock);
	list_for_each_entry(xf, &q->files, node) {
		if (!xf->account || !q->enabled)
			continue;
		WRITE_ONCE(xf->account->sk_sndbuf, sndbuf);
		/* A writer may be waiting for more room. */
		xf->account->sk_write_space(xf->account);
	}
	spin_unlock_bh(&q->lock);
}

static int xtun_ctl_set_sndbuf(const struct xtun_ctl *c, const struct file *file)
{
	int sndbuf = c->user->value;
	int err = c->user->err;
	struct xtun_queue *q;
	unsigned int i;

	if (err)
		return err;
	if (sndbuf <= 0)
		return -EINVAL;
	err = xtun_account_create(c->xf, file->f_cred);
	if (err)
		return err;
	for (i = 0; i < c->dev->real_num_tx_queues; i++) {
		q = rtnl_dereference(c->xt->slots[i].queue);
		if (q)
			xtun_ctl_set_sndbuf_of(q, sndbuf);
	}
	return 0;
}

static int xtun_ctl_set_vnet_hdr_sz(const struct xtun_ctl *c)
{
	if (c->user->err)
		return c->user->err;
	if (c->user->value < (int)sizeof(struct virtio_net_hdr))
		return -EINVAL;
	WRITE_ONCE(c->xt->vnet_hdr_sz, c->user->value);
	return 0;
}

static int xtun_ctl_get_flag(const struct xtun_ctl *c, unsigned int flag)
{
	c->user->value = !!(c->xt->flags & flag);
	return 0;
}

static int xtun_ctl_set_flag(const struct xtun_ctl *c, unsigned int flag)
{
	if (c->user->err)
		return c->user->err;
	WRITE_ONCE(c->xt->flags,
		   c->user->value ? c->xt->flags | flag : c->xt->flags & ~flag);
	return 0;
}

static int xtun_ctl_set_macs(const struct xtun_ctl *c)
{
	if (c->user->err)
		return c->user->err;
	return xtun_filter_set_macs(c->xt, xtun_ctl_keep(c->user->macs));
}

static int xtun_ctl_attach_filter(const struct xtun_ctl *c)
{
	/* As in tap, even if it is not a valid program. */
	c->xt->filters.told = c->user->fprog;
	if (c->user->err)
		return c->user->err;
	xtun_filter_set_classic(c->xt, xtun_ctl_keep(c->user->prog));
	return 0;
}

/* Only tap interfaces have these: they filter Ethernet frames. */
static int xtun_ctl_filter(const struct xtun_ctl *c, unsigned int cmd)
{
	if (!(c->xt->flags & IFF_TAP))
		return -EINVAL;
	switch (cmd) {
	case TUNSETTXFILTER:
		return xtun_ctl_set_macs(c);
	case TUNATTACHFILTER:
		return xtun_ctl_attach_filter(c);
	case TUNDETACHFILTER:
		xtun_filter_clear_classic(c->xt);
		return 0;
	default:
		c->user->fprog = c->xt->filters.told;
		return 0;
	}
}

static int xtun_ctl_set_ebpf(const struct xtun_ctl *c, struct bpf_prog __rcu **where)
{
	return c->user->err ?: xtun_filter_set_ebpf(where, c->user->value);
}

static int xtun_ctl_set_carrier(const struct xtun_ctl *c)
{
	if (c->user->err)
		return c->user->err;
	return c->dev->netdev_ops->ndo_change_carrier(c->dev, c->user->value);
}

static int xtun_ctl_vnet(const struct xtun_ctl *c, unsigned int cmd)
{
	switch (cmd) {
	case TUNGETVNETHDRSZ:
		c->user->value = c->xt->vnet_hdr_sz;
		return 0;
	case TUNSETVNETHDRSZ:
		return xtun_ctl_set_vnet_hdr_sz(c);
	case TUNGETVNETLE:
		return xtun_ctl_get_flag(c, XTUN_VNET_LE);
	case TUNSETVNETLE:
		return xtun_ctl_set_flag(c, XTUN_VNET_LE);
	}
	/* As tap in the same kernel: for guests whose byte order is not the kernel's. */
	if (!IS_ENABLED(CONFIG_TUN_VNET_CROSS_LE))
		return -EINVAL;
	return cmd == TUNGETVNETBE ? xtun_ctl_get_flag(c, XTUN_VNET_BE) :
				     xtun_ctl_set_flag(c, XTUN_VNET_BE);
}

static int xtun_ctl_attached(const struct xtun_ctl *c, const struct file *file, unsigned int cmd)
{
	struct ifreq *ifr = &c->user->ifr;

	switch (cmd) {
	case TUNGETIFF:
		return xtun_ctl_get_iff(c, ifr);
	case SIOCGIFHWADDR:
		return xtun_ctl_get_hwaddr(c, ifr);
	case SIOCSIFHWADDR:
		return xtun_compat_set_mac(c->dev, &ifr->ifr_hwaddr);
	case TUNSETNOCSUM:
		return 0;	/* has no effect on any kernel */
	case TUNSETDEBUG:
		c->xt->msg_enable = c->arg;
		return 0;
	case TUNSETPERSIST:
		return xtun_ctl_set_persist(c);
	case TUNSETOWNER:
		return xtun_ctl_set_owner(c);
	case TUNSETGROUP:
		return xtun_ctl_set_group(c);
	case TUNSETLINK:
		return xtun_ctl_set_link(c);
	case TUNSETOFFLOAD:
		return xtun_ctl_set_offload(c);
	case TUNGETSNDBUF:
		return xtun_ctl_get_sndbuf(c);
	case TUNSETSNDBUF:
		return xtun_ctl_set_sndbuf(c, file);
	case TUNGETVNETHDRSZ:
	case TUNSETVNETHDRSZ:
	case TUNGETVNETLE:
	case TUNSETVNETLE:
	case TUNGETVNETBE:
	case TUNSETVNETBE:
		return xtun_ctl_vnet(c, cmd);
	case TUNSETTXFILTER:
	case TUNATTACHFILTER:
	case TUNDETACHFILTER:
	case TUNGETFILTER:
		return xtun_ctl_filter(c, cmd);
	case TUNSETSTEERINGEBPF:
		return xtun_ctl_set_ebpf(c, &c->xt->steer.ebpf);
	case TUNSETFILTEREBPF:
		return xtun_ctl_set_ebpf(c, &c->xt->filters.ebpf);
	case TUNSETCARRIER:
		return xtun_ctl_set_carrier(c);
	case TUNGETDEVNETNS:
		return xtun_ctl_open_netns(dev_net(c->dev));
	default:
		return -EINVAL;
	}
}

static int xtun_ctl_set_ifindex(struct xtun_file *xf, const struct xtun_ctl_user *user)
{
	if (user->err)
		return user->err;
	if (user->value < 0)
		return -EINVAL;
	xf->ifindex = user->value;
	return 0;
}

static int xtun_ctl_locked(struct file *file, unsigned int cmd, unsigned long arg,
			   struct xtun_ctl_user *user)
{
	struct xtun_file *xf = file->private_data;
	struct xtun_queue *q = xtun_chr_queue_rtnl(xf);
	struct xtun_slot *slot = q ? rtnl_dereference(q->slot) : NULL;
	struct xtun_ctl c = { .xf = xf, .q = q, .arg = arg, .user = user };

	switch (cmd) {
	case TUNSETIFF:
		return slot ? -EEXIST : xtun_attach_set_iff(file, &user->ifr);
	case TUNSETQUEUE:
		return xtun_attach_set_queue(xf, &user->ifr);
	case TUNSETIFINDEX:
		return slot ? -EPERM : xtun_ctl_set_ifindex(xf, user);
	}
	if (!slot)
		return -EBADFD;
	c.dev = slot->dev;
	c.xt = netdev_priv(slot->dev);
	return xtun_ctl_attached(&c, file, cmd);
}

/* Whether it is one of tap's ioctls, whatever size is encoded in the number. */
static bool xtun_ctl_is_tap(unsigned int cmd)
{
	if (_IOC_TYPE(cmd) == _IOC_TYPE(TUNSETIFF))
		return _IOC_NR(cmd) >= _IOC_NR(TUNSETNOCSUM) &&
		       _IOC_NR(cmd) <= _IOC_NR(TUNGETDEVNETNS);
	return cmd == SIOCGIFHWADDR || cmd == SIOCSIFHWADDR;
}

/* TUNSETQUEUE is for the file's own interface, whatever name the caller passes. */
static void xtun_ctl_name_own(struct xtun_file *xf, struct ifreq *ifr)
{
	struct xtun_queue *q = xtun_chr_queue_rtnl(xf);
	struct xtun_slot *slot = q ? rtnl_dereference(q->slot) : NULL;

	strscpy(ifr->ifr_name, slot ? slot->dev->name : "", IFNAMSIZ);
}

static long xtun_ctl(struct file *file, unsigned int cmd, unsigned long arg,
		     struct xtun_ctl_user *user)
{
	struct xtun_file *xf = file->private_data;
	bool takes_ifreq = xtun_ctl_takes_ifreq(cmd);
	struct ifreq asked;
	int ret;

	if (cmd == TUNGETFEATURES)
		return xtun_ctl_get_features(user->argp);
	if (cmd == SIOCGSKNS)
		return xtun_ctl_open_netns(xf->net);
	if (!xtun_ctl_is_tap(cmd)) {
		/* Not the argument: it may be an address in the caller's memory. */
		xtun_refused_remember(xf->net, cmd, NULL, 0, -ENOTTY);
		return -ENOTTY;
	}
	xtun_ctl_take(user, cmd);
	if (takes_ifreq && user->err)
		return user->err;
	asked = user->ifr;

	rtnl_lock();
	ret = xtun_ctl_locked(file, cmd, arg, user);
	if (cmd == TUNSETQUEUE)
		xtun_ctl_name_own(xf, &asked);
	rtnl_unlock();
	xtun_ctl_free(user);
	if (ret >= 0)
		return xtun_ctl_give(user, cmd) ?: ret;
	xtun_refused_remember(xf->net, cmd, takes_ifreq ? &asked : NULL, arg, ret);
	return ret;
}

/**
 * xtun_ctl_ioctl() - an ioctl of <linux/if_tun.h>
 * @file: the file
 * @cmd: number of the ioctl
 * @arg: its argument
 *
 * Context: process, takes RTNL.
 * Return: what tap returns; -ENOTTY for an ioctl that tap does not know.
 */
long xtun_ctl_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct xtun_ctl_user user = {
		.argp = (void __user *)arg,
		.ifreq_len = sizeof(struct ifreq),
	};

	return xtun_ctl(file, cmd, arg, &user);
}

#ifdef CONFIG_COMPAT
/**
 * xtun_ctl_compat_ioctl() - the same for a 32-bit program
 * @file: the file
 * @cmd: number of the ioctl
 * @arg: its argument
 *
 * The program's struct ifreq is shorter, but has the members used here at the same offsets.
 *
 * Context: process, takes RTNL.
 * Return: as xtun_ctl_ioctl().
 */
long xtun_ctl_compat_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct xtun_ctl_user user = {
		.argp = compat_ptr(arg),
		.ifreq_len = sizeof(struct compat_ifreq),
	};

	return xtun_ctl(file, xtun_compat_fprog_cmd(cmd), arg, &user);
}
#endif
