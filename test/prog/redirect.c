// SPDX-License-Identifier: GPL-2.0
/*
 * BPF programs make the kernel transmit frames that bypass what the core does before a
 * driver gets them.
 *
 * VETH is up. What its other end sends to 10.98.0.2, or by a VLAN to 10.97.0.2, arrives
 * there.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/udp.h>
#include <net/if.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bpf.h"
#include "inject.h"
#include "xdp_share.h"
#include "xt.h"

#define VETH		"red0"
#define VETH_PEER	"red1"
#define IP_UDP		28	/* bytes of both headers */
#define LIMIT		60000	/* milliseconds; nothing here takes that long */

static const size_t sizes[] = { 1, 18, 1401, 8000 };
#define SIZES		((int)(sizeof(sizes) / sizeof(*sizes)))

/* Redirects without the first @cut bytes of each frame. */
static int redirect_to_xtun(int cut)
{
	const struct bpf_insn insns[] = {
		MOV_IMM(2, cut),
		CALL(BPF_FUNC_xdp_adjust_head),
		MOV_IMM(1, (int)if_nametoindex(XT_IF)),
		MOV_IMM(2, 0),
		CALL(BPF_FUNC_redirect),
		EXIT,
	};
	int prog = bpf_load(BPF_PROG_TYPE_XDP, insns, sizeof(insns));
	int link = bpf_xdp(prog, if_nametoindex(VETH), XDP_FLAGS_SKB_MODE);

	if (link < 0)
		die("cannot redirect from " VETH);
	close(prog);
	return link;
}

static int udp_to(const char *ip)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_aton(ip, &to.sin_addr);
	if (s < 0 || connect(s, (struct sockaddr *)&to, sizeof(to)))
		die("UDP socket to %s", ip);
	return s;
}

/* Sends that datagram, and reads the frame that it becomes. */
static size_t pass_on(int s, int fd, const uint8_t *data, size_t size, uint8_t *frame)
{
	ssize_t len;

	if (send(s, data, size, 0) != (ssize_t)size)
		die("send of %zu bytes", size);
	if (xt_poll(fd, POLLIN, LIMIT, NULL) < 0)
		die("no frame comes");
	len = read(fd, frame, XT_BUF);
	if (len < 0)
		die("read");
	return len;
}

/* The tag of VLAN 1234. */
static bool has_tag(const uint8_t *frame)
{
	static const uint8_t tag[] = { 0x81, 0x00, 0x04, 0xd2 };

	return !memcmp(frame + 12, tag, sizeof(tag));
}

/*
 * RFC 768: addresses, protocol, length and datagram add up to all ones. The addresses
 * are right before the datagram.
 */
static bool is_checksum_right(const uint8_t *ip, size_t size)
{
	size_t udp_len = 8 + size, i;
	uint32_t sum = IPPROTO_UDP + udp_len;

	for (i = 0; i < 8 + udp_len; i++)
		sum += i % 2 ? ip[12 + i] : ip[12 + i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff && (ip[26] || ip[27]);
}

static void redirect(int fd, const char *to, bool vlan)
{
	static uint8_t frame[XT_BUF], data[XT_BUF];
	int s = udp_to(to), i, tagged = 0, intact = 0, right = 0;
	const char *what = vlan ? "XDP redirect of a VLAN's" : "XDP redirect";

	for (i = 0; i < SIZES; i++) {
		size_t len, head = ETH_HLEN;

		memset(data, 'a' + i, sizes[i]);
		len = pass_on(s, fd, data, sizes[i], frame);
		if (has_tag(frame)) {
			tagged++;
			head += 4;
		}
		intact += len == head + IP_UDP + sizes[i] &&
			  !frame[head - 1] && frame[head - 2] == 8 &&
			  !memcmp(frame + head + IP_UDP, data, sizes[i]);
		right += is_checksum_right(frame + head, sizes[i]);
	}
	ok(intact == SIZES, "%s: each datagram arrives, and nothing else", what);
	ok(tagged == (vlan ? SIZES : 0), "%s: the frames that a VLAN sent have its tag", what);
	ok(right == SIZES, "%s: the checksums are right", what);
	close(s);
}

/*
 * One buffer of four datagrams, which the core has not cut because it fits the MTU of
 * xtun.
 */
static void uncut(int fd)
{
	static uint8_t frame[XT_BUF], data[4000];
	int s = udp_to("10.98.0.2"), size = 1000, i, n, right = 0;

	for (i = 0; i < 4; i++)
		memset(data + i * size, 'a' + i, size);
	if (setsockopt(s, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)) ||
	    send(s, data, sizeof(data), 0) != sizeof(data))
		die("send of four datagrams in one");
	for (n = 0; n < 4 && xt_poll(fd, POLLIN, LIMIT, NULL) >= 0; n++)
		right += read(fd, frame, sizeof(frame)) == ETH_HLEN + IP_UDP + size &&
			 !memcmp(frame + ETH_HLEN + IP_UDP, data + n * size, size) &&
			 is_checksum_right(frame + ETH_HLEN, size);
	ok(right == 4, "XDP redirect: four segments in one are cut, each with its checksum (%d of %d)",
	   right, n);
	close(s);
}

static bool passes(int s, int fd, size_t size, size_t want)
{
	static uint8_t frame[XT_BUF], data[XT_BUF];
	uint64_t lost = xt_counter("tx_lost_unfinished") + xt_counter("tx_lost_nomem");

	return pass_on(s, fd, data, size, frame) == want &&
	       xt_counter("tx_lost_unfinished") + xt_counter("tx_lost_nomem") == lost;
}

/* The place of the checksum that the frame still lacks is cut off. */
static void cut_short(void)
{
	struct sock_filter twenty[] = { BPF_STMT(BPF_RET | BPF_K, 20) };
	struct sock_fprog prog = { .filter = twenty, .len = 1 };
	int fd = xt_tap("/dev/xtun", XT_IF, IFF_TAP | IFF_NO_PI);
	int s = udp_to("10.98.0.2"), link = redirect_to_xtun(0);

	if (ioctl(fd, TUNATTACHFILTER, &prog))
		die("TUNATTACHFILTER");
	ok(passes(s, fd, 100, 20), "XDP redirect: a filter leaves 20 bytes, and they arrive");
	if (ioctl(fd, TUNDETACHFILTER, 0))
		die("TUNDETACHFILTER");
	close(link);
	/* Cut up to the middle of the UDP header, before its checksum. */
	link = redirect_to_xtun(ETH_HLEN + 20 + 4);
	ok(passes(s, fd, 100, 4 + 100), "XDP redirect: a program that cuts the headers off, likewise");
	if (ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM))
		die("TUNSETOFFLOAD");
	ok(passes(s, fd, 100, 4 + 100), "... and where readers may finish frames themselves");
	if (ioctl(fd, TUNSETOFFLOAD, 0))
		die("TUNSETOFFLOAD");
	close(link);
	close(s);
	close(fd);
}

void theme_redirect(void)
{
	int fd = xt_open(O_NONBLOCK), link = redirect_to_xtun(0);
	uint64_t before = xt_counter("tx_out");

	xt_drain(fd);
	redirect(fd, "10.98.0.2", false);
	redirect(fd, "10.97.0.2", true);
	ok(xt_counter("tx_out") - before == 2 * SIZES, "XDP redirect: each frame is counted");
	uncut(fd);
	close(link);
	close(fd);
	cut_short();
}

/* From a driver's buffers, by ndo_xdp_xmit(), to a program that reads. */
void theme_redirect_native(void)
{
	struct xdp x;
	static const size_t lengths[] = { 60, 201, 1514 };
	int packet = xt_packet(VETH_PEER), fd = xt_open(O_NONBLOCK), i, n = 0;
	static uint8_t frame[XT_BUF];
	uint64_t full, in;

	xdp_process();
	x = xdp_load(XT_ETHERTYPE, XDP_REDIRECT, if_nametoindex(XT_IF));
	xt_drain(fd);
	xdp_attach(&x, VETH, XDP_FLAGS_DRV_MODE);
	for (i = 0; i < 99; i++) {
		xt_transmit(packet, lengths[i % 3], i);
		if (xt_poll(fd, POLLIN, LIMIT, NULL) < 0)
			break;
		n += read(fd, frame, sizeof(frame)) == (ssize_t)lengths[i % 3] &&
		     xt_number(frame, lengths[i % 3]) == i;
	}
	ok(n == 99, "native XDP redirect: %d of 99 are read as they were sent", n);
	run("ip link set " XT_IF " txqueuelen 4");
	/* The kernel may have sent something on its own. */
	xt_drain(fd);
	full = xt_counter("tx_lost_full");
	in = xt_counter("tx_in");
	for (i = 0; i < 10; i++)
		xt_transmit(packet, 60, i);
	for (i = 0; xt_counter("tx_in") < in + 10 && i < LIMIT; i += 10)
		usleep(10000);
	/* A frame is counted, and shortly after is counted as lost. */
	usleep(50000);
	in = xt_counter("tx_in") - in;
	full = xt_counter("tx_lost_full") - full;
	ok(in >= 10 && full == in - 4,
	   "... what a full queue has no room for is counted (%u of %u)", (unsigned int)full,
	   (unsigned int)in);
	ok(xt_drain(fd) == 4, "... and the rest is read");
	run("ip link set " XT_IF " txqueuelen 1000");
	xdp_end(&x);
	close(packet);
	close(fd);
}

static uint64_t lost_for_memory(void)
{
	return xt_counter("tx_lost_unfinished") + xt_counter("tx_lost_nomem");
}

/* Each frame needs memory to be finished, and there is none. */
void theme_unfinished(void)
{
	int fd = xt_open(O_NONBLOCK), link = redirect_to_xtun(0), i;
	int plain = udp_to("10.98.0.2"), tagged = udp_to("10.97.0.2"), cut = udp_to("10.98.0.2");
	uint64_t in = xt_counter("tx_in"), lost = lost_for_memory();
	static uint8_t data[4000];
	int size = 1000, frames = 0;

	xt_drain(fd);
	if (setsockopt(cut, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)))
		die("UDP_SEGMENT");
	inject_within_module("xtun");
	inject_always(true);
	for (i = 0; i < 10; i++) {
		frames += send(plain, data, 100, 0) == 100;
		frames += send(tagged, data, 100, 0) == 100;
		frames += send(cut, data, sizeof(data), 0) == sizeof(data);
	}
	for (i = 0; xt_counter("tx_in") < in + frames && i < LIMIT; i += 10)
		usleep(10000);
	inject_always(false);
	inject_within(NULL);
	ok(frames == 30 && xt_counter("tx_in") - in == 30,
	   "30 frames that cannot be finished are in (%d)", (int)(xt_counter("tx_in") - in));
	ok(lost_for_memory() >= lost + 10, "and %d of them are lost",
	   (int)(lost_for_memory() - lost));
	ok(lost_for_memory() - lost + xt_drain(fd) == 30, "the rest can be read");
	close(cut);
	close(tagged);
	close(plain);
	close(link);
	close(fd);
}

/* Pins an action for tc that chooses a queue which does not exist. */
void theme_misqueue(void)
{
	const struct bpf_insn insns[] = {
		MOV_IMM(2, 60000),
		STORE(BPF_W, 1, 2, offsetof(struct __sk_buff, queue_mapping)),
		MOV_IMM(0, 0),
		EXIT,
	};
	union bpf_attr attr = {
		.pathname = (uintptr_t)"/sys/fs/bpf/misqueue",
		.bpf_fd = bpf_load(BPF_PROG_TYPE_SCHED_ACT, insns, sizeof(insns)),
	};

	if (bpf(BPF_OBJ_PIN, &attr))
		die("cannot pin a program");
}
