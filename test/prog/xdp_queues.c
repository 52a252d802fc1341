// SPDX-License-Identifier: GPL-2.0
/*
 * XDP on an interface with several queues and with a vnet header in front of frames:
 * programs and AF_XDP. VETH is up, and VETH_PEER is its other end.
 *
 * A frame for a native program has got its verdict when its write() returns.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bpf.h"
#include "flaw.h"
#include "xdp_share.h"
#include "xsk.h"
#include "xt.h"

#define NAME		"xdpq0"
#define VETH		"xdp0"
#define VETH_PEER	"xdp1"
#define QUEUES		4
#define QUEUE		2	/* that everything is written to */
#define VNET		10	/* bytes of header */
#define FRAMES		60
#define LIMIT		20000	/* milliseconds; nothing here takes that long */

static int fds[QUEUES];
static uint8_t mac[6];
static uint8_t buf[XT_BUF];

static size_t frame(uint8_t *p, uint32_t n)
{
	static const size_t sizes[3] = { 60, 201, 1514 };

	return xt_numbered(p, mac, xt_peer, sizes[n % 3], n);
}

static bool is_frame(const uint8_t *p, ssize_t len, uint32_t n)
{
	static uint8_t want[XT_BUF];

	return len == (ssize_t)frame(want, n) && !memcmp(p, want, len);
}

static void write_frames(int queue)
{
	int i;

	for (i = 0; i < FRAMES; i++) {
		size_t len = VNET + frame(buf + VNET, i);

		memset(buf, 0, VNET);
		if (write(fds[queue], buf, len) != (ssize_t)len)
			die("write");
	}
}

/* The frames that a file gets, in order, each behind a whole header of zeros. */
static int read_frames(int queue)
{
	static const uint8_t nothing[VNET];
	int i;

	for (i = 0; i < FRAMES; i++) {
		ssize_t n;

		if (xt_poll(fds[queue], POLLIN, LIMIT, NULL) < 0)
			break;
		memset(buf, 0xff, sizeof(buf));
		n = read(fds[queue], buf, sizeof(buf));
		if (memcmp(buf, nothing, VNET) || !is_frame(buf + VNET, n - VNET, i))
			break;
	}
	return i;
}

static int receive_frames(int s)
{
	int i;

	for (i = 0; i < FRAMES; i++)
		if (xt_poll(s, POLLIN, LIMIT, NULL) < 0 ||
		    !is_frame(buf, recv(s, buf, sizeof(buf), 0), i))
			break;
	return i;
}

static bool are_empty(void)
{
	int i, n = 0;

	for (i = 0; i < QUEUES; i++)
		n += xt_drain(fds[i]);
	return !n;
}

static struct xdp begin(enum xdp_action verdict)
{
	struct xdp x = xdp_load(XT_ETHERTYPE, verdict, if_nametoindex(VETH));

	xdp_attach(&x, NAME, XDP_FLAGS_DRV_MODE);
	return x;
}

static void end(const struct xdp *x, const char *what)
{
	int i, elsewhere = 0;

	for (i = 0; i < XDP_SHARE_QUEUES; i++)
		elsewhere += i == QUEUE ? 0 : xdp_decided(x, i);
	ok(xdp_decided(x, QUEUE) == FRAMES && !elsewhere,
	   "%s: the program has seen %d frames, of queue %d", what, FRAMES, QUEUE);
	ok(are_empty(), "%s: and nothing else arrives", what);
	xdp_end(x);
}

static void pass(int stack)
{
	struct xdp x = begin(XDP_PASS);

	write_frames(QUEUE);
	ok(receive_frames(stack) == FRAMES, "PASS: the stack receives each as written");
	end(&x, "PASS");
}

static void drop(int stack)
{
	uint64_t lost = xt_counter_of(NAME, "rx_lost_xdp_drop");
	uint64_t out = xt_counter_of(NAME, "rx_out");
	struct xdp x = begin(XDP_DROP);

	write_frames(QUEUE);
	ok(xt_counter_of(NAME, "rx_lost_xdp_drop") - lost == FRAMES &&
	   xt_counter_of(NAME, "rx_out") == out && xdp_is_silent(stack),
	   "DROP: none is received, and each is counted");
	end(&x, "DROP");
}

static void tx(int stack)
{
	struct xdp x = begin(XDP_TX);

	write_frames(QUEUE);
	ok(read_frames(QUEUE) == FRAMES,
	   "TX: each comes back to its writer, behind a vnet header that is whole");
	ok(xdp_is_silent(stack), "TX: the stack receives none");
	end(&x, "TX");
}

/* veth takes redirected frames natively only if its other end has a program of its own. */
static void redirect(int stack)
{
	struct xdp served = xdp_load(XT_ETHERTYPE, XDP_PASS, 0), x = begin(XDP_REDIRECT);
	int peer = xdp_listener(VETH_PEER);

	run("ip link set " VETH " mtu 3000; ip link set " VETH_PEER " mtu 3000");
	xdp_attach(&served, VETH_PEER, XDP_FLAGS_DRV_MODE);
	write_frames(QUEUE);
	ok(receive_frames(peer) == FRAMES, "REDIRECT: each arrives without its vnet header");
	ok(xdp_is_silent(stack), "REDIRECT: the stack receives none on " NAME);
	end(&x, "REDIRECT");
	xdp_end(&served);
	close(peer);
}

/*
 * A map of AF_XDP sockets by queue, and a program that gives each socket the frames of
 * its queue.
 */
static struct xdp to_sockets(const struct xsk *sock, uint32_t mode)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_XSKMAP,
		.key_size = sizeof(uint32_t),
		.value_size = sizeof(uint32_t),
		.max_entries = QUEUES,
	};
	struct xdp x = { .map = bpf(BPF_MAP_CREATE, &attr) };
	const struct bpf_insn insns[] = {
		LOAD(BPF_W, 2, 1, offsetof(struct xdp_md, rx_queue_index)),
		MAP(1, x.map),
		MAP_REST,
		MOV_IMM(3, XDP_PASS),
		CALL(BPF_FUNC_redirect_map),
		EXIT,
	};
	uint32_t queue = QUEUE;
	union bpf_attr update = {
		.map_fd = x.map,
		.key = (uintptr_t)&queue,
		.value = (uintptr_t)&sock->fd,
	};

	x.prog = bpf_load(BPF_PROG_TYPE_XDP, insns, sizeof(insns));
	if (x.prog < 0 || bpf(BPF_MAP_UPDATE_ELEM, &update))
		die("cannot prepare a map of sockets");
	xdp_attach(&x, NAME, mode);
	return x;
}

/* One frame at a time, because the rings are short. */
static int receive_by_xsk(struct xsk *sock)
{
	int i;

	for (i = 0; i < FRAMES; i++) {
		size_t len = VNET + frame(buf + VNET, i);

		memset(buf, 0, VNET);
		if (write(fds[QUEUE], buf, len) != (ssize_t)len)
			die("write");
		if (!is_frame(buf, xsk_receive(sock, buf), i))
			break;
	}
	return i;
}

static void sockets(int stack, uint32_t mode, const char *how)
{
	struct xsk sock;
	struct xdp x;
	int i, sent = 0;

	if (!xsk_open(&sock, NAME, QUEUE)) {
		skip("this kernel has no AF_XDP", "AF_XDP, %s", how);
		return;
	}
	x = to_sockets(&sock, mode);
	ok(receive_by_xsk(&sock) == FRAMES,
	   "AF_XDP, %s: each frame written at its queue comes to it, byte by byte", how);
	ok(xdp_is_silent(stack), "... and none to the stack");
	write_frames(QUEUE + 1);
	ok(receive_frames(stack) == FRAMES, "... frames of another queue pass");
	for (i = 0; i < FRAMES; i++)
		sent += xsk_send(&sock, buf, frame(buf, i));
	ok(sent == FRAMES && read_frames(QUEUE) == FRAMES,
	   "... and what it transmits comes to the reader of that queue");
	ok(are_empty(), "... and to nobody else");
	xdp_end(&x);
	xsk_close(&sock);
}

void theme_xdp_queues(void)
{
	int i, stack;

	xdp_process();
	for (i = 0; i < QUEUES; i++)
		fds[i] = xt_tap(XT_DEV, NAME, TAP | IFF_MULTI_QUEUE | IFF_VNET_HDR);
	if (flaw_up(NAME, true))
		die("%s does not come up", NAME);
	xt_mac(NAME, mac);
	stack = xdp_listener(NAME);
	pass(stack);
	drop(stack);
	tx(stack);
	redirect(stack);
	sockets(stack, XDP_FLAGS_DRV_MODE, "native");
	sockets(stack, XDP_FLAGS_SKB_MODE, "generic");
	xt_law(NAME);
	close(stack);
	for (i = 0; i < QUEUES; i++)
		close(fds[i]);
}
