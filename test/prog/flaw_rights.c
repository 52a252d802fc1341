// SPDX-License-Identifier: GPL-2.0
/* Whose rights count, and in which namespace. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/pkt_cls.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf.h"
#include "flaw.h"
#include "xt.h"

#define NAME	"flaw0"
#define USER	1000
#define PINNED	"/sys/fs/bpf/flaw"
#define NOT_SEEN	0xdead

static uint8_t buf[XT_BUF];

static void become(void)
{
	if (setgroups(0, NULL) || setresgid(USER, USER, USER) || setresuid(USER, USER, USER))
		die("cannot become user %d", USER);
	prctl(PR_SET_DUMPABLE, 1);
}

/* Returns the child's code for what was wrong; 0 if nothing was. */
static int child(int (*f)(int fd), int fd)
{
	int status;
	pid_t pid = xt_fork();

	if (!pid)
		_exit(f(fd));
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* A program that runs on received frames and stores the uid of each frame's socket. */
static int uid_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1,
	};
	int map = bpf(BPF_MAP_CREATE, &attr);
	const struct bpf_insn insns[] = {
		CALL(BPF_FUNC_get_socket_uid),
		MOV(6, 0),
		STORE_IMM(BPF_W, 10, -4, 0),
		MOV(2, 10),
		ADD_IMM(2, -4),
		MAP(1, map), MAP_REST,
		CALL(BPF_FUNC_map_lookup_elem),
		SKIP_IF_IMM(BPF_JEQ, 0, 0),
		STORE(BPF_DW, 0, 6, 0),
		MOV_IMM(0, TC_ACT_OK),
		EXIT,
	};
	union bpf_attr pin = { .pathname = (uintptr_t)PINNED };
	int prog = bpf_load(BPF_PROG_TYPE_SCHED_CLS, insns, sizeof(insns));

	pin.bpf_fd = prog;
	if (map < 0 || prog < 0 || bpf(BPF_OBJ_PIN, &pin))
		return -1;
	close(prog);
	return map;
}

static uint64_t map_value(int map, const uint64_t *set)
{
	uint32_t key = 0;
	uint64_t value = set ? *set : 0;
	union bpf_attr attr = {
		.map_fd = map, .key = (uintptr_t)&key, .value = (uintptr_t)&value,
	};

	if (bpf(set ? BPF_MAP_UPDATE_ELEM : BPF_MAP_LOOKUP_ELEM, &attr))
		die("a map");
	return value;
}

static int user_writes(int fd)
{
	int own, i, sndbuf = 100000;

	(void)fd;
	become();
	own = flaw_open();
	/* With a send buffer limit, frames carry their owner. */
	if (flaw_attach(own, NAME, TAP) || ioctl(own, TUNSETSNDBUF, &sndbuf))
		return 1;
	flaw_frame(buf, TAP);
	for (i = 0; i < 4; i++)
		if (write(own, buf, 60) != 60)
			return 2;
	/* One that is too large to be built in a page. */
	xt_numbered(buf, xt_everyone, xt_peer, 1500, 1);
	return write(own, buf, 1500) == 1500 ? 0 : 3;
}

/*
 * CVE-2023-1076, CVE-2023-4194: frames belonged to root, or to the owner of the device
 * node, and were routed by the rules for that user. They must belong to the user who
 * opened the file.
 */
static void uids(void)
{
	static const uint64_t none = NOT_SEEN;
	int fd, map, wrong;
	uint64_t uid;

	if (access("/proc/sys/kernel/unprivileged_bpf_disabled", F_OK)) {
		skip("this kernel has no eBPF", "2023-1076, 2023-4194");
		return;
	}
	mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL);
	map = uid_map();
	if (map < 0)
		die("the program that sees uids");
	fd = flaw_new(NAME, TAP);
	if (ioctl(fd, TUNSETPERSIST, 1) || ioctl(fd, TUNSETOWNER, USER))
		die("an interface of user %d", USER);
	close(fd);
	run("sysctl -q -w net.ipv6.conf." NAME ".disable_ipv6=1; ip link set " NAME " up");
	run("tc qdisc add dev " NAME " clsact");
	run("tc filter add dev " NAME " ingress bpf direct-action object-pinned " PINNED);
	map_value(map, &none);
	wrong = child(user_writes, -1);
	uid = map_value(map, NULL);
	ok(!wrong && uid == USER,
	   "2023-1076, 2023-4194: a frame of user %d is of user %llu (65534: of none; %d)", USER,
	   (unsigned long long)uid, wrong);
	unlink(PINNED);
	close(map);
	flaw_delete(NAME);
	umount("/sys/fs/bpf");
}

/* In a namespace of its own a process may do all that stays within it. */
static int in_own_namespace(int outer)
{
	int fd, uid = 12345;
	struct ifreq ifr = { 0 };

	become();
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return 99;
	fd = flaw_open();
	if (flaw_attach(fd, "mine0", TAP))
		return 1;
	if (flaw_up("mine0", true))
		return 2;
	if (write(fd, buf, flaw_frame(buf, TAP)) != 60)
		return 3;
	/* A user id that the namespace does not know. */
	if (ioctl(fd, TUNSETOWNER, uid) != -1 || errno != EINVAL)
		return 4;
	close(fd);
	fd = flaw_open();
	if (flaw_attach(fd, "mine1", FRAGS) != -1 || errno != EPERM)
		return 5;
	close(fd);
	/*
	 * A file that was opened outside refers to the outside, where this user has no
	 * rights.
	 */
	if (flaw_attach(outer, "theirs0", TAP) != -1 || errno != EPERM)
		return 6;
	if (flaw_attach(outer, NAME, TAP | IFF_MULTI_QUEUE) != -1 || errno != EPERM)
		return 7;
	if (ioctl(outer, SIOCGSKNS, &ifr) != -1 || errno != EPERM)
		return 8;
	return 0;
}

static void user_namespace(void)
{
	int fd, persistent, wrong;

	if (access("/proc/self/ns/user", F_OK) || access("/proc/self/ns/net", F_OK)) {
		skip("this kernel has no such namespaces", "a user namespace");
		return;
	}
	/* Without an owner everybody could attach to it. */
	persistent = flaw_new(NAME, TAP | IFF_MULTI_QUEUE);
	if (ioctl(persistent, TUNSETOWNER, USER + 1))
		die("TUNSETOWNER");
	fd = flaw_open();
	wrong = child(in_own_namespace, fd);
	if (wrong == 99)
		skip("this kernel lets only root make any", "a user namespace");
	else
		ok(!wrong, "a user namespace gives what tap gives there, and nothing outside (%d)",
		   wrong);
	close(fd);
	close(persistent);
}

void theme_flaw_rights(void)
{
	struct stat st;

	if (stat(flaw_device(), &st) || chmod(flaw_device(), 0666))
		die("%s", flaw_device());
	uids();
	user_namespace();
	chmod(flaw_device(), st.st_mode & 07777);
}
