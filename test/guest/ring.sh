#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Frames through rings, both ways, without a system call for each; what is
# refused; and several files with rings on an interface.
#guest: TIMEOUT=600
. /test/lib.sh

# Nothing but what the test sends.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
xtun_load
theme ring
rmmod xtun

xtun_load
theme ring_refused
rmmod xtun

xtun_load owner=1000 queues=2
theme ring_owner
rmmod xtun

xtun_load queues=4
theme ring_share
