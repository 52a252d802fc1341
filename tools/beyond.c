// SPDX-License-Identifier: GPL-2.0
/* The bridge ports by which an interface's frames leave, beyond which they cannot be followed. */
#include "why.h"

#include <dirent.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

static void each_port(const char *ifname, void (*each)(const char *port, void *arg), void *arg)
{
	char path[64 + IF_NAMESIZE];
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/class/net/%s/master/brif", ifname);
	dir = opendir(path);
	while (dir && (d = readdir(dir)))
		if (d->d_name[0] != '.' && strcmp(d->d_name, ifname))
			each(d->d_name, arg);
	if (dir)
		closedir(dir);
}

static void add_sent(const char *port, void *arg)
{
	uint64_t *sent = arg;
	char path[320], packets[32];

	snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/tx_packets", port);
	if (xtun_sysfs_line(path, packets, sizeof(packets)))
		*sent += strtoull(packets, NULL, 10);
}

/**
 * xtun_beyond_sent() - how many frames have left by the other ports of an interface's bridge
 * @ifname: the interface's name
 *
 * Return: their number; 0 also if it is not in a bridge, or has no other ports there.
 */
uint64_t xtun_beyond_sent(const char *ifname)
{
	uint64_t sent = 0;

	each_port(ifname, add_sent, &sent);
	return sent;
}

struct printer {
	FILE *out;
	bool json;
	const char *before;
};

static void print_port(const char *port, void *arg)
{
	struct printer *p = arg;

	fputs(p->before, p->out);
	if (p->json)
		xtun_json_string(p->out, port);
	else
		fputs(xtun_name(port), p->out);
	p->before = p->json ? "," : ", ";
}

/**
 * xtun_beyond_print() - print the other ports of an interface's bridge
 * @out: where to
 * @ifname: the interface's name
 * @json: for programs
 *
 * Whatever receives the frames there, perhaps in another namespace, accounts for them itself.
 */
void xtun_beyond_print(FILE *out, const char *ifname, bool json)
{
	char *ports = NULL;
	size_t n;
	struct printer p = { open_memstream(&ports, &n), json, "" };

	if (!p.out)
		return;
	each_port(ifname, print_port, &p);
	fclose(p.out);
	if (n && json) {
		fputs("{\"interface\":", out);
		xtun_json_string(out, ifname);
		fprintf(out, ",\"beyond\":[%s]}\n", ports);
	} else if (n) {
		fprintf(out, "Frames that left through %s cannot be traced further.\n", ports);
	}
	free(ports);
}
