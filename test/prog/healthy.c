// SPDX-License-Identifier: GPL-2.0
/* 10,000 frames each way, and every one arrives. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xt.h"

#define FRAMES	10000

static int udp(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(4243) };
	struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons(4242) };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_aton("10.99.0.2", &there.sin_addr);
	if (s < 0 || bind(s, (struct sockaddr *)&here, sizeof(here)) ||
	    connect(s, (struct sockaddr *)&there, sizeof(there)))
		die("UDP socket");
	return s;
}

void theme_healthy(void)
{
	int fd = xt_open(0), s = udp(), i, out = 0, in = 0;
	uint8_t buf[2000], data[1400], mac[6];

	xt_mac(XT_IF, mac);
	memset(data, 7, sizeof(data));
	for (i = 0; i < FRAMES; i++) {
		size_t size = 1 + i * 37 % sizeof(data);
		size_t len = xt_udp(buf, mac, xt_peer, "10.99.0.2", "10.99.0.1", 4243, data, size);

		if (write(fd, buf, len) != (ssize_t)len)
			die("write of frame %d", i);
		in += recv(s, buf, sizeof(buf), 0) == (ssize_t)size;
		if (send(s, data, size, 0) != (ssize_t)size)
			die("send of frame %d", i);
		out += read(fd, buf, sizeof(buf)) == (ssize_t)size + 42;
	}
	ok(in == FRAMES, "%d frames arrived at a socket", in);
	ok(out == FRAMES, "%d frames arrived at a reader", out);
	close(s);
	close(fd);
}
