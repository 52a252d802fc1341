#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A program that never sleeps moves 100,000 frames in, and as many out, without one
# system call: the kernel's poller looks for what it sends.
#guest: TIMEOUT=900
. /test/lib.sh
requires strace

frames=100000

# What strace saw between the two calls that mark it, and how many those were.
between_marks() {
	awk '/^getppid\(/ { marks++; next } marks == 1 { n++ } END { print marks + 0, n + 0 }' "$1"
}

# Nothing but what the test sends.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
xtun_up
ok "the program sends back all that it gets" \
	strace -o /out/strace /test/bin/xtun-test silent $frames
is "no system call between the marks" "$(between_marks /out/strace)" "2 0"
is "and all frames are with the stack" \
	"$(ethtool -S xtun | awk '$1 == "q0_rx_out:" { print $2 }')" $((frames + 1000))
is "none was lost" "$(ethtool -S xtun | grep -E '_lost_.*: [1-9]' || :)" ""
