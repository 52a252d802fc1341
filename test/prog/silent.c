// SPDX-License-Identifier: GPL-2.0
/*
 * A program that never sleeps, and lets the kernel look for what it sends, makes no
 * system call. It sends back what another process transmits. There must be no call
 * between its two calls of getppid(), which are marks for strace.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/xtun.h"
#include "silent.h"
#include "xt.h"

#define WARM_UP		1000
#define AHEAD		200	/* frames that are on their way at most */

/*
 * How many frames the program has got. The other process reads it without a system
 * call.
 */
static unsigned int *had;

static void transmit_all(int packet, unsigned int n)
{
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < n; i++) {
		while (i - __atomic_load_n(had, __ATOMIC_RELAXED) >= AHEAD)
			sched_yield();
		xt_transmit(packet, 60, i);
	}
	_exit(0);
}

static void send_back(struct xtun *x, const struct xtun_frame *frame)
{
	void *room;

	while (!(room = xtun_reserve(x, frame->len))) {
		if (errno != EAGAIN)
			die("xtun_reserve");
	}
	memcpy(room, frame->data, frame->len);
	xtun_send(x, frame->len);
}

/* The kernel may transmit frames of its own, which do not count. */
static unsigned int numbered(const struct xtun_frame *frames, int n)
{
	unsigned int good = 0;

	while (n--)
		good += xt_number(frames[n].data, frames[n].len) >= 0;
	return good;
}

static void echo_until(struct xtun *x, unsigned int n)
{
	struct xtun_frame frames[64];
	int i, got;

	while (*had < n) {
		got = xtun_receive(x, frames, 64);
		if (got < 0)
			die("xtun_receive");
		for (i = 0; i < got; i++)
			send_back(x, &frames[i]);
		if (xtun_flush(x))
			die("xtun_flush");
		__atomic_store_n(had, *had + numbered(frames, got), __ATOMIC_RELAXED);
	}
}

int silent(unsigned int n)
{
	const struct xtun_options o = { .way = XTUN_WAY_RINGS, .poller_usecs = 1000000 };
	struct xtun *x = xtun_open(&o);
	int packet, status;
	pid_t pid;

	if (!x)
		die("xtun_open");
	packet = xt_packet(XT_IF);
	had = mmap(NULL, sizeof(*had), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (had == MAP_FAILED)
		die("mmap");
	pid = xt_fork();
	if (!pid)
		transmit_all(packet, WARM_UP + n);
	/* The first frame asks for the poller, which may need time to start. */
	echo_until(x, WARM_UP);
	usleep(200000);
	syscall(SYS_getppid);
	echo_until(x, WARM_UP + n);
	syscall(SYS_getppid);
	if (waitpid(pid, &status, 0) != pid || status)
		die("the other process");
	printf("%u frames\n", *had);
	xtun_close(x);
	return 0;
}
