// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * libxtun: one frame in one read() or write(), with xtun or with tap. The library keeps
 * frames as records here too, but the kernel sees only the frames.
 */
#include <errno.h>
#include <unistd.h>

#include "internal.h"

static int plain_start(struct xtun *x, const struct xtun_options *o)
{
	(void)o;
	return xtun_buffer_start(x);
}

static ssize_t plain_read(struct xtun *x)
{
	struct receiver *r = &x->receiver;
	struct xtun_record *record = xtun_record_at(r->data, r->size, r->end);
	ssize_t len;

	do
		len = read(x->fd, record + 1, FRAME_MAX);
	while (len < 0 && errno == EINTR);

	if (len > 0) {
		record->len = len;
		record->flags = 0;
		r->end += XTUN_RECORD_SIZE(len);
	}
	return len;
}

static int plain_fill(struct xtun *x, unsigned int n)
{
	struct receiver *r = &x->receiver;
	ssize_t len = 1;

	while (len > 0 && n-- && r->size - r->end >= XTUN_RECORD_SIZE(FRAME_MAX))
		len = plain_read(x);
	/* After the frames before it are taken, the next read() fails with the same error. */
	if (len > 0 || r->end)
		return 0;
	if (len == 0)
		return -EPIPE;
	return errno != EAGAIN ? -errno : 0;
}

static int plain_drain(struct xtun *x)
{
	struct sender *s = &x->sender;
	int error = 0;

	while (!error && s->sent < s->next) {
		struct xtun_record *record = xtun_record_at(s->data, s->size, s->sent);

		if (write(x->fd, record + 1, record->len) >= 0)
			s->sent += XTUN_RECORD_SIZE(record->len);
		else if (errno == EAGAIN)
			return -EAGAIN;
		else if (errno != EINTR)
			error = xtun_buffer_refused(s, -errno);
	}
	xtun_buffer_emptied(s);
	return error;
}

const struct backend xtun_backend_plain = {
	.way = XTUN_WAY_PLAIN,
	.start = plain_start,
	.stop = xtun_buffer_stop,
	.fill = plain_fill,
	.release = xtun_buffer_release,
	.drain = plain_drain,
	.arm = xtun_buffer_arm,
};

const struct backend xtun_backend_tap = {
	.way = XTUN_WAY_TAP,
	.start = plain_start,
	.stop = xtun_buffer_stop,
	.fill = plain_fill,
	.release = xtun_buffer_release,
	.drain = plain_drain,
	.arm = xtun_buffer_arm,
};
