// SPDX-License-Identifier: GPL-2.0
/* Where xtun is meant to answer differently from tap, and why. */
#include <fnmatch.h>
#include <string.h>

#include "abi.h"

/* The file got an interface. */
#define ATTACHED	"? TUNSETIFF*: 0, *"

/* Features of tap: up to 6.1, and up to 7.2. xtun's are 29171. */
#define NO_NO_CARRIER	"0, 28979"
#define NO_BACKPRESSURE	"0, 2[89][90][74][93]"	/* the same, or 29043 */

#define CARRIER		"? TUNSETIFF tap no_carrier: 0, *"
#define BACKPRESSURE	"? TUNSETIFF tap backpressure: 0, *"
#define TUNNELS		"? TUNSETOFFLOAD *tunnel*: 0"

/* One large frame, or the first of several, that begins with these bytes. */
#define FINISHED(bytes)								\
	{ .before = "? TUNSETOFFLOAD csum*: 0", .key = "? reads [sl]e[gf]*",	\
	  .a = "[13]0?? " bytes "*", .b = "10?? " bytes "*", .parts = true,	\
	  .somewhere = true,							\
	  .why = "without a vnet header frames are finished: nobody says what is missing" }

/* Each of two queues has the other's number, and so gets the other's frames. */
#define NUMBERED(left)								\
	{ .before = left, .control = "if? queues: 2 in, 2 out", .key = "? reads *",	\
	  .a = "EAGAIN", .b = "[1-9]*", .parts = true, .somewhere = true,	\
	  .why = "a queue that comes back has the lowest number, with tap the highest" }, \
	{ .before = left, .control = "if? queues: 2 in, 2 out", .key = "? reads *",	\
	  .a = "[1-9]*", .b = "EAGAIN", .parts = true, .somewhere = true,	\
	  .why = "... so each file gets what is the other's with tap" },	\
	{ .before = left, .control = "if? queues: 2 in, 2 out", .key = "*poll",	\
	  .a = "0x[45]", .b = "0x[45]", .somewhere = true, .why = "... which poll tells" }

/* From then on there is one frame more than with tap. */
#define PUT_BACK(read, reason)							\
	{ .mine = read, .key = "*poll", .a = "0x4", .b = "0x5",			\
	  .somewhere = true, .why = reason ", which poll tells" },		\
	{ .mine = read, .key = "*poll", .a = "0", .b = "0x1",			\
	  .somewhere = true, .why = reason ", which poll tells, up or down" },	\
	{ .mine = read, .key = "*read*", .somewhere = true, .why = reason }

/* The effects of a filter: how much of a frame arrives, and the bit in the flags. */
#define OF_THE_FILE(set, left, reason)						\
	{ .before = set, .also = left, .key = "? reads *", .somewhere = true,	\
	  .why = reason },							\
	{ .before = set, .also = left, .key = "*poll", .a = "*[04]", .b = "*[15]",	\
	  .somewhere = true, .why = reason ", which poll tells" },		\
	{ .before = set, .also = left, .key = "? TUNGETIFF", .a = "0 * 0x*[02468ace]?02", \
	  .b = "0 * 0x1*", .somewhere = true, .why = reason ", which TUNGETIFF tells" }

const struct intended intended[] = {
	{ .word = "? read [!0]*", .never = ATTACHED, .a = "EBADFD", .b = "ENODEV",
	  .why = "a read attaches by itself, here to nothing: there is no interface xtun" },
	{ .word = "? write *", .never = ATTACHED, .a = "EBADFD", .b = "ENODEV",
	  .why = "a write attaches by itself, here to nothing: there is no interface xtun" },
	{ .word = "? write nothing", .key = "write to what is down", .a = "EINVAL", .b = "EIO",
	  .why = "a write of no bytes asks whether the interface is up" },
	{ .key = "if? speed", .a = "0 10 duplex 1 port 0 autoneg 0",
	  .b = "0 10000 duplex 1 port 0 autoneg 0", .somewhere = true,
	  .why = "older tap claims 10 Mbit/s" },
	{ .word = "? read 0", .a = "EBADFD", .b = "0",
	  .why = "a read of no bytes takes nothing, and does not attach" },
	{ .word = "? read to *", .a = "[1-9]*", .b = "EFAULT", .somewhere = true,
	  .why = "a read that cannot be delivered whole says so; tap gives its length" },
	{ .word = "? TUNSETIFF-by-nobody *", .key = "TUNSETIFF of what is unowned",
	  .a = "0, *", .b = "EPERM, *", .parts = true, .somewhere = true,
	  .why = "one with neither owner nor group is CAP_NET_ADMIN's, as with newer tap" },
	{ .word = "? TUNSETIFF-by-nobody *", .key = "TUNSETIFF of what is unowned",
	  .a = "EBUSY, *", .b = "EPERM, *", .somewhere = true,
	  .why = "... which is asked before whether another file has it" },
	{ .word = "? TUNSETIFF *", .before = "? ip-link delete: 0*", .a = "EBUSY*", .b = "0, *",
	  .parts = true, .somewhere = true,
	  .why = "tap takes the number of the queue that is gone for what TUNSETIFINDEX sets" },
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	{ .word = "? TUNSETIFF *", .before = "? TUNSETIFINDEX 1: 0*", .a = "EBUSY*", .b = "0, *",
	  .parts = true, .somewhere = true,
	  .why = "a number that another has is asked for once, in either byte order" },
#endif
	{ .key = "? reads *", .never = ATTACHED, .a = "EBADFD", .b = "ENODEV",
	  .why = "a read at the end attaches by itself as well" },
	{ .word = "? FIONREAD well", .mine = ATTACHED, .a = "EINVAL, *", .b = "0, *",
	  .why = "FIONREAD tells the length of the next frame" },
	{ .word = "? FIONREAD well", .mine = ATTACHED, .a = "EBADFD, *", .b = "0, 0",
	  .somewhere = true, .why = "... of which there is none once the interface is deleted" },
	{ .word = "? FIONREAD to *", .mine = ATTACHED, .a = "E[IB][NA][VD]*", .b = "EFAULT",
	  .why = "FIONREAD tells the length of the next frame, if it can be written" },
	{ .word = "? FIONREAD *", .never = ATTACHED, .a = "EBADFD*", .b = "ENODEV*",
	  .why = "FIONREAD before attaching joins by itself, here nothing" },
	{ .word = "? TCGETS *", .a = "E[IB][NA][VD]*", .b = "ENOTTY*",
	  .why = "a call that if_tun.h does not know is no call: isatty() means ENOTTY" },
	{ .word = "? unknown-ioctl *", .a = "E[IB][NA][VD]*", .b = "ENOTTY*",
	  .why = "a call that if_tun.h does not know is no call" },
	{ .word = "? SIOCGIFMTU *", .a = "E[IBF][NA][VDU]*", .b = "ENOTTY*",
	  .why = "a call of sockets is no call of a file, but for the two that tap has" },
	{ .key = "? features", .a = NO_BACKPRESSURE, .b = "0, 29171", .somewhere = true,
	  .why = "IFF_NO_CARRIER and IFF_BACKPRESSURE do not depend on the kernel" },
	{ .word = "? TUNGETFEATURES well", .a = NO_BACKPRESSURE, .b = "0, 29171",
	  .somewhere = true,
	  .why = "IFF_NO_CARRIER and IFF_BACKPRESSURE do not depend on the kernel" },
	{ .before = CARRIER, .control = "? features: " NO_NO_CARRIER, .key = "if? link",
	  .a = "* carrier 1*", .b = "* carrier 0*", .somewhere = true,
	  .why = "IFF_NO_CARRIER does not depend on the kernel" },
	{ .before = CARRIER, .control = "? features: " NO_NO_CARRIER, .key = "*poll",
	  .a = "0x[15]", .b = "*[04]", .somewhere = true,
	  .why = "... and without a carrier nothing is transmitted" },
	{ .before = CARRIER, .control = "? features: " NO_NO_CARRIER, .key = "*read*",
	  .a = "[1-9]*", .parts = true, .somewhere = true, .why = "... and so nothing is read" },
	{ .before = BACKPRESSURE, .key = "? TUNGETIFF", .a = "0 * 0x1[08]02",
	  .b = "0 * 0x1[08]82", .somewhere = true,
	  .why = "IFF_BACKPRESSURE does not depend on the kernel" },
	{ .before = BACKPRESSURE, .key = "if? tun_flags", .a = "0 0x1[08]02",
	  .b = "0 0x1[08]82", .somewhere = true,
	  .why = "IFF_BACKPRESSURE does not depend on the kernel, and is shown" },
	{ .before = BACKPRESSURE, .word = "? TUNGETIFF well", .a = "0, * *02*", .b = "0, * *82*",
	  .somewhere = true,
	  .why = "IFF_BACKPRESSURE does not depend on the kernel, and is told" },
	{ .key = "*poll", .mine = ATTACHED, .a = "0x8", .b = "0x18",
	  .why = "POLLHUP tells deletion from what was never attached" },
	{ .key = "if? channels", .a = "EOPNOTSUPP 0 of 0", .b = "0 [0-2] of [12]*",
	  .somewhere = true, .why = "ethtool -l tells how many queues there are" },
	{ .before = "? TUNSETQUEUE detach: 0, *", .key = "if? queues", .a = "1 in, 1 out",
	  .b = "2 in, 2 out", .somewhere = true,
	  .why = "a queue out of service keeps its number; tap gives that to another" },
	{ .before = "? open again: 0", .key = "if? queues", .a = "1 in, 1 out",
	  .b = "2 in, 2 out", .somewhere = true,
	  .why = "... and the last keeps its own when another is closed" },
	{ .key = "if? queues", .before = "? TUNSETIFF *multi*: 0, *",
	  .a = "1 in, 1 out", .b = "2 in, 1 out", .somewhere = true,
	  .why = "the last queue goes, and what it received may be on its way: its number stays" },
	{ .before = "? TUNSETSNDBUF 1: 0*", .key = "*poll", .a = "*[01]", .b = "0x[45]",
	  .somewhere = true,
	  .why = "who has nothing in the stack may write, whatever the limit; tap never says so" },
	NUMBERED("? open again: 0"),
	NUMBERED("? TUNSETQUEUE detach: 0, *"),
	PUT_BACK("? read *: EINVAL",
		 "a read too short for what stands in front takes nothing; tap's frame is lost"),
	PUT_BACK("? read to *: EFAULT",
		 "a read that faults in what stands in front puts its frame back; tap's is lost"),
	PUT_BACK("? read to *: [1-9]*",
		 "a read that faults puts its frame back; tap's is lost"),
	{ .word = "? write 70000 bytes", .key = "write", .a = "[7E][0IM]*", .b = "EINVAL",
	  .why = "a frame has 65539 bytes at most" },
	{ .word = "? write 70000 bytes", .key = "kernel", .a = "received *", .b = "(nothing)",
	  .somewhere = true, .why = "... and the kernel receives none" },
	{ .word = "? write 65500 bytes", .mine = "? TUNSETIFF tap*frags*: 0, *", .key = "write",
	  .a = "EMSGSIZE", .somewhere = true,
	  .why = "with IFF_NAPI_FRAGS a frame may be as long as without, if it is in one piece" },
	{ .word = "? write 65500 bytes", .mine = "? TUNSETIFF tap*frags*: 0, *",
	  .key = "kernel", .a = "(nothing)", .b = "received *", .somewhere = true,
	  .why = "... and the kernel receives it" },
	{ .word = "? write 4 bytes", .mine = "? TUNSETIFF tun*pi*: 0, *", .key = "write",
	  .a = "[4E]*", .b = "EINVAL", .somewhere = true,
	  .why = "protocol information alone is no packet" },
	{ .word = "? write 4 bytes", .mine = "? TUNSETIFF tun*pi*: 0, *", .key = "kernel",
	  .a = "received *", .b = "(nothing)", .somewhere = true,
	  .why = "... and the kernel receives none" },
	{ .before = "? TUNATTACHFILTER *: 0", .mine = "? TUNSETIFF tap pi*: 0, *",
	  .a = "EBADFD*", .parts = true, .somewhere = true,
	  .why = "attaching to an interface that has a filter attaches; tap says so and does not" },
	{ .before = "? TUNATTACHFILTER *: 0", .also = "? TUNSETQUEUE attach: 0, *",
	  .control = "? TUNGETIFF: 0 * 0x?[57]*", .somewhere = true,
	  .why = "... by TUNSETQUEUE too: with tap the queue stays out of service" },
	{ .before = "? TUNATTACHFILTER *: 0", .also = "? TUNSETIFF tap multi pi: 0, *",
	  .control = "? TUNGETIFF: 0 * 0x*[13]02", .somewhere = true,
	  .why = "... and no file's flags are those of another that has not attached" },
	OF_THE_FILE("? TUNATTACHFILTER *: 0", "? ip-link delete: 0*",
		    "a filter goes with its interface; tap's is its file's, and stays"),
	OF_THE_FILE("? TUNDETACHFILTER *: 0*", "? TUNSETQUEUE detach: 0, *",
		    "a filter taken away is none of a queue out of service either"),
	/* One for each header that may be in front, except a vnet header. */
	FINISHED("4500"), FINISHED("000008004500"),
	FINISHED("0211"), FINISHED("000008000211"),
	{ .before = TUNNELS, .key = "? reads *", .a = "EFAULT", .b = "[1-9]*", .parts = true,
	  .somewhere = true,
	  .why = "a vnet header too short for tunnels has nothing of them; tap reads nothing" },
	{ .before = TUNNELS, .word = "? read *", .a = "EFAULT", .b = "[1-9]*",
	  .somewhere = true, .why = "... nor in between" },
#if __SIZEOF_LONG__ == 4
	{ .word = "? TUNATTACHFILTER *", .a = "EINVAL", .b = "0", .parts = true,
	  .why = "32-bit programs can set a filter too" },
	{ .word = "? TUN[DG]*FILTER *", .a = "EINVAL*", .b = "0*",
	  .why = "32-bit programs can take it away, and ask for it" },
	{ .word = "? TUN[AG]*FILTER *", .a = "EINVAL", .b = "EFAULT",
	  .why = "... if they say where it is" },
#endif
};

const unsigned int n_intended = sizeof(intended) / sizeof(*intended);

/* A word or a line's key, and a value. */
#define TOLD	(TRACE_KEY * 2 + TRACE_VALUE + 4)

static bool glob(const char *pattern, const char *text)
{
	return !pattern || !fnmatch(pattern, text, 0);
}

/* A word and its answer: "a read 3: EINVAL" */
static void told(const struct sequence *s, const struct trace *control, int step, char *text)
{
	const char *answer = "nothing";
	char word[TRACE_KEY * 2];
	unsigned int i;

	/* The first line of the step. */
	for (i = control->n; i-- > 0;)
		if (control->lines[i].step == step)
			answer = control->lines[i].value;
	word_text(s->words[step], word, sizeof(word));
	snprintf(text, TOLD, "%s: %s", word, answer);
}

/*
 * Whether this was called before step @to; with a @file, on that file since it was
 * opened.
 */
static bool said(const struct sequence *s, const struct trace *control, int to, char file,
		 const char *pattern)
{
	char text[TOLD];
	bool yes = false;
	int i;

	for (i = 0; i < to; i++) {
		told(s, control, i, text);
		if (file && text[0] != file)
			continue;
		if (file && !strcmp(text + 1, " open again: 0"))
			yes = false;
		yes |= glob(pattern, text);
	}
	return yes;
}

static bool observed(const struct trace *control, const char *pattern)
{
	char text[TOLD];
	unsigned int i;

	for (i = 0; i < control->n; i++) {
		const struct line *line = &control->lines[i];

		snprintf(text, sizeof(text), "%s: %s", line->key, line->value);
		if (line->step < 0 && glob(pattern, text))
			return true;
	}
	return false;
}

/* The file that a difference is about; 0: none. */
static char file_of(const struct sequence *s, const struct difference *d)
{
	char word[TRACE_KEY * 2];

	if (d->step < 0)
		return d->key[1] == ' ' ? d->key[0] : 0;
	word_text(s->words[d->step], word, sizeof(word));
	return word[0];
}

static bool is_word(const struct sequence *s, int step, const char *pattern)
{
	char word[TRACE_KEY * 2];

	if (step < 0)
		return false;
	word_text(s->words[step], word, sizeof(word));
	return glob(pattern, word);
}

static bool allows(const struct intended *e, const struct sequence *s,
		   const struct trace *control, const struct difference *d)
{
	int before = d->step < 0 ? (int)s->n : d->step;
	char file = file_of(s, d);

	if (!glob(e->key, d->key) || !glob(e->a, d->a) || !glob(e->b, d->b))
		return false;
	if (e->word && !is_word(s, d->step, e->word))
		return false;
	if (e->before && !said(s, control, before, 0, e->before))
		return false;
	if (e->also && !said(s, control, before, 0, e->also))
		return false;
	if (e->mine && !(file && said(s, control, before, file, e->mine)))
		return false;
	if (e->never && !(file && !said(s, control, before, file, e->never)))
		return false;
	return !e->control || observed(control, e->control);
}

int intended_find(const struct sequence *s, const struct trace *control,
		  const struct difference *d)
{
	unsigned int i;

	for (i = 0; i < n_intended; i++)
		if (allows(&intended[i], s, control, d))
			return i;
	return -1;
}
