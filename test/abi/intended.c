// SPDX-License-Identifier: GPL-2.0
/* Where xtun answers otherwise than tap, and why it is meant to. */
#include <fnmatch.h>
#include <string.h>

#include "abi.h"

#define FINISHED(read)								\
	{ .before = "? TUNSETOFFLOAD *", .key = "? reads [sl]e*", .b = read,	\
	  .parts = true, .somewhere = true,					\
	  .why = "without a vnet header frames are finished: nobody says what is missing" }

#define TOO_SHORT(said)								\
	{ .before = said, .key = "? reads *", .parts = true, .somewhere = true,	\
	  .why = "a read too short for what stands in front takes nothing; tap's frame is lost" }, \
	{ .before = said, .key = "*poll", .a = "0x4", .b = "0x5", .parts = true, \
	  .somewhere = true, .why = "... and so there is one still" }

const struct intended intended[] = {
	{ .word = "? read *", .a = "EBADFD", .b = "ENODEV",
	  .why = "a read attaches by itself, here to nothing: there is no interface xtun" },
	{ .word = "? write *", .a = "EBADFD", .b = "ENODEV",
	  .why = "a write attaches by itself, here to nothing: there is no interface xtun" },
	{ .word = "? write nothing", .a = "EINVAL", .b = "EIO",
	  .why = "a write of no bytes asks whether the interface is up" },
	{ .key = "if? speed", .a = "0 10 *", .b = "0 10000 *", .somewhere = true,
	  .why = "older tap claims 10 Mbit/s" },
	{ .word = "? read 0", .a = "EBADFD", .b = "0",
	  .why = "a read of no bytes takes nothing, and does not attach" },
	{ .word = "? read to *", .b = "EFAULT", .parts = true, .somewhere = true,
	  .why = "a read that cannot be delivered whole says so; tap gives its length" },
	{ .word = "? TUNSETIFF-by-nobody *", .b = "EPERM*", .parts = true, .somewhere = true,
	  .why = "one with neither owner nor group is CAP_NET_ADMIN's, as with newer tap" },
	{ .key = "? reads *", .a = "EBADFD", .b = "ENODEV", .somewhere = true,
	  .why = "a read at the end attaches by itself as well" },
	{ .word = "? FIONREAD *", .b = "0, *",
	  .why = "FIONREAD tells the length of the next frame" },
	{ .word = "? FIONREAD to *", .b = "EFAULT",
	  .why = "FIONREAD tells the length of the next frame, if it can be written" },
	{ .word = "? FIONREAD *", .b = "ENODEV*",
	  .why = "FIONREAD before attaching joins by itself, here nothing" },
	{ .word = "? TCGETS *", .b = "ENOTTY*",
	  .why = "a call that if_tun.h does not know is no call: isatty() means ENOTTY" },
	{ .word = "? unknown-ioctl *", .b = "ENOTTY*",
	  .why = "a call that if_tun.h does not know is no call" },
	{ .word = "? SIOCGIFMTU *", .b = "ENOTTY*",
	  .why = "a call of sockets is no call of a file, but for the two that tap has" },
	{ .key = "? features", .b = "0, 29171", .somewhere = true,
	  .why = "IFF_NO_CARRIER and IFF_BACKPRESSURE do not depend on the kernel" },
	{ .word = "? TUNGETFEATURES well", .b = "0, 29171", .somewhere = true,
	  .why = "IFF_NO_CARRIER and IFF_BACKPRESSURE do not depend on the kernel" },
	{ .before = "? TUNSETIFF tap no_carrier", .parts = true, .somewhere = true,
	  .why = "IFF_NO_CARRIER does not depend on the kernel" },
	{ .before = "? TUNSETIFF tap backpressure", .parts = true, .somewhere = true,
	  .why = "IFF_BACKPRESSURE does not depend on the kernel" },
	{ .key = "*poll", .a = "0x8", .b = "0x18",
	  .why = "POLLHUP tells deletion from what was never attached" },
	{ .key = "if? channels", .a = "EOPNOTSUPP*", .b = "0 *", .somewhere = true,
	  .why = "ethtool -l tells how many queues there are" },
	{ .before = "? TUNSETQUEUE *detach*", .key = "if? queues", .somewhere = true,
	  .why = "a queue out of service keeps its number; tap gives that to another" },
	{ .before = "? read to *", .key = "*read*", .parts = true, .somewhere = true,
	  .why = "a read that faults puts its frame back; tap's is lost" },
	TOO_SHORT("? read [0-9]"), TOO_SHORT("? read [0-9][0-9]"),
	{ .word = "? write 70000 bytes", .b = "EINVAL", .parts = true,
	  .why = "a frame has 65539 bytes at most" },
	{ .before = "? TUNATTACHFILTER *", .a = "EBADFD*", .parts = true, .somewhere = true,
	  .why = "attaching to an interface that has a filter attaches; tap says so and does not" },
	/* One for each thing that may be in front, but for a vnet header. */
	FINISHED("10?? 4500*"), FINISHED("10?? 000008004500*"),
	FINISHED("10?? 0211*"), FINISHED("10?? 000008000211*"),
	{ .before = "? TUNSETOFFLOAD *tunnel*", .key = "? reads *", .a = "EFAULT", .parts = true,
	  .somewhere = true,
	  .why = "a vnet header too short for tunnels has nothing of them; tap reads nothing" },
	{ .before = "? TUNSETOFFLOAD *tunnel*", .word = "? read *", .a = "EFAULT*", .parts = true,
	  .somewhere = true,
	  .why = "... nor in between" },
#if __SIZEOF_LONG__ == 4
	{ .word = "? TUN*FILTER *", .a = "EINVAL*", .parts = true, .somewhere = true,
	  .why = "32-bit programs can set a filter too" },
#endif
};

const unsigned int n_intended = sizeof(intended) / sizeof(*intended);

static bool glob(const char *pattern, const char *text)
{
	return !pattern || !fnmatch(pattern, text, 0);
}

static bool said(const struct sequence *s, int from, int to, const char *pattern)
{
	char text[TRACE_KEY * 2];
	int i;

	for (i = from; i < to; i++) {
		word_text(s->words[i], text, sizeof(text));
		if (glob(pattern, text))
			return true;
	}
	return false;
}

static bool allows(const struct intended *e, const struct sequence *s, const struct difference *d)
{
	int before = d->step < 0 ? (int)s->n : d->step;

	if (e->word && (d->step < 0 || !said(s, d->step, d->step + 1, e->word)))
		return false;
	if (e->before && !said(s, 0, before, e->before))
		return false;
	return glob(e->key, d->key) && glob(e->a, d->a) && glob(e->b, d->b);
}

int intended_find(const struct sequence *s, const struct difference *d)
{
	unsigned int i;

	for (i = 0; i < n_intended; i++)
		if (allows(&intended[i], s, d))
			return i;
	return -1;
}
