// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The two directions. Only the kernel copies frames: they are sent from where xtun
 * put them, and received into where xtun takes them from.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "relay.h"

#define BATCH		64
#define FRAME_MIN	14
#define FRAME_MAX	65539

/* End a thread. After an error, end the program in the same way as SIGTERM does. */
static void *end(struct relay *r, int error)
{
	int none = 0;

	if (error) {
		atomic_compare_exchange_strong(&r->error, &none, error);
		kill(getpid(), SIGTERM);
	}
	return NULL;
}

/* Sleep until fd has an event or the timeout expires; false if the relay is to end. */
static bool await(const struct relay *r, int fd, short events, int timeout_ms)
{
	struct pollfd p[] = {
		{ .fd = fd, .events = events },
		{ .fd = r->stop, .events = POLLIN },
	};

	while (poll(p, 2, timeout_ms) < 0 && errno == EINTR)
		;
	return !p[1].revents;
}

static void fill_message(struct relay *r, const struct xtun_frame *frame,
			 struct tunnel_header *header, struct iovec *iov, struct msghdr *message)
{
	*header = r->header;
	header->len = htons(frame->len);
	iov[0] = (struct iovec){ header, sizeof(*header) };
	iov[1] = (struct iovec){ (void *)frame->data, frame->len };
	*message = (struct msghdr){ .msg_iov = iov, .msg_iovlen = 2 };
}

/* A frame that the outer interface cannot take is lost; any other error ends the relay. */
static int refused(struct relay *r, int error)
{
	switch (error) {
	case EMSGSIZE:
		atomic_fetch_add(&r->too_long, 1);
		return 0;
	case ENETDOWN:
	case ENOBUFS:
	case ENOMEM:
	case EINTR:
		return 0;
	default:
		return error;
	}
}

static int send_all(struct relay *r, struct mmsghdr *messages, int n)
{
	int sent = 0, done, error;

	while (sent < n) {
		done = sendmmsg(r->packet, messages + sent, n - sent, MSG_DONTWAIT);
		if (done > 0) {
			atomic_fetch_add(&r->out, done);
			sent += done;
			continue;
		}
		/* Not a blocking send: the outer interface may never drain. */
		if (errno == EAGAIN) {
			if (!await(r, r->packet, POLLOUT, -1))
				return 0;
			continue;
		}
		error = refused(r, errno);
		if (error)
			return error;
		sent++;
	}
	return 0;
}

static int relay_frames_out(struct relay *r, const struct xtun_frame *frames, int n)
{
	struct tunnel_header headers[BATCH];
	struct iovec iov[BATCH][2];
	struct mmsghdr messages[BATCH];
	int i;

	for (i = 0; i < n; i++)
		fill_message(r, &frames[i], &headers[i], iov[i], &messages[i].msg_hdr);
	return send_all(r, messages, n);
}

void *relay_out(void *arg)
{
	struct xtun_frame frames[BATCH];
	struct relay *r = arg;
	int n, error;

	do {
		n = xtun_receive(r->x, frames, BATCH);
		/* Without memory only one frame is lost. */
		if (n < 0 && errno != ENOMEM)
			return end(r, errno);
		error = n > 0 ? relay_frames_out(r, frames, n) : 0;
		if (error)
			return end(r, error);
		/* The descriptor wakes us reliably only after xtun_arm(). */
	} while (await(r, xtun_fd(r->x), POLLIN, xtun_arm(r->x, XTUN_CAN_RECEIVE) ? 0 : -1));
	return end(r, 0);
}

static bool is_ours(const struct relay *r, const struct tunnel_header *h, size_t len)
{
	return len >= sizeof(*h) && h->version == TUNNEL_VERSION && h->id == r->header.id &&
	       !memcmp(h->from, r->header.to, sizeof(h->from)) &&
	       !memcmp(h->to, r->header.from, sizeof(h->to)) &&
	       ntohs(h->len) >= FRAME_MIN && ntohs(h->len) <= len - sizeof(*h);
}

/*
 * A packet socket reports when its interface goes down, but not when it is deleted after
 * that. So check for it from time to time once the interface has gone down.
 */
static bool outer_is_gone(const struct relay *r)
{
	struct sockaddr_ll outer = { 0 };
	socklen_t len = sizeof(outer);

	return !getsockname(r->packet, (struct sockaddr *)&outer, &len) && outer.sll_ifindex < 0;
}

/* 1: a frame was received, 0: there is none, or no room for one, -1: see errno. */
static int relay_frame_in(struct relay *r)
{
	struct tunnel_header header;
	struct iovec iov[2] = { { &header, sizeof(header) } };
	struct msghdr message = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t len;
	int error;

	iov[1].iov_base = xtun_reserve(r->x, FRAME_MAX);
	iov[1].iov_len = FRAME_MAX;
	if (!iov[1].iov_base)
		return errno == EAGAIN ? 0 : -1;
	len = recvmsg(r->packet, &message, MSG_DONTWAIT);
	if (len < 0) {
		error = errno;
		r->outer_down |= error == ENETDOWN;
		errno = r->outer_down && outer_is_gone(r) ? ENODEV : error;
		return errno == EAGAIN || errno == EINTR || errno == ENETDOWN ? 0 : -1;
	}
	if (!is_ours(r, &header, len)) {
		atomic_fetch_add(&r->foreign, 1);
		return 1;
	}
	xtun_send(r->x, ntohs(header.len));
	atomic_fetch_add(&r->in, 1);
	return 1;
}

/* Frames sent while the interface is down, or without memory, are lost: that is no error. */
static int flush(struct relay *r)
{
	if (!xtun_flush(r->x) || errno == EAGAIN || errno == EIO || errno == ENOMEM)
		return 0;
	return errno;
}

/* Wait for room if there is none, otherwise for a frame. */
static bool await_in(struct relay *r)
{
	if (!xtun_arm(r->x, XTUN_CAN_SEND))
		return await(r, xtun_fd(r->x), POLLOUT, -1);
	return await(r, r->packet, POLLIN, r->outer_down ? 1000 : -1);
}

void *relay_in(void *arg)
{
	struct relay *r = arg;
	int i, got, error;

	do {
		for (i = 0, got = 1; i < BATCH && got > 0; i++)
			got = relay_frame_in(r);
		if (got < 0)
			return end(r, errno);
		error = flush(r);
		if (error)
			return end(r, error);
	} while (await_in(r));
	return end(r, 0);
}
