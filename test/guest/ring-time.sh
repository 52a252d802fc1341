#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# No frame waits longer for a reader with rings than that has said, and a tick.
#guest: COUNTED=1
. /test/lib.sh
case $(uname -m) in
x86_64) ;;
*)
	skip "all of ${0##*/}" "time does not pass by instructions on $(uname -m)"
	exit ;;
esac

# Nothing but what the test sends.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
xtun_load
theme ring_time
