// SPDX-License-Identifier: GPL-2.0
/* End cleanly on SIGINT, SIGTERM and SIGHUP. */
#include "tool.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

/*
 * A descriptor rather than a handler: ppoll() delivers no signal while its
 * descriptors are ready, so a flood of frames could not be interrupted.
 */
int xtun_signals_open(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction how;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	/* signalfd() would report even a signal that nohup or the shell has set to be ignored. */
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (!sigaction(numbers[i], NULL, &how) && how.sa_handler != SIG_IGN)
			sigaddset(&set, numbers[i]);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0 || sigprocmask(SIG_BLOCK, &set, NULL) < 0) {
		xtun_explain("signalfd", errno, NULL);
		return -1;
	}
	return fd;
}

/*
 * Wait for fd, at most timeout_ms unless that is -1. Returns 1 to go on, 0 if a signal asks to
 * end, -1 on error.
 */
int xtun_signals_wait(int fd, int signal_fd, int timeout_ms)
{
	struct pollfd fds[] = {
		{ .fd = signal_fd, .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};

	while (poll(fds, ARRAY_SIZE(fds), timeout_ms) < 0) {
		if (errno == EINTR)
			continue;
		xtun_explain("poll", errno, NULL);
		return -1;
	}
	return fds[0].revents ? 0 : 1;
}
