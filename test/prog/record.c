// SPDX-License-Identifier: GPL-2.0
/* Reads frames with a blocking read() and writes them as pcap, until it is killed. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "xt.h"

static void put(int fd, const void *p, size_t len)
{
	if (write(fd, p, len) != (ssize_t)len)
		die("cannot write the record");
}

void record(const char *path) __attribute__((noreturn));

void record(const char *path)
{
	static const struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, accuracy, longest, link;
	} head = { 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1 };		/* 1: Ethernet */
	int fd = xt_open(0), out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	static uint8_t buf[XT_BUF];
	ssize_t n;

	if (out < 0)
		die("cannot make %s", path);
	put(out, &head, sizeof(head));
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		uint32_t frame[4] = { 0, 0, n, n };

		put(out, frame, sizeof(frame));
		put(out, buf, n);
	}
	die("read ended");
}
