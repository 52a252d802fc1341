// SPDX-License-Identifier: GPL-2.0
/*
 * A frame that waits holds no memory of its sender: the sender is told that it may
 * reuse the memory, and when it does, the frame stays as it was.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "inject.h"
#include "xt.h"

#define LEN	1400
#define SLOT	2048

/* The last @LEN bytes of the waiting frame are what was sent. */
static bool intact(int fd)
{
	uint8_t buf[2000], sent[LEN];
	ssize_t n = read(fd, buf, sizeof(buf));

	memset(sent, 'a', LEN);
	return n > LEN && !memcmp(buf + n - LEN, sent, LEN);
}

static void udp(int fd)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;
	char control[200];
	struct msghdr m = { .msg_control = control, .msg_controllen = sizeof(control) };
	void *data = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	inet_aton("10.99.0.2", &to.sin_addr);
	if (s < 0 || data == MAP_FAILED ||
	    setsockopt(s, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)) ||
	    connect(s, (struct sockaddr *)&to, sizeof(to)))
		die("UDP socket");
	memset(data, 'a', LEN);
	if (send(s, data, LEN, MSG_ZEROCOPY) != LEN)
		die("send");
	xt_poll(s, POLLERR, 20000, NULL);
	ok(!recvmsg(s, &m, MSG_ERRQUEUE), "MSG_ZEROCOPY: the sender has his memory back");
	memset(data, 'b', LEN);
	ok(intact(fd), "MSG_ZEROCOPY: and may write to it");
	close(s);
	munmap(data, 4096);
}

/* A socket with a ring of two slots; returns the first. */
static struct tpacket2_hdr *ring(int s)
{
	struct tpacket_req req = { .tp_block_size = 4096, .tp_block_nr = 1,
				   .tp_frame_size = SLOT, .tp_frame_nr = 4096 / SLOT };
	int version = TPACKET_V2;
	void *p;

	if (setsockopt(s, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(s, SOL_PACKET, PACKET_TX_RING, &req, sizeof(req)))
		die("PACKET_TX_RING");
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, s, 0);
	if (p == MAP_FAILED)
		die("mmap of the ring");
	return p;
}

static unsigned int slot_status(struct tpacket2_hdr *slot)
{
	return __atomic_load_n(&slot->tp_status, __ATOMIC_ACQUIRE);
}

static void packet(int fd)
{
	int s = xt_packet(XT_IF), i;
	struct tpacket2_hdr *h = ring(s);
	uint8_t *frame = (uint8_t *)h + TPACKET2_HDRLEN - sizeof(struct sockaddr_ll);

	xt_numbered(frame, xt_everyone, xt_peer, 60, 0);
	memset(frame + 60, 'a', LEN);
	h->tp_len = 60 + LEN;
	h->tp_status = TP_STATUS_SEND_REQUEST;
	if (send(s, NULL, 0, MSG_DONTWAIT) != 60 + LEN)
		die("send");
	for (i = 0; slot_status(h) != TP_STATUS_AVAILABLE && i < 20000; i++)
		usleep(1000);
	ok(slot_status(h) == TP_STATUS_AVAILABLE, "PACKET_TX_RING: the sender has his slot back");
	memset(frame, 'b', 60 + LEN);
	ok(intact(fd), "PACKET_TX_RING: and may write to it");
	munmap(h, 4096);
	close(s);
}

static int ring_socket;
static uint8_t *ring_slots;

/* The kernel takes one slot after the other. */
static void fill_slot(void)
{
	static unsigned int next;
	uint8_t *slot = ring_slots + next++ % (4096 / SLOT) * SLOT;
	struct tpacket2_hdr *h = (void *)slot;

	xt_numbered(slot + TPACKET2_HDRLEN - sizeof(struct sockaddr_ll), xt_everyone, xt_peer,
		    LEN, 0);
	h->tp_len = LEN;
	h->tp_status = TP_STATUS_SEND_REQUEST;
}

static long send_slot(void)
{
	return send(ring_socket, NULL, 0, MSG_DONTWAIT) == LEN ? LEN : -1;
}

/* The sender's own pages have to be copied, or the frame is lost. */
void theme_nomem_pages(void)
{
	const struct inject_case c = {
		"transmission of a sender's own pages", .before = fill_slot, .call = send_slot,
		.must_succeed = true };
	int fd = xt_open(O_NONBLOCK), spared;
	uint64_t lost = xt_counter("tx_lost_nomem");

	xt_drain(fd);
	ring_socket = xt_packet(XT_IF);
	ring_slots = (void *)ring(ring_socket);
	inject_within_module("xtun");
	inject_each(&c, &spared);
	inject_within(NULL);
	lost = xt_counter("tx_lost_nomem") - lost;
	ok(lost, "... and %d frames are lost and counted as tx_lost_nomem", (int)lost);
	ok(xt_drain(fd) == spared + 1 - (int)lost, "... the others arrive");
	munmap(ring_slots, 4096);
	close(ring_socket);
	close(fd);
}

void theme_zerocopy(void)
{
	int fd = xt_open(O_NONBLOCK);

	xt_drain(fd);
	udp(fd);
	packet(fd);
	close(fd);
}
