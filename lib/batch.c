// SPDX-License-Identifier: GPL-2.0 OR MIT
/* libxtun: many frames in one read() or write(). */
#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "internal.h"

static int batch_start(struct xtun *x, const struct xtun_options *o)
{
	const __u32 on = 1;

	(void)o;
	if (ioctl(x->fd, XTUN_IOC_SET_BATCH, &on) < 0)
		return errno == EINVAL || errno == EBADFD ? -ENOTTY : -errno;
	return xtun_buffer_start(x);
}

static int batch_fill(struct xtun *x, unsigned int n)
{
	struct receiver *r = &x->receiver;
	ssize_t len;

	(void)n;
	do
		len = read(x->fd, r->data, r->size);
	while (len < 0 && errno == EINTR);

	if (len > 0)
		r->end = (len + XTUN_RECORD_ALIGN - 1) & ~(XTUN_RECORD_ALIGN - 1);
	if (len == 0)
		return -EPIPE;
	return len < 0 && errno != EAGAIN ? -errno : 0;
}

static int batch_drain(struct xtun *x)
{
	struct sender *s = &x->sender;
	int error = 0;
	ssize_t len;

	while (!error && s->sent < s->next) {
		len = write(x->fd, s->data + s->sent, s->next - s->sent);
		if (len > 0)
			s->sent += len;
		else if (len < 0 && errno == EAGAIN)
			return -EAGAIN;
		else if (len == 0 || errno != EINTR)
			error = xtun_buffer_refused(s, len ? -errno : -EIO);
	}
	xtun_buffer_emptied(s);
	return error;
}

const struct backend xtun_backend_batch = {
	.way = XTUN_WAY_BATCH,
	.start = batch_start,
	.stop = xtun_buffer_stop,
	.fill = batch_fill,
	.release = xtun_buffer_release,
	.drain = batch_drain,
	.arm = xtun_buffer_arm,
};
