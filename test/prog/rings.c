// SPDX-License-Identifier: GPL-2.0
/* A pair of rings for a test. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rings.h"
#include "xt.h"

bool rings_offered(const char *cases)
{
	uint32_t features = 0;
	int fd = xt_open(0);

	if (ioctl(fd, XTUN_IOC_FEATURES, &features))
		die("XTUN_IOC_FEATURES: %m");
	close(fd);
	if (features & XTUN_F_RINGS)
		return true;
	skip("the data cache of this machine aliases", "%s", cases);
	return false;
}

static void *part(int fd, size_t size, int prot, off_t offset)
{
	void *p = mmap(NULL, size, prot, MAP_SHARED, fd, offset);

	if (p == MAP_FAILED)
		die("mmap of %#lx: %m", (unsigned long)offset);
	return p;
}

int rings_make(struct rings *r, int fd, uint32_t size, uint32_t idle_usecs)
{
	struct xtun_rings want = {
		.tx_size = size, .rx_size = size, .idle_usecs = idle_usecs,
		.flags = idle_usecs ? XTUN_RINGS_POLLER : 0,
	};
	size_t page = sysconf(_SC_PAGESIZE);

	memset(r, 0, sizeof(*r));
	if (ioctl(fd, XTUN_IOC_SET_RINGS, &want))
		return -1;
	r->fd = fd;
	r->tx_size = size;
	r->rx_size = size;
	r->user = part(fd, page, PROT_READ | PROT_WRITE, XTUN_MMAP_USER);
	r->kernel = part(fd, page, PROT_READ, XTUN_MMAP_KERNEL);
	r->tx = part(fd, 2 * (size_t)size, PROT_READ, XTUN_MMAP_TX);
	r->rx = part(fd, 2 * (size_t)size, PROT_READ | PROT_WRITE, XTUN_MMAP_RX);
	return 0;
}

void rings_unmap(struct rings *r)
{
	size_t page = sysconf(_SC_PAGESIZE);

	munmap(r->user, page);
	munmap((void *)r->kernel, page);
	munmap((void *)r->tx, 2 * (size_t)r->tx_size);
	munmap(r->rx, 2 * (size_t)r->rx_size);
}

const uint8_t *rings_peek(const struct rings *r, uint32_t *len)
{
	uint32_t prod = __atomic_load_n(&r->kernel->tx_prod, __ATOMIC_ACQUIRE);
	const struct xtun_record *record;

	if (prod == r->user->tx_cons)
		return NULL;
	record = (const void *)(r->tx + (r->user->tx_cons & (r->tx_size - 1)));
	*len = record->len;
	return (const uint8_t *)(record + 1);
}

void rings_release(struct rings *r)
{
	const struct xtun_record *record =
		(const void *)(r->tx + (r->user->tx_cons & (r->tx_size - 1)));

	__atomic_store_n(&r->user->tx_cons, r->user->tx_cons + XTUN_RECORD_SIZE(record->len),
			 __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&r->kernel->doorbell, __ATOMIC_RELAXED) & XTUN_DOORBELL_TX)
		ioctl(r->fd, XTUN_IOC_DOORBELL);
}

unsigned int rings_drain(struct rings *r)
{
	unsigned int n = 0;
	uint32_t len;

	for (; rings_peek(r, &len); n++)
		rings_release(r);
	return n;
}

bool rings_next_is(struct rings *r, uint32_t len, long seq)
{
	uint32_t got;
	const uint8_t *frame = rings_peek(r, &got);
	bool is = frame && got == len && xt_number(frame, got) == seq;

	if (frame)
		rings_release(r);
	return is;
}

const uint8_t *rings_await(struct rings *r, uint32_t *len, int ms)
{
	if (xt_poll(r->fd, POLLIN, ms, NULL) < 0)
		return NULL;
	return rings_peek(r, len);
}

void rings_fill(struct rings *r, uint32_t *prod, const void *frame, uint32_t len)
{
	struct xtun_record *record = (void *)(r->rx + (*prod & (r->rx_size - 1)));

	if (*prod + XTUN_RECORD_SIZE(len) -
	    __atomic_load_n(&r->kernel->rx_cons, __ATOMIC_ACQUIRE) > r->rx_size)
		die("no room in the rx ring");
	record->len = len;
	record->flags = 0;
	memcpy(record + 1, frame, len);
	*prod += XTUN_RECORD_SIZE(len);
}

int rings_publish(struct rings *r, uint32_t prod)
{
	__atomic_store_n(&r->user->rx_prod, prod, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&r->kernel->doorbell, __ATOMIC_RELAXED) & XTUN_DOORBELL_RX)
		return ioctl(r->fd, XTUN_IOC_DOORBELL);
	return 0;
}

int rings_send(struct rings *r, const void *frame, uint32_t len)
{
	uint32_t prod = r->user->rx_prod;

	rings_fill(r, &prod, frame, len);
	return rings_publish(r, prod);
}
