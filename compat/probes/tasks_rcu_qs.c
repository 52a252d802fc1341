// SPDX-License-Identifier: GPL-2.0
/* A call, which finds a macro as well as a function. */
#include <linux/rcupdate.h>
#include <linux/sched.h>

void probe(void);
void probe(void)
{
	cond_resched_tasks_rcu_qs();
}
