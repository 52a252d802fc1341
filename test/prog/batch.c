// SPDX-License-Identifier: GPL-2.0
/* Several frames in one read() or write(): records, order, errors, conservation. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../../xtun_uapi.h"
#include "flaw.h"
#include "gso.h"
#include "xt.h"

#define BATCH_IF	"batch0"
#define FRAME		100
#define RECORD		XTUN_RECORD_SIZE(FRAME)
#define MOST		64		/* records of one read */
#define LIMIT		20000		/* milliseconds; nothing here takes that long */

/* Records are aligned to eight bytes. */
static uint8_t buf[4 * XT_BUF] __attribute__((aligned(8)));
static uint8_t frame[XT_BUF];
static int fd, packet;

static void set_batch(int file, uint32_t on)
{
	if (ioctl(file, XTUN_IOC_SET_BATCH, &on))
		die("XTUN_IOC_SET_BATCH");
}

static void transmit(unsigned int n, uint32_t from)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		xt_transmit(packet, FRAME + (from + i) % 7, from + i);
}

static uint32_t length(uint32_t seq)
{
	return FRAME + seq % 7;
}

/* How many records were read, if they are numbered from @from on; -1 if one is wrong. */
static int records(const uint8_t *p, ssize_t n, uint32_t from)
{
	const struct xtun_record *record;
	ssize_t at = 0;
	int count = 0;

	while (at < n) {
		record = (const void *)(p + at);
		if (n - at < (ssize_t)sizeof(*record) || record->flags ||
		    record->len != length(from) ||
		    n - at < (ssize_t)(sizeof(*record) + record->len) ||
		    xt_number(p + at + sizeof(*record), record->len) != from)
			return -1;
		at += XTUN_RECORD_SIZE(record->len);
		from++;
		count++;
	}
	return count;
}

static size_t add(size_t at, const void *data, uint32_t len)
{
	struct xtun_record record = { .len = len };

	memcpy(buf + at, &record, sizeof(record));
	memcpy(buf + at + sizeof(record), data, len);
	return at + XTUN_RECORD_SIZE(len);
}

static size_t add_numbered(size_t at, unsigned int n)
{
	size_t len = xt_numbered(frame, xt_everyone, xt_peer, FRAME, 1);

	while (n--)
		at = add(at, frame, len);
	return at;
}

/* --- read */

static void many(void)
{
	unsigned int i, got = 0, reads = 0;
	ssize_t n;
	int k;

	fails(read(fd, buf, sizeof(buf)), EAGAIN, "nothing to read");
	transmit(200, 0);
	for (i = 0; i < 200; i++) {
		n = read(fd, buf, sizeof(buf));
		if (n < 0)
			break;
		k = records(buf, n, got);
		if (k < 1 || k > MOST)
			break;
		got += k;
		reads++;
	}
	ok(got == 200 && reads == (200 + MOST - 1) / MOST,
	   "200 frames in %d reads, whole and in order (%u in %u)", (200 + MOST - 1) / MOST, got,
	   reads);
	fails(read(fd, buf, sizeof(buf)), EAGAIN, "... and no more");
	ok(read(fd, buf, 0) == 0, "a read of no bytes");
	xt_law(XT_IF);
}

/* The first frames are of length FRAME, FRAME + 1, and so on. */
static void fitting(void)
{
	size_t two = XTUN_RECORD_SIZE(length(0)) + sizeof(struct xtun_record) + length(1);
	ssize_t n;
	int back = xt_counter("tx_put_back");

	transmit(6, 0);
	n = read(fd, buf, XTUN_RECORD_SIZE(length(0)));
	ok(n == (ssize_t)XTUN_RECORD_SIZE(length(0)) && records(buf, n, 0) == 1,
	   "a buffer for exactly one (%zd)", n);
	n = read(fd, buf, XTUN_RECORD_SIZE(length(1)) + XTUN_RECORD_SIZE(length(2)) - 1);
	ok(records(buf, n, 1) == 1, "a byte too little for two: one (%zd)", n);
	n = read(fd, buf, XTUN_RECORD_SIZE(length(2)) + XTUN_RECORD_SIZE(length(3)) + 50);
	ok(records(buf, n, 2) == 2, "for two and a half: two (%zd)", n);
	n = read(fd, buf, sizeof(buf));
	ok(records(buf, n, 4) == 2, "and the rest (%zd)", n);
	ok((int)xt_counter("tx_put_back") == back, "none had to be put back");
	transmit(2, 0);
	/* There need not be room for the last record's padding. */
	n = read(fd, buf, two);
	ok(n > 0 && records(buf, n, 0) >= 1, "without room for padding at the end (%zd)", n);
	xt_drain(fd);
	xt_law(XT_IF);
}

static void truncated(void)
{
	uint64_t lost = xt_counter("tx_lost_truncated");
	const struct xtun_record *record = (const void *)buf;
	ssize_t n;

	transmit(3, 0);
	fails(read(fd, buf, 7), EINVAL, "no room for a record's header");
	memset(buf, 0xee, sizeof(buf));
	n = read(fd, buf, 58);
	ok(n == 58 && record->len == 50 && record->flags == XTUN_RECORD_TRUNCATED &&
	   buf[58] == 0xee, "room for half of it: it is cut, and its record says so (%zd, %u)", n,
	   record->len);
	ok(xt_counter("tx_lost_truncated") == lost + 1, "... and it is counted");
	n = read(fd, buf, 8);
	ok(n == 8 && !record->len && record->flags == XTUN_RECORD_TRUNCATED,
	   "room for the header alone (%zd)", n);
	n = read(fd, buf, sizeof(buf));
	ok(records(buf, n, 2) == 1, "the next is whole (%zd)", n);
	xt_law(XT_IF);
}

/* The buffer extends into a page that is not there. */
static void fault_read(void)
{
	uint8_t *edge = flaw_edge(), *start;
	ssize_t n;

	transmit(5, 0);
	fails(read(fd, edge, 10000), EFAULT, "a buffer that is nowhere");
	start = edge - 2 * XTUN_RECORD_SIZE(FRAME + 7);
	n = read(fd, start, 10000);
	ok(records(start, n, 0) == 2,
	   "a buffer that ends early: what was there is delivered (%zd)", n);
	n = read(fd, edge - 20, 10000);
	fails(n, EFAULT, "... and if not even one could be, EFAULT");
	n = read(fd, buf, sizeof(buf));
	ok(records(buf, n, 2) == 3, "the rest waits, in its order (%zd)", n);
	xt_law(XT_IF);
}

static void scattered_read(void)
{
	struct iovec iov[40];
	unsigned int i;
	ssize_t n;

	for (i = 0; i < 40; i++) {
		iov[i].iov_base = buf + i * 33;
		iov[i].iov_len = 33;
	}
	transmit(8, 0);
	n = readv(fd, iov, 40);
	ok(records(buf, n, 0) == 8, "readv of 33 bytes each (%zd)", n);
}

static void *late(void *arg)
{
	(void)arg;
	usleep(100000);
	transmit(1, 0);
	return NULL;
}

static void blocking(void)
{
	int other = xt_open(0);
	pthread_t thread;
	ssize_t n;

	set_batch(other, 1);
	if (pthread_create(&thread, NULL, late, NULL))
		die("thread");
	n = read(other, buf, sizeof(buf));
	ok(records(buf, n, 0) == 1,
	   "a blocking read waits for the first, and for no more (%zd)", n);
	pthread_join(thread, NULL);
	close(other);
}

static void beside_plain(void)
{
	int plain = xt_open(O_NONBLOCK);
	ssize_t n;

	xt_drain(plain);
	transmit(3, 0);
	n = read(plain, buf, sizeof(buf));
	ok(n == FRAME && xt_number(buf, n) == 0, "a plain file beside it reads one frame (%zd)", n);
	n = read(fd, buf, sizeof(buf));
	ok(records(buf, n, 1) == 2, "... and the batch the others (%zd)", n);
	set_batch(fd, 0);
	transmit(1, 5);
	n = read(fd, buf, sizeof(buf));
	ok(n == (ssize_t)length(5) && xt_number(buf, n) == 5,
	   "batches can be switched off (%zd)", n);
	set_batch(fd, 1);
	close(plain);
}

/* --- write */

static void write_many(void)
{
	uint64_t out = xt_counter("rx_out");
	size_t n = add_numbered(0, 150);

	ok(write(fd, buf, n) == (ssize_t)n && xt_counter("rx_out") == out + 150,
	   "150 records in one write");
	/* The last record's padding may be missing: its frame is whole. */
	n = add(0, frame, 61);
	ok(write(fd, buf, n - 3) == (ssize_t)n - 3 && xt_counter("rx_out") == out + 151,
	   "a last record without its padding");
	fails(write(fd, buf, 0), EINVAL, "a write of no bytes is a question");
	ok(xt_counter("rx_out") == out + 151, "... and no frame");
	xt_law(XT_IF);
}

/*
 * A good record, a bad one, a good one: the first is taken, and the next call returns
 * the error.
 */
static void bad_record(size_t bad, size_t end, const char *loss, int error, const char *what)
{
	uint64_t out = xt_counter("rx_out"), in = xt_counter("rx_in"), lost;
	ssize_t n;
	char name[50];

	snprintf(name, sizeof(name), "rx_lost_%s", loss);
	lost = xt_counter(name);
	n = write(fd, buf, end);
	ok(n == (ssize_t)bad && xt_counter("rx_out") == out + 1 && xt_counter("rx_in") == in + 1,
	   "%s: the one before it is taken (%zd)", what, n);
	fails(write(fd, buf + bad, end - bad), error, "... and alone it is refused");
	ok(xt_counter(name) == lost + 1 && xt_counter("rx_in") == in + 2,
	   "... and lost as %s", loss);
}

static void bad_records(void)
{
	size_t one = add_numbered(0, 1), end;
	struct xtun_record record = { 0 };

	end = add_numbered(add(one, frame, 0), 1);
	bad_record(one, end, "short", EINVAL, "a record of no bytes");
	end = add_numbered(add(one, frame, 13), 1);
	bad_record(one, end, "short", EINVAL, "a record of 13 bytes");
	xt_numbered(frame, xt_everyone, xt_peer, XT_FRAME_MAX + 1, 1);
	end = add_numbered(add(one, frame, XT_FRAME_MAX + 1), 1);
	bad_record(one, end, "long", EINVAL, "a frame longer than any");
	record.len = FRAME + 1;
	memcpy(buf + one, &record, sizeof(record));
	bad_record(one, one + sizeof(record) + FRAME, "header", EINVAL,
		   "a record of more than there is");
	record.len = 0xffffffff;
	memcpy(buf + one, &record, sizeof(record));
	bad_record(one, one + 1000, "header", EINVAL, "a record of 4 GiB");
	record.len = FRAME;
	record.flags = XTUN_RECORD_TRUNCATED;
	memcpy(buf + one, &record, sizeof(record));
	bad_record(one, one + 1000, "header", EINVAL, "a record with flags");
	record.flags = 0;
	memcpy(buf + one, &record, sizeof(record));
	bad_record(one, one + 5, "short", EINVAL, "five bytes of a header");
	xt_law(XT_IF);
}

static void fault_write(void)
{
	uint8_t *edge = flaw_edge();
	size_t one = add_numbered(0, 3);
	uint64_t lost = xt_counter("rx_lost_fault"), out = xt_counter("rx_out");
	ssize_t n;

	fails(write(fd, edge, 1000), EFAULT, "records that are nowhere");
	memcpy(edge - one + 10, buf, one - 10);
	n = write(fd, edge - one + 10, one);
	ok(n == 2 * (ssize_t)RECORD && xt_counter("rx_out") == out + 2,
	   "a fault in the third: two are taken (%zd)", n);
	memcpy(edge - one + 10, buf, one - 10);
	fails(write(fd, edge - RECORD + 10, RECORD), EFAULT, "... and alone it is EFAULT");
	ok(xt_counter("rx_lost_fault") == lost + 2, "... and both are counted");
	xt_law(XT_IF);
}

static void down(void)
{
	size_t n = add_numbered(0, 5);
	uint64_t lost = xt_counter("rx_lost_down");

	run("ip link set " XT_IF " down");
	fails(write(fd, buf, n), EIO, "while the interface is down");
	ok(xt_counter("rx_lost_down") == lost + 1, "... a refused write counts once");
	fails(write(fd, buf, 0), EIO, "... and that is what no bytes are told");
	run("ip link set " XT_IF " up");
	ok(write(fd, buf, n) == (ssize_t)n, "and up again");
	xt_law(XT_IF);
}

static void scattered_write(void)
{
	struct iovec iov[50];
	size_t n = add_numbered(0, 12), at = 0;
	uint64_t out = xt_counter("rx_out");
	unsigned int i;

	for (i = 0; i < 50 && at < n; i++, at += 33) {
		iov[i].iov_base = buf + at;
		iov[i].iov_len = n - at < 33 ? n - at : 33;
	}
	ok(at >= n && writev(fd, iov, i) == (ssize_t)n && xt_counter("rx_out") == out + 12,
	   "writev of 33 bytes each");
}

/* Two threads of one file, or two files, do not write into each other's records. */
static void *writer(void *arg)
{
	static _Thread_local uint8_t own[64 * 1024] __attribute__((aligned(8)));
	struct xtun_record record = { .len = FRAME };
	unsigned int i;
	long bad = 0;

	(void)arg;
	for (i = 0; i < 100; i++) {
		memcpy(own + i * RECORD, &record, sizeof(record));
		xt_numbered(own + i * RECORD + sizeof(record), xt_everyone, xt_peer, FRAME, i);
	}
	for (i = 0; i < 100; i++)
		bad += write(fd, own, 100 * RECORD) != 100 * RECORD;
	return (void *)bad;
}

static void threads(void)
{
	uint64_t out = xt_counter("rx_out"), lost = xt_counter("rx_lost_backlog");
	pthread_t thread[3];
	long bad = 0;
	void *ret;
	int i;

	for (i = 0; i < 3; i++)
		if (pthread_create(&thread[i], NULL, writer, NULL))
			die("thread");
	for (i = 0; i < 3; i++) {
		pthread_join(thread[i], &ret);
		bad += (long)ret;
	}
	ok(!bad && xt_counter("rx_out") - out + xt_counter("rx_lost_backlog") - lost == 30000,
	   "three threads write 30,000 frames");
	xt_law(XT_IF);
}

static void gone(void)
{
	size_t n = add_numbered(0, 2);

	run("ip link del " XT_IF);
	fails(write(fd, buf, n), EBADFD, "write after its interface");
	fails(write(fd, buf, 0), EBADFD, "... of no bytes, too");
	fails(read(fd, buf, sizeof(buf)), EBADFD, "read after its interface");
	run("ip link add " XT_IF " type xtun");
	xt_up();
}

/* --- headers in front of frames */

static void form(const struct flaw_mode *mode)
{
	int file = flaw_new(BATCH_IF, mode->flags), p;
	const struct xtun_record *record = (const void *)buf;
	size_t head = flaw_header(mode->flags), len, end = 0;
	unsigned int i, right = 0, received, ms;
	ssize_t n;

	set_batch(file, 1);
	run("sysctl -q -w net.ipv6.conf." BATCH_IF ".disable_ipv6=1; ip link set " BATCH_IF " up");
	p = xt_packet(BATCH_IF);
	for (i = 0; i < 3; i++)
		xt_transmit(p, 60, i);
	n = read(file, buf, sizeof(buf));
	for (i = 0; i < 3; i++) {
		record = (const void *)(buf + i * XTUN_RECORD_SIZE(head + 60));
		right += record->len == head + 60 && !record->flags &&
			 xt_number((const uint8_t *)(record + 1) + head, 60) == i;
	}
	ok(right == 3 && n == 3 * (ssize_t)XTUN_RECORD_SIZE(head + 60),
	   "%s: three records in a read (%zd, %u)", mode->name, n, right);

	received = flaw_received(BATCH_IF);
	len = flaw_frame(frame, mode->flags);
	for (i = 0; i < 3; i++)
		end = add(end, frame, len);
	n = write(file, buf, end);
	for (ms = 0; ms < LIMIT && flaw_received(BATCH_IF) - received < 3; ms += 10)
		usleep(10000);
	ok(n == (ssize_t)end && flaw_received(BATCH_IF) - received == 3,
	   "%s: three records in a write (%zd)", mode->name, n);
	if (head) {
		xt_transmit(p, 60, 7);
		fails(read(file, buf, sizeof(*record) + head - 1), EINVAL,
		      "%s: no room for what stands before the frame", mode->name);
		n = read(file, buf, sizeof(buf));
		ok(n == (ssize_t)XTUN_RECORD_SIZE(head + 60), "... and it waits (%zd)", n);
	}
	xt_law(BATCH_IF);
	close(p);
	close(file);
}

/*
 * --- large frames: one file takes them whole, and a batch of a plain file gets them
 * cut
 */

static int vnet_packet(const char *ifname)
{
	int one = 1, p = xt_packet(ifname);

	if (setsockopt(p, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)))
		die("PACKET_VNET_HDR");
	return p;
}

static struct gso nth(int i)
{
	static const size_t payloads[3] = { 15377, 1461, 500 };
	struct gso g = { .v6 = i & 1, .port = 1000 + i, .mss = i & 1 ? 1440 : 1460 };

	g.payload = payloads[i % 3];
	if (g.payload < g.mss)
		g.mss = 0;
	return g;
}

static void send_gso(int p, const struct gso *g)
{
	size_t len = gso_make(frame, g);

	if (send(p, frame, len, 0) != (ssize_t)len)
		die("send of %zu bytes", len);
}

/*
 * Reads all there is. Each record is a whole frame, or the next segment of the current
 * one.
 */
static int judge(int file, bool whole, int frames)
{
	int i = 0, segment = 0, wrong = 0;
	ssize_t n;

	while ((n = read(file, buf, sizeof(buf))) > 0) {
		const uint8_t *p = buf;

		while (p < buf + n && i < frames) {
			const struct xtun_record *record = (const void *)p;
			struct gso g = nth(i);
			const uint8_t *data = p + sizeof(*record);

			if (whole) {
				wrong += !gso_is_whole(&g, GSO_VNET, data, record->len);
				i++;
			} else {
				wrong += !gso_is_segment(&g, segment, data, record->len);
				segment = (segment + 1) % gso_segments(&g);
				i += !segment;
			}
			p += XTUN_RECORD_SIZE(record->len);
		}
	}
	return wrong ? -wrong : i;
}

static void large(void)
{
	int tap, plain, p, i, frames = 30, n;

	run("ip link del " XT_IF "; ip link add " XT_IF " numtxqueues 4 type xtun");
	xt_up();
	plain = xt_open(O_NONBLOCK);
	xt_drain(plain);
	set_batch(plain, 1);
	tap = xt_tap(XT_DEV, XT_IF, TAP | IFF_MULTI_QUEUE | IFF_VNET_HDR);
	set_batch(tap, 1);
	if (ioctl(tap, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6))
		die("TUNSETOFFLOAD");
	if (flaw_queue(tap, IFF_DETACH_QUEUE))
		die("IFF_DETACH_QUEUE");
	p = vnet_packet(XT_IF);
	for (i = 0; i < frames; i++) {
		struct gso g = nth(i);

		send_gso(p, &g);
	}
	n = judge(plain, false, frames);
	ok(n == frames, "a plain batch gets large frames cut, finished and in order (%d)", n);
	close(plain);
	if (flaw_queue(tap, IFF_ATTACH_QUEUE))
		die("IFF_ATTACH_QUEUE");
	for (i = 0; i < frames; i++) {
		struct gso g = nth(i);

		send_gso(p, &g);
	}
	n = judge(tap, true, frames);
	ok(n == frames, "a batch with a vnet header gets them whole (%d)", n);
	xt_law(XT_IF);
	close(p);
	close(tap);
	run("ip link del " XT_IF "; ip link add " XT_IF " type xtun");
	xt_up();
}

static void large_write(void)
{
	int tap = xt_tap(XT_DEV, BATCH_IF, TAP | IFF_VNET_HDR), i, n = 20;
	size_t end = 0;

	set_batch(tap, 1);
	run("sysctl -q -w net.ipv6.conf." BATCH_IF ".disable_ipv6=1; ip link set " BATCH_IF " up");
	for (i = 0; i < n; i++) {
		struct gso g = nth(i);
		size_t len = gso_make(frame, &g);

		end = add(end, frame, len);
	}
	ok(write(tap, buf, end) == (ssize_t)end && xt_counter_of(BATCH_IF, "rx_out") == (uint64_t)n,
	   "%d large frames and a vnet header in one write", n);
	((struct virtio_net_hdr *)(buf + sizeof(struct xtun_record)))->gso_type = 77;
	ok(write(tap, buf, end) == (ssize_t)end &&
	   xt_counter_of(BATCH_IF, "rx_out") == (uint64_t)(2 * n - 1) &&
	   xt_counter_of(BATCH_IF, "rx_lost_header") == 1,
	   "one whose vnet header does not fit it is lost, and does not keep the others");
	xt_law(BATCH_IF);
	close(tap);
}

/* --- TUNSETSNDBUF: what sockets of the stack hold is charged to the writer */

static void limited(void)
{
	int tap = xt_tap(XT_DEV, BATCH_IF, TAP), limit = 20000, i;
	size_t end = add_numbered(0, 300);
	ssize_t n, total = 0;

	set_batch(tap, 1);
	run("sysctl -q -w net.ipv6.conf." BATCH_IF ".disable_ipv6=1; ip link set " BATCH_IF " up");
	if (ioctl(tap, TUNSETSNDBUF, &limit))
		die("TUNSETSNDBUF");
	for (i = 0; i < 100 && total < (ssize_t)end; i++) {
		n = write(tap, buf + total, end - total);
		if (n < 0 && errno != EAGAIN)
			break;
		if (n > 0 && n % RECORD)
			break;
		total += n > 0 ? n : 0;
		if (n < 0)
			xt_poll(tap, POLLOUT, LIMIT, NULL);
	}
	ok(total == (ssize_t)end && xt_counter_of(BATCH_IF, "rx_out") == 300,
	   "under TUNSETSNDBUF whole records are taken, as far as there is room (%zd, %d writes)",
	   total, i);
	xt_law(BATCH_IF);
	close(tap);
}

void theme_batch(void)
{
	unsigned int i;

	xt_up();
	packet = xt_packet(XT_IF);
	fd = xt_open(O_NONBLOCK);
	set_batch(fd, 1);
	xt_drain(fd);
	many();
	fitting();
	truncated();
	fault_read();
	scattered_read();
	beside_plain();
	write_many();
	bad_records();
	fault_write();
	down();
	scattered_write();
	threads();
	close(fd);
	blocking();
	fd = xt_open(O_NONBLOCK);
	set_batch(fd, 1);
	xt_drain(fd);
	gone();
	close(fd);
	close(packet);
	for (i = 0; i < flaw_n_modes; i++)
		form(&flaw_modes[i]);
	large();
	large_write();
	limited();
}
