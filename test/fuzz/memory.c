// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

static const uint32_t offsets[FUZZ_PARTS] = {
	XTUN_MMAP_USER, XTUN_MMAP_KERNEL, XTUN_MMAP_TX, XTUN_MMAP_RX,
};

/* The size of the part that can be mapped, as far as the file's sizes are known. */
static size_t part_size(const struct fuzz_file *file, unsigned int part)
{
	size_t size = fuzz_place(part);

	if (part == 2)
		size = 2 * (size_t)file->tx_size;
	if (part == 3)
		size = 2 * (size_t)file->rx_size;
	return size <= fuzz_place(part) ? size : fuzz_place(part);
}

/*
 * Any protection. But on a MIPS without RIXI, a read of memory that may only be written
 * faults at that address for ever, and the kernel prints nothing.
 */
static int protection(struct fuzz *f, int most)
{
	int prot = fuzz_below(f, most + 1);

#ifdef __mips__
	if (prot & PROT_WRITE)
		prot |= PROT_READ;
#endif
	return prot;
}

static void map_part(struct fuzz *f, struct fuzz_file *file, unsigned int part)
{
	int prot = part == 0 || part == 3 ? PROT_READ | PROT_WRITE : PROT_READ;
	size_t size = part_size(file, part);
	uint32_t offset = offsets[part];
	int flags = MAP_SHARED;

	if (fuzz_once_in(f, 20)) {
		prot = protection(f, PROT_READ | PROT_WRITE | PROT_EXEC);
		offset += fuzz_below(f, 3) * sysconf(_SC_PAGESIZE);
		size -= fuzz_once_in(f, 2) ? 0 : sysconf(_SC_PAGESIZE);
		flags = fuzz_once_in(f, 2) ? MAP_SHARED : MAP_PRIVATE;
	}
	if (size && mmap(file->part[part], size, prot, flags | MAP_FIXED, file->fd,
			 offset) != MAP_FAILED)
		f->did[FUZZ_MAPPED]++;
}

static void map_all(struct fuzz *f, struct fuzz_file *file)
{
	unsigned int i;

	for (i = 0; i < FUZZ_PARTS; i++)
		map_part(f, file, i);
}

static void change_mapping(struct fuzz *f, struct fuzz_file *file)
{
	unsigned int part = fuzz_below(f, FUZZ_PARTS);
	size_t page = sysconf(_SC_PAGESIZE), size = fuzz_place(part);
	static const int advice[] = { MADV_DONTNEED, MADV_WILLNEED, MADV_DONTFORK, MADV_DOFORK,
				      MADV_REMOVE, MADV_RANDOM };
	uint8_t *p = file->part[part];
	size_t at = size > page ? fuzz_below(f, size / page) * page : 0;

	switch (fuzz_below(f, 6)) {
	case 0:
		fuzz_unmap(p, size);
		break;
	case 1:
		fuzz_unmap(p + at, page);
		break;
	case 2:
		mprotect(p + at, page, protection(f, PROT_READ | PROT_WRITE));
		break;
	case 3:
		madvise(p + at, page, advice[fuzz_below(f, 6)]);
		break;
	case 4:
		/* Within the part's place. */
		if (size > page)
			mremap(p + at, page, page, MREMAP_MAYMOVE | MREMAP_FIXED,
			       p + fuzz_below(f, size / page) * page);
		break;
	default:
		map_all(f, file);
	}
}

/* As a correct program does: up to a few records. */
static void publish(struct fuzz *f, struct fuzz_file *file)
{
	struct xtun_ring_user *user = (void *)file->part[0];
	const struct xtun_ring_kernel *kernel = (void *)file->part[1];
	uint32_t size = file->rx_size, prod = user->rx_prod;
	uint32_t n = 1 + fuzz_below(f, fuzz_once_in(f, 10) ? 100 : 8);
	struct xtun_record *record;
	size_t len;

	if (!size || size > FUZZ_RING_MAX)
		return;
	while (n-- && size - (prod - kernel->rx_cons) > 70000 && prod - kernel->rx_cons <= size) {
		record = (void *)(file->part[3] + (prod & (size - 1)));
		len = fuzz_frame(f, (uint8_t *)(record + 1), 66000);
		record->len = fuzz_once_in(f, 2000) ? fuzz_number(f) : len;
		record->flags = fuzz_once_in(f, 3000);
		prod += XTUN_RECORD_SIZE(len);
	}
	__atomic_store_n(&user->rx_prod, prod, __ATOMIC_RELEASE);
	if (kernel->doorbell && !fuzz_once_in(f, 10))
		ioctl(file->fd, XTUN_IOC_DOORBELL);
}

static void consume(struct fuzz *f, struct fuzz_file *file)
{
	struct xtun_ring_user *user = (void *)file->part[0];
	const struct xtun_ring_kernel *kernel = (void *)file->part[1];
	uint32_t size = file->tx_size, cons = user->tx_cons, n = fuzz_below(f, 100);

	if (!size || size > FUZZ_RING_MAX)
		return;
	while (n-- && cons != __atomic_load_n(&kernel->tx_prod, __ATOMIC_ACQUIRE)) {
		const struct xtun_record *record = (void *)(file->part[2] + (cons & (size - 1)));

		cons += XTUN_RECORD_SIZE(record->len);
	}
	__atomic_store_n(&user->tx_cons, cons, __ATOMIC_RELEASE);
	if (fuzz_once_in(f, 2))
		user->tx_wake = cons;
	if (fuzz_once_in(f, 4))
		user->rx_wake = kernel->rx_cons;
	if (kernel->doorbell & XTUN_DOORBELL_TX)
		ioctl(file->fd, XTUN_IOC_DOORBELL);
}

static void scribble(struct fuzz *f, struct fuzz_file *file)
{
	unsigned int part = fuzz_once_in(f, 2) ? 0 : 3;
	size_t size = part ? part_size(file, 3) : sizeof(struct xtun_ring_user);
	volatile uint32_t *p = (void *)file->part[part];

	if (size < 8)
		return;
	/* Mostly the record that the kernel is reading. */
	if (part && fuzz_once_in(f, 2))
		p += (((struct xtun_ring_kernel *)file->part[1])->rx_cons & (size / 2 - 1)) / 4;
	else if (part)
		p += fuzz_below(f, size / 4);
	else
		p += fuzz_once_in(f, 2) ? fuzz_below(f, 2) * (XTUN_LINE / 4) + fuzz_below(f, 2) :
					  fuzz_below(f, size / 4);
	if (fuzz_once_in(f, 2))
		*p = fuzz_number(f);
	else
		*p += fuzz_below(f, 64) - 32;
}

/* A child shares the rings, and may be the last process that has them. */
static void in_a_child(struct fuzz *f, struct fuzz_file *file)
{
	if (fork())
		return;
	/* No signal wakes it, and a process that reads the fuzzer's output waits for it, too. */
	alarm(5);
	if (sigsetjmp(f->fault, 0))
		_exit(0);
	publish(f, file);
	consume(f, file);
	_exit(0);
}

void fuzz_memory(struct fuzz *f)
{
	struct fuzz_file *file = fuzz_file(f);
	uint32_t kind = fuzz_below(f, 1000);

	/* The place may be unmapped or read-only, or become so meanwhile. */
	if (sigsetjmp(f->fault, 0)) {
		f->touching = false;
		if (fuzz_once_in(f, 3))
			map_all(f, file);
		return;
	}
	f->touching = true;
	if (kind < 450)
		publish(f, file);
	else if (kind < 900)
		consume(f, file);
	else if (kind < 940)
		map_all(f, file);
	else if (kind < 980)
		change_mapping(f, file);
	else if (kind < 997)
		scribble(f, file);
	else
		in_a_child(f, file);
	f->touching = false;
}
