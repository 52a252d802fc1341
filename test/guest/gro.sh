#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# GRO merges frames that enter by NAPI, as it does for tap. It also merges frames that
# are written in pieces (IFF_NAPI_FRAGS), which it does not for tap.
. /test/lib.sh

# shellcheck disable=SC2119
xtun_load
modprobe -q tun || skip "tap merges them" "this guest lacks /dev/net/tun"
for device in /dev/net/tun /dev/xtun; do
	[ ! -e "$device" ] || told "$device" /test/bin/xtun-test gro "$device"
done
