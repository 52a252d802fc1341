// SPDX-License-Identifier: GPL-2.0
/* What xtun could use and this kernel was built without. */
#include "status.h"

#include <unistd.h>

/*
 * A part leaves a file where whoever looks sees it, whether or not he may use it.
 * Where nothing is mounted there, nothing is known.
 */
static const struct {
	const char *name, *mounted, *file;
} parts[XTUN_KERNEL_PARTS] = {
	{ "tracepoints", "/sys/kernel", "/sys/kernel/tracing" },
	{ "kallsyms", "/proc/self", "/proc/kallsyms" },
	{ "eBPF", "/proc/sys", "/proc/sys/kernel/unprivileged_bpf_disabled" },
	{ "debugfs", "/sys/kernel", "/sys/kernel/debug" },
	{ "network namespaces", "/proc/self", "/proc/self/ns/net" },
};

size_t xtun_kernel_lacks(const char *lacks[XTUN_KERNEL_PARTS])
{
	size_t n = 0;

	for (size_t i = 0; i < XTUN_KERNEL_PARTS; i++)
		if (!access(parts[i].mounted, F_OK) && access(parts[i].file, F_OK))
			lacks[n++] = parts[i].name;
	return n;
}
