// SPDX-License-Identifier: GPL-2.0
/* What /proc and /sys say about the loaded module. */
#include "tool.h"

#include <string.h>

#define MISC_MAJOR 10

bool xtun_sysfs_line(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "re");
	bool ok;

	if (!f)
		return false;
	ok = fgets(buf, size, f);
	if (ok)
		buf[strcspn(buf, "\n")] = '\0';
	fclose(f);
	return ok;
}

/* The interface that /dev/xtun attaches to. */
const char *xtun_ifname(void)
{
	static char name[IF_NAMESIZE];

	if (!xtun_sysfs_line("/sys/module/xtun/parameters/name", name, sizeof(name)))
		strcpy(name, "xtun");
	return name;
}

/*
 * Get the device number of the node. Returns 1, 0 if the module is not loaded, -1 if there is no
 * /proc/misc.
 */
int xtun_module_rdev(unsigned int *major, unsigned int *minor)
{
	FILE *f = fopen("/proc/misc", "re");
	char line[80], name[64];
	int found = 0;

	if (!f)
		return -1;
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%u %63s", minor, name) == 2 && !strcmp(name, "xtun");
	fclose(f);
	*major = MISC_MAJOR;
	return found;
}
