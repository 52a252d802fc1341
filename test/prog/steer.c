// SPDX-License-Identifier: GPL-2.0
/* Which of several queues a frame goes to, unless somebody has decided it. */
#define _GNU_SOURCE
#include <linux/if_tun.h>
#include <stdlib.h>
#include <unistd.h>

#include "flaw.h"
#include "flows.h"
#include "xt.h"

#define ALL		((1 << FLOWS_QUEUES) - 1)

static bool has_channels(int n)
{
	char command[200];

	snprintf(command, sizeof(command), "ethtool -l " FLOWS_IF
		 " | awk '/^Combined/ { n = $2 } END { exit n != %d }'", n);
	return !system(command);
}

static int count_same(const int a[FLOWS], const int b[FLOWS])
{
	int i, same = 0;

	for (i = 0; i < FLOWS; i++)
		same += a[i] == b[i];
	return same;
}

static void by_hash(int home[FLOWS])
{
	int again[FLOWS], i, kept = 0;

	ok(flows_send_all(home) == ALL, "%d flows of UDP: all four queues get some", FLOWS);
	for (i = 0; i < 4; i++) {
		flows_send_all(again);
		kept += count_same(home, again) == FLOWS;
	}
	ok(kept == 4, "... and each flow keeps to its queue");
}

/* One flow at a time: the table is small, and two flows may share an entry. */
static void by_answer(const int home[FLOWS])
{
	int i, at[FLOWS], received = 0, followed = 0;

	for (i = 0; i < FLOWS; i++) {
		int to = (home[i] + 1 + i % 3) % FLOWS_QUEUES;

		flows_answer(i, to, i);
		received += flows_answered(i, i);
		followed += flows_send(i) == to;
	}
	ok(received == FLOWS, "answers are received from whatever queue they are written to");
	ok(followed == FLOWS, "... and there the flow's next frame goes");
	sleep(4);
	flows_send_all(at);
	ok(count_same(home, at) == FLOWS, "... until no answer has come for three seconds");
}

static void set_service(int queue, int what)
{
	if (flaw_queue(flows_fd[queue], what))
		die("TUNSETQUEUE %#x of queue %d", what, queue);
}

static void out_of_service(const int home[FLOWS])
{
	uint64_t in = xt_counter_of(FLOWS_IF, "tx_in"), out = xt_counter_of(FLOWS_IF, "tx_out");
	int at[FLOWS], queue = home[0];

	ok(has_channels(4), "ethtool -l: four queues");
	flows_answer(0, queue, 0);
	flows_answered(0, 0);
	set_service(queue, IFF_DETACH_QUEUE);
	ok(has_channels(3), "IFF_DETACH_QUEUE: ethtool -l has one less");
	ok(flows_send_all(at) == (ALL & ~(1 << queue)),
	   "... the others get every frame, also of flows whose answers were written to that one");
	ok(xt_counter_of(FLOWS_IF, "tx_in") - in == FLOWS &&
	   xt_counter_of(FLOWS_IF, "tx_out") - out == FLOWS, "... and none is lost");
	set_service(queue, IFF_ATTACH_QUEUE);
	ok(has_channels(4), "IFF_ATTACH_QUEUE: ethtool -l has it again");
	ok(flows_send_all(at) == ALL && count_same(home, at) == FLOWS,
	   "... and it gets the flows that it had");
}

/* Queues keep their numbers, so this leaves a gap. */
static void closed(void)
{
	int at[FLOWS];

	close(flows_fd[1]);
	ok(has_channels(3), "one file closed: ethtool -l has one queue less");
	flows_fd[1] = dup(flows_fd[0]);
	ok(!(flows_send_all(at) & (1 << 1)), "... and its queue gets nothing");
	close(flows_fd[1]);
	flows_fd[1] = xt_tap(XT_DEV, FLOWS_IF, TAP | IFF_MULTI_QUEUE);
	ok(flows_send_all(at) == ALL, "another file takes its place");
}

void theme_steer(void)
{
	int home[FLOWS];

	flows_open();
	by_hash(home);
	by_answer(home);
	out_of_service(home);
	closed();
	xt_law(FLOWS_IF);
	flows_close();
}
