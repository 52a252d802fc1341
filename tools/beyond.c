// SPDX-License-Identifier: GPL-2.0
/* Where an interface's frames go that can be followed no further. */
#include "why.h"

#include <dirent.h>
#include <net/if.h>
#include <string.h>

/**
 * xtun_beyond_print() - by which ports frames have left whose bridge an interface is at
 * @out: where to
 * @ifname: the interface's name
 *
 * What receives them there, perhaps in another namespace, calls them its own.
 */
void xtun_beyond_print(FILE *out, const char *ifname)
{
	const char *before = "What has left through ";
	char path[64 + IF_NAMESIZE];
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/class/net/%s/master/brif", ifname);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		if (d->d_name[0] == '.' || !strcmp(d->d_name, ifname))
			continue;
		fprintf(out, "%s%s", before, xtun_name(d->d_name));
		before = ", ";
	}
	if (dir && before[0] == ',')
		fputs(" is followed no further.\n", out);
	if (dir)
		closedir(dir);
}
