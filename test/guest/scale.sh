#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A thousand interfaces, and 256 queues on one: made, used and removed, compared with
# tap.
#guest: TIMEOUT=900
#guest: MEMORY=1024
. /test/lib.sh

# IPv6 would send frames of its own.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
modprobe tun
xtun_load
cases scale
