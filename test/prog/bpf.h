/* SPDX-License-Identifier: GPL-2.0 */
/* BPF programs written as instructions, so that no library is needed to load them. */
#ifndef XT_BPF_H
#define XT_BPF_H

#include <linux/bpf.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline int bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return syscall(__NR_bpf, cmd, attr, sizeof(*attr));
}

#define INSN(_code, _dst, _src, _off, _imm) \
	{ .code = (_code), .dst_reg = (_dst), .src_reg = (_src), .off = (_off), .imm = (_imm) }
#define MOV_IMM(dst, imm)	INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm)
#define MOV(dst, src)		INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define ADD_IMM(dst, imm)	INSN(BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, imm)
#define LOAD(size, dst, src, off) INSN(BPF_LDX | BPF_MEM | (size), dst, src, off, 0)
#define STORE(size, dst, src, off) INSN(BPF_STX | BPF_MEM | (size), dst, src, off, 0)
#define STORE_IMM(size, dst, off, imm) INSN(BPF_ST | BPF_MEM | (size), dst, 0, off, imm)
#define ATOMIC_ADD(dst, src)	INSN(BPF_STX | BPF_XADD | BPF_DW, dst, src, 0, 0)
#define CALL(function)		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, function)
#define EXIT			INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
/* These two skip one instruction if the comparison holds. */
#define SKIP_IF_IMM(op, dst, imm) INSN(BPF_JMP | (op) | BPF_K, dst, 0, 1, imm)
#define SKIP_IF(op, dst, src)	INSN(BPF_JMP | (op) | BPF_X, dst, src, 1, 0)
/* An instruction with a 64-bit operand takes two slots. */
#define MAP(dst, map)		INSN(BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_MAP_FD, 0, map)
#define MAP_REST		INSN(0, 0, 0, 0, 0)

static inline int bpf_load(enum bpf_prog_type type, const struct bpf_insn *insns, size_t size)
{
	union bpf_attr attr = {
		.prog_type = type,
		.insn_cnt = size / sizeof(*insns),
		.insns = (uintptr_t)insns,
		.license = (uintptr_t)"GPL",
	};

	return bpf(BPF_PROG_LOAD, &attr);
}

/* Returns a link. When it is closed, the program is detached from the interface. */
static inline int bpf_xdp(int prog, int ifindex, uint32_t mode)
{
	union bpf_attr attr = {
		.link_create = {
			.prog_fd = prog,
			.target_ifindex = ifindex,
			.attach_type = BPF_XDP,
			.flags = mode,
		},
	};

	return bpf(BPF_LINK_CREATE, &attr);
}

#endif
