// SPDX-License-Identifier: GPL-2.0
/* A macro first, then a function. */
#include <linux/rcupdate.h>
#include <linux/sched.h>

void probe(void);
void probe(void)
{
	cond_resched_tasks_rcu_qs();
}
