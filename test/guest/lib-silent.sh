#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A program that never sleeps moves 100,000 frames (or FRAMES) in, and as many out,
# without one system call: the kernel's poller looks for what it sends.
#
# The poller ends a second after the last frame. A machine may stall for so long without
# a fault of xtun's, so here time advances with instructions.
#guest: TIMEOUT=900
#guest: COUNTED=1
. /test/lib.sh
requires strace
case $(uname -m) in
x86_64) ;;
*)
	skip "all of ${0##*/}" "time does not pass by instructions on $(uname -m)"
	exit ;;
esac

frames=${FRAMES:-100000}

# How often strace saw the call that marks, and how many calls it saw between the two
# marks.
between_marks() {
	awk '
	/^getppid\(/ { marks++; next }
	/^---/       { next }	# a signal is no call
	marks == 1   { n++ }
	END          { print marks + 0, n + 0 }' "$1"
}

# IPv6 would send frames of its own.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
xtun_up
ok "the program sends back all that it gets" \
	strace -o /out/strace /test/bin/xtun-test silent "$frames"
is "no system call between the marks" "$(between_marks /out/strace)" "2 0"
ok "and all frames are with the stack" test \
	"$(ethtool -S xtun | awk '$1 == "q0_rx_out:" { print $2 }')" -ge $((frames + 1000))
# Frames that the kernel sent on its own may have come too late for the program.
is "none was lost" "$(ethtool -S xtun | grep -E '_lost_.*: [1-9]' | grep -v detached || :)" ""
