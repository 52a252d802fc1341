// SPDX-License-Identifier: GPL-2.0
/* Which queue a frame goes to if a program or XPS decides; and RPS. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bpf.h"
#include "flows.h"
#include "xt.h"

#define ALL		((1 << FLOWS_QUEUES) - 1)
#define ANSWERS		400
#define SYSFS		"/sys/class/net/" FLOWS_IF "/queues/"

static void steer_by(int prog)
{
	if (ioctl(flows_fd[0], TUNSETSTEERINGEBPF, &prog))
		die("TUNSETSTEERINGEBPF");
	if (prog >= 0)
		close(prog);
}

static int answer_always(int n)
{
	const struct bpf_insn insns[] = { MOV_IMM(0, n), EXIT };

	return bpf_load(BPF_PROG_TYPE_SOCKET_FILTER, insns, sizeof(insns));
}

/* The flow's own port, read from the frame. */
static int answer_port(void)
{
	const struct bpf_insn insns[] = {
		MOV(6, 1),
		INSN(BPF_LD | BPF_ABS | BPF_H, 0, 0, 0, 34),
		EXIT,
	};

	return bpf_load(BPF_PROG_TYPE_SOCKET_FILTER, insns, sizeof(insns));
}

static int count_at(const int at[FLOWS], int queue)
{
	int i, n = 0;

	for (i = 0; i < FLOWS; i++)
		n += at[i] == (queue < 0 ? i % FLOWS_QUEUES : queue);
	return n;
}

static void by_program(void)
{
	int at[FLOWS], right = 0, n;

	if (access("/proc/sys/kernel/unprivileged_bpf_disabled", F_OK)) {
		skip("this kernel has no eBPF", "TUNSETSTEERINGEBPF");
		return;
	}
	for (n = 0; n < 2 * FLOWS_QUEUES; n++) {
		steer_by(answer_always(n));
		flows_answer(0, (n + 1) % FLOWS_QUEUES, n);
		flows_answered(0, n);
		flows_send_all(at);
		right += count_at(at, n % FLOWS_QUEUES) == FLOWS;
	}
	ok(right == 2 * FLOWS_QUEUES,
	   "TUNSETSTEERINGEBPF: all go where a constant says, modulo four, answers or not");
	steer_by(answer_port());
	flows_send_all(at);
	ok(count_at(at, -1) == FLOWS, "... or each where its port says");
	steer_by(-1);
	ok(flows_send_all(at) == ALL, "... and without a program to all queues again");
}

/* Returns false if this kernel has no such file. */
static bool set(const char *file, const char *mask)
{
	char path[100];
	int fd, n;

	snprintf(path, sizeof(path), SYSFS "%s", file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = write(fd, mask, strlen(mask));
	close(fd);
	if (n < 0 && errno != EOPNOTSUPP && errno != ENOENT)
		die("cannot write %s to %s", mask, path);
	return n > 0;
}

static void by_processor(void)
{
	int at[FLOWS];

	if (!set("tx-3/xps_cpus", "1")) {
		skip("this kernel has no XPS", "XPS");
		return;
	}
	flows_pin(0);
	flows_send_all(at);
	ok(count_at(at, 3) == FLOWS, "XPS: what processor 0 sends goes to the queue that is its own");
	if (flows_pin(1) && set("tx-1/xps_cpus", "2")) {
		flows_send_all(at);
		ok(count_at(at, 1) == FLOWS, "... and what processor 1 sends to another");
		set("tx-1/xps_cpus", "0");
	} else {
		skip("this guest has one processor", "... and what processor 1 sends to another");
	}
	set("tx-3/xps_cpus", "0");
	ok(flows_send_all(at) == ALL, "... and without it to all queues again");
}

/* How often a processor was asked to receive what RPS gave to it. */
static unsigned long asked_by_rps(void)
{
	FILE *f = fopen("/proc/net/softnet_stat", "re");
	unsigned long n, sum = 0;

	if (!f)
		die("softnet_stat");
	while (fscanf(f, "%*x %*x %*x %*x %*x %*x %*x %*x %*x %lx%*[^\n]", &n) == 1)
		sum += n;
	fclose(f);
	return sum;
}

static void received_elsewhere(void)
{
	static const char * const files[FLOWS_QUEUES] = {
		"rx-0/rps_cpus", "rx-1/rps_cpus", "rx-2/rps_cpus", "rx-3/rps_cpus" };
	bool both = flows_pin(1) && flows_pin(0);
	unsigned long asked = asked_by_rps();
	int i, received = 0;

	for (i = 0; i < FLOWS_QUEUES; i++) {
		if (!set(files[i], both ? "2" : "1")) {
			skip("this kernel has no RPS", "RPS");
			return;
		}
	}
	for (i = 0; i < ANSWERS; i++)
		flows_answer(i % FLOWS, i % FLOWS_QUEUES, i);
	for (i = 0; i < ANSWERS; i++)
		received += flows_answered(i % FLOWS, i);
	ok(received == ANSWERS, "RPS: each of %d frames written at four queues is received, in order",
	   ANSWERS);
	if (both)
		ok(asked_by_rps() > asked, "... on another processor than the writer's");
	else
		skip("this guest has one processor", "... on another processor than the writer's");
}

/* A frame in a backlog names the queue that it was written to. */
static void stays_known(void)
{
	bool shown = !access(SYSFS "tx-3", F_OK) && !access(SYSFS "rx-3", F_OK);

	close(flows_fd[FLOWS_QUEUES - 1]);
	flows_fd[FLOWS_QUEUES - 1] = -1;
	if (!shown) {
		skip("this kernel does not show queues in sysfs", "a queue that is closed");
		return;
	}
	ok(access(SYSFS "tx-3", F_OK) && !access(SYSFS "tx-2", F_OK),
	   "the last of the queues is closed: frames are sent to one less");
	ok(!access(SYSFS "rx-3", F_OK), "... and its number is known to those that were received");
}

void theme_steer_told(void)
{
	flows_open();
	by_program();
	by_processor();
	received_elsewhere();
	stays_known();
	xt_law(FLOWS_IF);
	flows_close();
}
