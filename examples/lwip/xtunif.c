// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The port of lwIP to /dev/xtun, level 0: open, read, write, and no ioctl.
 * The administrator configures the interface at the other end, with ip-link(8)
 * and ip-address(8).
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "lwip/pbuf.h"
#include "xtunif.h"

int xtunif_open(struct xtunif *x, const char *device)
{
	if (x->fd < 0)
		x->fd = open(device, O_RDWR | O_CLOEXEC);
	return x->fd < 0 ? -1 : 0;
}

/*
 * lwIP holds its core lock here, so this sends one frame at a time. A refused
 * frame is the same as one lost on the wire: TCP sends it again. Taking lwIP's
 * link down instead would make writers fail that only have to wait.
 */
static err_t xtunif_output(struct netif *netif, struct pbuf *p)
{
	struct xtunif *x = netif->state;
	void *frame = pbuf_get_contiguous(p, x->out, sizeof(x->out), p->tot_len, 0);

	if (write(x->fd, frame, p->tot_len) < 0) {
		atomic_fetch_add(&x->frames_refused, 1);
		xtunif_note_write(x, errno);
		return ERR_IF;
	}
	atomic_fetch_add(&x->frames_written, 1);
	xtunif_note_write(x, 0);
	return ERR_OK;
}

/*
 * PBUF_RAM, although lwIP recommends PBUF_POOL: Debian's build of liblwip 2.1.3
 * reserves only 592 bytes for a pool buffer of 1536, because TCP_MSS is 512 in
 * <netinet/tcp.h>.
 */
static void xtunif_input(struct netif *netif, size_t len)
{
	struct xtunif *x = netif->state;
	struct pbuf *p = NULL;

	atomic_fetch_add(&x->frames_read, 1);
	if (len <= UINT16_MAX)
		p = pbuf_alloc(PBUF_RAW, len, PBUF_RAM);
	if (!p)
		goto drop;
	pbuf_take(p, x->in, len);
	if (netif->input(p, netif) != ERR_OK)
		goto drop;
	return;
drop:
	if (p)
		pbuf_free(p);
	atomic_fetch_add(&x->frames_dropped, 1);
}

/* Each read() returns one frame, and waits until there is one. */
static void *xtunif_reader(void *arg)
{
	struct netif *netif = arg;
	struct xtunif *x = netif->state;
	ssize_t len;

	do {
		len = read(x->fd, x->in, sizeof(x->in));
		if (len > 0)
			xtunif_input(netif, len);
	} while (len > 0 || (len < 0 && errno == EINTR));

	x->gone(len < 0 ? errno : 0);
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
