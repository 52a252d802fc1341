/* SPDX-License-Identifier: GPL-2.0 */
/*
 * UDP flows that the kernel sends through an interface with several queues, and answers
 * from behind it.
 */
#ifndef FLOWS_H
#define FLOWS_H

#include <stdbool.h>

#define FLOWS		64
#define FLOWS_IF	"flows0"
#define FLOWS_QUEUES	4

extern int flows_fd[FLOWS_QUEUES];	/* the file of each queue; non-blocking */

void flows_open(void);
void flows_close(void);
/* Sends a flow's next frame; returns the queue it arrives at, or -1 if it does not. */
int flows_send(int flow);
/*
 * Does so for each flow; returns a bit for each queue that got some, or -1 on the first
 * loss.
 */
int flows_send_all(int at[FLOWS]);
/* Writes an answer to the flow's last frame at this queue. */
void flows_answer(int flow, int queue, int number);
/* Whether that answer is the next thing the flow's socket receives. */
bool flows_answered(int flow, int number);
/* Binds the process to one processor; false if there is no such processor. */
bool flows_pin(int cpu);

#endif
