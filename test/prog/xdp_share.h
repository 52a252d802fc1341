/* SPDX-License-Identifier: GPL-2.0 */
/* Shared code of the XDP tests: programs that count what they see, and listeners. */
#ifndef XDP_SHARE_H
#define XDP_SHARE_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>

#define XDP_SHARE_QUEUES	8

struct xdp {
	int map, prog, link;
};

/* Removes this process's limit on maps, and binds it to the first processor. */
void xdp_process(void);
/*
 * Frames of @ethertype are counted and get @verdict, all others pass. @target is the
 * index of the interface to which frames are redirected.
 */
struct xdp xdp_load(uint16_t ethertype, enum xdp_action verdict, int target);
void xdp_attach(struct xdp *x, const char *ifname, uint32_t mode);
void xdp_end(const struct xdp *x);
/* How many frames of that queue the program has decided about. */
uint64_t xdp_decided(const struct xdp *x, uint32_t queue);
/* A socket for the numbered frames that the stack receives on @ifname. */
int xdp_listener(const char *ifname);
bool xdp_is_silent(int s);

#endif
