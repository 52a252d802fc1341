// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * libxtun: rings that are shared with the kernel. docs/ring.md describes the protocol.
 * Each barrier here names its litmus test and the kernel's barrier that it pairs with.
 */
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

#define DEFAULT_SIZE	(1024 << 10)

static uint32_t ring_size(uint32_t wanted)
{
	uint32_t size = XTUN_RING_MIN;

	if (!wanted)
		return DEFAULT_SIZE;
	while (size < wanted && size < XTUN_RING_MAX)
		size *= 2;
	return size;
}

static unsigned char *map_part(struct xtun *x, unsigned char *at, size_t size, int protection,
			       off_t offset)
{
	return mmap(at, size, protection, MAP_SHARED | MAP_FIXED, x->fd, offset);
}

/*
 * On some machines the address of a shared mapping must equal its offset modulo SHMLBA,
 * which may be more than a page. All offsets are multiples of PLACE.
 */
#define PLACE	((size_t)65536)

/* A file cannot lose its rings again, so reserve the address space for them first. */
static int take_space(struct xtun *x, const struct xtun_rings *rings)
{
	x->map_size = 3 * PLACE + 2 * ((size_t)rings->tx_size + rings->rx_size);
	x->map = mmap(NULL, x->map_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		      -1, 0);
	return x->map == MAP_FAILED ? -ENOMEM : 0;
}

static int map_rings(struct xtun *x, const struct xtun_rings *rings)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	unsigned char *user = (unsigned char *)x->map + (-(uintptr_t)x->map & (PLACE - 1));
	unsigned char *kernel = user + PLACE, *tx = kernel + PLACE;
	unsigned char *rx = tx + 2 * (size_t)rings->tx_size;

	if (map_part(x, user, page, PROT_READ | PROT_WRITE, XTUN_MMAP_USER) == MAP_FAILED ||
	    map_part(x, kernel, page, PROT_READ, XTUN_MMAP_KERNEL) == MAP_FAILED ||
	    map_part(x, tx, 2 * (size_t)rings->tx_size, PROT_READ, XTUN_MMAP_TX) == MAP_FAILED ||
	    map_part(x, rx, 2 * (size_t)rings->rx_size, PROT_READ | PROT_WRITE,
		     XTUN_MMAP_RX) == MAP_FAILED)
		return -errno;

	x->user = (struct xtun_ring_user *)user;
	x->kernel = (struct xtun_ring_kernel *)kernel;
	x->receiver.data = tx;
	x->receiver.size = rings->tx_size;
	x->sender.data = rx;
	x->sender.size = rings->rx_size;
	return 0;
}

static int set_wake(int fd, const struct xtun_options *o)
{
	struct xtun_wake wake = {
		.frames = o->wake_frames,
		.bytes = o->wake_bytes,
		.usecs = o->wake_usecs,
	};

	if (!wake.frames && !wake.bytes && !wake.usecs)
		return 0;
	return ioctl(fd, XTUN_IOC_SET_WAKE, &wake) < 0 ? -errno : 0;
}

/* If the ioctl is unknown, whatever the errno, the driver is older than rings, or is tap. */
static __u32 features(int fd)
{
	__u32 features;

	return ioctl(fd, XTUN_IOC_FEATURES, &features) < 0 ? 0 : features;
}

/* Without rings yet, the driver fails with ENODEV. Another errno is from a security policy. */
static int may_map(int fd)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	void *p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, XTUN_MMAP_USER);

	if (p == MAP_FAILED)
		return errno == ENODEV;
	munmap(p, page);
	return 1;
}

static int rings_make(struct xtun *x, struct xtun_rings *rings, const struct xtun_options *o)
{
	int error;

	if (ioctl(x->fd, XTUN_IOC_SET_RINGS, rings) < 0)
		return -errno;
	error = map_rings(x, rings);
	if (!error)
		error = set_wake(x->fd, o);
	/* Once a file has rings it cannot use another way: return no errno that tries one. */
	return error == -EPERM || error == -ENOMEM || error == -EOPNOTSUPP ? -EIO : error;
}

static int rings_start(struct xtun *x, const struct xtun_options *o)
{
	struct xtun_rings rings = {
		.tx_size = ring_size(o->tx_size),
		.rx_size = ring_size(o->rx_size),
	};
	const __u32 can = features(x->fd);
	int error;

	if (!(can & XTUN_F_RINGS) || !may_map(x->fd))
		return -EOPNOTSUPP;
	if (o->poller_usecs && can & XTUN_F_POLLER) {
		rings.flags = XTUN_RINGS_POLLER;
		rings.idle_usecs = o->poller_usecs;
	}
	error = take_space(x, &rings);
	if (error)
		return error;
	error = rings_make(x, &rings, o);
	if (error)
		munmap(x->map, x->map_size);
	return error;
}

static void rings_stop(struct xtun *x)
{
	munmap(x->map, x->map_size);
}

static int rings_status(const struct xtun *x)
{
	const __u32 status = __atomic_load_n(&x->kernel->status, __ATOMIC_RELAXED);

	if (!status)
		return 0;
	/* With both bits set, the same errno as the doorbell. */
	return status & XTUN_STATUS_DETACHED ? -EBADFD : -EPIPE;
}

static int wants_doorbell(const struct xtun *x, __u32 for_what)
{
	return __atomic_load_n(&x->kernel->doorbell, __ATOMIC_RELAXED) & for_what;
}

static int ring_doorbell(const struct xtun *x)
{
	return ioctl(x->fd, XTUN_IOC_DOORBELL) < 0 ? -errno : 0;
}

/*
 * Acquire: read the records only after the position that covers them. Litmus test
 * docs/litmus/tx-data.litmus; pairs with the kernel's release of tx_prod in
 * xtun_ring_tx_publish().
 */
static void look_for_records(struct xtun *x)
{
	x->receiver.end = __atomic_load_n(&x->kernel->tx_prod, __ATOMIC_ACQUIRE);
}

/*
 * Acquire: fill the room only after the kernel has read what was there. Litmus test
 * docs/litmus/rx-reuse.litmus; pairs with the kernel's release of rx_cons in
 * xtun_ring_rx_consume().
 */
static void look_for_room(struct xtun *x)
{
	x->sender.start = __atomic_load_n(&x->kernel->rx_cons, __ATOMIC_ACQUIRE);
}

static int rings_fill(struct xtun *x, unsigned int n)
{
	(void)n;
	look_for_records(x);
	return x->receiver.next == x->receiver.end ? rings_status(x) : 0;
}

static void rings_release(struct xtun *x)
{
	struct receiver *r = &x->receiver;

	r->start = r->next;
	/*
	 * Release: the program has read the records before it gives them back. Litmus test
	 * docs/litmus/tx-reuse.litmus; pairs with the kernel's acquire of tx_cons in
	 * xtun_ring_tx_cons().
	 */
	__atomic_store_n(&x->user->tx_cons, r->next, __ATOMIC_RELEASE);
	/*
	 * Full: give the room back before checking whether the kernel waits for it.
	 * Litmus test docs/litmus/tx-stop.litmus; pairs with the full barrier in
	 * xtun_ring_tx_press_back(), before the kernel reads tx_cons again.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	/* No check for errors: the next fill returns the same one. */
	if (wants_doorbell(x, XTUN_DOORBELL_TX))
		ring_doorbell(x);
}

static void rings_publish(struct xtun *x)
{
	struct sender *s = &x->sender;

	s->sent = s->next;
	/*
	 * Release: write the records before the position that covers them. Litmus test
	 * docs/litmus/rx-data.litmus; pairs with the kernel's acquire of rx_prod in
	 * xtun_ring_rx_consume().
	 */
	__atomic_store_n(&x->user->rx_prod, s->next, __ATOMIC_RELEASE);
	/*
	 * Full: publish the records before checking whether the kernel wants the doorbell.
	 * Litmus test docs/litmus/rx-doorbell.litmus; pairs with the full barrier in
	 * xtun_ring_rx_work(), before the kernel reads rx_prod again.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/*
 * One call takes all records, unless a signal ends it early: then repeat it. A call that
 * takes none leaves them to another context that is taking records already.
 */
static int rings_call(struct xtun *x)
{
	uint32_t before = x->sender.start - 1;
	int error = 0;

	while (!error && x->sender.start != x->sender.next && x->sender.start != before &&
	       wants_doorbell(x, XTUN_DOORBELL_RX)) {
		before = x->sender.start;
		error = ring_doorbell(x);
		look_for_room(x);
	}
	return error;
}

static int rings_drain(struct xtun *x)
{
	int error;

	if (x->sender.sent != x->sender.next)
		rings_publish(x);
	look_for_room(x);
	error = rings_call(x);
	return error ? error : rings_status(x);
}

/*
 * The kernel wakes the program when rx_cons passes this value, that is, when rx_cons is
 * greater. Hence the - 1: the room is enough once rx_cons is next + wanted - size.
 */
static uint32_t rx_wake(const struct sender *s)
{
	return s->next + s->wanted - s->size - 1;
}

static int rings_arm(struct xtun *x, int events)
{
	int ready = 0;

	if (events & XTUN_CAN_RECEIVE)
		__atomic_store_n(&x->user->tx_wake, x->receiver.next, __ATOMIC_RELAXED);
	if (events & XTUN_CAN_SEND)
		__atomic_store_n(&x->user->rx_wake, rx_wake(&x->sender), __ATOMIC_RELAXED);
	/*
	 * Full: ask to be woken before checking the rings again. Litmus tests
	 * docs/litmus/tx-sleep.litmus and docs/litmus/rx-room.litmus; pairs with the full
	 * barriers in xtun_ring_tx_publish() and xtun_ring_rx_wake(), before the kernel
	 * reads tx_wake and rx_wake.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (events & XTUN_CAN_RECEIVE) {
		look_for_records(x);
		if (x->receiver.next != x->receiver.end)
			ready |= XTUN_CAN_RECEIVE;
	}
	if (events & XTUN_CAN_SEND) {
		look_for_room(x);
		if (xtun_room(&x->sender) >= x->sender.wanted)
			ready |= XTUN_CAN_SEND;
	}
	return rings_status(x) ? events : ready;
}

const struct backend xtun_backend_rings = {
	.way = XTUN_WAY_RINGS,
	.start = rings_start,
	.stop = rings_stop,
	.fill = rings_fill,
	.release = rings_release,
	.drain = rings_drain,
	.arm = rings_arm,
};
