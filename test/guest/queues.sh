#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the queues of the tap ABI promise: which frame goes to which queue, which are
# kept from it, how much it holds, what a reader without offloads gets, how many there are.
#guest: TIMEOUT=900
. /test/lib.sh

# Nothing but what the test sends.
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
