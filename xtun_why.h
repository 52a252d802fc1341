/* SPDX-License-Identifier: GPL-2.0 */
/* What an interface remembers of the frames that it lost. */
#ifndef _XTUN_WHY_H
#define _XTUN_WHY_H

#include "xtun.h"

/* How many losses an interface remembers. */
#define XTUN_WHY_LOSSES	32U
/* How much of each frame: all headers of a TCP segment in a tunnel, and a little. */
#define XTUN_WHY_BYTES	128

/**
 * struct xtun_why_fault - what a program wrote wrongly into its rings
 * @field: its name in struct xtun_ring_user or struct xtun_record; NULL: nothing was
 * @value: what stood there
 * @record: it is of the record at @at
 * @inside: it is a position within the record at @at
 * @at: that record's position
 * @first: the least that would have been right
 * @last: the most, which as a position may have wrapped
 */
struct xtun_why_fault {
	const char *field;
	u32 value;
	bool record;
	bool inside;
	u32 at;
	u32 first;
	u32 last;
};

/**
 * struct xtun_why_loss - frames that one queue lost for one reason, others between them or not
 * @number: of the first of them among all that the interface has lost; from 1
 * @last_number: of the last of them
 * @first: when that was, in nanoseconds as ktime_get_ns()
 * @last: when the last was
 * @times: how many there are
 * @loss: the counter
 * @queue: number of the queue
 * @err: what their writer was told, or the program of XDP; a negative errno, 0 for nothing
 * @seen: when that was lost of which the rest tells: less than a second before @last
 * @len: bytes of that frame, Ethernet header included
 * @backlog: of the queue then
 * @fault: if it was lost for that
 * @kept: how many of @bytes count
 * @bytes: its beginning
 */
struct xtun_why_loss {
	u64 number;
	u64 last_number;
	s64 first;
	s64 last;
	u64 times;
	enum xtun_counter loss;
	u16 queue;
	s16 err;
	s64 seen;
	unsigned int len;
	struct xtun_backlog backlog;
	struct xtun_why_fault fault;
	unsigned int kept;
	u8 bytes[XTUN_WHY_BYTES];
};

struct xtun_why *xtun_why_create(void);
void xtun_why_free(struct xtun_why *why);
void xtun_why_forget_frames(const struct xtun *xt);
void xtun_why_remember(const struct xtun_slot *slot, enum xtun_counter loss,
		       const struct sk_buff *skb, unsigned int len, int err);
void xtun_why_blame(const struct xtun_slot *slot, enum xtun_counter loss,
		    const struct xtun_why_fault *fault);
void xtun_why_fault_text(const struct xtun_why_fault *fault, char *text, size_t size);
u64 xtun_why_lost(const struct xtun *xt);
unsigned int xtun_why_get(const struct xtun *xt, struct xtun_why_loss *list, unsigned int most);

#endif /* _XTUN_WHY_H */
