// SPDX-License-Identifier: GPL-2.0
/* Parts that xtun could use and this kernel was built without. */
#include "status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/*
 * Each part shows as a file that every user can see, even those who may not use the part.
 * If nothing is mounted there, nothing is known about the part.
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

/*
 * Lines are like "kernel/net/netfilter/nf_tables.ko". The name may end in a compression
 * suffix, and in modules.dep a colon and the module's dependencies follow.
 */
static bool is_listed(const char *list, const char *module)
{
	char path[128], file[64], *line = NULL;
	struct utsname uts;
	bool found = false;
	size_t size = 0, n;
	FILE *in;

	if (uname(&uts))
		return false;
	snprintf(path, sizeof(path), "/lib/modules/%s/%s", uts.release, list);
	n = snprintf(file, sizeof(file), "/%s.ko", module);
	in = fopen(path, "re");
	while (in && !found && getline(&line, &size, in) > 0) {
		const char *name;

		line[strcspn(line, ":\n")] = '\0';
		name = strrchr(line, '/');
		found = name && !strncmp(name, file, n) && (!name[n] || name[n] == '.');
	}
	free(line);
	if (in)
		fclose(in);
	return found;
}

/**
 * xtun_kernel_runs() - whether a module is loaded or built in
 * @module: its name
 *
 * Return: true if so.
 */
bool xtun_kernel_runs(const char *module)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s", module);
	return !access(path, F_OK) || is_listed("modules.builtin", module);
}

/* Whether modprobe can load it. */
bool xtun_kernel_has(const char *module)
{
	return is_listed("modules.dep", module);
}
