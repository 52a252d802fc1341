#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The calls that QEMU makes on a tap, one by one, without QEMU: on every architecture,
# and by programs of another ABI.
. /test/lib.sh
# shellcheck source=test/guest/programs.sh
. /test/programs.sh

machine() {
	local words
	words=$(/test/bin/xtun-test machine "$device") ||
		result 1 "$device: a machine has its say" "$words"
	note "what a machine is told" "$words"
	diag "$words"
	ok "$device: offloads, header and descriptor are to be had" \
		grep -q '^TUNSETOFFLOAD 0xf: 0, ' <<<"$words"
	nok "$device: the interface is gone" ip link show machine0
}

# passes_whole WAY: the types of the frames that crossed unfinished. UDP's type is left
# out, because not every kernel has it.
passes_whole() {
	sed -n "s/^  $1: [0-9]* bytes, flags 1, type \([0-9a-fx]*\), .*/\1/p" |
		sed '/^0x5$/d' | sort -u | xargs
}

# What such a machine then receives, and what it sends.
offloaded() {
	local told way
	told=$(/test/bin/xtun-test offloads "$device") ||
		result 1 "$device: frames that others are to finish" "$told"
	note "of such frames" "$told"
	for way in read received; do
		is "$device: what passes whole, $way" "$(passes_whole "$way" <<<"$told")" "0 0x1 0x4 0x81 0x84"
	done
	diag "$(grep -c '  read: ' <<<"$told") read, $(grep -c '  received: ' <<<"$told") received"
}

# IPv6 would send frames of its own.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
on_each machine
on_each offloaded

# The only feature of tap that no other module can provide.
if modprobe -q vhost_net && [ -e /dev/vhost-net ]; then
	is "vhost-net takes a tap" "$(/test/bin/xtun-test vhost /dev/net/tun)" Success
	is "... and no xtun" "$(/test/bin/xtun-test vhost /dev/xtun)" "Socket operation on non-socket"
else
	skip "vhost-net takes no xtun" "this guest lacks vhost-net"
fi
