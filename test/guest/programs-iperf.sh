#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# iperf3 between two hosts whose interfaces are connected by a forwarder, which copies
# frame by frame. With offloads long segments cross whole; without them the kernel has
# cut them.
#
#    namespace a                                       namespace b
#   10.9.0.1  left --------- xtun-test forward --------- right  10.9.0.2
#   fd00:9::1                                                   fd00:9::2
#guest: PACKAGES=iperf3
. /test/lib.sh
# shellcheck source=test/guest/programs.sh
. /test/programs.sh
requires namespaces jq iperf3

# host NAMESPACE INTERFACE NUMBER
host() {
	ip netns add "$1"
	ip link set "$2" netns "$1"
	ip -n "$1" addr add "10.9.0.$3/24" dev "$2"
	ip -n "$1" addr add "fd00:9::$3/64" dev "$2" nodad
	ip -n "$1" link set lo up
	ip -n "$1" link set "$2" up
}

# measure WHAT OPTION...: compare what arrives with what is sent. iperf3 ends while some
# of TCP is still on its way. The speed is only printed.
measure() {
	local what=$1
	shift
	ok "$device: iperf3 runs, $what" in_a iperf3 -J --logfile /out/iperf.json "$@"
	is "$device: and all is well" "$(jq -c '.error // (.end |
		if .sum then [.sum.lost_packets, .sum.out_of_order // 0]
		else .sum_received.bytes * 2 > .sum_sent.bytes end)' /out/iperf.json)" "$wanted"
	diag "$(jq -r '(.end.sum_received // .end.sum).bits_per_second / 1e6 | floor' \
		/out/iperf.json) Mbit/s"
	rm /out/iperf.json
}

# joined [vnet]
joined() {
	local forwarder wanted
	/test/bin/xtun-test forward "$device" left right "$@" >/out/forward &
	forwarder=$!
	eventually 60 ip link show right
	host a left 1
	host b right 2
	ip netns exec b iperf3 -s >/out/iperf.server 2>&1 &
	eventually 60 in_b grep -q ':1451 ' /proc/net/tcp6
	note_shape a left
	wanted=true
	measure "TCP${1:+ with offloads}" -c 10.9.0.2 -n 16M
	measure "IPv6, from b${1:+, with offloads}" -c fd00:9::2 -n 4M -R
	wanted="[0,0]"
	measure "UDP" -c 10.9.0.2 -u -b 8M -l 1200 -n 512K
	measure "UDP over IPv6" -c fd00:9::2 -u -b 8M -l 1200 -n 512K
	stops "the forwarder" 0 $forwarder
	diag "$(cat /out/forward)"
}

# forwarded SIDE COUNTER: that count of what SIDE transmitted.
forwarded() {
	sed -n "s/^$1: .*$2 \([0-9]*\).*/\1/p" /out/forward
}

without_offloads() {
	joined
	is "$device: no frame was longer than the MTU" "$(forwarded left longest)" 1514
}

with_offloads() {
	joined vnet
	ok "$device: frames were longer than the MTU" test "$(forwarded left longest)" -gt 1514
	ok "$device: there were segments to be cut" test "$(forwarded right segmented)" -gt 0
	ok "$device: and checksums to be finished" test "$(forwarded right unfinished)" -gt 0
	is "$device: no frame was refused" \
		"$(forwarded left refused) $(forwarded right refused)" "0 0"
}

sysctl -q -w net.core.rmem_max=4194304 net.core.rmem_default=4194304
on_each without_offloads
on_each with_offloads
