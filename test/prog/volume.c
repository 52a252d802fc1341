// SPDX-License-Identifier: GPL-2.0
/* More than 4 GiB each way: no counter is 32 bits wide. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/socket.h>
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
	if (!f || fscanf(f, "%lu", &value) != 1)
		die("cannot read %s", path);
	fclose(f);
	return value;
}

/* For another station: the stack looks at the address and lets go of it. */
static void written(int fd)
{
	static const uint8_t other[6] = { 0x02, 0, 0, 0, 0, 0x99 };
	static uint8_t buf[LEN];
	int i;

	xt_numbered(buf, other, xt_peer, LEN, 0);
	for (i = 0; i < FRAMES; i++)
		if (write(fd, buf, LEN) != LEN)
			die("write of frame %d", i);
	ok(xt_counter("rx_bytes") == FRAMES * LEN, "rx: ethtool -S counts %llu bytes",
	   (unsigned long long)xt_counter("rx_bytes"));
	ok(sysfs("rx_bytes") == FRAMES * LEN, "rx: and so does the interface");
}

static void read_back(int fd)
{
	static uint8_t frame[LEN], buf[XT_BUF];
	int s = xt_packet(XT_IF), i;

	xt_numbered(frame, xt_everyone, xt_peer, LEN, 0);
	for (i = 0; i < FRAMES; i++) {
		if (send(s, frame, LEN, 0) != LEN)
			die("send of frame %d", i);
		if (read(fd, buf, sizeof(buf)) != LEN)
			die("read of frame %d", i);
	}
	ok(xt_counter("tx_bytes") == FRAMES * LEN, "tx: ethtool -S counts %llu bytes",
	   (unsigned long long)xt_counter("tx_bytes"));
	ok(sysfs("tx_bytes") == FRAMES * LEN, "tx: and so does the interface");
	close(s);
}

void theme_volume(void)
{
	int fd;

	run("ip link set %s mtu 65521 up", XT_IF);
	fd = xt_open(O_NONBLOCK);
	written(fd);
	read_back(fd);
	close(fd);
}
