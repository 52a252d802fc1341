/* SPDX-License-Identifier: GPL-2.0 */
/* What an interface remembers of the frames that it lost. */
#ifndef _XTUN_WHY_H
#define _XTUN_WHY_H

#include "xtun.h"

/* How many losses an interface remembers. */
#define XTUN_WHY_LOSSES	32U
/* Bytes kept of each frame: all headers of a TCP segment in a tunnel, and a little more. */
#define XTUN_WHY_BYTES	128

/**
 * struct xtun_why_fault - a wrong value that a program wrote into its rings
 * @field: its name in struct xtun_ring_user or struct xtun_record; NULL: nothing was wrong
 * @value: the value
 * @record: @field is a member of the record at @at
 * @inside: @value is a position within the record at @at
 * @at: that record's position
 * @first: the lowest valid value
 * @last: the highest valid value; if it is a position, it may have wrapped
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
 * struct xtun_why_loss - frames that one queue lost for one reason, perhaps others in between
 * @number: number of the first of them among all frames that the interface has lost; from 1
 * @last_number: likewise of the last of them
 * @first: when the first was lost, in nanoseconds as ktime_get_ns()
 * @last: when the last was lost
 * @times: how many there are
 * @loss: the counter
 * @queue: number of the queue
 * @err: negative errno that their writer got, or that a redirect by XDP failed with; else 0
 * @seen: when the frame was lost that the rest describes: at most a second before @last
 * @len: length of that frame in bytes, Ethernet header included
 * @backlog: what waited in the queue then
 * @fault: the wrong value that caused the loss, if any
 * @kept: how many of @bytes are used
 * @bytes: the beginning of the frame
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
