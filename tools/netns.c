// SPDX-License-Identifier: GPL-2.0
/* The network namespace of this process. */
#include "status.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#define NAMES "/var/run/netns"	/* where ip netns keeps them */

static unsigned long inode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_ino;
}

/* Returns 0 if the namespace is not visible. */
unsigned long xtun_netns_of(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/ns/net", (long)pid);
	return inode_of(path);
}

static void find_name(struct xtun_netns *ns)
{
	char path[sizeof(NAMES) + sizeof(ns->name)];
	DIR *dir = opendir(NAMES);
	struct dirent *d;

	if (!dir)
		return;
	while (!ns->name[0] && (d = readdir(dir))) {
		snprintf(path, sizeof(path), NAMES "/%s", d->d_name);
		if (d->d_name[0] != '.' && inode_of(path) == ns->inode)
			snprintf(ns->name, sizeof(ns->name), "%s", d->d_name);
	}
	closedir(dir);
}

void xtun_netns_read(struct xtun_netns *ns)
{
	memset(ns, 0, sizeof(*ns));
	ns->inode = inode_of("/proc/self/ns/net");
	if (!ns->inode)
		return;
	ns->of_init = xtun_netns_of(1) == ns->inode;
	find_name(ns);
}
