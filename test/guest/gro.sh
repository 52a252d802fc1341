#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Frames that enter by NAPI are merged by GRO, as tap's are; and those that are written in
# pieces too (IFF_NAPI_FRAGS), which tap's are not.
. /test/lib.sh

# shellcheck disable=SC2119
xtun_load
modprobe -q tun || skip "tap merges them" "this guest lacks /dev/net/tun"
for device in /dev/net/tun /dev/xtun; do
	[ ! -e "$device" ] || told "$device" /test/bin/xtun-test gro "$device"
done
