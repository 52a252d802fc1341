#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Programs with rings sleep and are woken, as often as they want; the kernel's poller.
#guest: TIMEOUT=600
. /test/lib.sh

# Nothing but what the test sends.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
xtun_load
theme ring_wake
