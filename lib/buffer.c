// SPDX-License-Identifier: GPL-2.0 OR MIT
/* libxtun: records in a buffer, which read() fills and write() empties. */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"

/* Room for a few frames of any length, or over 150 of 1500 bytes; it fits most caches. */
#define BUFFER_SIZE	(256 << 10)

int xtun_buffer_start(struct xtun *x)
{
	int error = xtun_device_join(x->fd);

	if (error)
		return error;
	x->receiver.size = BUFFER_SIZE;
	x->receiver.data = malloc(BUFFER_SIZE);
	x->sender.size = BUFFER_SIZE;
	x->sender.data = malloc(BUFFER_SIZE);
	if (x->receiver.data && x->sender.data)
		return 0;
	xtun_buffer_stop(x);
	return -ENOMEM;
}

void xtun_buffer_stop(struct xtun *x)
{
	free(x->receiver.data);
	free(x->sender.data);
}

/* Some of the records that were read may not have been received by the program yet. */
void xtun_buffer_release(struct xtun *x)
{
	struct receiver *r = &x->receiver;

	if (r->next == r->end) {
		r->next = 0;
		r->end = 0;
	}
	r->start = r->next;
}

/*
 * Skip the first frame, which the driver has refused; or all frames, if the error is one
 * that the others would get, too.
 */
int xtun_buffer_refused(struct sender *s, int error)
{
	if (error == -EBADFD || error == -EPIPE) {
		xtun_buffer_emptied(s);
		return error;
	}
	s->error = error;
	s->sent += XTUN_RECORD_SIZE(xtun_record_at(s->data, s->size, s->sent)->len);
	return 0;
}

void xtun_buffer_emptied(struct sender *s)
{
	s->next = 0;
	s->sent = 0;
}

/* Edge-triggered epoll reports no frame that waits already, so try to read one. */
int xtun_buffer_arm(struct xtun *x, int events)
{
	struct receiver *r = &x->receiver;
	int ready = 0;

	if (events & XTUN_CAN_RECEIVE) {
		if (r->next == r->end && x->backend->fill(x, 1))
			return events;
		if (r->next != r->end)
			ready |= XTUN_CAN_RECEIVE;
	}
	if (events & XTUN_CAN_SEND && x->sender.sent == x->sender.next)
		ready |= XTUN_CAN_SEND;
	return ready;
}
