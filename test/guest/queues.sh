#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the queues of the tap ABI promise: which frame goes to which queue, which frames
# a filter keeps out, how much a queue holds, what a reader without offloads gets, how
# many there are.
#guest: TIMEOUT=900
. /test/lib.sh

# IPv6 would send frames of its own.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
xtun_load
theme steer
theme steer_told
theme filter_address
theme filter_program
theme press
theme sndbuf
theme cut
theme channels
