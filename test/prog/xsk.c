// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xsk.h"
#include "xt.h"

#define CHUNK		2048
#define ENTRIES		32	/* of each ring; as many chunks receive, the next one sends */
#define MEMORY		(2 * ENTRIES * CHUNK)
#define LIMIT		20000	/* milliseconds; nothing here takes that long */

/* Moving a position also makes visible what was written before it. */
static uint32_t position(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static void advance(uint32_t *p)
{
	__atomic_store_n(p, *p + 1, __ATOMIC_RELEASE);
}

static void *entry(const struct xsk_ring *ring, uint32_t at, size_t size)
{
	return (uint8_t *)ring->entries + at % ENTRIES * size;
}

static void set(const struct xsk *x, int option, const void *value, socklen_t size)
{
	if (setsockopt(x->fd, SOL_XDP, option, value, size))
		die("option %d of AF_XDP", option);
}

static struct xsk_ring map_ring(const struct xsk *x, int option,
				const struct xdp_ring_offset *at, uint64_t where, size_t size)
{
	struct xsk_ring ring = { .size = at->desc + ENTRIES * size };
	int entries = ENTRIES;
	uint8_t *p;

	set(x, option, &entries, sizeof(entries));
	p = mmap(NULL, ring.size, PROT_READ | PROT_WRITE, MAP_SHARED, x->fd, where);
	if (p == MAP_FAILED)
		die("mmap of ring %d", option);
	ring.mapped = p;
	ring.producer = (uint32_t *)(p + at->producer);
	ring.consumer = (uint32_t *)(p + at->consumer);
	ring.entries = p + at->desc;
	return ring;
}

static void map_rings(struct xsk *x)
{
	struct xdp_mmap_offsets at;
	socklen_t size = sizeof(at);

	if (getsockopt(x->fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &size) || size != sizeof(at))
		die("XDP_MMAP_OFFSETS");
	x->fill = map_ring(x, XDP_UMEM_FILL_RING, &at.fr, XDP_UMEM_PGOFF_FILL_RING,
			   sizeof(uint64_t));
	x->completion = map_ring(x, XDP_UMEM_COMPLETION_RING, &at.cr,
				 XDP_UMEM_PGOFF_COMPLETION_RING, sizeof(uint64_t));
	x->rx = map_ring(x, XDP_RX_RING, &at.rx, XDP_PGOFF_RX_RING, sizeof(struct xdp_desc));
	x->tx = map_ring(x, XDP_TX_RING, &at.tx, XDP_PGOFF_TX_RING, sizeof(struct xdp_desc));
}

static void give_chunk(struct xsk *x, uint64_t address)
{
	*(uint64_t *)entry(&x->fill, *x->fill.producer, sizeof(uint64_t)) = address;
	advance(x->fill.producer);
}

bool xsk_open(struct xsk *x, const char *ifname, uint32_t queue)
{
	struct xdp_umem_reg reg = { .len = MEMORY, .chunk_size = CHUNK };
	struct sockaddr_xdp a = {
		.sxdp_family = AF_XDP,
		.sxdp_flags = XDP_COPY,
		.sxdp_ifindex = if_nametoindex(ifname),
		.sxdp_queue_id = queue,
	};
	int i, ms;

	x->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (x->fd < 0 && errno != EAFNOSUPPORT)
		die("socket of AF_XDP");
	if (x->fd < 0)
		return false;
	x->memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (x->memory == MAP_FAILED)
		die("mmap");
	reg.addr = (uintptr_t)x->memory;
	set(x, XDP_UMEM_REG, &reg, sizeof(reg));
	map_rings(x);
	for (i = 0; i < ENTRIES; i++)
		give_chunk(x, i * CHUNK);
	/*
	 * The queue's last socket may be closed while the kernel has not finished with
	 * it.
	 */
	for (ms = 0; bind(x->fd, (struct sockaddr *)&a, sizeof(a)); ms++) {
		if (errno != EBUSY || ms == LIMIT)
			die("bind of AF_XDP to queue %u of %s", queue, ifname);
		usleep(1000);
	}
	return true;
}

static void unmap_ring(const struct xsk_ring *ring)
{
	munmap(ring->mapped, ring->size);
}

/* A mapped ring keeps the socket, and the socket keeps the queue. */
void xsk_close(struct xsk *x)
{
	unmap_ring(&x->fill);
	unmap_ring(&x->completion);
	unmap_ring(&x->rx);
	unmap_ring(&x->tx);
	close(x->fd);
	munmap(x->memory, MEMORY);
}

ssize_t xsk_receive(struct xsk *x, uint8_t *frame)
{
	const struct xdp_desc *d;
	ssize_t len;

	if (position(x->rx.producer) == *x->rx.consumer &&
	    xt_poll(x->fd, POLLIN, LIMIT, NULL) < 0)
		return -1;
	d = entry(&x->rx, *x->rx.consumer, sizeof(*d));
	len = d->len;
	memcpy(frame, x->memory + d->addr, len);
	give_chunk(x, d->addr / CHUNK * CHUNK);
	advance(x->rx.consumer);
	return len;
}

bool xsk_send(struct xsk *x, const uint8_t *frame, size_t len)
{
	struct xdp_desc *d = entry(&x->tx, *x->tx.producer, sizeof(*d));
	int ms;

	*d = (struct xdp_desc){ .addr = ENTRIES * CHUNK, .len = len };
	memcpy(x->memory + d->addr, frame, len);
	advance(x->tx.producer);
	for (ms = 0; position(x->completion.producer) == *x->completion.consumer; ms++) {
		if (send(x->fd, NULL, 0, MSG_DONTWAIT) < 0 && errno != EAGAIN && errno != EBUSY)
			return false;
		if (ms == LIMIT)
			return false;
		usleep(1000);
	}
	advance(x->completion.consumer);
	return true;
}
