// SPDX-License-Identifier: GPL-2.0
/* TUNSETTXFILTER: only frames to some addresses pass. */
#define _GNU_SOURCE
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "filter.h"
#include "xt.h"

#define EXACT		8	/* this many addresses are compared whole */
#define MOST		(EXACT + 2)

/* Those named same_hash have the hash of the first address, and the others do not. */
static const uint8_t group[6] = { 1, 0, 0x5e, 1, 2, 3 };
static const uint8_t same_hash[6] = { 1, 0, 0x5e, 1, 2, 26 };
static const uint8_t same_hash_host[6] = { 2, 0, 0, 0, 0, 192 };
static const uint8_t other_group[6] = { 1, 0, 0x5e, 1, 2, 4 };
static const uint8_t stranger[6] = { 2, 0, 0, 0, 9, 9 };

static const uint8_t *host(int i)
{
	static uint8_t mac[6] = { 2, 0, 0, 0, 1 };

	mac[5] = i;
	return mac;
}

static int set(int fd, unsigned int flags, const uint8_t (*macs)[6], int n)
{
	struct {
		struct tun_filter head;
		uint8_t macs[MOST][6];
	} f = { .head = { .flags = flags, .count = n } };

	memcpy(f.macs, macs, n * 6);
	return ioctl(fd, TUNSETTXFILTER, &f);
}

static bool passes(int fd, const uint8_t *dst)
{
	return filter_passes(fd, dst, 100, 100);
}

static bool refuses(int fd, const uint8_t *dst)
{
	return filter_refuses(fd, dst, 100, "tx_lost_txfilter");
}

static void exact(int fd, uint8_t (*macs)[6])
{
	int i, passed = 0;

	ok(set(fd, 0, macs, EXACT) == EXACT, "TUNSETTXFILTER: eight addresses are compared whole");
	for (i = 0; i < EXACT; i++)
		passed += passes(fd, host(i));
	ok(passed == EXACT, "... frames to each of them arrive");
	ok(refuses(fd, stranger) && refuses(fd, host(EXACT)) && refuses(fd, group) &&
	   refuses(fd, xt_everyone), "... and others do not, each counted as tx_lost_txfilter");
	ok(set(fd, 0, macs, 1) == 1, "one address");
	ok(passes(fd, host(0)) && refuses(fd, host(1)), "... is what arrives from then on");
}

static void hashed(int fd, uint8_t (*macs)[6])
{
	memcpy(macs[EXACT], group, 6);
	ok(set(fd, 0, macs, EXACT + 1) == EXACT, "a group beyond them: its hash is compared");
	ok(passes(fd, group) && passes(fd, same_hash), "... it arrives, as others of its hash do");
	ok(refuses(fd, other_group) && refuses(fd, same_hash_host) && refuses(fd, xt_everyone),
	   "... but no other group, nor a host of that hash");
	ok(passes(fd, host(0)) && passes(fd, host(EXACT - 1)), "... and the eight hosts still do");
	ok(set(fd, TUN_FLT_ALLMULTI, macs, 1) == 1, "TUN_FLT_ALLMULTI");
	ok(passes(fd, other_group) && passes(fd, xt_everyone) && passes(fd, host(0)),
	   "... lets all groups pass");
	ok(refuses(fd, host(1)) && refuses(fd, same_hash_host), "... and no more hosts");
}

static void none(int fd, uint8_t (*macs)[6])
{
	memcpy(macs[EXACT], stranger, 6);
	ok(!set(fd, 0, macs, EXACT + 1), "a host beyond them cannot be told: the filter is off");
	ok(passes(fd, stranger) && passes(fd, same_hash_host) && passes(fd, xt_everyone),
	   "... and everything arrives");
	set(fd, 0, macs, 1);
	ok(refuses(fd, stranger) && !set(fd, 0, macs, 0), "no addresses: it is off");
	ok(passes(fd, stranger) && passes(fd, group), "... and everything arrives");
}

void theme_filter_address(void)
{
	int fd = filter_open(), i;
	uint8_t macs[MOST][6];

	for (i = 0; i < EXACT; i++)
		memcpy(macs[i], host(i), 6);
	exact(fd, macs);
	hashed(fd, macs);
	none(fd, macs);
	xt_law(FILTER_IF);
	close(fd);
}
