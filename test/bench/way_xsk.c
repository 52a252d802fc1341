// SPDX-License-Identifier: GPL-2.0
/*
 * No interface of a program, but a pair of veth. The program has an AF_XDP socket on
 * the other end, in copy mode, because veth has no other.
 */
#include <linux/if_link.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "bench.h"
#include "../prog/bpf.h"

/* Entries of each ring; as many chunks receive, and the others send. */
#define ENTRIES	128
#define CHUNK	2048
#define MEMORY	(2 * ENTRIES * CHUNK)

/**
 * struct xsk_ring - one of the four rings
 * @producer: the position up to which it is filled
 * @consumer: the position up to which it is emptied
 * @entries: its entries
 * @at: the program's own position
 */
struct xsk_ring {
	uint32_t *producer, *consumer;
	void *entries;
	uint32_t at;
};

/**
 * struct xsk - a socket
 * @memory: chunks for frames
 * @fill: chunks for the kernel to receive into
 * @completion: chunks that have been sent
 * @rx: received frames
 * @tx: frames to send
 */
struct xsk {
	uint8_t *memory;
	struct xsk_ring fill, completion, rx, tx;
};

static void set(int fd, int option, const void *value, socklen_t size, const char *what)
{
	check(!setsockopt(fd, SOL_XDP, option, value, size), what);
}

static struct xsk_ring xsk_map(int fd, int option, const struct xdp_ring_offset *at,
			       uint64_t where, size_t size)
{
	struct xsk_ring ring = {};
	int entries = ENTRIES;
	uint8_t *p;

	set(fd, option, &entries, sizeof(entries), "a ring of AF_XDP");
	p = mmap(NULL, at->desc + ENTRIES * size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, where);
	check(p != MAP_FAILED, "mmap");
	ring.producer = (uint32_t *)(p + at->producer);
	ring.consumer = (uint32_t *)(p + at->consumer);
	ring.entries = p + at->desc;
	return ring;
}

static void xsk_map_all(struct xsk *x, int fd)
{
	struct xdp_mmap_offsets at;
	socklen_t size = sizeof(at);

	check(!getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &size), "XDP_MMAP_OFFSETS");
	x->fill = xsk_map(fd, XDP_UMEM_FILL_RING, &at.fr, XDP_UMEM_PGOFF_FILL_RING,
			  sizeof(uint64_t));
	x->completion = xsk_map(fd, XDP_UMEM_COMPLETION_RING, &at.cr,
				XDP_UMEM_PGOFF_COMPLETION_RING, sizeof(uint64_t));
	x->rx = xsk_map(fd, XDP_RX_RING, &at.rx, XDP_PGOFF_RX_RING, sizeof(struct xdp_desc));
	x->tx = xsk_map(fd, XDP_TX_RING, &at.tx, XDP_PGOFF_TX_RING, sizeof(struct xdp_desc));
}

/* The socket gets all that the interface receives. */
static void xsk_redirect(int fd, int ifindex)
{
	union bpf_attr map = {
		.map_type = BPF_MAP_TYPE_XSKMAP, .key_size = 4, .value_size = 4, .max_entries = 1,
	};
	int key = 0, sockets = bpf(BPF_MAP_CREATE, &map);
	union bpf_attr entry = {
		.map_fd = sockets, .key = (uintptr_t)&key, .value = (uintptr_t)&fd,
	};
	const struct bpf_insn program[] = {
		MAP(BPF_REG_1, sockets), MAP_REST,
		MOV_IMM(BPF_REG_2, 0),
		MOV_IMM(BPF_REG_3, 0),
		CALL(BPF_FUNC_redirect_map),
		EXIT,
	};
	int loaded = bpf_load(BPF_PROG_TYPE_XDP, program, sizeof(program));

	check(sockets >= 0 && !bpf(BPF_MAP_UPDATE_ELEM, &entry), "XSKMAP");
	check(loaded >= 0 && bpf_xdp(loaded, ifindex, XDP_FLAGS_DRV_MODE) >= 0, "XDP");
}

static void *entry(const struct xsk_ring *ring, size_t size)
{
	return (uint8_t *)ring->entries + ring->at % ENTRIES * size;
}

static void give(struct xsk *x, uint64_t address)
{
	*(uint64_t *)entry(&x->fill, sizeof(uint64_t)) = address;
	x->fill.at++;
}

static void publish(const struct xsk_ring *ring, uint32_t *position)
{
	__atomic_store_n(position, ring->at, __ATOMIC_RELEASE);
}

static void xsk_open(const struct way *way, struct end *end, const char *ifname)
{
	struct xdp_umem_reg reg = { .len = MEMORY, .chunk_size = CHUNK };
	struct sockaddr_xdp a = {
		.sxdp_family = AF_XDP, .sxdp_flags = XDP_COPY,
		.sxdp_ifindex = if_nametoindex(way->device),
	};
	struct xsk *x = calloc(1, sizeof(*x));
	int i;

	(void)ifname;
	end->private = x;
	end->fd = socket(AF_XDP, SOCK_RAW, 0);
	check(end->fd >= 0, "AF_XDP");
	x->memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(x->memory != MAP_FAILED, "mmap");
	reg.addr = (uintptr_t)x->memory;
	set(end->fd, XDP_UMEM_REG, &reg, sizeof(reg), "XDP_UMEM_REG");
	xsk_map_all(x, end->fd);
	for (i = 0; i < ENTRIES; i++)
		give(x, i * CHUNK);
	publish(&x->fill, x->fill.producer);
	check(!bind(end->fd, (struct sockaddr *)&a, sizeof(a)), "bind");
	xsk_redirect(end->fd, a.sxdp_ifindex);
}

static int xsk_receive(struct end *end, struct frame *frames, int max)
{
	struct pollfd pollfd = { .fd = end->fd, .events = POLLIN };
	struct xsk *x = end->private;
	const struct xdp_desc *d;
	uint32_t producer;
	int n;

	while ((producer = __atomic_load_n(x->rx.producer, __ATOMIC_ACQUIRE)) == x->rx.at)
		check(poll(&pollfd, 1, -1) >= 0, "poll");
	for (n = 0; n < max && x->rx.at != producer; n++) {
		d = entry(&x->rx, sizeof(*d));
		frames[n].data = x->memory + d->addr;
		frames[n].len = d->len;
		/* The kernel gets the chunk back only by release. */
		give(x, d->addr / CHUNK * CHUNK);
		x->rx.at++;
	}
	return n;
}

static void xsk_release(struct end *end)
{
	struct xsk *x = end->private;

	publish(&x->rx, x->rx.consumer);
	publish(&x->fill, x->fill.producer);
}

static uint64_t xsk_chunk(const struct xsk *x)
{
	return (ENTRIES + x->tx.at % ENTRIES) * CHUNK;
}

static void *xsk_reserve(struct end *end, size_t len)
{
	struct xsk *x = end->private;

	x->completion.at = __atomic_load_n(x->completion.producer, __ATOMIC_ACQUIRE);
	publish(&x->completion, x->completion.consumer);
	check(len <= CHUNK && x->tx.at - x->completion.at < ENTRIES, "room in the tx ring");
	return x->memory + xsk_chunk(x);
}

static void xsk_send(struct end *end, size_t len)
{
	struct xsk *x = end->private;
	struct xdp_desc *d = entry(&x->tx, sizeof(*d));

	*d = (struct xdp_desc){ .addr = xsk_chunk(x), .len = len };
	x->tx.at++;
}

static void xsk_flush(struct end *end)
{
	struct xsk *x = end->private;

	publish(&x->tx, x->tx.producer);
	check(send(end->fd, NULL, 0, MSG_DONTWAIT) >= 0, "send");
}

static void xsk_pass(struct end *end, const struct frame *frame)
{
	memcpy(xsk_reserve(end, frame->len), frame->data, frame->len);
	xsk_send(end, frame->len);
}

const struct way ways_xsk[] = {
	{ .name = "xsk", .about = "veth and AF_XDP in copy mode, 32 frames a send()",
	  .device = "peer", .batch = BURST, .open = xsk_open,
	  .receive = xsk_receive, .release = xsk_release,
	  .reserve = xsk_reserve, .send = xsk_send, .flush = xsk_flush, .pass = xsk_pass },
	{ .name = NULL }
};
