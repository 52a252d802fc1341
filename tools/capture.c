// SPDX-License-Identifier: GPL-2.0
/* Watch an interface through a packet socket, without opening /dev/xtun. */
#include "tool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKET_BUFFER (16 << 20)
#define TAG_LEN 4

/* Failure is no error: frames that do not fit the buffer are counted and reported. */
static void enlarge_buffer(int fd)
{
	int size = SOCKET_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

int xtun_capture_open(const char *ifname, int ifindex)
{
	struct sockaddr_ll where = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = ifindex,
	};
	/* With protocol 0 the socket receives nothing before bind() selects the interface. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;

	if (fd < 0) {
		xtun_explain("socket", errno, ifname);
		return -1;
	}
	enlarge_buffer(fd);
	if (setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&where, sizeof(where)) < 0) {
		xtun_explain("packet socket", errno, ifname);
		close(fd);
		return -1;
	}
	return fd;
}

/* The kernel passes the VLAN tag as auxiliary data; on the interface it is in the frame. */
static void put_tag_back(struct xtun_frame *frame, const struct tpacket_auxdata *aux)
{
	uint16_t tag[2] = { htons(ETH_P_8021Q), htons(aux->tp_vlan_tci) };

	if (!(aux->tp_status & TP_STATUS_VLAN_VALID) || frame->len < 2 * MAC_LEN)
		return;
	if (aux->tp_status & TP_STATUS_VLAN_TPID_VALID)
		tag[0] = htons(aux->tp_vlan_tpid);
	memmove(frame->data - TAG_LEN, frame->data, 2 * MAC_LEN);
	frame->data -= TAG_LEN;
	frame->len += TAG_LEN;
	frame->wire_len += TAG_LEN;
	memcpy(frame->data + 2 * MAC_LEN, tag, TAG_LEN);
}

static void read_control(struct msghdr *msg, struct xtun_frame *frame)
{
	struct tpacket_auxdata aux;
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
			memcpy(&frame->when, CMSG_DATA(c), sizeof(frame->when));
		} else if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA) {
			memcpy(&aux, CMSG_DATA(c), sizeof(aux));
			put_tag_back(frame, &aux);
		}
	}
}

/*
 * Returns 1 with a frame, 0 if none waits, -1 with errno on error: ENETDOWN if the interface
 * went down.
 */
int xtun_capture_next(int fd, struct xtun_frame *frame)
{
	static uint8_t room[TAG_LEN + (256 << 10)];
	struct iovec iov = { .iov_base = room + TAG_LEN, .iov_len = sizeof(room) - TAG_LEN };
	union {
		char bytes[256];
		struct cmsghdr align;
	} control;
	struct sockaddr_ll from;
	struct msghdr msg = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t len = recvmsg(fd, &msg, MSG_TRUNC);

	if (len < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;

	memset(frame, 0, sizeof(*frame));
	frame->data = iov.iov_base;
	frame->wire_len = len;
	frame->len = (size_t)len < iov.iov_len ? (size_t)len : iov.iov_len;
	frame->tx = from.sll_pkttype == PACKET_OUTGOING;
	read_control(&msg, frame);
	return 1;
}

/* How many frames the socket's buffer could not hold since the last call. */
unsigned int xtun_capture_dropped(int fd)
{
	struct tpacket_stats stats = { 0 };
	socklen_t len = sizeof(stats);

	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) < 0)
		xtun_explain("packet statistics", errno, NULL);
	return stats.tp_drops;
}
