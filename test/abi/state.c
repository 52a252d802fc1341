// SPDX-License-Identifier: GPL-2.0
/* What can be observed after a sequence: the files, the interfaces, the frames. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "abi.h"

static const char *key(const char *of, const char *what)
{
	static char text[TRACE_KEY];

	snprintf(text, sizeof(text), "%s %s", of, what);
	return text;
}

static void number(struct run *r, const char *of, const char *what, int fd, unsigned long request)
{
	int value = 0;

	trace_result(r->trace, -1, key(of, what), ioctl(fd, request, &value));
	trace_more(r->trace, ", %d", value);
}

/* The line of /proc/self/fdinfo that names the interface. */
static void fdinfo(struct run *r, const char *of, int fd)
{
	char path[40], text[600], *line;
	ssize_t n;
	int f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = open(path, O_RDONLY | O_CLOEXEC);
	n = f < 0 ? 0 : read(f, text, sizeof(text) - 1);
	close(f);
	text[n < 0 ? 0 : n] = 0;
	line = strstr(text, "iff:");
	if (line)
		line[strcspn(line, "\n")] = 0;
	trace_add(r->trace, -1, key(of, "fdinfo"), "%s", line ? line : "no interface");
}

static void observe_file(struct run *r, int file)
{
	const char of[] = { 'a' + file, 0 };
	struct pollfd p = { .fd = r->fd[file], .events = POLLIN | POLLOUT };
	struct ifreq ifr = { 0 };
	int fd = r->fd[file];

	trace_result(r->trace, -1, key(of, "TUNGETIFF"), ioctl(fd, TUNGETIFF, &ifr));
	trace_more(r->trace, " %.16s %#x", ifr.ifr_name, (unsigned short)ifr.ifr_flags);
	number(r, of, "features", fd, TUNGETFEATURES);
	number(r, of, "sndbuf", fd, TUNGETSNDBUF);
	number(r, of, "vnethdrsz", fd, TUNGETVNETHDRSZ);
	number(r, of, "vnetle", fd, TUNGETVNETLE);
	number(r, of, "vnetbe", fd, TUNGETVNETBE);
	fdinfo(r, of, fd);
	poll(&p, 1, 0);
	trace_add(r->trace, -1, key(of, "poll"), "%#x", p.revents);
}

static long ethtool(const char *name, void *request)
{
	static int s = -1;
	struct ifreq ifr = { .ifr_data = request };

	if (s < 0)
		s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", name);
	return ioctl(s, SIOCETHTOOL, &ifr);
}

/*
 * Where a frame may be in memory is up to the driver: "highdma" is ignored on every
 * kernel.
 */
static uint32_t told_feature(unsigned int block, uint32_t features)
{
	return block ? features : features & ~(1u << 5);
}

static void observe_ethtool(struct run *r, const char *of, const char *name)
{
	struct {
		struct ethtool_gfeatures head;
		struct ethtool_get_features_block block[4];
	} f = { .head = { .cmd = ETHTOOL_GFEATURES, .size = 4 } };
	struct ethtool_cmd settings = { .cmd = ETHTOOL_GSET };
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
	struct ethtool_channels set = { .cmd = ETHTOOL_SCHANNELS, .combined_count = 1 };
	unsigned int i;

	trace_result(r->trace, -1, key(of, "features"), ethtool(name, &f));
	for (i = 0; i < f.head.size && i < 4; i++)
		trace_more(r->trace, " can %08x wants %08x has %08x",
			   told_feature(i, f.block[i].available),
			   told_feature(i, f.block[i].requested),
			   told_feature(i, f.block[i].active));
	trace_result(r->trace, -1, key(of, "speed"), ethtool(name, &settings));
	trace_more(r->trace, " %u duplex %u port %u autoneg %u", ethtool_cmd_speed(&settings),
		   settings.duplex, settings.port, settings.autoneg);
	trace_result(r->trace, -1, key(of, "channels"), ethtool(name, &channels));
	trace_more(r->trace, " %u of %u", channels.combined_count, channels.max_combined);
	trace_result(r->trace, -1, key(of, "set channels"), ethtool(name, &set));
}

static void observe_sysfs(struct run *r, const char *of, const char *name)
{
	static const char * const files[] = { "tun_flags", "owner", "group" };
	unsigned int i, rx = 0, tx = 0;
	char path[100], text[40];
	struct dirent *e;
	DIR *d;

	for (i = 0; i < sizeof(files) / sizeof(*files); i++) {
		ssize_t n = -1;
		int fd;

		snprintf(path, sizeof(path), "/sys/class/net/%s/%s", name, files[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			n = read(fd, text, sizeof(text) - 1);
		trace_result(r->trace, -1, key(of, files[i]), n < 0 ? -1 : 0);
		close(fd);
		if (n > 0)
			trace_more(r->trace, " %.*s", (int)n - 1, text);
	}
	snprintf(path, sizeof(path), "/sys/class/net/%s/queues", name);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		rx += e->d_name[0] == 'r';
		tx += e->d_name[0] == 't';
	}
	if (d)
		closedir(d);
	trace_add(r->trace, -1, key(of, "queues"), "%u in, %u out", rx, tx);
}

/* Reads what waits in both files. */
static void observe_waiting(struct run *r, const char *what)
{
	static uint8_t buf[FRAME_MAX];
	int file, n;

	for (file = 0; file < FILES; file++) {
		char of[TRACE_KEY];

		for (n = 0; n < 4; n++) {
			ssize_t len;

			memset(buf, 0, 4000);
			len = read(r->fd[file], buf, sizeof(buf));
			snprintf(of, sizeof(of), "%c reads %s %d", 'a' + file, what, n);
			trace_result(r->trace, -1, of, len);
			if (len <= 0)
				break;
			trace_bytes(r->trace, buf, len);
		}
	}
}

static void observe_group(struct run *r, const struct link *l, enum frame what, const char *which)
{
	char of[TRACE_KEY];

	snprintf(of, sizeof(of), "if transmits to %s", which);
	errno = -frame_send(l->index, what);
	trace_result(r->trace, -1, of, errno ? -1 : 0);
	snprintf(of, sizeof(of), "of %s", which);
	observe_waiting(r, of);
}

static void observe_sending(struct run *r, const struct link *l)
{
	bool ip = l->flags & IFF_POINTOPOINT;

	if (!ip) {
		observe_group(r, l, FRAME_GROUP, "a group");
		observe_group(r, l, FRAME_OTHER_GROUP, "another");
	}
	errno = -frame_send(l->index, ip ? FRAME_IP : FRAME_ETHER);
	trace_result(r->trace, -1, "if transmits", errno ? -1 : 0);
	observe_waiting(r, "sent");
	errno = -frame_send(l->index, ip ? FRAME_GSO_IP : FRAME_GSO);
	trace_result(r->trace, -1, "if transmits segments", errno ? -1 : 0);
	observe_waiting(r, "segments");
}

/*
 * The file writes a frame in the form that its flags need, and one that is to be
 * segmented.
 */
static void observe_writing(struct run *r, int file)
{
	static uint8_t buf[FRAME_MAX];
	struct ifreq ifr = { 0 };
	unsigned int flags, segments;
	int size = 10;
	char of[TRACE_KEY];

	if (ioctl(r->fd[file], TUNGETIFF, &ifr))
		return;
	flags = (unsigned short)ifr.ifr_flags;
	ioctl(r->fd[file], TUNGETVNETHDRSZ, &size);
	if (size < 10 || size > 2000)
		return;
	for (segments = 0; segments < (flags & IFF_VNET_HDR ? 2 : 1); segments++) {
		enum frame what = flags & IFF_TUN ? FRAME_IP : FRAME_ETHER;
		ssize_t len;

		if (segments)
			what = flags & IFF_TUN ? FRAME_GSO_IP : FRAME_GSO;
		len = frame_make(buf, what, flags, size);
		frames_forget();
		snprintf(of, sizeof(of), "%c writes%s", 'a' + file, segments ? " segments" : "");
		len = write(r->fd[file], buf, len);
		trace_result(r->trace, -1, of, len);
		snprintf(of, sizeof(of), "if %c%s", 'a' + file, segments ? " segments" : "");
		frames_received(r->trace, -1, of, len > 0);
	}
}

/*
 * Takes the interface down and up: when the carrier goes, the core deactivates the
 * queue at some time within a second, and activates it again only now.
 */
static void observe_frames(struct run *r, const struct link *l)
{
	int file;

	observe_waiting(r, "left");
	link_do(l->name, LINK_DOWN);
	errno = -link_do(l->name, LINK_UP);
	trace_result(r->trace, -1, "if up", errno ? -1 : 0);
	observe_sending(r, l);
	for (file = 0; file < FILES; file++)
		observe_writing(r, file);
}

static unsigned int observe_links(struct run *r, struct link *links, const char *when)
{
	unsigned int n = links_list(links), i;

	trace_add(r->trace, -1, when, "%u", n);
	for (i = 0; i < n; i++)
		trace_more(r->trace, " %s", links[i].name);
	return n;
}

void state_observe(struct run *r)
{
	struct link links[LINKS];
	unsigned int n, i;
	char of[8];
	int file;

	for (file = 0; file < FILES; file++)
		observe_file(r, file);
	n = observe_links(r, links, "interfaces");
	for (i = 0; i < n; i++) {
		snprintf(of, sizeof(of), "if%u", i);
		trace_add(r->trace, -1, key(of, "link"), "%s type %u flags %x%s", links[i].name,
			  links[i].type, links[i].flags, links[i].attributes);
		trace_add(r->trace, -1, key(of, "info"), "%s", links[i].info);
		observe_ethtool(r, of, links[i].name);
		observe_sysfs(r, of, links[i].name);
	}
	if (n)
		observe_frames(r, &links[0]);
	for (file = 0; file < FILES; file++) {
		char when[TRACE_KEY];

		close(r->fd[file]);
		r->fd[file] = -1;
		snprintf(when, sizeof(when), "interfaces after %c was closed", 'a' + file);
		observe_links(r, links, when);
	}
}
