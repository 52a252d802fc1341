// SPDX-License-Identifier: GPL-2.0
/* A program linked with --wrap=open opens the device that $DEVICE names in place of tap's. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int __wrap_open(const char *path, int flags, ...)
{
	const char *device = getenv("DEVICE");
	mode_t mode = 0;
	va_list more;

	if (flags & O_CREAT) {
		va_start(more, flags);
		mode = va_arg(more, int);
		va_end(more);
	}
	if (device && !strcmp(path, "/dev/net/tun"))
		path = device;
	return openat(AT_FDCWD, path, flags, mode);
}
