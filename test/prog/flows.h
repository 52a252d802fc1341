/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Flows of UDP that the kernel sends through an interface of several queues, and
 * whoever is behind it answers.
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
/* The next frame of a flow arrives at this queue; -1: it does not, or not that frame. */
int flows_send(int flow);
/* The next frame of each; a bit for each queue that got some, -1 as soon as one gets lost. */
int flows_send_all(int at[FLOWS]);
/* Writes an answer to the flow's last frame at this queue. */
void flows_answer(int flow, int queue, int number);
/* Whether the flow's socket receives that answer next. */
bool flows_answered(int flow, int number);
/* Binds the process to one processor; false if there is none of that number. */
bool flows_pin(int cpu);

#endif
