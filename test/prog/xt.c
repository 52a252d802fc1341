// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "put.h"
#include "xt.h"

const uint8_t xt_peer[6] = { 0x02, 0, 0, 0, 0, 0x02 };
const uint8_t xt_everyone[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static void tap_line(const char *verdict, const char *fmt, va_list ap)
{
	printf("%s - ", verdict);
	vprintf(fmt, ap);
	putchar('\n');
	fflush(stdout);
}

bool ok(bool cond, const char *fmt, ...)
{
	int error = errno;
	va_list ap;

	va_start(ap, fmt);
	tap_line(cond ? "ok" : "not ok", fmt, ap);
	va_end(ap);
	if (!cond) {
		printf("# errno was %d (%s)\n", error, strerror(error));
		fflush(stdout);
	}
	return cond;
}

bool fails(long ret, int want, const char *fmt, ...)
{
	bool cond = ret == -1 && errno == want;
	int error = errno;
	va_list ap;

	va_start(ap, fmt);
	tap_line(cond ? "ok" : "not ok", fmt, ap);
	va_end(ap);
	if (!cond)
		printf("# returned %ld, errno %d (%s); wanted -1, %d (%s)\n", ret, error,
		       strerror(error), want, strerror(want));
	fflush(stdout);
	return cond;
}

void skip(const char *why, const char *fmt, ...)
{
	va_list ap;

	printf("ok - ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf(" # SKIP %s\n", why);
	fflush(stdout);
}

void die(const char *fmt, ...)
{
	int error = errno;
	va_list ap;

	printf("Bail out! ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf(" (errno %d, %s)\n", error, strerror(error));
	fflush(stdout);
	_exit(1);
}

void run(const char *fmt, ...)
{
	char command[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	fflush(stdout);
	if (system(command))
		die("this failed: %s", command);
}

bool xt_namespaces(const char *cases)
{
	if (!access("/proc/self/ns/net", F_OK))
		return true;
	skip("this kernel has no network namespaces", "%s", cases);
	return false;
}

pid_t xt_fork(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	return pid;
}

void xt_up(void)
{
	run("sysctl -q -w net.ipv6.conf.default.disable_ipv6=1 net.ipv6.conf.%s.disable_ipv6=1",
	    XT_IF);
	run("ip link set %s up", XT_IF);
}

int xt_open(int flags)
{
	int fd = open(XT_DEV, O_RDWR | O_CLOEXEC | flags);

	if (fd < 0)
		die("cannot open %s", XT_DEV);
	return fd;
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000L + t.tv_nsec / 1000000;
}

int xt_tap(const char *device, const char *ifname, int flags)
{
	struct ifreq ifr = { .ifr_flags = flags };
	int fd = open(device, O_RDWR | O_NONBLOCK);

	if (fd < 0)
		die("open %s", device);
	strncpy(ifr.ifr_name, ifname, sizeof(ifr.ifr_name) - 1);
	if (ioctl(fd, TUNSETIFF, &ifr))
		die("TUNSETIFF %s on %s", ifname, device);
	return fd;
}

int xt_poll(int fd, short events, int ms, short *got)
{
	struct pollfd p = { .fd = fd, .events = events };
	long start = now_ms();
	int n;

	do {
		n = poll(&p, 1, ms);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		die("poll");
	if (got)
		*got = p.revents;
	return n ? now_ms() - start : -1;
}

int xt_slowness(void)
{
	const char *s = getenv("slowness");

	return s ? atoi(s) : 1;
}

void xt_await_sleep(int pid)
{
	char path[64], state;
	long end = now_ms() + 10000 * xt_slowness();
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	do {
		f = fopen(path, "r");
		if (!f || fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
			die("cannot read %s", path);
		fclose(f);
		if (state == 'S')
			return;
		usleep(2000);
	} while (now_ms() < end);
	die("process %d does not sleep, its state is %c", pid, state);
}

/* The strings and the values of `ethtool -S`. */
struct counters {
	unsigned int n;
	struct ethtool_gstrings *names;
	struct ethtool_stats *values;
};

static void ethtool(const char *ifname, void *request)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq ifr = { .ifr_data = request };

	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", ifname);
	if (s < 0 || ioctl(s, SIOCETHTOOL, &ifr))
		die("cannot read the counters of %s", ifname);
	close(s);
}

static struct counters counters_read(const char *ifname)
{
	struct {
		struct ethtool_sset_info head;
		uint32_t n;
	} info = { .head = { .cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << ETH_SS_STATS } };
	struct counters c;

	ethtool(ifname, &info);
	c.n = info.n;
	c.names = calloc(1, sizeof(*c.names) + (size_t)c.n * ETH_GSTRING_LEN);
	c.values = calloc(1, sizeof(*c.values) + c.n * sizeof(uint64_t));
	if (!c.names || !c.values)
		die("no memory");
	c.names->cmd = ETHTOOL_GSTRINGS;
	c.names->string_set = ETH_SS_STATS;
	c.names->len = c.n;
	ethtool(ifname, c.names);
	c.values->cmd = ETHTOOL_GSTATS;
	c.values->n_stats = c.n;
	ethtool(ifname, c.values);
	return c;
}

static void counters_free(struct counters *c)
{
	free(c->names);
	free(c->values);
}

/* The name without "qN_", and N; NULL if it has no such prefix. */
static const char *counter_name(const struct counters *c, unsigned int i, unsigned int *queue)
{
	const char *name = (const char *)c->names->data + i * ETH_GSTRING_LEN;
	int skip = 0;

	if (sscanf(name, "q%u_%n", queue, &skip) != 1 || !skip)
		return NULL;
	return name + skip;
}

uint64_t xt_counter_of(const char *ifname, const char *name)
{
	struct counters c = counters_read(ifname);
	unsigned int i, queue, found = 0;
	uint64_t sum = 0;

	for (i = 0; i < c.n; i++) {
		const char *s = counter_name(&c, i, &queue);

		if (s && !strcmp(s, name)) {
			sum += c.values->data[i];
			found++;
		}
	}
	counters_free(&c);
	if (!found)
		die("there is no counter %s", name);
	return sum;
}

uint64_t xt_counter(const char *name)
{
	return xt_counter_of(XT_IF, name);
}

/* in - out - waiting - losses of one queue and direction */
static int64_t law_balance(const struct counters *c, unsigned int queue, const char *dir)
{
	size_t skip = strlen(dir);
	int64_t balance = 0;
	unsigned int i, q;

	for (i = 0; i < c->n; i++) {
		const char *s = counter_name(c, i, &q);

		if (!s || q != queue || strncmp(s, dir, skip))
			continue;
		s += skip;
		if (!strcmp(s, "in"))
			balance += c->values->data[i];
		else if (!strcmp(s, "out") || !strcmp(s, "waiting") || !strncmp(s, "lost_", 5))
			balance -= c->values->data[i];
	}
	return balance;
}

void xt_law(const char *ifname)
{
	struct counters c = counters_read(ifname);
	unsigned int i, queue, seen = 0;

	for (i = 0; i < c.n; i++) {
		const char *s = counter_name(&c, i, &queue);
		int64_t tx, rx;

		if (!s || strcmp(s, "tx_in"))
			continue;
		seen++;
		tx = law_balance(&c, queue, "tx_");
		rx = law_balance(&c, queue, "rx_");
		ok(!tx, "law holds: %s queue %u tx (off by %lld)", ifname, queue, (long long)tx);
		ok(!rx, "law holds: %s queue %u rx (off by %lld)", ifname, queue, (long long)rx);
	}
	ok(seen, "%s has counters", ifname);
	counters_free(&c);
}

void xt_mac(const char *ifname, uint8_t mac[6])
{
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq ifr = { 0 };

	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", ifname);
	if (s < 0 || ioctl(s, SIOCGIFHWADDR, &ifr))
		die("cannot read the MAC address of %s", ifname);
	close(s);
	memcpy(mac, ifr.ifr_hwaddr.sa_data, 6);
}

size_t xt_numbered(uint8_t *buf, const uint8_t *dst, const uint8_t *src, size_t len, uint32_t seq)
{
	uint8_t *p = xt_put_ether(buf, dst, src, XT_ETHERTYPE);
	size_t i;

	p = xt_put16(xt_put16(p, seq >> 16), seq);
	for (i = p - buf; i < len; i++)
		buf[i] = i + seq;
	return len;
}

int64_t xt_number(const uint8_t *buf, size_t len)
{
	uint32_t seq;
	size_t i;

	if (len < 18 || (buf[12] << 8 | buf[13]) != XT_ETHERTYPE)
		return -1;
	seq = (uint32_t)buf[14] << 24 | buf[15] << 16 | buf[16] << 8 | buf[17];
	for (i = 18; i < len; i++)
		if (buf[i] != (uint8_t)(i + seq))
			return -1;
	return seq;
}

size_t xt_arp(uint8_t *buf, const uint8_t *src, const char *src_ip, const char *ask_ip)
{
	static const uint8_t head[8] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	uint8_t *p = xt_put_ether(buf, xt_everyone, src, 0x0806);

	memcpy(p, head, 8);
	memcpy(p + 8, src, 6);
	p = xt_put_ip(p + 14, src_ip);
	memset(p, 0, 6);
	return xt_put_ip(p + 6, ask_ip) - buf;
}

size_t xt_echo(uint8_t *buf, const uint8_t *dst, const uint8_t *src, const char *src_ip,
	       const char *dst_ip, uint16_t seq, size_t payload)
{
	uint8_t *p = xt_put_ether(buf, dst, src, 0x0800);
	uint8_t *icmp;
	size_t i;

	p = xt_put_ipv4(p, src_ip, dst_ip, 1, 8 + payload);
	icmp = p;
	*p++ = 8;
	*p++ = 0;
	p = xt_put16(xt_put16(xt_put16(p, 0), 0x7874), seq);
	for (i = 0; i < payload; i++)
		*p++ = i;
	xt_put16(icmp + 2, xt_checksum(xt_sum(0, icmp, 8 + payload)));
	return p - buf;
}

size_t xt_udp(uint8_t *buf, const uint8_t *dst, const uint8_t *src, const char *src_ip,
	      const char *dst_ip, uint16_t port, const void *data, size_t size)
{
	uint8_t *p = xt_put_ether(buf, dst, src, 0x0800);

	p = xt_put_ipv4(p, src_ip, dst_ip, 17, 8 + size);
	p = xt_put16(xt_put16(p, 4242), port);
	p = xt_put16(xt_put16(p, 8 + size), 0);	/* RFC 768: no checksum */
	memcpy(p, data, size);
	return p + size - buf;
}

int xt_packet(const char *ifname)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(ifname) };
	int s = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	int size = 4 << 20;

	if (s < 0 || bind(s, (struct sockaddr *)&ll, sizeof(ll)))
		die("packet socket on %s", ifname);
	setsockopt(s, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	return s;
}

void xt_transmit(int packet, size_t len, uint32_t seq)
{
	uint8_t buf[XT_BUF];

	xt_numbered(buf, xt_everyone, xt_peer, len, seq);
	if (send(packet, buf, len, 0) != (ssize_t)len)
		die("send of %zu bytes", len);
}

int xt_drain(int fd)
{
	uint8_t buf[XT_BUF];
	int n = 0;

	while (read(fd, buf, sizeof(buf)) > 0)
		n++;
	if (errno != EAGAIN)
		die("read while draining");
	return n;
}
