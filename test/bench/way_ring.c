// SPDX-License-Identifier: GPL-2.0
/*
 * xtun with rings: frames are read where the kernel has put them, and made where the
 * kernel takes them from.
 */
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "../../xtun_uapi.h"

#define SIZE	(4 << 20)

/**
 * struct ring - a pair of rings
 * @epoll: what the program sleeps on
 * @next: the position behind what receive has returned
 * @prod: the position behind what has been sent
 */
struct ring {
	int epoll;
	struct xtun_ring_user *user;
	const struct xtun_ring_kernel *kernel;
	uint8_t *tx, *rx;
	uint32_t next, prod;
};

static void *part(int fd, size_t size, int prot, off_t offset)
{
	void *p = mmap(NULL, size, prot, MAP_SHARED, fd, offset);

	check(p != MAP_FAILED, "mmap");
	return p;
}

static void ring_attach(const struct way *way, struct end *end, const char *ifname)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | way->flags };

	strncpy(ifr.ifr_name, ifname, sizeof(ifr.ifr_name) - 1);
	check(!ioctl(end->fd, TUNSETIFF, &ifr), "TUNSETIFF");
	if (way->flags & IFF_VNET_HDR)
		check(!ioctl(end->fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4), "TUNSETOFFLOAD");
}

static void ring_open(const struct way *way, struct end *end, const char *ifname)
{
	struct xtun_rings rings = { .tx_size = SIZE, .rx_size = SIZE };
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	struct xtun_wake wake = { .frames = BURST, .usecs = 1000 };
	struct ring *r = calloc(1, sizeof(*r));

	end->private = r;
	end->fd = open(way->device, O_RDWR);
	check(end->fd >= 0, way->device);
	if (way->flags)
		ring_attach(way, end, ifname);
	check(!ioctl(end->fd, XTUN_IOC_SET_RINGS, &rings), "XTUN_IOC_SET_RINGS");
	if (way->batch > 1)
		check(!ioctl(end->fd, XTUN_IOC_SET_WAKE, &wake), "XTUN_IOC_SET_WAKE");
	r->user = part(end->fd, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, XTUN_MMAP_USER);
	r->kernel = part(end->fd, sysconf(_SC_PAGESIZE), PROT_READ, XTUN_MMAP_KERNEL);
	r->tx = part(end->fd, 2 * SIZE, PROT_READ, XTUN_MMAP_TX);
	r->rx = part(end->fd, 2 * SIZE, PROT_READ | PROT_WRITE, XTUN_MMAP_RX);
	r->epoll = epoll_create1(0);
	check(r->epoll >= 0 && !epoll_ctl(r->epoll, EPOLL_CTL_ADD, end->fd, &event), "epoll");
}

static uint32_t ring_await(struct ring *r)
{
	struct epoll_event event;
	uint32_t prod;

	while ((prod = __atomic_load_n(&r->kernel->tx_prod, __ATOMIC_ACQUIRE)) == r->next) {
		__atomic_store_n(&r->user->tx_wake, r->next, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (__atomic_load_n(&r->kernel->tx_prod, __ATOMIC_ACQUIRE) == r->next)
			check(epoll_wait(r->epoll, &event, 1, -1) >= 0, "epoll_wait");
	}
	return prod;
}

static int ring_receive(struct end *end, struct frame *frames, int max)
{
	struct ring *r = end->private;
	uint32_t prod = ring_await(r);
	const struct xtun_record *record;
	int n;

	for (n = 0; n < max && r->next != prod; n++) {
		record = (const void *)(r->tx + (r->next & (SIZE - 1)));
		frames[n].data = (uint8_t *)(record + 1);
		frames[n].len = record->len;
		r->next += XTUN_RECORD_SIZE(record->len);
	}
	return n;
}

static void ring_release(struct end *end)
{
	struct ring *r = end->private;

	__atomic_store_n(&r->user->tx_cons, r->next, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&r->kernel->doorbell, __ATOMIC_RELAXED) & XTUN_DOORBELL_TX)
		check(ioctl(end->fd, XTUN_IOC_DOORBELL) >= 0, "XTUN_IOC_DOORBELL");
}

static void *ring_reserve(struct end *end, size_t len)
{
	struct ring *r = end->private;
	uint32_t used = r->prod - __atomic_load_n(&r->kernel->rx_cons, __ATOMIC_ACQUIRE);

	check(SIZE - used >= XTUN_RECORD_SIZE(len), "room in the rx ring");
	return r->rx + (r->prod & (SIZE - 1)) + sizeof(struct xtun_record);
}

static void ring_send(struct end *end, size_t len)
{
	struct ring *r = end->private;
	struct xtun_record *record = (void *)(r->rx + (r->prod & (SIZE - 1)));

	record->len = len;
	record->flags = 0;
	r->prod += XTUN_RECORD_SIZE(len);
}

static void ring_flush(struct end *end)
{
	struct ring *r = end->private;

	__atomic_store_n(&r->user->rx_prod, r->prod, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&r->kernel->doorbell, __ATOMIC_RELAXED) & XTUN_DOORBELL_RX)
		check(ioctl(end->fd, XTUN_IOC_DOORBELL) >= 0, "XTUN_IOC_DOORBELL");
}

static void ring_pass(struct end *end, const struct frame *frame)
{
	memcpy(ring_reserve(end, frame->len), frame->data, frame->len);
	ring_send(end, frame->len);
}

#define RING	.device = "/dev/xtun", .readonly = true, .open = ring_open,	\
	.receive = ring_receive, .release = ring_release,			\
	.reserve = ring_reserve, .send = ring_send, .flush = ring_flush, .pass = ring_pass

const struct way ways_ring[] = {
	{ .name = "ring", .about = "xtun, rings: one doorbell a frame, woken at the first",
	  .batch = 1, RING },
	{ .name = "ring-32", .about = "xtun, rings: one doorbell for 32 frames, woken for 32",
	  .batch = BURST, RING },
	{ .name = "ring-tso", .about = "xtun, rings, vnet headers and TSO",
	  .batch = 1, .flags = IFF_VNET_HDR, RING },
	{ .name = NULL }
};
