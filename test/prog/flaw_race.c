// SPDX-License-Identifier: GPL-2.0
/*
 * Several threads do at the same time what each may do alone. The test sees that this
 * ends and that nothing is left; the kernel's log shows what else goes wrong.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "flaw.h"
#include "xt.h"

#define NAME	"flaw0"
#define THREADS	6
#define MULTI	(TAP | IFF_MULTI_QUEUE)

typedef void act_t(void);

struct race {
	const char *what;
	act_t *acts[THREADS];	/* each is repeated by a thread of its own */
	act_t *begin, *end;
};

static atomic_bool stop;
static atomic_ulong rounds;
static atomic_int fds[2];
static int packet = -1;

static void *actor(void *arg)
{
	act_t *again = arg;

	while (!stop) {
		again();
		rounds++;
	}
	return NULL;
}

static int kept(int i, int fd)
{
	int old = atomic_exchange(&fds[i], fd);

	if (old >= 0)
		close(old);
	return fd;
}

static void say_frame(int fd)
{
	uint8_t frame[100];

	if (write(fd, frame, flaw_frame(frame, TAP)) < 0)
		usleep(50);
}

/* --- one file, several TUNSETIFF: CVE-2013-4343 */

static void one_attaches(void)
{
	flaw_attach(fds[0], NAME, TAP);
}

static void other_attaches(void)
{
	flaw_attach(fds[0], "flaw1", TUN);
}

static void reopen(void)
{
	kept(0, flaw_open());
	usleep(300);
}

static void open_both(void)
{
	kept(0, flaw_open());
	kept(1, flaw_open());
}

static void close_both(void)
{
	kept(0, -1);
	kept(1, -1);
}

/* --- and its interface goes */

static void make_and_leave(void)
{
	static atomic_uint n;
	int fd = flaw_open();

	if (!flaw_attach(fd, NAME, n++ % 2 ? TAP : TUN)) {
		ioctl(fd, TUNSETPERSIST, 1);
		say_frame(fd);
		ioctl(fd, TUNSETPERSIST, 0);
	}
	close(fd);
}

static void delete(void)
{
	if (flaw_delete(NAME))
		usleep(100);
}

static void up_and_down(void)
{
	flaw_up(NAME, true);
	flaw_up(NAME, false);
}

/* --- detaching while others read and write */

static void make_two(void)
{
	kept(0, flaw_new(NAME, MULTI));
	kept(1, flaw_new(NAME, MULTI));
	flaw_up(NAME, true);
	packet = xt_packet(NAME);
}

static void end_two(void)
{
	close(packet);
	close_both();
}

static void write_first(void)
{
	say_frame(fds[0]);
}

static void write_second(void)
{
	say_frame(fds[1]);
}

static void read_both(void)
{
	uint8_t frame[2000];

	if (read(fds[0], frame, sizeof(frame)) < 0 && read(fds[1], frame, sizeof(frame)) < 0)
		usleep(50);
}

static void transmit(void)
{
	uint8_t frame[100];
	int i;

	for (i = 0; i < 20; i++) {
		xt_numbered(frame, xt_everyone, xt_peer, 60 + i, i);
		send(packet, frame, 60 + i, 0);
	}
	usleep(100);
}

static void detach_and_attach(void)
{
	flaw_queue(fds[1], IFF_DETACH_QUEUE);
	flaw_queue(fds[1], IFF_ATTACH_QUEUE);
}

static void own_queue(void)
{
	int fd = flaw_open();

	if (!flaw_attach(fd, NAME, MULTI))
		say_frame(fd);
	close(fd);
}

/* --- NAPI's queues, destroyed under traffic */

static void napi_closes(void)
{
	static atomic_uint n;
	int fd = flaw_open(), i;

	if (!flaw_attach(fd, NAME, (n++ % 2 ? FRAGS : TAP | IFF_NAPI) | IFF_MULTI_QUEUE)) {
		flaw_up(NAME, true);
		for (i = 0; i < 20; i++)
			say_frame(fd);
		kept(n % 2, fd);
	} else {
		close(fd);
	}
}

static void napi_detaches(void)
{
	flaw_queue(fds[0], IFF_DETACH_QUEUE);
	usleep(100);
	flaw_queue(fds[0], IFF_ATTACH_QUEUE);
}

/* --- settings against frames */

static void settings(void)
{
	static const int sizes[] = { 10, 12, 64 };
	static atomic_uint n;
	unsigned int i = n++;
	int carrier = i % 2;

	ioctl(fds[0], TUNSETVNETHDRSZ, &sizes[i % 3]);
	ioctl(fds[0], TUNSETOFFLOAD, i % 2 ? TUN_F_CSUM | TUN_F_TSO4 : 0);
	ioctl(fds[0], TUNSETCARRIER, &carrier);
}

static const struct race races[] = {
	{ "2013-4343: TUNSETIFF against itself and close",
	  { one_attaches, other_attaches, one_attaches, reopen }, open_both, close_both },
	{ "2013-4343: TUNSETIFF against deletion, up and down",
	  { make_and_leave, make_and_leave, delete, up_and_down }, open_both, close_both },
	{ "2022-49014: detaching against writing, reading and transmitting",
	  { write_first, write_second, read_both, transmit, detach_and_attach, own_queue },
	  make_two, end_two },
	{ "2022-49014: deletion against writing, reading and attaching",
	  { make_and_leave, write_first, napi_closes, read_both, delete }, open_both, close_both },
	{ "2022-49672: NAPI's queue is closed and detached under traffic",
	  { napi_closes, napi_closes, write_first, write_second, napi_detaches, up_and_down },
	  open_both, close_both },
	{ "settings against writing, reading and transmitting",
	  { settings, write_first, read_both, transmit, settings }, make_two, end_two },
};

#define RACES	(sizeof(races) / sizeof(*races))

static void hangs(int sig)
{
	static const char text[] = "Bail out! a race does not end\n";

	(void)sig;
	if (write(STDOUT_FILENO, text, sizeof(text) - 1))
		_exit(1);
	_exit(1);
}

static void run_race(const struct race *r, unsigned int seconds)
{
	pthread_t threads[THREADS];
	int n, i;

	stop = false;
	rounds = 0;
	r->begin();
	for (n = 0; n < THREADS && r->acts[n]; n++)
		if (pthread_create(&threads[n], NULL, actor, r->acts[n]))
			die("thread");
	sleep(seconds);
	stop = true;
	alarm(120);
	for (i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	r->end();
	alarm(0);
	/* The last interface that was made may be persistent. */
	flaw_delete(NAME);
	ok(!if_nametoindex(NAME) && !if_nametoindex("flaw1"), "%s: %lu rounds, and it ends",
	   r->what, rounds);
}

void theme_flaw_race(void)
{
	unsigned int i, seconds = flaw_race_seconds() / RACES;

	fds[0] = -1;
	fds[1] = -1;
	run("sysctl -q -w net.ipv6.conf.default.disable_ipv6=1");
	signal(SIGALRM, hangs);
	for (i = 0; i < RACES; i++)
		run_race(&races[i], seconds ? seconds : 1);
}

/* Meanwhile the shell unloads and loads the module. */
void theme_flaw_hammer(void)
{
	unsigned int end = time(NULL) + flaw_race_seconds() / RACES + 1;
	unsigned long made = 0, missing = 0;

	/*
	 * With one processor, the process that loads the module may not have run by
	 * then.
	 */
	while ((unsigned int)time(NULL) < end || (!made && (unsigned int)time(NULL) < end + 60)) {
		int fd = open(flaw_device(), O_RDWR | O_NONBLOCK | O_CLOEXEC);

		if (fd < 0) {
			missing++;
			continue;
		}
		made += !flaw_attach(fd, NAME, TAP);
		if (made % 3 == 0)
			ioctl(fd, TUNSETPERSIST, 1);
		say_frame(fd);
		close(fd);
		/* Let that process run at times: an open file keeps the module loaded. */
		if (made % 8 == 0)
			usleep(30000);
	}
	ok(made, "2013-4343: TUNSETIFF against rmmod: made %lu times, %lu times no device",
	   made, missing);
}
