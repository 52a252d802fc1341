// SPDX-License-Identifier: GPL-2.0
#include <linux/poll.h>

void *probe(void);
void *probe(void)
{
	__poll_t events = EPOLLIN;

	return poll_to_key(events);
}
