// SPDX-License-Identifier: GPL-2.0 OR MIT
/* libxtun: what all ways have in common. xtun.h documents each function. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "internal.h"

/* Best first. */
static const struct backend *const backends[] = {
	&xtun_backend_rings, &xtun_backend_batch, &xtun_backend_plain,
};

static const char default_device[] = "/dev/xtun";
static const char tap_device[] = "/dev/net/tun";
/* The interface to ask tap for if the options name none. */
static const char default_ifname[] = "xtun";

static int fail(int error)
{
	errno = -error;
	return -1;
}

static int check_options(const struct xtun_options *o)
{
	const unsigned int known = XTUN_MULTI_QUEUE | XTUN_VNET_HDR;
	size_t i;

	for (i = 0; i < sizeof(o->reserved) / sizeof(*o->reserved); i++) {
		if (o->reserved[i])
			return -EINVAL;
	}
	if (o->flags & ~known || (o->flags && !o->ifname) || o->fd < 0 ||
	    (o->offloads && !(o->flags & XTUN_VNET_HDR)))
		return -EINVAL;
	return 0;
}

static const char *reason(int error)
{
	switch (error) {
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		return "the module xtun is not loaded";
	case -EPERM:
		return "RLIMIT_MEMLOCK is too small for rings: raise it, ulimit -l";
	case -ENOMEM:
		return "there is no memory for rings";
	case -EOPNOTSUPP:
		return "the module or this machine has no rings";
	default:
		return "the module is too old";
	}
}

/* Whether to try the next way after this error. */
static int is_passed_over(const struct backend *b, int error)
{
	if (error == -EOPNOTSUPP || error == -ENOTTY)
		return 1;
	return b == &xtun_backend_rings && (error == -EPERM || error == -ENOMEM);
}

static int start_best(struct xtun *x, const struct xtun_options *o)
{
	int error = -EOPNOTSUPP;
	size_t i;

	for (i = 0; i < sizeof(backends) / sizeof(*backends); i++) {
		x->backend = backends[i];
		error = x->backend->start(x, o);
		if (!is_passed_over(x->backend, error))
			break;
		if (!*x->why)
			x->why = reason(error);
	}
	return error;
}

static int start_named(struct xtun *x, const struct xtun_options *o)
{
	size_t i;
	int error;

	for (i = 0; i < sizeof(backends) / sizeof(*backends); i++) {
		if (backends[i]->way != o->way)
			continue;
		x->backend = backends[i];
		error = x->backend->start(x, o);
		return error == -ENOTTY ? -EOPNOTSUPP : error;
	}
	return -EINVAL;
}

static int start_tap(struct xtun *x, const struct xtun_options *o)
{
	const char *ifname = o->ifname ? o->ifname : default_ifname;
	int error = 0;

	x->backend = &xtun_backend_tap;
	if (x->fd < 0)
		x->fd = xtun_device_open(o->device ? o->device : tap_device);
	if (x->fd < 0)
		return -errno;
	/* A descriptor from the caller may be attached already. */
	if (!o->fd || o->ifname)
		error = xtun_device_attach(x->fd, ifname, o);
	return error ? error : x->backend->start(x, o);
}

static int start_xtun(struct xtun *x, const struct xtun_options *o)
{
	int error = 0;

	if (o->ifname)
		error = xtun_device_attach(x->fd, o->ifname, o);
	if (error)
		return error;
	return o->way == XTUN_WAY_ANY ? start_best(x, o) : start_named(x, o);
}

static int no_module(int error)
{
	return error == -ENOENT || error == -ENODEV || error == -ENXIO;
}

static int start(struct xtun *x, const struct xtun_options *o)
{
	int error = check_options(o);

	if (error)
		return error;
	if (x->fd >= 0)
		error = xtun_device_adopt(x->fd);
	if (error)
		return error;
	if (o->way == XTUN_WAY_TAP)
		return start_tap(x, o);
	if (x->fd < 0)
		x->fd = xtun_device_open(o->device ? o->device : default_device);
	if (x->fd >= 0)
		return start_xtun(x, o);

	error = -errno;
	if (o->device || o->way != XTUN_WAY_ANY || !no_module(error))
		return error;
	x->why = reason(error);
	return start_tap(x, o);
}

struct xtun *xtun_open(const struct xtun_options *options)
{
	static const struct xtun_options usual;
	const struct xtun_options *o = options ? options : &usual;
	void *memory;
	struct xtun *x;
	int error;

	if (posix_memalign(&memory, XTUN_LINE, sizeof(*x))) {
		if (o->fd > 0)
			close(o->fd);
		errno = ENOMEM;
		return NULL;
	}
	x = memory;
	*x = (struct xtun){ .fd = o->fd > 0 ? o->fd : -1, .why = "" };
	x->sender.reserved = -1;
	error = start(x, o);
	if (error) {
		if (x->fd >= 0)
			close(x->fd);
		free(x);
		errno = -error;
		return NULL;
	}
	return x;
}

void xtun_close(struct xtun *x)
{
	if (!x)
		return;
	x->backend->stop(x);
	close(x->fd);
	free(x);
}

enum xtun_way xtun_way(const struct xtun *x)
{
	return x->backend->way;
}

const char *xtun_way_name(enum xtun_way way)
{
	switch (way) {
	case XTUN_WAY_RINGS:
		return "rings";
	case XTUN_WAY_BATCH:
		return "batch";
	case XTUN_WAY_PLAIN:
		return "plain";
	case XTUN_WAY_TAP:
		return "tap";
	default:
		return "any";
	}
}

const char *xtun_why(const struct xtun *x)
{
	return x->why;
}

int xtun_fd(const struct xtun *x)
{
	return x->fd;
}

static int hand_out(struct receiver *r, struct xtun_frame *frames, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n && r->next != r->end; i++) {
		const struct xtun_record *record = xtun_record_at(r->data, r->size, r->next);

		frames[i].data = record + 1;
		frames[i].len = record->len;
		frames[i].flags = 0;
		r->next += XTUN_RECORD_SIZE(record->len);
	}
	return i;
}

int xtun_receive(struct xtun *x, struct xtun_frame *frames, unsigned int n)
{
	struct receiver *r = &x->receiver;
	int error;

	xtun_release(x);
	if (r->next == r->end) {
		error = x->backend->fill(x, n);
		if (error)
			return fail(error);
	}
	return hand_out(r, frames, n);
}

void xtun_release(struct xtun *x)
{
	if (x->receiver.start != x->receiver.next)
		x->backend->release(x);
}

void *xtun_reserve(struct xtun *x, size_t len)
{
	struct sender *s = &x->sender;
	uint32_t need;
	int error = 0;

	s->reserved = -1;
	if (len > FRAME_MAX) {
		errno = EMSGSIZE;
		return NULL;
	}
	need = XTUN_RECORD_SIZE(len);
	if (xtun_room(s) < need)
		error = x->backend->drain(x);
	/* After a fatal error the buffer is empty, but nobody would take a frame from it. */
	if ((error && error != -EAGAIN) || xtun_room(s) < need) {
		s->wanted = need;
		errno = error ? -error : EAGAIN;
		return NULL;
	}
	s->wanted = 0;
	s->reserved = len;
	return xtun_record_at(s->data, s->size, s->next) + 1;
}

int xtun_send(struct xtun *x, size_t len)
{
	struct sender *s = &x->sender;
	struct xtun_record *record;

	if (s->reserved < 0 || len > (size_t)s->reserved)
		return fail(-EINVAL);
	record = xtun_record_at(s->data, s->size, s->next);
	record->len = len;
	record->flags = 0;
	s->next += XTUN_RECORD_SIZE(len);
	s->reserved = -1;
	return 0;
}

int xtun_flush(struct xtun *x)
{
	struct sender *s = &x->sender;
	int error;

	/* After the drain a buffer starts again at 0: the reserved space is not at its start. */
	s->reserved = -1;
	error = x->backend->drain(x);
	if (!error) {
		error = s->error;
		s->error = 0;
	}
	return error ? fail(error) : 0;
}

int xtun_arm(struct xtun *x, int events)
{
	if (events & XTUN_CAN_RECEIVE)
		xtun_release(x);
	return x->backend->arm(x, events);
}

int xtun_wait(struct xtun *x, int events, int timeout_ms)
{
	struct pollfd p = {
		.fd = x->fd,
		.events = (events & XTUN_CAN_RECEIVE ? POLLIN : 0) |
			  (events & XTUN_CAN_SEND ? POLLOUT : 0),
	};
	int ready = xtun_arm(x, events);

	if (ready)
		return ready;
	if (poll(&p, 1, timeout_ms) < 0)
		return -1;
	if (p.revents & ~(POLLIN | POLLOUT))
		return events;
	return (p.revents & POLLIN ? XTUN_CAN_RECEIVE : 0) |
	       (p.revents & POLLOUT ? XTUN_CAN_SEND : 0);
}
