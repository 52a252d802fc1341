// SPDX-License-Identifier: GPL-2.0
/*
 * A call whose memory is slow to arrive blocks only its caller: userfaultfd holds the
 * page back, and meanwhile another process brings an interface up. Also, a page of
 * rings that such a call has pinned is written while the file is being closed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <linux/userfaultfd.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flaw.h"
#include "rings.h"
#include "xt.h"

#define NAME	"flaw0"
#define LIMIT	(20000 * xt_slowness())	/* milliseconds; nothing here takes that long */

static const struct slow_call {
	const char *name;
	unsigned long cmd;
	enum { NUMBER, IFREQ, ADDRESSES, PROGRAM, INSTRUCTIONS } what;
	int value;		/* for NUMBER */
	bool unattached;
} calls[] = {
	{ "TUNSETIFINDEX", TUNSETIFINDEX, NUMBER, 0, true },
	{ "TUNSETIFF", TUNSETIFF, IFREQ, 0, true },
	{ "TUNGETIFF", TUNGETIFF, IFREQ, 0, false },
	{ "SIOCGIFHWADDR", SIOCGIFHWADDR, IFREQ, 0, false },
	{ "SIOCSIFHWADDR", SIOCSIFHWADDR, IFREQ, 0, false },
	{ "TUNGETFEATURES", TUNGETFEATURES, NUMBER, 0, false },
	{ "TUNSETSNDBUF", TUNSETSNDBUF, NUMBER, 100000, false },
	{ "TUNGETSNDBUF", TUNGETSNDBUF, NUMBER, 0, false },
	{ "TUNSETVNETHDRSZ", TUNSETVNETHDRSZ, NUMBER, 12, false },
	{ "TUNGETVNETHDRSZ", TUNGETVNETHDRSZ, NUMBER, 0, false },
	{ "TUNSETVNETLE", TUNSETVNETLE, NUMBER, 1, false },
	{ "TUNGETVNETLE", TUNGETVNETLE, NUMBER, 0, false },
	{ "TUNSETCARRIER", TUNSETCARRIER, NUMBER, 1, false },
	{ "TUNSETFILTEREBPF", TUNSETFILTEREBPF, NUMBER, -1, false },
	{ "TUNSETSTEERINGEBPF", TUNSETSTEERINGEBPF, NUMBER, -1, false },
	{ "TUNSETTXFILTER", TUNSETTXFILTER, ADDRESSES, 0, false },
	{ "TUNATTACHFILTER", TUNATTACHFILTER, PROGRAM, 0, false },
	{ "TUNATTACHFILTER, the program", TUNATTACHFILTER, INSTRUCTIONS, 0, false },
	{ "TUNGETFILTER", TUNGETFILTER, PROGRAM, 0, false },
};

static struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, 0xffff);
static struct sock_fprog program = { 1, &all };

static int uffd = -1;
static uint8_t *page, *content;	/* the page that is held back, and its future content */
static size_t page_size;

struct caller {
	pthread_t thread;
	int fd;
	unsigned long cmd;
	void *arg;
	int ret, err;
};

static bool prepared(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	page_size = sysconf(_SC_PAGESIZE);
	uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (uffd < 0)
		return false;
	page = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	content = calloc(1, page_size);
	if (page == MAP_FAILED || !content)
		die("no memory");
	area.range.start = (uintptr_t)page;
	area.range.len = page_size;
	if (ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &area))
		die("userfaultfd");
	return true;
}

static void fill(const struct slow_call *c)
{
	struct ifreq *ifr = (struct ifreq *)content;
	struct tun_filter *filter = (struct tun_filter *)content;
	static const uint8_t addr[6] = { 2, 0, 0, 0, 0, 9 };

	memset(content, 0, page_size);
	switch (c->what) {
	case NUMBER:
		memcpy(content, &c->value, sizeof(c->value));
		break;
	case IFREQ:
		strcpy(ifr->ifr_name, NAME);
		if (c->cmd == TUNSETIFF) {
			ifr->ifr_flags = TAP;
		} else if (c->cmd == SIOCSIFHWADDR) {
			ifr->ifr_hwaddr.sa_family = ARPHRD_ETHER;
			memcpy(ifr->ifr_hwaddr.sa_data, addr, sizeof(addr));
		}
		break;
	case ADDRESSES:
		filter->count = 1;
		memcpy(filter->addr, addr, sizeof(addr));
		break;
	case PROGRAM:
		memcpy(content, &program, sizeof(program));
		break;
	case INSTRUCTIONS:
		memcpy(content, &all, sizeof(all));
	}
}

static void *call(void *arg)
{
	struct caller *c = arg;

	c->ret = ioctl(c->fd, c->cmd, c->arg);
	c->err = errno;
	return NULL;
}

/* Whether another process can bring an interface up in time. */
static bool others_go_on(void)
{
	int status, waited;
	pid_t pid = xt_fork();

	if (!pid)
		_exit(flaw_up("lo", true) ? 1 : 0);
	for (waited = 0; waited < LIMIT; waited += 10) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return !status;
		usleep(10000);
	}
	/* It is in uninterruptible sleep until the page arrives. */
	kill(pid, SIGKILL);
	return false;
}

static void slow(const struct slow_call *c)
{
	struct sock_fprog held = { 1, (struct sock_filter *)page };
	struct caller caller = {
		.fd = c->unattached ? flaw_open() : flaw_new(NAME, TAP),
		.cmd = c->cmd,
		.arg = c->what == INSTRUCTIONS ? (void *)&held : page,
	};
	struct uffdio_copy copy = { .dst = (uintptr_t)page, .len = page_size };
	bool waits, others;
	struct uffd_msg msg;

	fill(c);
	copy.src = (uintptr_t)content;
	if (madvise(page, page_size, MADV_DONTNEED))
		die("madvise");
	if (pthread_create(&caller.thread, NULL, call, &caller))
		die("pthread_create");
	waits = xt_poll(uffd, POLLIN, LIMIT, NULL) >= 0 &&
		read(uffd, &msg, sizeof(msg)) == sizeof(msg) && msg.event == UFFD_EVENT_PAGEFAULT;
	others = waits && others_go_on();
	if (ioctl(uffd, UFFDIO_COPY, &copy))
		die("UFFDIO_COPY");
	pthread_join(caller.thread, NULL);
	errno = caller.err;
	ok(others && caller.ret >= 0, "%s: others go on while its memory is waited for, and it then succeeds (waited %d, others %d)",
	   c->name, waits, others);
	while (waitpid(-1, NULL, WNOHANG) >= 0)
		usleep(10000);
	close(caller.fd);
}

#define RING	(2 << 20)
#define SHORTEST 60

/* Pins the page at @prod, and writes to it once the source page is there. */
static void *write_pinned(void *prod)
{
	struct iovec from = { page, sizeof(uint32_t) }, to = { prod, sizeof(uint32_t) };

	if (process_vm_writev(getpid(), &from, 1, &to, 1, 0) != sizeof(uint32_t))
		die("process_vm_writev");
	return NULL;
}

/* Provides the page when the kernel has taken some of what the rings hold. */
static void *let_come(void *unused)
{
	struct uffdio_copy copy = { .dst = (uintptr_t)page, .src = (uintptr_t)content,
				    .len = page_size };

	while (!xt_counter_of(NAME, "rx_in"))
		usleep(1000);
	if (ioctl(uffd, UFFDIO_COPY, &copy))
		die("UFFDIO_COPY");
	return unused;
}

static void close_after(void)
{
	uint32_t n = RING / XTUN_RECORD_SIZE(SHORTEST), prod = 0, back = 0, i;
	int fd = flaw_new(NAME, TAP);
	uint8_t frame[SHORTEST];
	pthread_t writer, comes;
	struct uffd_msg msg;
	struct rings r;

	/* userfaultfd belongs to one process: make one for this child. */
	close(uffd);
	if (!prepared() || flaw_up(NAME, true) || rings_make(&r, fd, RING, 0))
		die("rings");
	xt_numbered(frame, xt_peer, xt_peer, sizeof(frame), 0);
	for (i = 0; i < n; i++) {
		if (i == n - n / 8)
			back = prod;
		rings_fill(&r, &prod, frame, sizeof(frame));
	}
	memcpy(content, &back, sizeof(back));
	if (pthread_create(&writer, NULL, write_pinned, &r.user->rx_prod) ||
	    xt_poll(uffd, POLLIN, LIMIT, NULL) < 0 ||
	    read(uffd, &msg, sizeof(msg)) != sizeof(msg) ||
	    pthread_create(&comes, NULL, let_come, NULL))
		die("a page of the rings that is pinned");
	__atomic_store_n(&r.user->rx_prod, prod, __ATOMIC_RELEASE);
	rings_unmap(&r);
	close(fd);
	pthread_join(comes, NULL);
	pthread_join(writer, NULL);
}

static void taken_back(void)
{
	int status = -1, waited;
	pid_t pid;

	if (!flaw_is_xtun() || !rings_offered("rx_prod is taken back while its file is closed"))
		return;
	pid = xt_fork();
	if (!pid) {
		close_after();
		_exit(0);
	}
	for (waited = 0; waited < LIMIT && waitpid(pid, &status, WNOHANG) != pid; waited += 10)
		usleep(10000);
	ok(!status, "rx_prod is taken back by a page that was pinned, and close() ends");
	/* Without this, close() would wait until the interface goes. */
	if (status)
		flaw_delete(NAME);
}

void theme_flaw_slow(void)
{
	unsigned int i;

	if (!prepared()) {
		skip("this kernel has no userfaultfd", "memory that is long in coming");
		return;
	}
	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		slow(&calls[i]);
	taken_back();
	close(uffd);
	munmap(page, page_size);
	free(content);
}
