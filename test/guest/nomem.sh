#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every memory allocation of the module can fail: the caller gets an error, the frame is
# counted, and nothing is left.
#guest: TIMEOUT=600
. /test/lib.sh
. /test/frames.sh

if ! configured FAULT_INJECTION_STACKTRACE_FILTER; then
	skip "allocations that fail" "this kernel cannot make them fail"
	exit
fi

# shellcheck disable=SC2034
# Each attempt to load may use another address, and no other module is loaded here.
xtun_loads[0xffffffffa0000000:$((0x5f000000)):0]=" "
cases nomem_load
like "load: the log says why it failed" "$(dmesg | grep 'xtun: ' | tail -n 1)" \
	"cannot make interface xtun: -"
nok "load: no device is left by what failed" test -e /dev/xtun

# IPv6 would send frames of its own.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
xtun_load
ip link set xtun mtu 65521
frames_up
cases nomem
cases nomem_pages
# The kernel logs that it has no contiguous pages.
expect_log 'Call Trace'
cases nomem_tap

insmod /test/planted.ko fault=refuse-percpu
like "counters cannot be had: no interface" "$(ip link add xtun1 type xtun 2>&1 || :)" \
	"Cannot allocate memory"
nok "... and none is there" ip link show xtun1
like "... nor by TUNSETIFF" \
	"$(/test/bin/xtun-test attach /dev/xtun xtun1 0x1002 true 2>&1 || :)" \
	"Cannot allocate memory"
nok "... and none is there" ip link show xtun1
rmmod planted
ok "then it is made" ip link add xtun1 type xtun
ip link del xtun1

# --- frames that generic XDP brings unfinished: see redirect.sh

red_up
theme unfinished
ip link del red0

cases nomem_frames
