// SPDX-License-Identifier: GPL-2.0
/* What an administrator sets: MAC, MTU, queue length, namespaces, rights. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xt.h"

static uint8_t buf[XT_BUF];

static bool works(const char *command)
{
	return !system(command);
}

static void address(void)
{
	static const uint8_t want[6] = { 0x02, 0x11, 0x22, 0x33, 0x44, 0x55 };
	uint8_t mac[6];

	xt_mac(XT_IF, mac);
	ok((mac[0] & 3) == 2, "the MAC address is a random one, locally administered");
	ok(works("ip link set xtun address 02:11:22:33:44:55"), "it can be set, also while up");
	run("ip link set %s down; ip link set %s up", XT_IF, XT_IF);
	xt_mac(XT_IF, mac);
	ok(!memcmp(mac, want, 6), "... and is kept");
	ok(!works("ip link set xtun address 01:00:00:00:00:01 2>/dev/null"), "a group address is refused");
}

static void mtu(void)
{
	ok(works("ip link set xtun mtu 68"), "MTU 68");
	ok(!works("ip link set xtun mtu 67 2>/dev/null"), "... not 67");
	ok(works("ip link set xtun mtu 65521"), "MTU 65521");
	ok(!works("ip link set xtun mtu 65522 2>/dev/null"), "... not 65522");
	run("ip link set %s mtu 1500", XT_IF);
}

static void queue_length(int packet)
{
	uint64_t full = xt_counter("tx_lost_full");
	int i, fd = xt_open(O_NONBLOCK);

	xt_drain(fd);
	run("ip link set %s txqueuelen 10", XT_IF);
	for (i = 0; i < 20; i++)
		xt_transmit(packet, 60, i);
	ok(xt_counter("tx_waiting") == 10 && xt_counter("tx_lost_full") == full + 10,
	   "txqueuelen 10: 10 of 20 wait, 10 are counted as lost");
	run("ip link set %s txqueuelen 15", XT_IF);
	for (; i < 40; i++)
		xt_transmit(packet, 60, i);
	ok(xt_counter("tx_waiting") == 15 && xt_counter("tx_lost_full") == full + 25,
	   "txqueuelen 15: 5 more wait, 15 more are lost");
	run("ip link set %s txqueuelen 5", XT_IF);
	ok(xt_counter("tx_waiting") == 15, "txqueuelen 5: what waits is kept");
	xt_transmit(packet, 60, i);
	ok(xt_counter("tx_lost_full") == full + 26, "... and nothing joins it");
	for (i = 0; read(fd, buf, sizeof(buf)) > 0; i++)
		if (xt_number(buf, 60) != (i < 10 ? i : i + 10))
			break;
	ok(i == 15, "the oldest were kept, in order");
	close(fd);
	run("ip link set %s txqueuelen 1000", XT_IF);
}

static atomic_bool stop;

/* The core detaches the qdisc while it resizes, and send() then fails with ENOBUFS. */
static void *sender(void *arg)
{
	uint8_t frame[60];
	uint32_t n;

	for (n = 0; !stop; n++) {
		xt_numbered(frame, xt_everyone, xt_peer, sizeof(frame), n);
		if (send((intptr_t)arg, frame, sizeof(frame), 0) < 0 && errno != ENOBUFS)
			die("send");
	}
	return NULL;
}

static void resized_under_load(int packet)
{
	int fd = xt_open(O_NONBLOCK), i;
	long last = -1, seq;
	bool ordered = true;
	pthread_t t;

	if (pthread_create(&t, NULL, sender, (void *)(intptr_t)packet))
		die("thread");
	for (i = 0; i < 60; i++) {
		run("ip link set %s txqueuelen %d", XT_IF, i % 3 ? i * 7 % 50 : 1000);
		while (read(fd, buf, sizeof(buf)) > 0 && (seq = xt_number(buf, 60)) >= 0) {
			ordered &= seq > last;
			last = seq;
			if (seq % 50 == 0)
				break;
		}
	}
	stop = true;
	pthread_join(t, NULL);
	run("ip link set %s txqueuelen 1000", XT_IF);
	xt_drain(fd);
	ok(ordered && last > 0,
	   "txqueuelen changed 60 times while frames flow: all in order (%ld)", last);
	xt_law(XT_IF);
	close(fd);
}

/* Runs the function in a child, so that it changes only the child's credentials. */
static bool child(int (*f)(void))
{
	int status;
	pid_t pid;

	pid = xt_fork();
	if (!pid)
		_exit(f());
	return waitpid(pid, &status, 0) == pid && !status;
}

static int in_new_namespace(void)
{
	int fd;

	if (unshare(CLONE_NEWNET))
		return 2;
	fd = open(XT_DEV, O_RDWR | O_NONBLOCK);
	return !(fd >= 0 && read(fd, buf, 100) == -1 && errno == ENODEV &&
		 write(fd, buf, 100) == -1 && errno == ENODEV);
}

static void namespaces(void)
{
	int fd, late;

	if (!xt_namespaces("the interface in another namespace"))
		return;
	fd = xt_open(O_NONBLOCK);
	ok(child(in_new_namespace), "opened in a namespace without one: ENODEV");
	fails(read(fd, buf, sizeof(buf)), EAGAIN, "opened here: attached");
	late = xt_open(O_NONBLOCK);
	run("ip netns add away; ip netns exec away sysctl -q -w net.ipv6.conf.default.disable_ipv6=1");
	run("ip link set %s netns away; ip -n away link set %s up", XT_IF, XT_IF);
	fails(read(late, buf, sizeof(buf)), ENODEV, "the interface moved away before the attaching: ENODEV");
	ok(write(fd, buf, 60) == 60, "... after it: the file follows");
	ok(works("ip netns exec away ethtool -S xtun | grep -q 'q0_rx_out: 1$'"), "... into that namespace");
	run("ip -n away link set %s netns 1; ip netns del away; ip link set %s up", XT_IF, XT_IF);
	fails(read(late, buf, sizeof(buf)), EAGAIN, "the interface is back: attached");
	close(late);
	close(fd);
}

/* TUNSETIFF, which needs the same rights. */
static bool tap_says(int want)
{
	struct ifreq ifr = { .ifr_name = XT_IF, .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open(XT_DEV, O_RDWR), got;

	got = ioctl(fd, TUNSETIFF, &ifr) ? errno : 0;
	close(fd);
	return got == want;
}

static int try(int want)
{
	int fd = open(XT_DEV, O_RDWR | O_NONBLOCK), n, excl;
	short got = 0;

	if (fd < 0)
		return 2;
	n = read(fd, buf, 100);
	if (!want) {
		if (n < 0 && errno != EAGAIN)
			return 1;
		close(fd);
		return tap_says(0) ? 0 : 6;
	}
	if (!tap_says(want))
		return 6;
	if (n != -1 || errno != want || write(fd, buf, 100) != -1 || errno != want)
		return 3;
	if (ioctl(fd, FIONREAD, &n) != -1 || errno != want)
		return 4;
	if (xt_poll(fd, POLLIN, 0, &got) < 0 || got != POLLERR)
		return 5;
	excl = open(XT_DEV, O_RDWR | O_EXCL);
	return !(excl == -1 && errno == want);
}

static void become(uid_t uid, gid_t gid, gid_t more)
{
	if (setgroups(more ? 1 : 0, &more) || setgid(gid) || setuid(uid))
		die("setuid");
}

static int nobody(void)
{
	become(65534, 65534, 0);
	return try(EPERM);
}

/* A privileged program that is handed an unprivileged one's descriptor. */
static int handed_up(void)
{
	int fd;

	if (seteuid(65534))
		return 2;
	fd = open(XT_DEV, O_RDWR | O_NONBLOCK);
	if (fd < 0 || seteuid(0))
		return 3;
	return !(read(fd, buf, 100) == -1 && errno == EPERM);
}

static int handed_down(void)
{
	int fd = open(XT_DEV, O_RDWR | O_NONBLOCK);

	become(65534, 65534, 0);
	return !(read(fd, buf, 100) >= 0 || errno == EAGAIN);
}

/* root of a user namespace is root of the network namespaces that it makes */
static int own_namespace(void)
{
	int map;

	become(65534, 65534, 0);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return 2;
	/* An execve() would drop the capabilities, whether the uid is mapped or not. */
	if (prctl(PR_SET_DUMPABLE, 1))
		return 3;
	map = open("/proc/self/uid_map", O_WRONLY);
	if (map < 0 || write(map, "0 65534 1", 9) != 9)
		return 4;
	if (!works("ip link add xtun type xtun; ip link set xtun up"))
		return 5;
	return !works("head -c 60 /dev/zero >" XT_DEV);
}

/* An interface with several queues: a file that reads gets every frame. */
static void more_queues(void)
{
	int packet, fd, i;

	run("ip link del %s; ip link add %s numtxqueues 4 type xtun", XT_IF, XT_IF);
	xt_up();
	packet = xt_packet(XT_IF);
	fd = xt_open(O_NONBLOCK);
	xt_drain(fd);
	for (i = 0; i < 40; i++)
		xt_transmit(packet, 60 + i, i * 7919);
	ok(xt_counter("tx_waiting") == 40, "made with numtxqueues 4: every frame waits");
	ok(xt_drain(fd) == 40, "... and is read");
	close(fd);
	close(packet);
}

static void rights(void)
{
	struct stat st;

	ok(!stat(XT_DEV, &st) && (st.st_mode & 07777) == 0600, "%s has mode 0600", XT_DEV);
	if (chmod(XT_DEV, 0666))
		die("chmod");
	ok(child(nobody), "the mode lets nobody open it, the interface lets him not attach: EPERM");
	ok(child(handed_up), "the opener is judged, not whom he hands it to: EPERM");
	ok(child(handed_down), "... and the other way round: root's descriptor works for nobody");
	if (xt_namespaces("root of a user namespace"))
		ok(child(own_namespace),
		   "root of a user namespace uses the interface he made in it");
	if (chmod(XT_DEV, 0600))
		die("chmod");
}

void theme_config(void)
{
	int packet;

	xt_up();
	packet = xt_packet(XT_IF);
	address();
	mtu();
	queue_length(packet);
	resized_under_load(packet);
	close(packet);
	namespaces();
	rights();
	more_queues();
}

static int as_1000(void)
{
	become(1000, 65534, 0);
	return try(0);
}

static int as_1000_and_2000(void)
{
	become(1000, 65534, 2000);
	return try(0);
}

static int as_2000(void)
{
	become(65534, 2000, 0);
	return try(0);
}

static int as_1000_refused(void)
{
	become(1000, 65534, 0);
	return try(EPERM);
}

static int as_2000_refused(void)
{
	become(65534, 2000, 0);
	return try(EPERM);
}

static void set_up_rights(void)
{
	if (chmod(XT_DEV, 0666))
		die("chmod");
}

/* insmod with owner=1000 */
void theme_owner(void)
{
	set_up_rights();
	ok(child(as_1000), "owner=1000: user 1000 is let in");
	ok(child(nobody), "... and nobody else");
	ok(child(as_2000_refused), "... no group either");
}

/* insmod with group=2000 */
void theme_group(void)
{
	set_up_rights();
	ok(child(as_2000), "group=2000: its members are let in");
	ok(child(as_1000_and_2000), "... also by a supplementary group");
	ok(child(nobody), "... and nobody else");
}

/* insmod with both */
void theme_both(void)
{
	set_up_rights();
	ok(child(as_1000_and_2000), "owner=1000 group=2000: user 1000 in group 2000 is let in");
	ok(child(as_1000_refused), "... the user alone is not");
	ok(child(as_2000_refused), "... the group alone is not");
}
