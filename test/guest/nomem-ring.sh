#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every memory allocation of rings and batches can fail.
#guest: TIMEOUT=600
. /test/lib.sh
. /test/frames.sh

if ! configured FAULT_INJECTION_STACKTRACE_FILTER; then
	skip "allocations that fail" "this kernel cannot make them fail"
	exit
fi

# IPv6 would send frames of its own.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
xtun_load
ip link set xtun mtu 65521
frames_up
cases nomem_ring
