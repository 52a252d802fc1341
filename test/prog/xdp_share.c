// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <sched.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "bpf.h"
#include "xdp_share.h"
#include "xt.h"

void xdp_process(void)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	cpu_set_t first_cpu;

	CPU_ZERO(&first_cpu);
	CPU_SET(0, &first_cpu);
	if (sched_setaffinity(0, sizeof(first_cpu), &first_cpu) ||
	    setrlimit(RLIMIT_MEMLOCK, &unlimited))	/* pays for maps before 5.11 */
		die("cannot prepare the process");
}

static int load(int map, uint16_t ethertype, enum xdp_action verdict, int target)
{
	const struct bpf_insn insns[] = {
		MOV_IMM(0, XDP_PASS),
		LOAD(BPF_W, 6, 1, offsetof(struct xdp_md, data)),
		LOAD(BPF_W, 3, 1, offsetof(struct xdp_md, data_end)),
		LOAD(BPF_W, 7, 1, offsetof(struct xdp_md, rx_queue_index)),
		MOV(2, 6),
		ADD_IMM(2, ETH_HLEN),
		SKIP_IF(BPF_JLE, 2, 3),
		EXIT,
		LOAD(BPF_H, 2, 6, offsetof(struct ethhdr, h_proto)),
		SKIP_IF_IMM(BPF_JEQ, 2, htons(ethertype)),
		EXIT,

		STORE(BPF_W, 10, 7, -4),
		MAP(1, map),
		MAP_REST,
		MOV(2, 10),
		ADD_IMM(2, -4),
		CALL(BPF_FUNC_map_lookup_elem),
		SKIP_IF_IMM(BPF_JNE, 0, 0),
		EXIT,
		MOV_IMM(1, 1),
		ATOMIC_ADD(0, 1),

		MOV_IMM(0, verdict),
		SKIP_IF_IMM(BPF_JEQ, 0, XDP_REDIRECT),
		EXIT,
		MOV_IMM(1, target),
		MOV_IMM(2, 0),
		CALL(BPF_FUNC_redirect),
		EXIT,
	};

	return bpf_load(BPF_PROG_TYPE_XDP, insns, sizeof(insns));
}

struct xdp xdp_load(uint16_t ethertype, enum xdp_action verdict, int target)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = sizeof(uint64_t),
		.max_entries = XDP_SHARE_QUEUES,
	};
	struct xdp x = { .link = -1 };

	x.map = bpf(BPF_MAP_CREATE, &attr);
	if (x.map < 0)
		die("cannot create a map");
	x.prog = load(x.map, ethertype, verdict, target);
	if (x.prog < 0)
		die("cannot load a program");
	return x;
}

void xdp_attach(struct xdp *x, const char *ifname, uint32_t mode)
{
	x->link = bpf_xdp(x->prog, if_nametoindex(ifname), mode);
	if (x->link < 0)
		die("cannot attach a program to %s", ifname);
}

void xdp_end(const struct xdp *x)
{
	if (x->link >= 0)
		close(x->link);
	close(x->prog);
	close(x->map);
}

uint64_t xdp_decided(const struct xdp *x, uint32_t queue)
{
	uint64_t value = 0;
	union bpf_attr attr = {
		.map_fd = x->map,
		.key = (uintptr_t)&queue,
		.value = (uintptr_t)&value,
	};

	if (bpf(BPF_MAP_LOOKUP_ELEM, &attr))
		die("cannot read the map");
	return value;
}

int xdp_listener(const char *ifname)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(XT_ETHERTYPE),
		.sll_ifindex = if_nametoindex(ifname),
	};
	int s = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int size = 16 << 20;

	if (s < 0 || setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    bind(s, (struct sockaddr *)&ll, sizeof(ll)))
		die("packet socket on %s", ifname);
	return s;
}

bool xdp_is_silent(int s)
{
	uint8_t byte;

	return recv(s, &byte, 1, 0) < 0 && errno == EAGAIN;
}
