#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# No frame waits longer for a reader with rings than the reader allows, plus a tick.
#guest: COUNTED=1
. /test/lib.sh
case $(uname -m) in
x86_64) ;;
*)
	skip "all of ${0##*/}" "time does not pass by instructions on $(uname -m)"
	exit ;;
esac

# IPv6 would send frames of its own.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
xtun_load
theme ring_time
