// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The port of lwIP to libxtun, in place of xtunif.c: frames lie in rings that are
 * shared with the kernel, and are copied once, between a ring and lwIP. If there are
 * no rings, the library uses read() and write(), as xtunif.c does.
 */
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <unistd.h>
#include <xtun.h>

#include "lwip/pbuf.h"
#include "xtunif.h"

#define BATCH	64

int xtunif_open(struct xtunif *x, const char *device)
{
	struct xtun_options options = { .device = device };

	/* For the library, an fd of 0 means none. */
	if (x->fd >= 0)
		options.fd = x->fd ? x->fd : dup(0);
	if (options.fd < 0)
		return -1;
	x->xtun = xtun_open(&options);
	if (!x->xtun)
		return -1;
	warnx("frames go by %s. %s", xtun_way_name(xtun_way(x->xtun)), xtun_why(x->xtun));
	return 0;
}

static int xtunif_send(struct xtunif *x, struct pbuf *p)
{
	void *frame = xtun_reserve(x->xtun, p->tot_len);

	if (!frame) {
		errno = errno == EAGAIN ? ENOBUFS : errno;
		return -1;
	}
	pbuf_copy_partial(p, frame, p->tot_len, 0);
	return xtun_send(x->xtun, p->tot_len) || xtun_flush(x->xtun) ? -1 : 0;
}

/*
 * lwIP holds its core lock here, so only one thread sends at a time. A refused frame
 * is the same as one lost on the wire: TCP sends it again. Taking lwIP's link down
 * instead would make writers fail that only have to wait.
 */
static err_t xtunif_output(struct netif *netif, struct pbuf *p)
{
	struct xtunif *x = netif->state;

	if (xtunif_send(x, p)) {
		atomic_fetch_add(&x->frames_refused, 1);
		xtunif_note_write(x, errno);
		return ERR_IF;
	}
	atomic_fetch_add(&x->frames_written, 1);
	xtunif_note_write(x, 0);
	return ERR_OK;
}

/* PBUF_RAM: see xtunif.c. */
static void xtunif_input(struct netif *netif, const struct xtun_frame *frame)
{
	struct xtunif *x = netif->state;
	struct pbuf *p = NULL;

	atomic_fetch_add(&x->frames_read, 1);
	if (frame->len <= UINT16_MAX)
		p = pbuf_alloc(PBUF_RAW, frame->len, PBUF_RAM);
	if (!p)
		goto drop;
	pbuf_take(p, frame->data, frame->len);
	if (netif->input(p, netif) != ERR_OK)
		goto drop;
	return;
drop:
	if (p)
		pbuf_free(p);
	atomic_fetch_add(&x->frames_dropped, 1);
}

/* This thread receives and never sends, so it needs no lock with xtunif_output(). */
static void *xtunif_reader(void *arg)
{
	struct netif *netif = arg;
	struct xtunif *x = netif->state;
	struct xtun_frame frames[BATCH];
	int i, n;

	while ((n = xtun_receive(x->xtun, frames, BATCH)) >= 0) {
		for (i = 0; i < n; i++)
			xtunif_input(netif, &frames[i]);
		if (!n)
			xtun_wait(x->xtun, XTUN_CAN_RECEIVE, -1);
	}
	x->gone(errno);
	return NULL;
}

err_t xtunif_init(struct netif *netif)
{
	pthread_t reader;

	xtunif_describe(netif);
	netif->linkoutput = xtunif_output;

	if (pthread_create(&reader, NULL, xtunif_reader, netif))
		return ERR_MEM;
	pthread_detach(reader);
	return ERR_OK;
}
