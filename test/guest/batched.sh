#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Many frames in one read() and in one write().
#guest: TIMEOUT=600
. /test/lib.sh

# Nothing but what the test sends.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
# What has been read is given back many at a time.
xtun_load
theme batch
