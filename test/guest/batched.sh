#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Many frames in one read() and in one write().
#guest: TIMEOUT=600
. /test/lib.sh

# IPv6 would send frames of its own.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
xtun_load
theme batch
