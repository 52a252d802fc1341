// SPDX-License-Identifier: GPL-2.0
/* TUNATTACHFILTER and TUNSETFILTEREBPF: a program selects frames, or cuts them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bpf.h"
#include "filter.h"
#include "flaw.h"
#include "xt.h"

#define SHORTEST	100	/* the shortest frame that the programs pass */
#define VLAN_IF		FILTER_IF ".5"
#define PART		64	/* what the programs that cut leave */
#define STUMP		8	/* what a program leaves that cuts into the header */

static bool passes(int fd, size_t len, size_t part)
{
	return filter_passes(fd, xt_everyone, len, part);
}

static bool refuses(int fd, size_t len, const char *counter)
{
	return filter_refuses(fd, xt_everyone, len, counter);
}

static void set_classic(int fd, struct sock_filter *code, int n)
{
	struct sock_fprog prog = { .filter = code, .len = n };

	if (ioctl(fd, TUNATTACHFILTER, &prog))
		die("TUNATTACHFILTER");
}

/* Only frames pass for which @test holds of what @load loads. */
static void classic_if(int fd, struct sock_filter load, struct sock_filter test)
{
	struct sock_filter code[] = {
		load, test,
		BPF_STMT(BPF_RET | BPF_K, -1),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	set_classic(fd, code, 4);
}

static void classic_by_length(int fd)
{
	classic_if(fd, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		   (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, SHORTEST, 0, 1));
}

static void classic_by_type(int fd)
{
	classic_if(fd, (struct sock_filter)BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		   (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, XT_ETHERTYPE, 0, 1));
}

static void classic_cut(int fd, unsigned int len)
{
	struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, len) };

	set_classic(fd, code, 1);
}

static void judge(int fd, const char *what, const char *counter)
{
	ok(passes(fd, SHORTEST, SHORTEST) && passes(fd, 1514, 1514),
	   "%s: frames that its program wants arrive", what);
	ok(refuses(fd, 60, counter) && refuses(fd, SHORTEST - 1, counter),
	   "... and others do not, each counted as %s", counter);
}

static void judge_cut(int fd, const char *what)
{
	ok(passes(fd, 1514, PART) && passes(fd, PART + 1, PART),
	   "%s: a program that wants a part gets that part", what);
	ok(passes(fd, PART, PART) && passes(fd, 60, 60), "... of frames that have more");
}

/* Only one queue is in service at a time, so that it gets every frame. */
static void serve_alone(int fd, int old)
{
	if (flaw_queue(fd, IFF_ATTACH_QUEUE) && errno != EINVAL)
		die("IFF_ATTACH_QUEUE");
	if (flaw_queue(old, IFF_DETACH_QUEUE))
		die("IFF_DETACH_QUEUE");
}

/* IFF_NOFILTER is the same bit as IFF_NO_PI, which the first file has set for all. */
static void attached_later(int fd)
{
	int nofilter = xt_tap(XT_DEV, FILTER_IF, FILTER_FLAGS | IFF_NOFILTER);
	int third = xt_tap(XT_DEV, FILTER_IF, FILTER_FLAGS & ~IFF_NOFILTER);

	flaw_queue(third, IFF_DETACH_QUEUE);
	serve_alone(nofilter, fd);
	ok(passes(nofilter, 60, 60), "IFF_NOFILTER: a file that attaches with it gets all");
	serve_alone(third, nofilter);
	ok(refuses(third, 60, "tx_lost_filter"), "... one that attaches without it does not");
	serve_alone(nofilter, third);
	ok(refuses(nofilter, 60, "tx_lost_filter"), "... nor one that IFF_ATTACH_QUEUE brings back");
	serve_alone(fd, nofilter);
	close(third);
	close(nofilter);
}

static void classic(int fd)
{
	classic_by_length(fd);
	judge(fd, "TUNATTACHFILTER", "tx_lost_filter");
	attached_later(fd);
	classic_cut(fd, PART);
	judge_cut(fd, "TUNATTACHFILTER");
	if (ioctl(fd, TUNDETACHFILTER, 0))
		die("TUNDETACHFILTER");
	ok(passes(fd, 60, 60) && passes(fd, 1514, 1514),
	   "TUNDETACHFILTER: all arrive, and whole");
}

/* As with tap: the tag is inserted when the frame is read. */
static void tagged(int fd)
{
	uint8_t frame[200];
	uint64_t lost;
	int packet;

	if (system("ip link add link " FILTER_IF " name " VLAN_IF " type vlan id 5 2>/dev/null")) {
		skip("this kernel has no VLANs", "a frame with a tag");
		return;
	}
	run("ip link set " VLAN_IF " up");
	classic_by_type(fd);
	packet = xt_packet(VLAN_IF);
	xt_transmit(packet, 100, 0);
	ok(xt_poll(fd, POLLIN, 5000, NULL) >= 0 && read(fd, frame, sizeof(frame)) == 104 &&
	   frame[12] == 0x81 && frame[15] == 5 && frame[16] == XT_ETHERTYPE >> 8,
	   "a frame with a tag: the filter sees what is behind, and the reader both");
	classic_cut(fd, STUMP);
	lost = xt_counter_of(FILTER_IF, "tx_lost_nomem");
	xt_transmit(packet, 100, 0);
	ok(xt_poll(fd, POLLIN, 5000, NULL) >= 0 && read(fd, frame, sizeof(frame)) == STUMP &&
	   !memcmp(frame, xt_everyone, 6) && xt_counter_of(FILTER_IF, "tx_lost_nomem") == lost,
	   "... of one that is cut before its tag, the reader sees the rest");
	close(packet);
	run("ip link del " VLAN_IF);
	if (ioctl(fd, TUNDETACHFILTER, 0))
		die("TUNDETACHFILTER");
}

static int load_by_length(void)
{
	const struct bpf_insn insns[] = {
		LOAD(BPF_W, 2, 1, offsetof(struct __sk_buff, len)),
		MOV_IMM(0, -1),
		SKIP_IF_IMM(BPF_JGE, 2, SHORTEST),
		MOV_IMM(0, 0),
		EXIT,
	};

	return bpf_load(BPF_PROG_TYPE_SOCKET_FILTER, insns, sizeof(insns));
}

static int load_cut(void)
{
	const struct bpf_insn insns[] = { MOV_IMM(0, PART), EXIT };

	return bpf_load(BPF_PROG_TYPE_SOCKET_FILTER, insns, sizeof(insns));
}

static void set_ebpf(int fd, int prog)
{
	if (ioctl(fd, TUNSETFILTEREBPF, &prog))
		die("TUNSETFILTEREBPF %d", prog);
	if (prog >= 0)
		close(prog);
}

static void ebpf(int fd)
{
	if (access("/proc/sys/kernel/unprivileged_bpf_disabled", F_OK)) {
		skip("this kernel has no eBPF", "TUNSETFILTEREBPF");
		return;
	}
	set_ebpf(fd, load_by_length());
	judge(fd, "TUNSETFILTEREBPF", "tx_lost_ebpf");
	set_ebpf(fd, load_cut());
	judge_cut(fd, "TUNSETFILTEREBPF");
	classic_by_length(fd);
	ok(refuses(fd, 60, "tx_lost_filter") && passes(fd, SHORTEST, PART),
	   "both programs: the classic one is asked first");
	set_ebpf(fd, -1);
	ok(passes(fd, SHORTEST, SHORTEST), "-1: without the one, the other alone");
}

/* The queue of plain files, after a file that was exempt from the filter. */
static void left_behind(void)
{
	int fd, packet;

	xt_up();
	packet = xt_packet(XT_IF);
	fd = xt_open(O_NONBLOCK);
	xt_drain(fd);
	classic_by_length(fd);
	close(fd);
	close(xt_tap(XT_DEV, XT_IF, IFF_TAP | IFF_NO_PI | IFF_NOFILTER));
	fd = xt_open(O_NONBLOCK);
	xt_drain(fd);
	xt_transmit(packet, SHORTEST - 1, 1);
	xt_transmit(packet, SHORTEST, 2);
	ok(xt_poll(fd, POLLIN, 5000 * xt_slowness(), NULL) >= 0 && xt_drain(fd) == 1,
	   "IFF_NOFILTER goes with its file: who reads next gets what the filter passes");
	ioctl(fd, TUNDETACHFILTER, 0);
	close(packet);
	close(fd);
	run("ip link set %s down", XT_IF);
}

void theme_filter_program(void)
{
	int fd = filter_open();

	classic(fd);
	tagged(fd);
	ebpf(fd);
	left_behind();
	xt_law(FILTER_IF);
	close(fd);
}
