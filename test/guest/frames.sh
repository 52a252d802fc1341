# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Make single frames of a chosen length, in both directions. For tests that know each
# frame: nothing else may pass xtun.

# frames_up: set up the interface with an address and a neighbour, and without IPv6.
frames_up() {
	sysctl -q -w net.ipv6.conf.xtun.disable_ipv6=1
	ip addr replace 10.99.0.1/24 dev xtun
	ip link set xtun up
	ip neigh replace 10.99.0.2 lladdr 02:00:00:00:00:02 dev xtun
}

# transmit LENGTH [COUNT]: the kernel transmits UDP in frames of that length.
transmit() {
	local i
	for ((i = 0; i < ${2:-1}; i++)); do
		printf '%*s' $(($1 - 42)) '' >/dev/udp/10.99.0.2/9
	done
}

# frame LENGTH: print a frame for another station, which the stack ignores.
frame() {
	printf '\x02\0\0\0\0\x99\x02\0\0\0\0\x02\x08\x06%*s' $(($1 - 14)) ''
}

# write_bytes COUNT [FILE]: write COUNT bytes at once, which need not be a frame.
write_bytes() {
	dd if=/dev/zero of="${2:-/dev/xtun}" bs="$1" count=1 status=none
}

# lose_in_queues COUNT INTERFACE: each of COUNT queues in turn loses a frame that is too
# short. Each file is kept open until the last queue has lost one.
lose_in_queues() {
	# shellcheck disable=SC2016
	local lose='head -c 5 /dev/zero 2>/dev/null >&3
		exec {kept}<&3
		[ "$1" = 1 ] || exec /test/bin/xtun-test attach /dev/xtun "$2" 0x1102 \
			bash -c "$0" "$0" $(($1 - 1)) "$2"'
	/test/bin/xtun-test attach /dev/xtun "$2" 0x1102 bash -c "$lose" "$lose" "$1" "$2" || :
}

# crowd_backlog: from now on processor 0 takes no frame from netif_rx(). One frame
# circulates for ever between two ports, so that the backlog is never empty, and the
# limit of the backlog is set so that one frame fills it.
crowd_backlog() {
	local port
	modprobe -a veth sch_ingress cls_matchall act_mirred
	ip link add left type veth peer name right
	for port in left right; do
		sysctl -q -w "net.ipv6.conf.$port.disable_ipv6=1"
		ip link set "$port" up
		tc qdisc add dev "$port" clsact
		tc filter add dev "$port" ingress matchall \
			action mirred egress redirect dev "$port"
	done
	ip addr add 10.95.0.1/24 dev left
	ip neigh add 10.95.0.2 lladdr 02:00:00:00:00:02 dev left
	sysctl -q -w net.core.netdev_max_backlog=0
	taskset 1 bash -c 'echo >/dev/udp/10.95.0.2/9'
}

clear_backlog() {
	sysctl -q -w net.core.netdev_max_backlog=1000
	ip link del left
}

# attach INTERFACE NETWORK: add an address, and a neighbour that never sends.
attach() {
	ip addr add "$2.1/24" dev "$1"
	ip link set "$1" up
	ip neigh add "$2.2" lladdr 02:00:00:00:00:02 dev "$1"
}

# red_up: set up a path on which generic XDP redirects frames
#
#   red1 10.98.0.1, its VLAN 10.97.0.1 ---- red0 --- XDP redirect --> xtun
red_up() {
	ip link add red0 mtu 9000 type veth peer name red1 mtu 9000
	ip link add link red1 name red1.1234 type vlan id 1234
	ip link set red0 up
	attach red1 10.98.0
	attach red1.1234 10.97.0
}
