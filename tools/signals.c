// SPDX-License-Identifier: GPL-2.0
/* Ending cleanly on SIGINT, SIGTERM and SIGHUP. */
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
	/* One that nohup or a shell has it ignore would be told of all the same. */
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

/* Wait for fd, timeout_ms at most if not -1: 1 go on, 0 a signal asks to end, -1 error. */
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
