// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The port of lwIP to /dev/xtun, level 0: open, read, write, and no ioctl.
 * The interface at the other end is the administrator's: ip-link(8) brings it
 * up and gives the kernel an address on it.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "xtunif.h"

int xtunif_open(const char *device)
{
	return open(device, O_RDWR | O_CLOEXEC);
}

const char *xtunif_remedy(int error)
{
	switch (error) {
	case 0:
		return "the other end of the descriptor was closed";
	case ENOENT:
		return "load the module first: insmod xtun.ko";
	case EACCES:
	case EPERM:
		return "run this as root, or let this user in: xtun(4), Permissions";
	case EBUSY:
		return "another process has the interface for itself: fuser -v /dev/xtun";
	case ENODEV:
		return "no such interface in this network namespace: ip link add xtun type xtun";
	case EBADFD:
		return "the interface was deleted: make it again, then start this again";
	case EAGAIN:
		return "pass --fd a descriptor without O_NONBLOCK";
	default:
		return "see the table of errors in xtun(4)";
	}
}

/* A frame that is refused once is refused a thousand times: speak of changes. */
static void xtunif_note_write(struct xtunif *x, int error)
{
	if (error == x->write_error)
		return;
	x->write_error = error;
	if (error == EIO)
		warnx("the interface is down, frames are lost until: ip link set xtun up");
	else if (error)
		warnx("write: %s; %s", strerror(error), xtunif_remedy(error));
	else
		warnx("frames go out again");
}

/*
 * lwIP holds its core lock here, so one frame at a time. A refused frame is a
 * frame lost on the wire: TCP sends it again. To take lwIP's link down instead
 * would fail writers that only have to wait.
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
 * PBUF_RAM, though PBUF_POOL is lwIP's advice: liblwip 2.1.3 as Debian builds
 * it reserves 592 bytes for a pool buffer of 1536, for TCP_MSS is 512 in
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

/* One read is one frame, and waits while there is none. */
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
	struct xtunif *x = netif->state;
	pthread_t reader;

	netif->name[0] = 'x';
	netif->name[1] = 't';
	netif->mtu = 1500;
	netif->hwaddr_len = sizeof(x->mac);
	memcpy(netif->hwaddr, x->mac, sizeof(x->mac));
	netif->flags = NETIF_FLAG_ETHERNET | NETIF_FLAG_ETHARP | NETIF_FLAG_BROADCAST |
		       NETIF_FLAG_IGMP | NETIF_FLAG_MLD6 | NETIF_FLAG_LINK_UP;
	netif->output = etharp_output;
	netif->output_ip6 = ethip6_output;
	netif->linkoutput = xtunif_output;

	if (pthread_create(&reader, NULL, xtunif_reader, netif))
		return ERR_MEM;
	pthread_detach(reader);
	return ERR_OK;
}
