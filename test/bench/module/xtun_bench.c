// SPDX-License-Identifier: GPL-2.0
/*
 * Makes frames inside the kernel as cheaply as possible: the generator of the
 * benchmark, only for the guests of the tests. The content of a frame beyond its head
 * is not initialized.
 */
#include <linux/etherdevice.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <net/net_namespace.h>

#include "../generator.h"

/* More frames than are in flight at any time. */
#define BENCH_PAGES	256

/* The part of a frame that is in one page together with what its skb needs. */
#define BENCH_LINEAR	(PAGE_SIZE / 2)
#define BENCH_LONGEST	(BENCH_LINEAR + MAX_SKB_FRAGS * PAGE_SIZE)

static struct page *bench_pages[BENCH_PAGES];
/* The rest of each longer frame. */
static struct page *bench_rest;
static unsigned int bench_next;

static void bench_add_rest(struct sk_buff *skb, unsigned int len)
{
	unsigned int part;

	for (; len; len -= part) {
		part = min_t(unsigned int, len, PAGE_SIZE);
		get_page(bench_rest);
		skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, bench_rest, 0, part, PAGE_SIZE);
	}
}

/*
 * Builds a frame as drivers of network cards do for what they receive: in a page that
 * was used before and whose last frame has been freed.
 */
static struct sk_buff *bench_frame(const struct generator *g, struct net_device *dev)
{
	struct page *page = bench_pages[bench_next++ % BENCH_PAGES];
	struct sk_buff *skb;

	if (page_ref_count(page) != 1)
		return NULL;
	skb = napi_build_skb(page_address(page), PAGE_SIZE);
	if (!skb)
		return NULL;
	get_page(page);
	skb_reserve(skb, NET_SKB_PAD + NET_IP_ALIGN);
	skb_put(skb, min_t(unsigned int, g->len, BENCH_LINEAR));
	memcpy(skb->data, g->head, GENERATOR_HEAD);
	bench_add_rest(skb, g->len - skb->len);
	skb->dev = dev;
	return skb;
}

/* As pktgen does. */
static int bench_transmit(const struct generator *g, struct net_device *dev)
{
	struct netdev_queue *txq = netdev_get_tx_queue(dev, 0);
	struct sk_buff *skb;
	unsigned int i;
	int err = 0;

	local_bh_disable();
	HARD_TX_LOCK(dev, txq, smp_processor_id());
	for (i = 0; i < g->count; i++) {
		skb = bench_frame(g, dev);
		if (!skb) {
			err = -ENOMEM;
			break;
		}
		skb_reset_mac_header(skb);
		skb_set_network_header(skb, ETH_HLEN);
		skb->protocol = eth_hdr(skb)->h_proto;
		netdev_start_xmit(skb, dev, txq, false);
	}
	HARD_TX_UNLOCK(dev, txq);
	local_bh_enable();
	return err;
}

/* As a driver's NAPI poll does: one by one, or all at once. */
static int bench_receive(const struct generator *g, struct net_device *dev)
{
	struct sk_buff *skb;
	unsigned int i;
	LIST_HEAD(list);
	int err = 0;

	local_bh_disable();
	for (i = 0; i < g->count; i++) {
		skb = bench_frame(g, dev);
		if (!skb) {
			err = -ENOMEM;
			break;
		}
		skb->protocol = eth_type_trans(skb, dev);
		if (g->list)
			list_add_tail(&skb->list, &list);
		else
			netif_receive_skb(skb);
	}
	netif_receive_skb_list(&list);
	local_bh_enable();
	return err;
}

static long bench_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct net_device *dev;
	struct generator g;
	int err = -ENOTTY;

	if (copy_from_user(&g, (const void __user *)arg, sizeof(g)))
		return -EFAULT;
	if (g.len < GENERATOR_HEAD || g.len > BENCH_LONGEST)
		return -EINVAL;
	dev = dev_get_by_index(current->nsproxy->net_ns, g.ifindex);
	if (!dev)
		return -ENODEV;
	if (cmd == GENERATOR_TRANSMIT)
		err = bench_transmit(&g, dev);
	else if (cmd == GENERATOR_RECEIVE)
		err = bench_receive(&g, dev);
	dev_put(dev);
	return err;
}

static const struct file_operations bench_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= bench_ioctl,
};

static struct miscdevice bench_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "xtun-bench",
	.mode	= 0600,
	.fops	= &bench_fops,
};

static void bench_free_pages(void)
{
	unsigned int i;

	for (i = 0; i < BENCH_PAGES && bench_pages[i]; i++)
		put_page(bench_pages[i]);
	if (bench_rest)
		put_page(bench_rest);
}

static int __init bench_init(void)
{
	unsigned int i;
	int err = -ENOMEM;

	bench_rest = alloc_page(GFP_KERNEL);
	if (!bench_rest)
		return err;
	for (i = 0; i < BENCH_PAGES; i++) {
		bench_pages[i] = alloc_page(GFP_KERNEL);
		if (!bench_pages[i])
			goto free;
	}
	err = misc_register(&bench_misc);
	if (err)
		goto free;
	return 0;

free:
	bench_free_pages();
	return err;
}
module_init(bench_init);

static void __exit bench_exit(void)
{
	misc_deregister(&bench_misc);
	bench_free_pages();
}
module_exit(bench_exit);

MODULE_DESCRIPTION("Generator of frames for xtun's benchmark");
MODULE_LICENSE("GPL");
