#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Whatever rings and batches ask memory for, it can be refused.
#guest: TIMEOUT=600
. /test/lib.sh
. /test/frames.sh

if ! configured FAULT_INJECTION_STACKTRACE_FILTER; then
	skip "allocations that fail" "this kernel cannot make them fail"
	exit
fi

# Nothing but what the test sends.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
xtun_load
ip link set xtun mtu 65521
frames_up
cases nomem_ring
