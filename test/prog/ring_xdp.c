// SPDX-License-Identifier: GPL-2.0
/*
 * XDP and rings: programs on an interface that a ring sends to, and frames that another
 * device's program redirects. VETH is up, and VETH_PEER is its other end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rings.h"
#include "xdp_share.h"
#include "xt.h"

#define VETH		"xdp0"
#define VETH_PEER	"xdp1"
#define SIZE		(2 * XTUN_RING_MIN)
#define FRAMES		100
#define LIMIT		20000	/* milliseconds; nothing here takes that long */

/* In one piece with headroom, and larger. */
static const size_t sizes[4] = { 60, 201, 1514, 5000 };
static uint8_t buf[XT_BUF];
static struct rings r;

/* Several records with one doorbell. */
static void send_all(void)
{
	uint32_t prod = r.user->rx_prod;
	uint8_t mac[6];
	int i;

	xt_mac(XT_IF, mac);
	for (i = 0; i < FRAMES; i++) {
		size_t len = xt_numbered(buf, mac, xt_peer, sizes[i % 4], i);

		rings_fill(&r, &prod, buf, len);
	}
	ok(rings_publish(&r, prod) == FRAMES, "%d records", FRAMES);
}

static unsigned int come_back(void)
{
	unsigned int n = 0;
	const uint8_t *frame;
	uint32_t len;

	while ((frame = rings_await(&r, &len, n < FRAMES ? LIMIT : 0))) {
		if (len == sizes[n % 4] && xt_number(frame, len) == n)
			n++;
		else
			n = 1000;
		rings_release(&r);
	}
	return n;
}

static unsigned int heard(int s)
{
	unsigned int n = 0;
	ssize_t len;

	while ((len = recv(s, buf, sizeof(buf), 0)) >= 0)
		n += len == (ssize_t)sizes[n % 4] && xt_number(buf, len) == n;
	return n;
}

static void verdict(enum xdp_action action, uint32_t mode, const char *name)
{
	bool native = mode == XDP_FLAGS_DRV_MODE;
	const char *how = native ? "natively" : "generic";
	struct xdp x = xdp_load(XT_ETHERTYPE, action, if_nametoindex(VETH));
	uint64_t in = xt_counter("rx_in"), out = xt_counter("rx_out");
	uint64_t drop = xt_counter("rx_lost_xdp_drop");
	int s = xdp_listener(XT_IF);
	unsigned int n;

	xdp_attach(&x, XT_IF, mode);
	send_all();
	ok(xdp_decided(&x, 0) == FRAMES, "%s %s: the program sees each", name, how);
	ok(xt_counter("rx_in") - in == FRAMES && xt_counter("rx_out") - out +
	   xt_counter("rx_lost_xdp_drop") - drop == FRAMES, "%s %s: each is counted", name, how);
	n = heard(s);
	ok(n == (action == XDP_PASS ? FRAMES : 0), "%s %s: the stack gets %u", name, how, n);
	if (action == XDP_TX) {
		n = come_back();
		ok(n == FRAMES, "%s %s: they come back by the tx ring (%u)", name, how, n);
	} else {
		ok(!rings_drain(&r), "%s %s: none comes back", name, how);
	}
	close(s);
	xdp_end(&x);
	xt_law(XT_IF);
}

/* ndo_xdp_xmit: VETH redirects frames that its other end sends. */
static void redirected(void)
{
	struct xdp x = xdp_load(XT_ETHERTYPE, XDP_REDIRECT, if_nametoindex(XT_IF));
	int packet = xt_packet(VETH_PEER), i;
	unsigned int n;

	xdp_attach(&x, VETH, XDP_FLAGS_DRV_MODE);
	for (i = 0; i < FRAMES; i++)
		xt_transmit(packet, i % 4 < 3 ? sizes[i % 4] : 1000, i);
	for (n = 0; n < FRAMES; n++) {
		uint32_t len;
		const uint8_t *frame = rings_await(&r, &len, LIMIT);

		if (!frame || xt_number(frame, len) != n)
			break;
		rings_release(&r);
	}
	ok(n == FRAMES && !rings_drain(&r), "redirected from a veth: %u of %d by the tx ring", n,
	   FRAMES);
	xdp_end(&x);
	close(packet);
	xt_law(XT_IF);
}

void theme_ring_xdp(void)
{
	if (!rings_offered("XDP and rings"))
		return;
	xdp_process();
	if (rings_make(&r, xt_open(O_NONBLOCK), SIZE, 0))
		die("XTUN_IOC_SET_RINGS");
	rings_drain(&r);
	verdict(XDP_PASS, XDP_FLAGS_DRV_MODE, "PASS");
	verdict(XDP_DROP, XDP_FLAGS_DRV_MODE, "DROP");
	verdict(XDP_TX, XDP_FLAGS_DRV_MODE, "TX");
	verdict(XDP_PASS, XDP_FLAGS_SKB_MODE, "PASS");
	verdict(XDP_DROP, XDP_FLAGS_SKB_MODE, "DROP");
	redirected();
	rings_unmap(&r);
	close(r.fd);
}
