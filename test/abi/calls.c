// SPDX-License-Identifier: GPL-2.0
/* How a word is called, and what is recorded of the answer. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi.h"

#define NOBODY		1000
#define NO_POINTER	((void *)8)

/* Memory with nothing mapped behind it: any access beyond its end faults. */
static uint8_t *room(size_t size)
{
	static uint8_t *end;

	if (!end) {
		size_t page = sysconf(_SC_PAGESIZE), len = FRAME_MAX / page * page + 2 * page;
		uint8_t *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				  -1, 0);

		if (p == MAP_FAILED || mprotect(p + len - page, page, PROT_NONE))
			die("mmap");
		end = p + len - page;
	}
	return end - size;
}

static int program(const char *what)
{
	static int all = -1, nothing = -1;
	int *fd = strcmp(what, "all") ? &nothing : &all;
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0,
		  .imm = fd == &all ? 0xffff : 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insn_cnt = 2,
		.insns = (uintptr_t)insns, .license = (uintptr_t)"GPL",
	};

	if (*fd < 0)
		*fd = syscall(__NR_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	return *fd;
}

static void filter(struct sock_fprog *f, const struct arg *arg)
{
	static struct sock_filter code[BPF_MAXINSNS + 1];

	code[0] = (struct sock_filter) { BPF_RET | BPF_K, 0, 0, 0xffff };
	if (!strcmp(arg->name, "drop"))
		code[0].k = 0;
	else if (!strcmp(arg->name, "trim"))
		code[0].k = 20;
	else if (!strcmp(arg->name, "invalid"))
		code[0].code = 0xffff;
	memset(f, 0, sizeof(*f));
	f->len = arg->value;
	f->filter = strcmp(arg->name, "nowhere") ? code : NO_POINTER;
}

/* The addresses follow the structure; returns its beginning. */
static struct tun_filter *txfilter(const struct arg *arg)
{
	size_t edge = strcmp(arg->name, "edge") ? 0 : 1;
	size_t size = sizeof(struct tun_filter) + arg->value * ETH_ALEN - edge;
	struct tun_filter *f = (struct tun_filter *)room(size);
	uint16_t head[2] = { strcmp(arg->name, "allmulti") ? 0 : TUN_FLT_ALLMULTI, arg->value };
	long i;

	memset(f, strcmp(arg->name, "everyone") ? 0x03 : 0xff, size);
	memcpy(f, head, sizeof(head));
	for (i = 0; i < arg->value && !edge && strcmp(arg->name, "everyone"); i++)
		memcpy(f->addr[i], "\x02\x11\x22\x33\x44\x55", ETH_ALEN);
	if (arg->value == 9 && strcmp(arg->name, "unicast"))
		memcpy(f->addr[8], "\x33\x33\x00\x00\x00\x01", ETH_ALEN);
	return f;
}

static void *ifreq(struct run *r, const struct arg *arg)
{
	struct ifreq *ifr = (struct ifreq *)room(sizeof(*ifr));

	memset(ifr, 0, sizeof(*ifr));
	if (arg->kind == MAC) {
		ifr->ifr_hwaddr.sa_family = arg->value;
		memcpy(ifr->ifr_hwaddr.sa_data, arg->name, ETH_ALEN);
		return ifr;
	}
	if (arg->name[0] == '@') {
		snprintf(ifr->ifr_name, IFNAMSIZ, "%.12s%s", r->name, arg->name + 1);
	} else {
		size_t len = strlen(arg->name);

		memcpy(ifr->ifr_name, arg->name, len < IFNAMSIZ ? len : IFNAMSIZ);
	}
	ifr->ifr_flags = arg->value;
	return ifr;
}

static void *object(struct run *r, const struct op *op, const struct arg *arg)
{
	void *p = room(op->size);
	int value = arg->value;

	switch (arg->kind) {
	case FLAGS:
	case MAC:
		return ifreq(r, arg);
	case FILTER:
		filter(p, arg);
		return p;
	case TXFILTER:
		return txfilter(arg);
	case PROGRAM:
	case INT:
		if (arg->kind == PROGRAM && arg->name)
			value = program(arg->name);
		memcpy(p, &value, sizeof(value));
		return p;
	case EDGE:
		memset(p, 0, op->size);
		return room(op->size - 1);
	case OUT:
		memset(p, 0xaa, op->size);
		return p;
	case NOWHERE:
		return NO_POINTER;
	default:
		return (void *)arg->value;
	}
}

static bool is_mac(const struct op *op)
{
	return op->request == SIOCGIFHWADDR || op->request == SIOCSIFHWADDR;
}

/*
 * What was written back. A random address differs each time, so only two of its bits
 * are kept.
 */
static void written(struct run *r, const struct op *op, const struct arg *arg, const void *p)
{
	uint8_t copy[sizeof(struct ifreq)];
	struct ifreq *ifr = (struct ifreq *)copy;
	int value;

	if (arg->kind != OUT && arg->kind != FLAGS && arg->kind != INT)
		return;
	if (op->size == sizeof(int)) {
		memcpy(&value, p, sizeof(value));
		trace_more(r->trace, ", %d", value);
		return;
	}
	memcpy(copy, p, op->size);
	if (is_mac(op) && memcmp(ifr->ifr_hwaddr.sa_data, "\x02\x11\x22\x33\x44", 5))
		memset(ifr->ifr_hwaddr.sa_data, ifr->ifr_hwaddr.sa_data[0] & 3, 6);
	if (op->size == sizeof(*ifr))
		trace_more(r->trace, ", %.16s", copy[0] == 0xaa ? "" : ifr->ifr_name);
	trace_bytes(r->trace, copy + (op->size == sizeof(*ifr) ? IFNAMSIZ : 0),
		    op->size - (op->size == sizeof(*ifr) ? IFNAMSIZ : 0));
}

static void descriptor(struct run *r, int fd)
{
	struct stat that, ours;

	if (fstat(fd, &that) || stat("/proc/self/ns/net", &ours))
		trace_more(r->trace, ", which is no descriptor");
	else if (that.st_ino == ours.st_ino)
		trace_more(r->trace, ", of this namespace");
	close(fd);
}

void call_ioctl(struct run *r, int file, const struct op *op, const struct arg *arg)
{
	void *p = object(r, op, arg);
	int ret = ioctl(r->fd[file], op->request, p);

	if (ret > 0 && (op->request == TUNGETDEVNETNS || op->request == SIOCGSKNS)) {
		trace_add(r->trace, r->step, op->name, "a descriptor");
		descriptor(r, ret);
		return;
	}
	trace_result(r->trace, r->step, op->name, ret);
	written(r, op, arg, p);
}

/* Whether this run's interface exists and has neither an owner nor a group. */
static bool is_unowned(const struct run *r)
{
	static const char * const files[] = { "owner", "group" };
	char path[100], text[4];
	unsigned int i;

	for (i = 0; i < sizeof(files) / sizeof(*files); i++) {
		ssize_t n;
		int fd;

		snprintf(path, sizeof(path), "/sys/class/net/%.12s/%s", r->name, files[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return false;
		n = read(fd, text, sizeof(text));
		close(fd);
		if (n != 3 || memcmp(text, "-1\n", 3))
			return false;
	}
	return true;
}

/* The line's name says whether it is unowned, because the right answer depends on that. */
void call_ioctl_as_nobody(struct run *r, int file, const struct op *op, const struct arg *arg)
{
	struct op told = *op;

	if (is_unowned(r))
		told.name = "TUNSETIFF of what is unowned";
	if (setegid(NOBODY) || seteuid(NOBODY))
		die("cannot become user %d", NOBODY);
	call_ioctl(r, file, &told, arg);
	if (seteuid(0) || setegid(0))
		die("cannot become root again");
}

void call_read(struct run *r, int file, const struct op *op, const struct arg *arg)
{
	size_t size = arg->kind == VALUE ? (size_t)arg->value : op->size;
	uint8_t *p = arg->kind == NOWHERE ? NO_POINTER : room(arg->kind == EDGE ? 20 : size);
	ssize_t n;

	if (arg->kind == VALUE)
		memset(p, 0, size);
	n = read(r->fd[file], p, size);
	trace_result(r->trace, r->step, op->name, n);
	if (n > 0 && arg->kind == VALUE)
		trace_bytes(r->trace, p, n);
}

static unsigned int flags_of(int fd)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };

	ioctl(fd, TUNGETIFF, &ifr);
	return (unsigned short)ifr.ifr_flags;
}

static int vnet_size_of(int fd)
{
	int size = sizeof(struct virtio_net_hdr);

	ioctl(fd, TUNGETVNETHDRSZ, &size);
	return size < 0 || size > 2000 ? (int)sizeof(struct virtio_net_hdr) : size;
}

static size_t frame_for(uint8_t *buf, int fd, const struct arg *arg)
{
	unsigned int flags = flags_of(fd), offset = flags & IFF_NO_PI ? 0 : 4;
	enum frame what = flags & IFF_TUN ? FRAME_IP : FRAME_ETHER;
	bool summed = !strcmp(arg->name, "summed");
	size_t len;

	memset(buf, 0x45, FRAME_MAX);
	if (!strcmp(arg->name, "ether") || !strcmp(arg->name, "ip")) {
		frame_make(buf, strcmp(arg->name, "ip") ? FRAME_ETHER : FRAME_IP, IFF_NO_PI, 0);
		return arg->value;
	}
	if (summed || !strcmp(arg->name, "segments"))
		what = flags & IFF_TUN ? FRAME_GSO_IP : FRAME_GSO;
	len = frame_make(buf, what, flags, vnet_size_of(fd));
	/* As in a frame that was received with a valid checksum and is forwarded. */
	if (summed && flags & IFF_VNET_HDR)
		buf[offset] = VIRTIO_NET_HDR_F_DATA_VALID;
	if (!strcmp(arg->name, "nonsense") && flags & IFF_VNET_HDR) {
		struct virtio_net_hdr h = { VIRTIO_NET_HDR_F_NEEDS_CSUM,
					    VIRTIO_NET_HDR_GSO_TCPV4, 20, 0, 5000, 16 };

		memcpy(buf + offset, &h, sizeof(h));
	}
	return len;
}

static bool is_up(int fd)
{
	struct ifreq ifr = { 0 };

	return !ioctl(fd, TUNGETIFF, &ifr) && link_is_up(ifr.ifr_name);
}

void call_write(struct run *r, int file, const struct op *op, const struct arg *arg)
{
	static uint8_t buf[FRAME_MAX];
	const char *key = op->name;
	size_t size = op->size;
	uint8_t *p = NO_POINTER;
	ssize_t n;

	if (arg->kind == VALUE) {
		size = frame_for(buf, r->fd[file], arg);
		p = memcpy(room(size), buf, size);
	} else if (arg->kind == EDGE) {
		p = room(size - 1);
		frame_make(buf, FRAME_ETHER, IFF_NO_PI, 0);
		memcpy(p, buf, size - 1);
	}
	/* The right answer depends on whether it is up. */
	if (!size && !is_up(r->fd[file]))
		key = "write to what is down";
	frames_forget();
	n = write(r->fd[file], p, size);
	trace_result(r->trace, r->step, key, n);
	if (n > 0)
		frames_received(r->trace, r->step, "kernel", true);
}

void call_poll(struct run *r, int file, const struct op *op, const struct arg *arg)
{
	struct pollfd p = { .fd = r->fd[file], .events = POLLIN | POLLOUT };

	(void)arg;
	poll(&p, 1, 0);
	trace_add(r->trace, r->step, op->name, "%#x", p.revents);
}

void call_reopen(struct run *r, int file, const struct op *op, const struct arg *arg)
{
	(void)arg;
	close(r->fd[file]);
	trace_add(r->trace, r->step, op->name, "%s", run_reopen(r, file) ? "0" : errno_name(errno));
}

/* The first interface of this sequence, if there is one. */
static bool first(struct link *l)
{
	struct link links[LINKS];

	if (!links_list(links))
		return false;
	*l = links[0];
	return true;
}

void call_link(struct run *r, int file, const struct op *op, const struct arg *arg)
{
	struct link l;

	(void)file;
	if (!first(&l))
		return;
	errno = -link_do(l.name, arg->value);
	trace_result(r->trace, r->step, op->name, errno ? -1 : 0);
}

void call_send(struct run *r, int file, const struct op *op, const struct arg *arg)
{
	enum frame what = arg->value;
	struct link l;

	(void)file;
	if (!first(&l))
		return;
	if (l.flags & IFF_POINTOPOINT)
		what = what == FRAME_GSO ? FRAME_GSO_IP : FRAME_IP;
	errno = -frame_send(l.index, what);
	trace_result(r->trace, r->step, op->name, errno ? -1 : 0);
}
