// SPDX-License-Identifier: GPL-2.0
/*
 * No interface of a program, but a pair of veth. The program uses AF_PACKET on the
 * other end, with a TPACKET_V3 ring for each direction.
 *
 * The kernel passes on a block of frames when the next frame does not fit, or after a
 * timeout. A row that waits for its last frame would measure that timeout, so no such
 * row uses this way.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "bench.h"

#define BLOCK	(64 * 1024)
#define BLOCKS	16
#define SLOT	2048
#define SLOTS	(BLOCK * BLOCKS / SLOT)

/**
 * struct packet - both rings of a socket
 * @rx: blocks of received frames
 * @tx: slots to send from
 * @block: the index of the next block
 * @left: the frames of it that are not yet returned
 * @next: the first of them
 * @slot: the index of the next slot
 */
struct packet {
	uint8_t *rx, *tx;
	unsigned int block, left;
	uint8_t *next;
	unsigned int slot;
};

static void set(int fd, int option, const void *value, socklen_t size, const char *what)
{
	check(!setsockopt(fd, SOL_PACKET, option, value, size), what);
}

static void packet_open(const struct way *way, struct end *end, const char *ifname)
{
	struct tpacket_req3 ring = {
		.tp_block_size = BLOCK, .tp_block_nr = BLOCKS,
		.tp_frame_size = SLOT, .tp_frame_nr = SLOTS,
	};
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex(way->device),
	};
	struct packet *p = calloc(1, sizeof(*p));
	int version = TPACKET_V3, on = 1;

	(void)ifname;
	end->private = p;
	end->fd = socket(AF_PACKET, SOCK_RAW, 0);
	check(end->fd >= 0, "AF_PACKET");
	set(end->fd, PACKET_VERSION, &version, sizeof(version), "TPACKET_V3");
	set(end->fd, PACKET_QDISC_BYPASS, &on, sizeof(on), "PACKET_QDISC_BYPASS");
	set(end->fd, PACKET_TX_RING, &ring, sizeof(ring), "PACKET_TX_RING");
	ring.tp_retire_blk_tov = 1000;
	set(end->fd, PACKET_RX_RING, &ring, sizeof(ring), "PACKET_RX_RING");
	p->rx = mmap(NULL, 2 * BLOCK * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, end->fd, 0);
	check(p->rx != MAP_FAILED, "mmap");
	p->tx = p->rx + BLOCK * BLOCKS;
	check(!bind(end->fd, (struct sockaddr *)&to, sizeof(to)), "bind");
}

static struct tpacket_hdr_v1 *packet_block(const struct packet *p)
{
	return &((struct tpacket_block_desc *)(p->rx + p->block * BLOCK))->hdr.bh1;
}

static int packet_receive(struct end *end, struct frame *frames, int max)
{
	struct packet *p = end->private;
	struct tpacket_hdr_v1 *block = packet_block(p);
	const struct tpacket3_hdr *header;
	int n;

	if (!p->left) {
		if (!(__atomic_load_n(&block->block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
			return 0;
		p->left = block->num_pkts;
		p->next = p->rx + p->block * BLOCK + block->offset_to_first_pkt;
	}
	for (n = 0; n < max && p->left; n++, p->left--) {
		header = (const void *)p->next;
		frames[n].data = p->next + header->tp_mac;
		frames[n].len = header->tp_snaplen;
		p->next += header->tp_next_offset;
	}
	return n;
}

static void packet_release(struct end *end)
{
	struct packet *p = end->private;

	if (p->left)
		return;
	__atomic_store_n(&packet_block(p)->block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	p->block = (p->block + 1) % BLOCKS;
}

static struct tpacket3_hdr *packet_slot(const struct packet *p)
{
	return (struct tpacket3_hdr *)(p->tx + p->slot * SLOT);
}

static void *packet_reserve(struct end *end, size_t len)
{
	struct tpacket3_hdr *header = packet_slot(end->private);

	check(len <= SLOT - TPACKET3_HDRLEN &&
	      __atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE) == TP_STATUS_AVAILABLE,
	      "room in the tx ring");
	return (uint8_t *)header + TPACKET3_HDRLEN - sizeof(struct sockaddr_ll);
}

static void packet_send(struct end *end, size_t len)
{
	struct packet *p = end->private;
	struct tpacket3_hdr *header = packet_slot(p);

	header->tp_len = len;
	header->tp_next_offset = 0;
	__atomic_store_n(&header->tp_status, TP_STATUS_SEND_REQUEST, __ATOMIC_RELEASE);
	p->slot = (p->slot + 1) % SLOTS;
}

static void packet_flush(struct end *end)
{
	check(send(end->fd, NULL, 0, MSG_DONTWAIT) >= 0, "send");
}

const struct way ways_packet[] = {
	{ .name = "packet", .about = "veth and AF_PACKET: TPACKET_V3, 32 frames a send()",
	  .device = "peer", .batch = BURST, .lazy = true, .open = packet_open,
	  .receive = packet_receive, .release = packet_release,
	  .reserve = packet_reserve, .send = packet_send, .flush = packet_flush },
	{ .name = NULL }
};
