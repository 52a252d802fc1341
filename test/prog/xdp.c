// SPDX-License-Identifier: GPL-2.0
/*
 * XDP: what a program on the interface does to frames that are written, in generic form
 * and natively.
 *
 * The interface has 10.99.0.1 and knows 10.99.0.2, which is this program. VETH is up,
 * and VETH_PEER is its other end.
 *
 * Everything is written on one CPU, whose backlog is a queue. So once an ARP request
 * that was written last has its answer, every earlier frame has got its verdict; what
 * has not arrived by then never will.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xdp_share.h"
#include "xt.h"

#define VETH		"xdp0"
#define VETH_PEER	"xdp1"
#define FRAMES		100
#define LIMIT		60000	/* milliseconds; nothing here takes that long */
#define TRACE		"/sys/kernel/tracing/"

/* Both kinds of skb that a write makes: in one piece, and with fragments. */
static const size_t generic_sizes[4] = { 60, 1514, 4000, 9014 };
/*
 * These fit in one page with the headroom for programs. Larger frames take the generic
 * form.
 */
static const size_t native_sizes[4] = { 60, 201, 1514, 3000 };

static uint8_t own_mac[6];
static uint32_t next_seq;
static int fd;
static uint32_t mode;
static const size_t *sizes;

static bool is_native(void)
{
	return mode == XDP_FLAGS_DRV_MODE;
}

static struct xdp begin(uint16_t ethertype, enum xdp_action verdict)
{
	struct xdp x = xdp_load(ethertype, verdict, if_nametoindex(VETH));

	xdp_attach(&x, XT_IF, mode);
	return x;
}

static size_t make(uint8_t *buf, uint32_t seq)
{
	return xt_numbered(buf, own_mac, xt_peer, sizes[seq % 4], seq);
}

static bool is_intact(const uint8_t *buf, ssize_t len, uint32_t seq)
{
	static uint8_t want[XT_BUF];

	return len == (ssize_t)make(want, seq) && !memcmp(buf, want, len);
}

static void write_frame(const uint8_t *buf, size_t len)
{
	if (write(fd, buf, len) != (ssize_t)len)
		die("write of %zu bytes", len);
}

/* Returns the number of the first frame. */
static uint32_t write_frames(int n)
{
	static uint8_t buf[XT_BUF];
	uint32_t first = next_seq;

	while (n--) {
		size_t len = make(buf, next_seq++);

		write_frame(buf, len);
	}
	return first;
}

static ssize_t read_frame(uint8_t *buf)
{
	ssize_t len;

	if (xt_poll(fd, POLLIN, LIMIT, NULL) < 0)
		die("no frame comes");
	len = read(fd, buf, XT_BUF);
	if (len < 0)
		die("read");
	return len;
}

/*
 * Waits until all that was written has got its verdict. Returns how many frames, from
 * @first on, came back intact and in order; every other numbered frame counts against
 * them.
 */
static int settle(uint32_t first)
{
	static uint8_t buf[XT_BUF];
	static const uint8_t arp_reply[] = { 8, 6, 0, 1, 8, 0, 6, 4, 0, 2 };
	int back = 0;
	ssize_t len;

	write_frame(buf, xt_arp(buf, xt_peer, "10.99.0.2", "10.99.0.1"));
	for (;;) {
		len = read_frame(buf);
		if (!memcmp(buf + 12, arp_reply, sizeof(arp_reply)))
			return back;
		if ((buf[12] << 8 | buf[13]) == XT_ETHERTYPE)
			back += is_intact(buf, len, first + back) ? 1 : -FRAMES;
	}
}

/* How many of @n frames from @first on arrive at @s, intact and in order. */
static int arrived(int s, uint32_t first, int n)
{
	static uint8_t buf[XT_BUF];
	int got;

	for (got = 0; got < n; got++) {
		if (xt_poll(s, POLLIN, LIMIT, NULL) < 0)
			break;
		if (!is_intact(buf, recv(s, buf, sizeof(buf), 0), first + got))
			break;
	}
	return got;
}

/* What the driver has counted, without the answer to settle(). */
struct counted {
	uint64_t rx_in, rx_out, tx_in, tx_out;
};

static struct counted count(void)
{
	return (struct counted){ xt_counter("rx_in"), xt_counter("rx_out"),
				 xt_counter("tx_in"), xt_counter("tx_out") };
}

static void counted_since(struct counted was, unsigned int rx, unsigned int tx, const char *what)
{
	struct counted is = count();

	ok(is.rx_in - was.rx_in == rx + 1 && is.rx_out - was.rx_out == rx + 1 &&
	   is.tx_in - was.tx_in == tx + 1 && is.tx_out - was.tx_out == tx + 1,
	   "%s: xtun counts %u frames to the stack and %u from it, none lost", what, rx, tx);
}

static void write_file(const char *path, const char *text)
{
	int f = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (f < 0 || write(f, text, strlen(text)) < 0)
		die("cannot write to %s", path);
	close(f);
}

/* From now on the kernel's trace records every numbered frame that is dropped. */
static void trace_drops(bool on)
{
	char filter[32];

	if (on)
		write_file(TRACE "trace", "");	/* empties it */
	snprintf(filter, sizeof(filter), "protocol == %d", XT_ETHERTYPE);
	write_file(TRACE "events/skb/kfree_skb/filter", on ? filter : "0");
	write_file(TRACE "events/skb/kfree_skb/enable", on ? "1" : "0");
}

static int traced_drops(void)
{
	FILE *trace = fopen(TRACE "trace", "re");
	char line[512];
	int n = 0;

	if (!trace)
		die("cannot read the trace");
	while (fgets(line, sizeof(line), trace))
		n += *line != '#';
	fclose(trace);
	return n;
}

static void pass(int stack)
{
	struct counted was = count();
	struct xdp x = begin(XT_ETHERTYPE, XDP_PASS);
	uint32_t first = write_frames(FRAMES);

	ok(settle(first) == 0, "PASS: nothing comes back");
	ok(xdp_decided(&x, 0) == FRAMES, "PASS: the program has seen each frame");
	ok(arrived(stack, first, FRAMES) == FRAMES, "PASS: the stack receives each as written");
	counted_since(was, FRAMES, 0, "PASS");
	xdp_end(&x);
}

static void pass_ping(void)
{
	struct xdp x = begin(ETH_P_IP, XDP_PASS);
	static uint8_t buf[XT_BUF], sent[XT_BUF];
	int seq, answered = 0;

	for (seq = 0; seq < 10; seq++) {
		size_t len = xt_echo(sent, own_mac, xt_peer, "10.99.0.2", "10.99.0.1", seq,
				     seq * 900);

		write_frame(sent, len);
		/* From the ICMP identifier on, the answer is equal to the question. */
		if (read_frame(buf) == (ssize_t)len && buf[34] == 0 &&
		    !memcmp(buf + 38, sent + 38, len - 38))
			answered++;
	}
	ok(answered == 10, "PASS: ping is answered");
	ok(xdp_decided(&x, 0) == 10, "PASS: the program has seen each ping");
	xdp_end(&x);
}

static void drop(int stack)
{
	uint64_t lost = xt_counter("rx_lost_xdp_drop");
	struct counted was = count();
	struct xdp x = begin(XT_ETHERTYPE, XDP_DROP);
	uint32_t first;

	trace_drops(!is_native());
	first = write_frames(FRAMES);
	ok(settle(first) == 0, "DROP: nothing comes back");
	ok(xdp_decided(&x, 0) == FRAMES, "DROP: the program has seen each frame");
	ok(xdp_is_silent(stack), "DROP: the stack receives none");
	if (is_native()) {
		ok(xt_counter("rx_lost_xdp_drop") - lost == FRAMES, "DROP: each is counted as lost");
	} else {
		ok(traced_drops() == FRAMES, "DROP: skb:kfree_skb tells of each");
		counted_since(was, FRAMES, 0, "DROP");
	}
	trace_drops(false);
	xdp_end(&x);
}

/* The driver sees the verdict of a native program only. */
static void aborted(int stack)
{
	uint64_t lost = xt_counter("rx_lost_xdp_aborted");
	struct xdp x = begin(XT_ETHERTYPE, XDP_ABORTED);
	uint32_t first = write_frames(FRAMES);

	ok(settle(first) == 0 && xdp_is_silent(stack), "ABORTED: no frame arrives");
	ok(xt_counter("rx_lost_xdp_aborted") - lost == FRAMES, "ABORTED: each is counted as lost");
	xdp_end(&x);
}

static void tx(int stack)
{
	struct counted was = count();
	uint64_t sent_back = xt_counter("rx_xdp_tx");
	struct xdp x = begin(XT_ETHERTYPE, XDP_TX);
	uint32_t first = write_frames(FRAMES);

	ok(settle(first) == FRAMES, "TX: each frame comes back as it was written");
	ok(xt_counter("rx_xdp_tx") - sent_back == (is_native() ? FRAMES : 0),
	   "TX: it is counted as sent back, if it was by xtun");
	ok(xdp_decided(&x, 0) == FRAMES, "TX: the program has seen each frame");
	ok(xdp_is_silent(stack), "TX: the stack receives none");
	counted_since(was, FRAMES, FRAMES, "TX");
	xdp_end(&x);
}

/* The queue has room for four frames. */
static void tx_full(void)
{
	uint64_t full = xt_counter("tx_lost_full");
	struct xdp x = begin(XT_ETHERTYPE, XDP_TX);
	static uint8_t buf[XT_BUF];
	uint32_t first;
	int i, more, ms;

	run("ip link set " XT_IF " txqueuelen 4");
	first = write_frames(10);
	for (ms = 0; xt_counter("tx_lost_full") - full < 6 && ms < LIMIT; ms += 10)
		usleep(10000);
	ok(xt_counter("tx_lost_full") - full == 6, "TX: what a full queue loses is counted");
	for (i = 0; i < 4 && is_intact(buf, read_frame(buf), first + i); i++)
		;
	more = xt_drain(fd);
	ok(i == 4 && !more, "TX: the frames that it had room for come back");
	run("ip link set " XT_IF " txqueuelen 1000");
	xdp_end(&x);
}

static void redirect(int stack, int peer)
{
	struct counted was = count();
	uint64_t redirected = xt_counter("rx_xdp_redirect");
	struct xdp x = begin(XT_ETHERTYPE, XDP_REDIRECT);
	uint32_t first = write_frames(FRAMES);

	ok(settle(first) == 0, "REDIRECT: nothing comes back");
	ok(xt_counter("rx_xdp_redirect") - redirected == (is_native() ? FRAMES : 0),
	   "REDIRECT: it is counted as redirected, if it was by xtun");
	ok(xdp_decided(&x, 0) == FRAMES, "REDIRECT: the program has seen each frame");
	ok(xdp_is_silent(stack), "REDIRECT: the stack receives none on " XT_IF);
	ok(arrived(peer, first, FRAMES) == FRAMES,
	   "REDIRECT: each arrives at the other end of the veth as written");
	counted_since(was, FRAMES, 0, "REDIRECT");
	xdp_end(&x);
}

/* Too large for the native form: the generic form takes them. */
static void too_large(int stack)
{
	static const size_t large_sizes[4] = { 4000, 5000, 8000, 9014 };
	uint64_t taken = xt_counter("rx_xdp_generic");
	struct counted was = count();
	struct xdp x = begin(XT_ETHERTYPE, XDP_DROP);

	sizes = large_sizes;
	settle(write_frames(FRAMES));
	ok(xdp_is_silent(stack) && xdp_decided(&x, 0) == FRAMES,
	   "larger than a page: the program drops each all the same");
	ok(xt_counter("rx_xdp_generic") - taken == FRAMES, "... and it is counted as taken so");
	counted_since(was, FRAMES, 0, "larger than a page");
	sizes = native_sizes;
	xdp_end(&x);
}

static void after(int stack)
{
	struct xdp x = begin(XT_ETHERTYPE, XDP_DROP);
	uint32_t first;

	xdp_end(&x);
	first = write_frames(FRAMES);
	settle(first);
	ok(arrived(stack, first, FRAMES) == FRAMES, "detached: frames pass again");
}

static void all_verdicts(int stack, int peer, uint32_t how, const char *direct)
{
	run("ethtool --set-priv-flags " XT_IF " rx-direct %s", direct);
	mode = how;
	sizes = is_native() ? native_sizes : generic_sizes;
	printf("# %s, rx-direct %s\n", is_native() ? "native" : "generic", direct);
	pass(stack);
	pass_ping();
	drop(stack);
	tx(stack);
	tx_full();
	redirect(stack, peer);
	after(stack);
	if (is_native()) {
		aborted(stack);
		too_large(stack);
	}
}

/*
 * veth takes redirected frames only if its other end has a program of its own, which
 * needs each frame in a page.
 */
static struct xdp serve(const char *ifname)
{
	struct xdp x = xdp_load(XT_ETHERTYPE, XDP_PASS, 0);

	run("ip link set " VETH " mtu 3000; ip link set %s mtu 3000", ifname);
	xdp_attach(&x, ifname, XDP_FLAGS_DRV_MODE);
	return x;
}

void theme_xdp(void)
{
	struct xdp served;
	int stack, peer;

	xdp_process();
	fd = xt_open(O_NONBLOCK);
	xt_drain(fd);
	xt_mac(XT_IF, own_mac);
	stack = xdp_listener(XT_IF);
	peer = xdp_listener(VETH_PEER);

	all_verdicts(stack, peer, XDP_FLAGS_SKB_MODE, "off");
	all_verdicts(stack, peer, XDP_FLAGS_SKB_MODE, "on");
	served = serve(VETH_PEER);
	all_verdicts(stack, peer, XDP_FLAGS_DRV_MODE, "off");
	all_verdicts(stack, peer, XDP_FLAGS_DRV_MODE, "on");
	xdp_end(&served);

	close(peer);
	close(stack);
	close(fd);
}
