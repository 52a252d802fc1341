// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/net/xtun: what happens to frames, for machines with no tool but cat. For each
 * interface of the namespace it shows its state, for each queue the counters (in = out +
 * waiting + losses), and the last losses; then interfaces that are gone and failed calls.
 */
#include <linux/ktime.h>
#include <linux/proc_fs.h>
#include <linux/rtnetlink.h>
#include <linux/seq_file.h>
#include <linux/seq_file_net.h>
#include <linux/string.h>
#include <net/net_namespace.h>

#include "xtun.h"
#include "xtun_why.h"

#define XTUN_PROC_NAME	"xtun"

struct xtun_proc_state {
	struct seq_net_private net;	/* first, as proc_create_net() requires */
	struct xtun_why_loss losses[XTUN_WHY_LOSSES];
};

/* Set @tx by a counter's name, and return the name of the loss; NULL if it counts no loss. */
static const char *xtun_proc_loss(enum xtun_counter c, bool *tx)
{
	static const char lost[] = "lost_";
	const char *name = xtun_counter_names[c];

	*tx = name[0] == 't';
	name += strlen("tx_");
	return strncmp(name, lost, strlen(lost)) ? NULL : name + strlen(lost);
}

static u64 xtun_proc_lost(const u64 *sum, bool tx)
{
	u64 lost = 0;
	bool is_tx;
	int c;

	for (c = 0; c < XTUN_NCOUNTERS; c++)
		if (xtun_proc_loss(c, &is_tx) && is_tx == tx)
			lost += sum[c];
	return lost;
}

static void xtun_proc_losses(struct seq_file *seq, const u64 *sum, bool tx)
{
	const char *name, *between = " (";
	bool is_tx;
	int c;

	seq_printf(seq, " + lost %llu", xtun_proc_lost(sum, tx));
	for (c = 0; c < XTUN_NCOUNTERS; c++) {
		name = xtun_proc_loss(c, &is_tx);
		if (!name || is_tx != tx || !sum[c])
			continue;
		seq_printf(seq, "%s%s %llu", between, name, sum[c]);
		between = ", ";
	}
	if (*between == ',')
		seq_putc(seq, ')');
}

/* Who read last, and when; for rings, for how long no frame has been seen to be read. */
static void xtun_proc_reader(struct seq_file *seq, const struct xtun_backlog *b)
{
	if (b->ring_size)
		seq_printf(seq, ", not read for %u ms", b->idle_ms);
	else if (b->reader)
		seq_printf(seq, ", read %u ms ago", b->idle_ms);
	else
		seq_puts(seq, ", never read");
	if (b->reader)
		seq_printf(seq, " by %d", b->reader);
}

static void xtun_proc_queue(struct seq_file *seq, struct xtun_slot *slot)
{
	struct xtun_backlog b;
	u64 sum[XTUN_NCOUNTERS], gauge, readers;
	struct xtun_queue *q = rtnl_dereference(slot->queue);

	/* First, because for rings it counts the frames that the program has taken. */
	xtun_queue_gauges(slot, &gauge, &readers);
	xtun_stats_sum(slot, sum);
	seq_printf(seq, "  queue %u tx: in %llu = out %llu + waiting %llu", slot->index,
		   sum[XTUN_TX_IN], sum[XTUN_TX_OUT], gauge);
	xtun_proc_losses(seq, sum, true);
	seq_printf(seq, "; readers %llu", readers);
	if (q) {
		xtun_queue_backlog(q, &b);
		if (b.waiting && !b.ring_size)
			seq_printf(seq, ", the oldest frame waits for %u ms", b.oldest_ms);
		if (b.waiting)
			xtun_proc_reader(seq, &b);
	}
	seq_printf(seq, "\n  queue %u rx: in %llu = out %llu", slot->index, sum[XTUN_RX_IN],
		   sum[XTUN_RX_OUT]);
	xtun_proc_losses(seq, sum, false);
	seq_putc(seq, '\n');
}

/**
 * xtun_proc_seconds() - print a time in seconds with three decimals
 * @seq: where to print
 * @ns: nanoseconds; a negative number is printed as 0
 *
 * Context: process.
 */
void xtun_proc_seconds(struct seq_file *seq, s64 ns)
{
	u32 ms;
	u64 s = div_u64_rem(div_u64(max(ns, 0LL), NSEC_PER_MSEC), MSEC_PER_SEC, &ms);

	seq_printf(seq, "%llu.%03u", s, ms);
}

static void xtun_proc_when(struct seq_file *seq, const struct xtun_why_loss *l)
{
	s64 now = ktime_get_ns();

	seq_puts(seq, ", ");
	if (l->times > 1) {
		seq_printf(seq, "%llu times, from ", l->times);
		xtun_proc_seconds(seq, now - l->first);
		seq_puts(seq, " to ");
	}
	xtun_proc_seconds(seq, now - l->last);
	seq_puts(seq, " s ago");
}

/* As "%*phN", which stops after 64 bytes. */
static void xtun_proc_bytes(struct seq_file *seq, const u8 *bytes, unsigned int n)
{
	unsigned int i;

	seq_puts(seq, "    ");
	for (i = 0; i < n; i++)
		seq_printf(seq, "%02x", bytes[i]);
	seq_putc(seq, '\n');
}

static void xtun_proc_last(struct seq_file *seq, const struct xtun_why_loss *l)
{
	bool tx;
	char fault[96];
	const char *name = xtun_proc_loss(l->loss, &tx);

	seq_printf(seq, "  lost #%llu", l->number);
	if (l->last_number - l->number != l->times - 1)
		seq_printf(seq, " to #%llu", l->last_number);
	xtun_proc_when(seq, l);
	seq_printf(seq, ": queue %u %s %s, %u bytes", l->queue, tx ? "tx" : "rx", name, l->len);
	if (l->backlog.ring_size)
		seq_printf(seq, ", %u waited in a ring of %u bytes", l->backlog.waiting,
			   l->backlog.ring_size);
	else if (l->backlog.waiting)
		seq_printf(seq, ", %u waited, the oldest for %u ms", l->backlog.waiting,
			   l->backlog.oldest_ms);
	if (l->backlog.waiting)
		xtun_proc_reader(seq, &l->backlog);
	if (l->err)
		seq_printf(seq, "; errno %d", -l->err);
	if (l->fault.field) {
		xtun_why_fault_text(&l->fault, fault, sizeof(fault));
		seq_printf(seq, "; wrong: %s", fault);
	}
	seq_putc(seq, '\n');
}

static void xtun_proc_iface(struct seq_file *seq, struct net_device *dev)
{
	struct xtun *xt = netdev_priv(dev);
	struct xtun_proc_state *state = seq->private;
	/* Those who may attach can read the interface's frames anyway. */
	bool may = xtun_net_may_attach(dev, seq->file);
	const struct xtun_why_loss *l = state->losses;
	unsigned int i, n;

	seq_printf(seq, "%s: %s, %s, mtu %u, txqueuelen %u\n", dev->name,
		   xtun_is_up(dev) ? "up" : "down",
		   netif_carrier_ok(dev) ? "carrier" : "no carrier", dev->mtu, dev->tx_queue_len);
	for (i = 0; i < dev->num_tx_queues && xt->slots[i].stats; i++)
		xtun_proc_queue(seq, &xt->slots[i]);
	n = xtun_why_get(xt, state->losses, XTUN_WHY_LOSSES);
	for (i = 0; i < n; i++, l++) {
		xtun_proc_last(seq, l);
		if (may && l->kept)
			xtun_proc_bytes(seq, l->bytes, l->kept);
	}
}

/* After the interfaces there is one more item: interfaces that are gone, and failed calls. */
static bool xtun_proc_is_dead(const struct seq_file *seq, const void *v)
{
	return v == seq->private;
}

static void xtun_proc_gone(struct seq_file *seq)
{
	xtun_dead_show(seq);
	xtun_refused_show(seq);
}

static int xtun_proc_show(struct seq_file *seq, void *v)
{
	if (xtun_proc_is_dead(seq, v))
		xtun_proc_gone(seq);
	else
		xtun_proc_iface(seq, v);
	return 0;
}

static void *xtun_proc_start(struct seq_file *seq, loff_t *pos)
{
	struct net_device *dev;
	loff_t n = *pos;

	rtnl_lock();
	for_each_netdev(seq_file_net(seq), dev)
		if (xtun_net_is(dev) && !n--)
			return dev;
	return n ? NULL : seq->private;
}

static void *xtun_proc_next(struct seq_file *seq, void *v, loff_t *pos)
{
	struct net_device *dev = v;

	++*pos;
	if (xtun_proc_is_dead(seq, v))
		return NULL;
	for_each_netdev_continue(seq_file_net(seq), dev)
		if (xtun_net_is(dev))
			return dev;
	return seq->private;
}

static void xtun_proc_stop(struct seq_file *seq, void *v)
{
	rtnl_unlock();
}

static const struct seq_operations xtun_proc_ops = {
	.start	= xtun_proc_start,
	.next	= xtun_proc_next,
	.stop	= xtun_proc_stop,
	.show	= xtun_proc_show,
};

static int __net_init xtun_proc_net_init(struct net *net)
{
	if (!proc_create_net(XTUN_PROC_NAME, 0444, net->proc_net, &xtun_proc_ops,
			     sizeof(struct xtun_proc_state)))
		return -ENOMEM;
	return 0;
}

static void __net_exit xtun_proc_net_exit(struct net *net)
{
	remove_proc_entry(XTUN_PROC_NAME, net->proc_net);
}

static struct pernet_operations xtun_proc_net_ops = {
	.init	= xtun_proc_net_init,
	.exit	= xtun_proc_net_exit,
};

/**
 * xtun_proc_init() - create the file in each namespace, if the kernel has /proc
 *
 * Context: module init.
 * Return: 0 or -ENOMEM.
 */
int xtun_proc_init(void)
{
	return IS_ENABLED(CONFIG_PROC_FS) ? register_pernet_subsys(&xtun_proc_net_ops) : 0;
}

/**
 * xtun_proc_exit() - undo xtun_proc_init()
 *
 * Context: module exit; waits for readers.
 */
void xtun_proc_exit(void)
{
	if (IS_ENABLED(CONFIG_PROC_FS))
		unregister_pernet_subsys(&xtun_proc_net_ops);
}
