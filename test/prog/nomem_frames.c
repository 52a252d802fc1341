// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations fail for frames in each form that TUNSETIFF can give them: the loss is
 * counted, and the next frame passes.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bpf.h"
#include "flaw.h"
#include "gso.h"
#include "inject.h"
#include "xt.h"

#define WRITTEN		"nomem2"
#define LIMIT		20000	/* milliseconds; nothing here takes that long */

static int fd = -1, prog = -1, xdp = -1, packet = -1;
static uint8_t buf[XT_BUF], in[XT_BUF];
static struct iovec pieces[8];
static int n_pieces;
static int wrong;

/* A TCP frame that is cut into eleven segments. */
static const struct gso large = { .port = 1000, .mss = 1460, .payload = 15377 };

static void have_interface(int flags)
{
	fd = flaw_new(WRITTEN, flags);
	if (flaw_up(WRITTEN, true))
		die("%s does not come up", WRITTEN);
}

/* --- frames from a program */

static long write_pieces(void)
{
	return writev(fd, pieces, n_pieces);
}

static uint64_t counter(const char *name)
{
	return xt_counter_of(WRITTEN, name);
}

/* With NAPI it may take a moment. */
static bool comes_to(const char *name, uint64_t value)
{
	int ms;

	for (ms = 0; counter(name) != value && ms < LIMIT; ms++)
		usleep(1000);
	return counter(name) == value;
}

static void written(const char *what)
{
	const struct inject_case c = { what, .call = write_pieces };
	uint64_t lost = counter("rx_lost_nomem"), out = counter("rx_out");
	int failed, spared;

	failed = inject_each(&c, &spared);
	/* If contiguous pages cannot be had, smaller ones are used. */
	ok(failed + spared && comes_to("rx_lost_nomem", lost + failed) &&
	   comes_to("rx_out", out + spared + 1),
	   "... and each that failed is counted as rx_lost_nomem, and no other");
}

static void one_piece(size_t len)
{
	pieces[0] = (struct iovec){ buf, len };
	n_pieces = 1;
}

static void with_vnet_header(void)
{
	have_interface(TAP | IFF_VNET_HDR);
	one_piece(gso_make(buf, &large));
	written("write of a large frame with a vnet header");
	memset(buf, 0, GSO_VNET);
	one_piece(GSO_VNET + xt_numbered(buf + GSO_VNET, xt_everyone, xt_peer, 60, 1));
	written("write of a small frame with a vnet header");
}

/* The first piece is shorter than an Ethernet header. */
static void cut_into_pieces(void)
{
	static const size_t sizes[8] = { 8, 6, 40, 100, 1000, 4096, 1, 2000 };
	size_t at = 0;

	for (n_pieces = 0; n_pieces < 8; n_pieces++) {
		pieces[n_pieces] = (struct iovec){ buf + at, sizes[n_pieces] };
		at += sizes[n_pieces];
	}
	xt_numbered(buf, xt_everyone, xt_peer, at, 1);
}

static void by_napi(void)
{
	have_interface(TAP | IFF_NAPI);
	one_piece(xt_numbered(buf, xt_everyone, xt_peer, 60000, 1));
	written("write of 60000 bytes by NAPI");
	xt_law(WRITTEN);
	close(fd);

	have_interface(FRAGS);
	cut_into_pieces();
	written("write of eight pieces by NAPI's fragments");
	xt_law(WRITTEN);
	close(fd);
}

/* --- XDP */

static void load(int verdict)
{
	const struct bpf_insn insns[] = { MOV_IMM(0, verdict), EXIT };

	prog = bpf_load(BPF_PROG_TYPE_XDP, insns, sizeof(insns));
	if (prog < 0)
		die("BPF_PROG_LOAD");
}

static long attach_xdp(void)
{
	xdp = bpf_xdp(prog, if_nametoindex(WRITTEN), XDP_FLAGS_DRV_MODE);
	return xdp;
}

/* How many of one frame are dropped. */
static uint64_t dropped(void)
{
	uint64_t before = counter("rx_lost_xdp_drop");

	if (write_pieces() < 0)
		die("write");
	return counter("rx_lost_xdp_drop") - before;
}

static void xdp_is_there(void)
{
	wrong += dropped() != 1;
	close(xdp);
	wrong += dropped() != 0;
}

static void xdp_is_not_there(void)
{
	wrong += dropped() != 0;
}

static void attaching_xdp(void)
{
	const struct inject_case c = { "an XDP program is attached", .call = attach_xdp,
				       .after = xdp_is_there, .undo = xdp_is_not_there };

	load(XDP_DROP);
	inject_within("bpf_xdp_link_attach");
	inject_each(&c, NULL);
	ok(!wrong, "... and it drops what is written if it is, and only then");
	inject_within_module("xtun");
	close(prog);
}

/* The program gets a small frame itself, and the core's copy of a large one. */
static void past_xdp(void)
{
	load(XDP_PASS);
	if (attach_xdp() < 0)
		die("XDP");
	written("write of a small frame past an XDP program");
	one_piece(gso_make(buf, &large));
	written("write of a large frame past an XDP program");
	close(xdp);
	close(prog);
}

/* --- frames to a program */

static int plain = -1;

/*
 * A file with offloads lets a large frame in, and a file without a vnet header reads
 * it.
 */
static void have_both_readers(void)
{
	int one = 1, vnet;

	run("ip link del " XT_IF "; ip link add " XT_IF " numtxqueues 4 type xtun");
	xt_up();
	plain = xt_open(O_NONBLOCK);
	xt_drain(plain);
	vnet = xt_tap(XT_DEV, XT_IF, TAP | IFF_MULTI_QUEUE | IFF_VNET_HDR);
	if (ioctl(vnet, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6) ||
	    flaw_queue(vnet, IFF_DETACH_QUEUE))
		die("a file with offloads");
	packet = xt_packet(XT_IF);
	if (setsockopt(packet, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)))
		die("PACKET_VNET_HDR");
	fd = vnet;
}

static void large_waits(void)
{
	size_t len = gso_make(buf, &large);

	if (send(packet, buf, len, 0) != (ssize_t)len)
		die("send of %zu bytes", len);
}

static long read_segment(void)
{
	return read(plain, in, sizeof(in));
}

static void rest_waits(void)
{
	wrong += xt_drain(plain) != gso_segments(&large) - 1;
}

static void nothing_waits(void)
{
	wrong += xt_drain(plain) != 0;
}

static void reads(void)
{
	const struct inject_case c = {
		"read of a large frame without a vnet header", .before = large_waits,
		.call = read_segment, .after = rest_waits, .undo = nothing_waits };
	uint64_t lost;
	int failed;

	have_both_readers();
	lost = xt_counter("tx_lost_nomem");
	wrong = 0;
	failed = inject_each(&c, NULL);
	ok(failed && xt_counter("tx_lost_nomem") == lost + failed,
	   "... and each that failed is lost and counted as tx_lost_nomem");
	ok(!wrong, "... whole: of the others all segments can be read");
	xt_law(XT_IF);
	close(packet);
	close(plain);
	close(fd);
}

void theme_nomem_frames(void)
{
	run("sysctl -q -w net.ipv6.conf.default.disable_ipv6=1");
	inject_within_module("xtun");
	with_vnet_header();
	attaching_xdp();
	past_xdp();
	xt_law(WRITTEN);
	close(fd);
	by_napi();
	reads();
	inject_within(NULL);
}
