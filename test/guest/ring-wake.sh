#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Programs with rings sleep and are woken as often as they ask; and the kernel's poller.
#guest: TIMEOUT=600
. /test/lib.sh

# IPv6 would send frames of its own.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
xtun_load
theme ring_wake
