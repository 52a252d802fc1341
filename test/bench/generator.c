// SPDX-License-Identifier: GPL-2.0
/* The generator's side in userspace. */
#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include "bench.h"
#include "generator.h"

static int generator_fd = -1;

/**
 * generator_init() - prepare bursts of BURST frames for a job
 * @g: filled, except for the head
 * @job: the job
 */
void generator_init(struct generator *g, const struct job *job)
{
	if (generator_fd < 0)
		generator_fd = open("/dev/xtun-bench", O_RDWR);
	check(generator_fd >= 0, "open /dev/xtun-bench");
	g->ifindex = if_nametoindex(job->ifname);
	g->count = BURST;
	g->len = job->len;
}

/**
 * generator_transmit() - make the interface transmit a burst
 * @g: the burst
 */
void generator_transmit(const struct generator *g)
{
	check(!ioctl(generator_fd, GENERATOR_TRANSMIT, g), "GENERATOR_TRANSMIT");
}

/**
 * generator_receive() - make the stack receive a burst
 * @g: the burst
 */
void generator_receive(const struct generator *g)
{
	check(!ioctl(generator_fd, GENERATOR_RECEIVE, g), "GENERATOR_RECEIVE");
}
