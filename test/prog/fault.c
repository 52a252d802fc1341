// SPDX-License-Identifier: GPL-2.0
/* One write and one read with memory that is not there. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "xt.h"

void theme_fault(void)
{
	void *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = xt_open(O_NONBLOCK);

	fails(write(fd, nowhere, 106), EFAULT, "a write from bad memory");
	fails(read(fd, nowhere, 2000), EFAULT, "a read into bad memory");
	close(fd);
}
