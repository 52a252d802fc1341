// SPDX-License-Identifier: GPL-2.0
/* Frames that are not what their headers say, or have no headers, at every entrance. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bpf.h"
#include "flaw.h"
#include "xt.h"

#define NAME		"flaw0"
#define PIECES		1024		/* UIO_MAXIOV */
#define MANY		2000

static uint8_t buf[XT_BUF], big[PIECES * 4096];

static int fresh(int flags)
{
	int fd = flaw_new(NAME, flags);

	run("sysctl -q -w net.ipv6.conf.%s.disable_ipv6=1", NAME);
	if (flaw_up(NAME, true))
		die("%s does not come up", NAME);
	return fd;
}

/* Writes the frame in pieces of @size bytes, as many as are allowed. */
static ssize_t write_pieces(int fd, uint8_t *frame, size_t len, size_t size)
{
	struct iovec iov[PIECES];
	int n = 0;

	for (; len && n < PIECES; n++) {
		iov[n].iov_base = frame;
		iov[n].iov_len = len < size ? len : size;
		frame += iov[n].iov_len;
		len -= iov[n].iov_len;
	}
	return writev(fd, iov, n);
}

static int pass_all(const char *name)
{
	const struct bpf_insn insns[] = { MOV_IMM(0, XDP_PASS), EXIT };
	int prog = bpf_load(BPF_PROG_TYPE_XDP, insns, sizeof(insns));
	int link = bpf_xdp(prog, if_nametoindex(name), 0);

	close(prog);
	return link;
}

/* Writes each length that is too short; returns how many did not fail with EINVAL. */
static int refused(int fd, int flags)
{
	size_t head = flaw_header(flags), least = head + (flags & IFF_TUN ? 1 : 14), len;
	int wrong = 0;

	flaw_frame(buf, flags);
	/* Behind tun's packet information there may be nothing. */
	if ((flags & IFF_TUN) && !(flags & IFF_NO_PI))
		least = head;
	for (len = 0; len < least; len++) {
		wrong += write(fd, buf, len) != -1 || errno != EINVAL;
		if (len)
			wrong += write_pieces(fd, buf, len, 1) != -1 || errno != EINVAL;
	}
	return wrong;
}

/* CVE-2024-41090, CVE-2024-41091: a frame shorter than its header was passed on. */
static void shorter(void)
{
	unsigned int i;

	for (i = 0; i < flaw_n_modes; i++) {
		const struct flaw_mode *m = &flaw_modes[i];
		int fd = fresh(m->flags), link, wrong = refused(fd, m->flags);

		ok(!wrong && !flaw_received(NAME),
		   "2024-41090, -41091: %s, shorter than its headers: EINVAL, and none received",
		   m->name);
		link = m->flags & IFF_TAP ? pass_all(NAME) : -1;
		if (link >= 0) {
			wrong = refused(fd, m->flags);
			ok(!wrong && !flaw_received(NAME), "... nor with XDP");
			close(link);
		}
		close(fd);
	}
}

static const struct {
	const char *what;
	struct virtio_net_hdr h;
} nonsense[] = {
#define CSUM VIRTIO_NET_HDR_F_NEEDS_CSUM
#define TCP4 VIRTIO_NET_HDR_GSO_TCPV4
	{ "a checksum that begins at the end", { CSUM, 0, 0, 0, 60, 0 } },
	{ "... that ends one byte behind it", { CSUM, 0, 0, 0, 34, 25 } },
	{ "... that begins far behind it", { CSUM, 0, 0, 0, 0xfff0, 2 } },
	{ "... whose place does not fit 16 bits", { CSUM, 0, 0, 0, 0xffff, 0xffff } },
	{ "... whose place wraps to a good one", { CSUM, 0, 0, 0, 0xfff0, 0x30 } },
	{ "headers longer than the frame", { 0, 0, 61, 0, 0, 0 } },
	{ "headers of 65535 bytes", { 0, 0, 0xffff, 0, 0, 0 } },
	{ "segments of no size", { CSUM, TCP4, 54, 0, 34, 16 } },
	{ "segments of an unknown kind", { CSUM, 0x3f, 54, 10, 34, 16 } },
	{ "segments without an IP header", { CSUM, TCP4, 20, 10, 60, 0 } },
};

/* CVE-2012-2136, CVE-2023-3812: what a header said about the frame was not checked. */
static void offsets(void)
{
	static const int modes[] = { TAP | IFF_VNET_HDR, FRAGS | IFF_VNET_HDR };
	unsigned int i, k;

	for (k = 0; k < sizeof(modes) / sizeof(*modes); k++) {
		int fd = fresh(modes[k]);

		for (i = 0; i < sizeof(nonsense) / sizeof(*nonsense); i++) {
			size_t len = flaw_frame(buf, modes[k]);
			bool whole, pieces;

			memcpy(buf, &nonsense[i].h, sizeof(nonsense[i].h));
			whole = write(fd, buf, len) == -1 && errno == EINVAL;
			pieces = write_pieces(fd, buf, len, 7) == -1 && errno == EINVAL;
			ok(whole && pieces, "2012-2136, 2023-3812: %s%s: EINVAL", nonsense[i].what,
			   k ? ", by NAPI's fragments" : "");
		}
		ok(!flaw_received(NAME), "... and none was received");
		close(fd);
	}
}

/*
 * CVE-2012-2119, CVE-2023-3812: more pieces, or more bytes, than a buffer of the kernel
 * has room for. They are joined, or refused.
 */
static void pieces(void)
{
	static const size_t sizes[] = { 1, 2, 63, 1000, 4096 };
	static const int counts[] = { 14, 15, 16, 17, 18, 19, 20, 64, 65, 256, PIECES };
	unsigned int i, size, count;

	memset(big, 0x45, sizeof(big));
	for (i = 0; i < flaw_n_modes; i++) {
		int flags = flaw_modes[i].flags, fd = fresh(flags), wrong = 0;
		size_t head = flaw_header(flags);

		memset(big, 0, head);
		memcpy(big + head, flags & IFF_TUN ? "\x45" : "\xff", 1);
		for (size = 0; size < sizeof(sizes) / sizeof(*sizes); size++) {
			for (count = 0; count < sizeof(counts) / sizeof(*counts); count++) {
				ssize_t len = sizes[size] * counts[count];
				ssize_t n = write_pieces(fd, big, len, sizes[size]);

				/*
				 * As fragments, the number is limited by the buffer;
				 * otherwise all that fits is taken.
				 */
				bool may_fail = len > 60000 || len < 30 ||
						(flags & IFF_NAPI_FRAGS &&
						 (counts[count] > 17 || sizes[size] < head + 14));

				if (n != len && !(n == -1 && may_fail))
					wrong++;
			}
		}
		ok(!wrong, "2012-2119, 2023-3812: %s, in 14 to %d pieces", flaw_modes[i].name,
		   PIECES);
		close(fd);
	}
}

/* The number of log lines since the descriptor was opened. */
static int lines(int kmsg)
{
	char line[8192];
	int n = 0;

	while (read(kmsg, line, sizeof(line)) > 0 || errno == EPIPE)
		n++;
	return n;
}

/* A program that may write frames could fill the log. */
static void log_flood(void)
{
	int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC), i, n;
	int fd = fresh(TAP | IFF_VNET_HDR), tun;
	size_t len = flaw_frame(buf, TAP | IFF_VNET_HDR);

	if (kmsg < 0 || lseek(kmsg, 0, SEEK_END) < 0)
		die("/dev/kmsg");
	for (i = 0; i < MANY; i++) {
		const struct virtio_net_hdr *h = &nonsense[i % 10].h;

		memcpy(buf, h, sizeof(*h));
		if (write(fd, buf, i % 2 ? len : 11) != -1)
			die("such a frame was taken");
	}
	for (i = 0; i < MANY; i++)
		ioctl(fd, TUNSETOFFLOAD, 0x8000UL);
	close(fd);
	tun = fresh(TUN);
	memset(buf, 0, 60);
	for (i = 0; i < MANY; i++)
		if (write(tun, buf, 60) != -1)
			die("a packet of no IP version was taken");
	close(tun);
	n = lines(kmsg);
	ok(n < 100, "unbounded printk: %d frames and calls that are refused leave %d lines in the log",
	   3 * MANY, n);
	close(kmsg);
}

/*
 * A header holds what the program's buffer held before, or zeros, but no byte of the
 * kernel's.
 */
static void header_bytes(void)
{
	static const int sizes[] = { 10, 12, 20, 24, 64, 1000 };
	int fd = fresh(TAP | IFF_VNET_HDR), packet = xt_packet(NAME), foreign = 0, kept = 0;
	unsigned int i;
	int k, j;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		if (ioctl(fd, TUNSETVNETHDRSZ, &sizes[i]))
			die("TUNSETVNETHDRSZ %d", sizes[i]);
		for (k = 0; k < 50; k++) {
			xt_transmit(packet, 60, k);
			memset(buf, 0xa5, sizes[i] + 100);
			if (read(fd, buf, sizeof(buf)) != sizes[i] + 60)
				die("a frame behind a header of %d bytes", sizes[i]);
			for (j = 0; j < sizes[i]; j++) {
				foreign += buf[j] && buf[j] != 0xa5;
				kept += buf[j] == 0xa5;
			}
		}
	}
	ok(!foreign, "kernel bytes in the vnet header: none in headers of 10 to 1000 bytes (%d)",
	   foreign);
	if (flaw_is_xtun())
		ok(!kept, "... which are written whole");
	close(packet);
	close(fd);
}

void theme_flaw_frames(void)
{
	shorter();
	offsets();
	pieces();
	log_flood();
	header_bytes();
}
