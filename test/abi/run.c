// SPDX-License-Identifier: GPL-2.0
/* Runs a sequence on one device, from opening two files until nothing is left. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "abi.h"

bool run_reopen(struct run *r, int file)
{
	r->fd[file] = open(r->side->path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return r->fd[file] >= 0;
}

static void clean_up(void)
{
	struct link links[LINKS];
	unsigned int n = links_list(links), i;

	for (i = 0; i < n; i++)
		if (link_do(links[i].name, LINK_DELETE))
			die("%s cannot be deleted", links[i].name);
}

void run_sequence(const struct side *side, const struct sequence *s, const char *name,
		  struct trace *t)
{
	struct run r = { .side = side, .trace = t };
	int file;

	t->n = 0;
	snprintf(r.name, sizeof(r.name), "%s", name);
	for (file = 0; file < FILES; file++)
		if (!run_reopen(&r, file))
			die("cannot open %s", side->path);
	for (r.step = 0; r.step < (int)s->n; r.step++)
		word_say(&r, s->words[r.step]);
	state_observe(&r);
	clean_up();
}
