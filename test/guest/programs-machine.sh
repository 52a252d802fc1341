#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What QEMU says to a tap, word by word, without QEMU: on every architecture, and by
# programs of another ABI.
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

# Nothing but what the test sends.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
on_each machine
