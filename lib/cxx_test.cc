// SPDX-License-Identifier: GPL-2.0 OR MIT
// A C++ program includes only xtun.h and links with every function. It needs no module.
#include <xtun.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

static int receive_all(struct xtun *x)
{
	struct xtun_frame frames[8];
	int n = xtun_receive(x, frames, 8);

	for (int i = 0; i < n; i++) {
		void *room = xtun_reserve(x, frames[i].len);

		if (room) {
			std::memcpy(room, frames[i].data, frames[i].len);
			xtun_send(x, frames[i].len);
		}
	}
	xtun_release(x);
	xtun_flush(x);
	if (!xtun_arm(x, XTUN_CAN_RECEIVE | XTUN_CAN_SEND))
		xtun_wait(x, XTUN_CAN_RECEIVE, 0);
	std::printf("%s %d %s\n", xtun_way_name(xtun_way(x)), xtun_fd(x), xtun_why(x));
	return n;
}

int main()
{
	struct xtun_options options = {};

	options.device = "/nowhere";
	options.way = XTUN_WAY_PLAIN;
	struct xtun *x = xtun_open(&options);
	if (x)
		receive_all(x);
	else if (errno == ENOENT)
		std::printf("ok 1 - a C++ program runs with the library\n1..1\n");
	xtun_close(x);
	return x != nullptr;
}
