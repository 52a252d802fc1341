// SPDX-License-Identifier: GPL-2.0
/*
 * Something stops, breaks or changes while there are rings: nobody waits for what will
 * not come.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "flaw.h"
#include "rings.h"
#include "xt.h"

#ifndef IFF_BACKPRESSURE
#define IFF_BACKPRESSURE	0x0080
#endif

#define EDGE_IF		"edge0"
#define SIZE		XTUN_RING_MIN
#define LARGE		(4 << 20)
#define LENGTH		1000	/* of a frame: some sixty of them stop the qdisc */
#define SOME		300
#define MANY		1000
#define LIMIT		(60000 * xt_slowness())	/* milliseconds; nothing here takes that long */

static void send_some(const char *ifname, int first, int n)
{
	int packet = xt_packet(ifname), i;

	for (i = first; i < first + n; i++)
		xt_transmit(packet, LENGTH, i);
	close(packet);
}

static bool have_qdisc(const char *ifname)
{
	char command[200];

	snprintf(command, sizeof(command), "ip link set %s txqueuelen 10 up; "
		 "tc qdisc replace dev %s root pfifo limit %d", ifname, ifname, MANY);
	return !system(command);
}

static bool moved(const char *ifname, uint64_t was, unsigned int n)
{
	int ms;

	for (ms = 0; xt_counter_of(ifname, "tx_in") - was < n && ms < LIMIT; ms += 10)
		usleep(10000);
	return xt_counter_of(ifname, "tx_in") - was >= n;
}

/* How many come in order, from @first on, until none has come for a while. */
static int take(struct rings *r, int first, int n, bool slowly)
{
	const uint8_t *frame;
	uint32_t len;
	int i = 0;

	while (i < n) {
		frame = rings_peek(r, &len);
		if (!frame) {
			if (xt_poll(r->fd, POLLIN, 3000, NULL) < 0)
				break;
			continue;
		}
		if (len != LENGTH || xt_number(frame, len) != first + i)
			break;
		rings_release(r);
		if (slowly && ++i % 20 == 0)
			usleep(2000);
		else if (!slowly)
			i++;
	}
	return i;
}

static void take_all(struct rings *r)
{
	uint32_t len;

	while (rings_peek(r, &len))
		rings_release(r);
}

static void none_is_lost(struct rings *r, const char *ifname, const char *how)
{
	uint64_t full = xt_counter_of(ifname, "tx_lost_full");
	pid_t pid = xt_fork();
	int status;

	if (!pid) {
		send_some(ifname, 0, MANY);
		_exit(0);
	}
	ok(take(r, 0, MANY, true) == MANY && xt_counter_of(ifname, "tx_lost_full") == full,
	   "%s: a slow reader gets %d frames, in order, none lost", how, MANY);
	if (waitpid(pid, &status, 0) != pid || status)
		die("the sender failed");
}

/* Fills the ring, so that the qdisc waits. Returns what tx_in was before. */
static uint64_t stop(struct rings *r, const char *ifname)
{
	uint64_t in;

	take_all(r);
	in = xt_counter_of(ifname, "tx_in");
	send_some(ifname, 0, SOME);
	usleep(100000);
	if (xt_counter_of(ifname, "tx_in") - in >= SOME ||
	    !(r->kernel->doorbell & XTUN_DOORBELL_TX))
		die("%s is not stopped", ifname);
	return in;
}

static int make(struct rings *r, uint32_t size)
{
	int fd = xt_open(O_NONBLOCK);

	if (rings_make(r, fd, size, 0))
		die("rings: %m");
	return fd;
}

static void drop(struct rings *r, int fd)
{
	rings_unmap(r);
	close(fd);
}

static void take_over(void)
{
	uint64_t in, full = xt_counter("tx_lost_full");
	int fd = xt_open(O_NONBLOCK);
	struct rings r;

	xt_drain(fd);
	in = xt_counter("tx_in");
	send_some(XT_IF, 0, SOME);
	usleep(100000);
	if (xt_counter("tx_in") - in != 10)
		die("the queue is not stopped");
	if (rings_make(&r, fd, SIZE, 0))
		die("rings: %m");
	ok(take(&r, 0, SOME, false) == SOME && xt_counter("tx_lost_full") == full,
	   "the queue had stopped the qdisc: rings get all %d frames, in order", SOME);
	none_is_lost(&r, XT_IF, "and then");
	drop(&r, fd);
}

/* The timer alone would wake it only after a second. */
static void moderated(void)
{
	struct xtun_wake wake = { .frames = 1000000, .usecs = 1000000 };
	struct rings r;
	int fd = make(&r, SIZE), ms;
	pid_t pid;

	if (ioctl(fd, XTUN_IOC_SET_WAKE, &wake))
		die("XTUN_IOC_SET_WAKE: %m");
	take_all(&r);
	pid = xt_fork();
	if (!pid) {
		usleep(100000);
		send_some(XT_IF, 0, SOME);
		_exit(0);
	}
	ms = xt_poll(fd, POLLIN, LIMIT, NULL);
	ok(ms >= 0 && ms < 900,
	   "a reader that sleeps for %u frames is woken when no more can come: %d ms",
	   wake.frames, ms);
	waitpid(pid, NULL, 0);
	drop(&r, fd);
}

static void down_and_up(void)
{
	struct rings r;
	int fd = make(&r, SIZE);
	uint64_t full;

	stop(&r, XT_IF);
	run("ip link set " XT_IF " down; ip link set " XT_IF " up");
	take_all(&r);
	none_is_lost(&r, XT_IF, "down and up");
	stop(&r, XT_IF);
	run("ip link set " XT_IF " down; ip link set " XT_IF " up");
	full = xt_counter("tx_lost_full");
	send_some(XT_IF, 0, SOME);
	usleep(100000);
	ok(xt_counter("tx_lost_full") == full, "... which stops the qdisc if the ring is full already");
	drop(&r, fd);
}

static void broken(void)
{
	uint64_t in, lost = xt_counter("tx_lost_broken");
	struct rings r;
	int fd = make(&r, SIZE);

	in = stop(&r, XT_IF);
	r.user->rx_prod = SIZE + 8;
	fails(ioctl(fd, XTUN_IOC_DOORBELL), EPIPE, "broken while the qdisc waits");
	ok(moved(XT_IF, in, SOME) && xt_counter("tx_lost_broken") > lost,
	   "... which waits no more, and what it had is lost");
	xt_law(XT_IF);
	drop(&r, fd);
}

static void nowhere(void)
{
	struct rings r;
	int fd = make(&r, SIZE);
	uint64_t in;

	in = stop(&r, XT_IF);
	r.user->tx_cons = r.kernel->tx_prod + 0x40000000;
	ioctl(fd, XTUN_IOC_DOORBELL);
	ok(moved(XT_IF, in, SOME), "a tx_cons that cannot be: the qdisc waits no more");
	ok(r.kernel->status & XTUN_STATUS_BROKEN, "... and the rings are broken");
	xt_law(XT_IF);
	drop(&r, fd);
}

static void middle(void)
{
	uint64_t out;
	struct rings r;
	int fd = make(&r, SIZE), i;

	take_all(&r);
	out = xt_counter("tx_out");
	send_some(XT_IF, 0, 10);
	for (i = 0; i < 5; i++)
		r.user->tx_cons += XTUN_RECORD_SIZE(LENGTH);
	r.user->tx_cons += 8;
	ok(xt_counter("tx_out") - out == 5, "a tx_cons in the middle of a record: those before it are out");
	xt_law(XT_IF);
	drop(&r, fd);
	xt_law(XT_IF);
}

static void on_alarm(int signal)
{
	(void)signal;
}

static void interrupted(void)
{
	/* The first signal may come before the doorbell, if other processes run. */
	struct itimerval soon = { .it_value.tv_usec = 5000, .it_interval.tv_usec = 5000 };
	struct itimerval never = { 0 };
	uint8_t frame[60], mac[6];
	struct rings r;
	int fd = make(&r, LARGE), n, i, ms;
	const uint32_t *cons;
	uint32_t prod = 0;

	xt_mac(XT_IF, mac);
	n = LARGE / XTUN_RECORD_SIZE(sizeof(frame));
	for (i = 0; i < n; i++) {
		xt_numbered(frame, mac, xt_peer, sizeof(frame), i);
		rings_fill(&r, &prod, frame, sizeof(frame));
	}
	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &soon, NULL);
	i = rings_publish(&r, prod);
	setitimer(ITIMER_REAL, &never, NULL);
	ok(i > 0 && i < n, "a signal ends a doorbell after %d of %d records", i, n);
	cons = &r.kernel->rx_cons;
	for (ms = 0; __atomic_load_n(cons, __ATOMIC_ACQUIRE) != prod && ms < LIMIT; ms += 10)
		usleep(10000);
	ok(*cons == prod, "... and the others are taken, too");
	xt_law(XT_IF);
	drop(&r, fd);
}

static void *reads(void *fd)
{
	char byte[64];
	long n = read(*(int *)fd, byte, sizeof(byte));

	return (void *)(n < 0 ? (long)-errno : n);
}

static void asleep(void)
{
	int fd = xt_open(0), packet = xt_packet(XT_IF);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct timespec end;
	pthread_t reader;
	struct rings r;
	void *answer;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	xt_drain(fd);
	fcntl(fd, F_SETFL, 0);
	if (pthread_create(&reader, NULL, reads, &fd))
		die("pthread_create");
	usleep(100000);
	if (rings_make(&r, fd, SIZE, 0))
		die("rings: %m");
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += LIMIT / 1000;
	if (pthread_timedjoin_np(reader, &answer, &end))
		answer = NULL;
	ok((long)answer == -EBUSY, "a read() that slept when the rings came ends, EBUSY (%ld)",
	   (long)answer);
	xt_transmit(packet, LENGTH, 0);
	ok(poll(&p, 1, LIMIT) == 1 && take(&r, 0, 1, false) == 1, "... and poll() speaks for the rings");
	close(packet);
	/* If it still sleeps, the file stays open, and the test has failed anyhow. */
	drop(&r, fd);
}

static void out_of_service(void)
{
	int fd = xt_tap(XT_DEV, EDGE_IF, TAP | IFF_MULTI_QUEUE | IFF_BACKPRESSURE);
	uint64_t in, lost;
	struct rings r;

	have_qdisc(EDGE_IF);
	if (rings_make(&r, fd, SIZE, 0))
		die("rings: %m");
	in = stop(&r, EDGE_IF);
	lost = xt_counter_of(EDGE_IF, "tx_lost_detached");
	if (flaw_queue(fd, IFF_DETACH_QUEUE))
		die("IFF_DETACH_QUEUE");
	ok(moved(EDGE_IF, in, SOME) && xt_counter_of(EDGE_IF, "tx_lost_detached") > lost,
	   "IFF_DETACH_QUEUE: the qdisc waits no more");
	if (flaw_queue(fd, IFF_ATTACH_QUEUE))
		die("IFF_ATTACH_QUEUE");
	take_all(&r);
	none_is_lost(&r, EDGE_IF, "... and IFF_ATTACH_QUEUE");
	stop(&r, EDGE_IF);
	ok(!flaw_delete(EDGE_IF), "the interface is deleted while its qdisc waits");
	ok(r.kernel->status == XTUN_STATUS_DETACHED, "... and the rings say so");
	drop(&r, fd);
}

void theme_ring_edge(void)
{
	if (!rings_offered("rings and back-pressure"))
		return;
	xt_up();
	asleep();
	middle();
	interrupted();
	if (!have_qdisc(XT_IF)) {
		skip("this kernel has no qdiscs", "rings and back-pressure");
		return;
	}
	run("ethtool --set-priv-flags " XT_IF " backpressure on");
	take_over();
	moderated();
	down_and_up();
	broken();
	nowhere();
	run("ethtool --set-priv-flags " XT_IF " backpressure off");
	out_of_service();
}
