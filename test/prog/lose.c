// SPDX-License-Identifier: GPL-2.0
/* Ways to lose one frame at a time, each by a fault of its own. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "attach.h"
#include "bpf.h"
#include "lose.h"

#define PIECES	20	/* two more than a frame may have */

static int refuse_all(void)
{
	struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog prog = { .filter = code, .len = 1 };

	return ioctl(ATTACH_FD, TUNATTACHFILTER, &prog);
}

static int refuse_all_by_ebpf(void)
{
	const struct bpf_insn insns[] = { MOV_IMM(0, 0), EXIT };
	int prog = bpf_load(BPF_PROG_TYPE_SOCKET_FILTER, insns, sizeof(insns));

	return prog < 0 ? -1 : ioctl(ATTACH_FD, TUNSETFILTEREBPF, &prog);
}

static int refuse_others(void)
{
	struct {
		struct tun_filter head;
		uint8_t mac[6];
	} f = { .head.count = 1, .mac = { 2, 0, 0, 0, 9, 9 } };

	return ioctl(ATTACH_FD, TUNSETTXFILTER, &f) == 1 ? 0 : -1;
}

static int refuse_none(void)
{
	struct tun_filter all = { 0 };
	int none = -1;

	return ioctl(ATTACH_FD, TUNSETTXFILTER, &all) || ioctl(ATTACH_FD, TUNDETACHFILTER, 0) ||
	       (ioctl(ATTACH_FD, TUNSETFILTEREBPF, &none) && errno != EINVAL) ? -1 : 0;
}

static int write_from_nowhere(void)
{
	/* volatile hides from the compiler that nothing is there. */
	void *volatile nowhere = (void *)8;

	return write(ATTACH_FD, nowhere, 60) == -1 && errno == EFAULT ? 0 : -1;
}

static int write_in_pieces(void)
{
	static char zeros[60];
	struct iovec pieces[PIECES];

	for (int i = 0; i < PIECES; i++)
		pieces[i] = (struct iovec){ zeros, sizeof(zeros) };
	return writev(ATTACH_FD, pieces, PIECES) < 0 ? 0 : -1;
}

static int write_empty_piece(void)
{
	static char zeros[60];
	struct iovec pieces[] = { { zeros, sizeof(zeros) }, { zeros, 0 }, { zeros, 1 } };

	return writev(ATTACH_FD, pieces, 3) < 0 ? 0 : -1;
}

static int write_out_of_service(void)
{
	struct ifreq ifr = { .ifr_flags = IFF_DETACH_QUEUE };
	static char zeros[60];

	if (ioctl(ATTACH_FD, TUNSETQUEUE, &ifr))
		return -1;
	return write(ATTACH_FD, zeros, sizeof(zeros)) < 0 ? 0 : -1;
}

int lose(const char *how)
{
	static const struct {
		const char *how;
		int (*lose)(void);
	} ways[] = {
		{ "txfilter", refuse_others }, { "filter", refuse_all },
		{ "ebpf", refuse_all_by_ebpf }, { "none", refuse_none },
		{ "fault", write_from_nowhere },
		{ "pieces", write_in_pieces }, { "empty", write_empty_piece },
		{ "detached", write_out_of_service },
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		if (strcmp(ways[i].how, how))
			continue;
		if (ways[i].lose())
			err(1, "%s", how);
		return 0;
	}
	errx(2, "no frame can be lost by '%s'", how);
}

int pin(const char *verdict, const char *path)
{
	const struct bpf_insn answer[] = { MOV_IMM(0, atoi(verdict)), EXIT };
	const struct bpf_insn redirect[] = {
		MOV_IMM(1, if_nametoindex(verdict)), MOV_IMM(2, 0), CALL(BPF_FUNC_redirect), EXIT
	};
	union bpf_attr attr = { .pathname = (uintptr_t)path };
	bool is_device = if_nametoindex(verdict);
	int prog = bpf_load(BPF_PROG_TYPE_XDP, is_device ? redirect : answer,
			    is_device ? sizeof(redirect) : sizeof(answer));

	if (prog < 0)
		err(1, "BPF_PROG_LOAD");
	attr.bpf_fd = prog;
	if (bpf(BPF_OBJ_PIN, &attr))
		err(1, "%s", path);
	return 0;
}

int take(char **argv)
{
	int proto = strtol(argv[1], NULL, 0);
	int fd = strcmp(argv[0], "packet") ? socket(AF_INET, SOCK_RAW, proto) :
					     socket(AF_PACKET, SOCK_RAW, htons(proto));

	if (fd < 0)
		err(1, "socket");
	execvp(argv[2], argv + 2);
	err(1, "%s", argv[2]);
}

int hold(const char *pid)
{
	if (ptrace(PTRACE_SEIZE, atoi(pid), 0, 0) || ptrace(PTRACE_INTERRUPT, atoi(pid), 0, 0))
		err(1, "ptrace %s", pid);
	for (;;)
		pause();
}
