// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What both ports share: lwIP's view of the interface, and the messages. */
#include <err.h>
#include <errno.h>
#include <string.h>

#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "xtunif.h"

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

/* After one refused frame many may follow, so print a message only if the error changes. */
void xtunif_note_write(struct xtunif *x, int error)
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

void xtunif_describe(struct netif *netif)
{
	struct xtunif *x = netif->state;

	netif->name[0] = 'x';
	netif->name[1] = 't';
	netif->mtu = 1500;
	netif->hwaddr_len = sizeof(x->mac);
	memcpy(netif->hwaddr, x->mac, sizeof(x->mac));
	netif->flags = NETIF_FLAG_ETHERNET | NETIF_FLAG_ETHARP | NETIF_FLAG_BROADCAST |
		       NETIF_FLAG_IGMP | NETIF_FLAG_MLD6 | NETIF_FLAG_LINK_UP;
	netif->output = etharp_output;
	netif->output_ip6 = ethip6_output;
}
