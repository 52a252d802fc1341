#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Rings of taps, with every kind of header in front of frames, under back-pressure, and
# with XDP.
#guest: TIMEOUT=600
. /test/lib.sh

# IPv6 would send frames of its own.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
xtun_load
theme ring_tap
xtun_unload

xtun_load
expect_log "queue [0-9]*: the rings' program wrote"
cases ring_press
xtun_unload

# A veth that runs a program natively takes frames of at most a page.
xtun_load
if [ -e /proc/sys/kernel/unprivileged_bpf_disabled ] &&
   ip link add xdp0 mtu 2000 type veth peer name xdp1 mtu 2000; then
	ip link set xdp0 up
	ip link set xdp1 up
	ip link set xtun mtu 9000 up
	theme ring_xdp
	ip link del xdp0
else
	skip "XDP and rings" "this kernel has no eBPF or no veth"
fi
