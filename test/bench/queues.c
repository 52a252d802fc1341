// SPDX-License-Identifier: GPL-2.0
/* An interface with several queues in service, one of which the program uses. */
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>

#include "bench.h"

static void open_further(const struct way *way, const char *ifname)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | way->flags };
	int fd = open(way->device, O_RDWR);

	check(fd >= 0, way->device);
	strncpy(ifr.ifr_name, ifname, sizeof(ifr.ifr_name) - 1);
	check(!ioctl(fd, TUNSETIFF, &ifr), "TUNSETIFF");
}

/**
 * queues_open() - open the program's end in the job's way
 * @job: the job
 * @end: filled
 *
 * With several queues, it is the first of them.
 */
void queues_open(const struct job *job, struct end *end)
{
	static struct way way;
	int i;

	if (job->queues < 2) {
		job->way->open(job->way, end, job->ifname);
		return;
	}
	way = *job->way;
	way.flags |= IFF_MULTI_QUEUE;
	way.open(&way, end, job->ifname);
	for (i = 1; i < job->queues; i++)
		open_further(&way, job->ifname);
}
