// SPDX-License-Identifier: GPL-2.0
/*
 * Mistakes, one for each detector of a debug kernel, to check that it detects them.
 * Loading with fault=NAME makes that mistake. Only for guests that are thrown away.
 */
#include <linux/delay.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/stacktrace.h>
#include <linux/timer.h>
#include <net/net_namespace.h>

static char *fault = "";
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, "Which mistake to make");

static int planted_use_after_free(void)
{
	int *p = kmalloc(64, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	kfree(p);
	OPTIMIZER_HIDE_VAR(p);
	pr_info("planted: read %d\n", READ_ONCE(*p));
	return 0;
}

static int planted_shift(void)
{
	int bits = 40;

	OPTIMIZER_HIDE_VAR(bits);
	pr_info("planted: shifted to %d\n", 1 << bits);
	return 0;
}

/*
 * More than one object, because a stale word on some stack may still point to one of
 * them.
 */
static int planted_leak(void)
{
	int i;

	for (i = 0; i < 20; i++)
		if (!kzalloc(64, GFP_KERNEL))
			return -ENOMEM;
	return 0;
}

static int planted_sleep_in_atomic(void)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	might_sleep();
	spin_unlock(&lock);
	return 0;
}

static int planted_wrong_cpu(void)
{
	pr_info("planted: on processor %d, or another\n", smp_processor_id());
	return 0;
}

static int planted_lock_inversion(void)
{
	static DEFINE_MUTEX(first);
	static DEFINE_MUTEX(second);

	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
	return 0;
}

static void planted_expired(struct timer_list *timer)
{
}

static int planted_active_timer(void)
{
	struct timer_list *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return -ENOMEM;
	timer_setup(timer, planted_expired, 0);
	mod_timer(timer, jiffies + 1000 * HZ);
	kfree(timer);
	return 0;
}

static int planted_second_put(void)
{
	struct net_device *dev = init_net.loopback_dev;
	netdevice_tracker tracker;

	netdev_tracker_alloc(dev, &tracker, GFP_KERNEL);
	netdev_tracker_free(dev, &tracker);
	netdev_tracker_free(dev, &tracker);
	return 0;
}

static int planted_second_netns_put(void)
{
	netns_tracker tracker;

	netns_tracker_alloc(&init_net, &tracker, GFP_KERNEL);
	__netns_tracker_free(&init_net, &tracker, true);
	__netns_tracker_free(&init_net, &tracker, true);
	return 0;
}

/* The position of its header has not been set. */
static int planted_no_header(void)
{
	struct sk_buff *skb = alloc_skb(64, GFP_KERNEL);

	if (!skb)
		return -ENOMEM;
	pr_info("planted: a header at %p\n", skb_mac_header(skb));
	kfree_skb(skb);
	return 0;
}

static unsigned long planted_counter;

static int planted_racer(void *unused)
{
	while (!kthread_should_stop()) {
		planted_counter++;
		cond_resched();
	}
	return 0;
}

static int planted_race(void)
{
	struct task_struct *racer[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		racer[i] = kthread_run(planted_racer, NULL, "planted%u", i);
		if (IS_ERR(racer[i]))
			break;
	}
	msleep(5000);
	while (i--)
		kthread_stop(racer[i]);
	pr_info("planted: counted to %lu\n", planted_counter);
	return 0;
}

/*
 * Not a mistake but a failure, because failslab does not know per-CPU allocations:
 * until this module is unloaded, those that xtun makes fail.
 */
static noinline void *planted_nothing(void)
{
	return NULL;
}

static int planted_refuse(struct kprobe *probe, struct pt_regs *regs)
{
	unsigned long callers[32];
	char name[KSYM_SYMBOL_LEN];
	unsigned int i, n = stack_trace_save(callers, ARRAY_SIZE(callers), 0);

	for (i = 0; i < n; i++) {
		sprint_symbol(name, callers[i]);
		if (strstr(name, "[xtun]")) {
			/* As if planted_nothing() had been called instead. */
			instruction_pointer_set(regs, (unsigned long)planted_nothing);
			return 1;
		}
	}
	return 0;
}

static struct kprobe planted_probe = {
	.symbol_name	= "pcpu_alloc_noprof",
	.pre_handler	= planted_refuse,
};

static int planted_refuse_percpu(void)
{
	return register_kprobe(&planted_probe);
}

static const struct {
	const char *name;
	int (*make)(void);
} planted_faults[] = {
	{ "lock-inversion",	planted_lock_inversion },
	{ "sleep-in-atomic",	planted_sleep_in_atomic },
	{ "wrong-cpu",		planted_wrong_cpu },
	{ "active-timer",	planted_active_timer },
	{ "second-put",		planted_second_put },
	{ "second-netns-put",	planted_second_netns_put },
	{ "no-header",		planted_no_header },
	{ "shift",		planted_shift },
	{ "leak",		planted_leak },
	{ "use-after-free",	planted_use_after_free },
	{ "race",		planted_race },
	{ "refuse-percpu",	planted_refuse_percpu },
};

static int __init planted_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(planted_faults); i++)
		if (!strcmp(planted_faults[i].name, fault))
			return planted_faults[i].make();
	pr_err("planted: no fault is named %s\n", fault);
	return -EINVAL;
}
module_init(planted_init);

static void __exit planted_exit(void)
{
	/* Does nothing if it was not registered. */
	unregister_kprobe(&planted_probe);
}
module_exit(planted_exit);

MODULE_DESCRIPTION("Mistakes that a debug kernel must detect");
MODULE_LICENSE("GPL");
