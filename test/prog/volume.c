// SPDX-License-Identifier: GPL-2.0
/*
 * More than 4 GiB: no counter is 32 bits wide. The counters of tx and rx are of the
 * same type.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "xt.h"

#define FRAMES	66000
#define LEN	65535ULL

static uint64_t sysfs(const char *name)
{
	char path[128];
	uint64_t value;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s", XT_IF, name);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%" SCNu64, &value) != 1)
		die("cannot read %s", path);
	fclose(f);
	return value;
}

/* The frames are for another station: the stack drops them at once. */
void theme_volume(void)
{
	static const uint8_t other[6] = { 0x02, 0, 0, 0, 0, 0x99 };
	static uint8_t buf[LEN];
	int fd, i;

	run("ip link set %s mtu 65521 up", XT_IF);
	fd = xt_open(0);
	xt_numbered(buf, other, xt_peer, LEN, 0);
	for (i = 0; i < FRAMES; i++)
		if (write(fd, buf, LEN) != LEN)
			die("write of frame %d", i);
	ok(xt_counter("rx_bytes") == FRAMES * LEN, "ethtool -S counts %llu bytes", FRAMES * LEN);
	ok(sysfs("rx_bytes") == FRAMES * LEN, "and so does the interface");
	close(fd);
}
