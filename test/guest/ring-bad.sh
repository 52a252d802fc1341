#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Programs that write nonsense into their rings harm only themselves.
#guest: TIMEOUT=900
. /test/lib.sh

# IPv6 would send frames of its own.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
xtun_load queues=4
expect_log "queue [0-9]*: the rings' program wrote"
cases ring_bad
