#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Measure all figures of the benchmark, or some: ROWS and WAYS are lists of names, BYTES
# is one size. Prints one line for each: row, way, bytes, instructions.
#
#   bench.sh
#   bench.sh sizes
#   bench.sh queues
#   bench.sh profile ROW WAY BYTES
set -eEu -o pipefail
shopt -s inherit_errexit

modprobe -a tun veth
modprobe dummy numdummies=0
insmod /test/xtun.ko
insmod /test/xtun_bench.ko
sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
ip link del xtun

# Each figure gets new interfaces of its own.
make_interface() {
	case $1 in
	stack) ip link add dummy0 type dummy; ifname=dummy0 ;;
	tap*)  ip tuntap add tap0 mode tap ${QUEUES:+multi_queue}; ifname=tap0 ;;
	packet|xsk)
		ip link add veth0 type veth peer name peer
		# Checksums are complete when a frame leaves it, as they are without
		# vnet headers.
		ethtool -K veth0 tx off >/dev/null
		ip link set peer up
		ifname=veth0 ;;
	*)     ip link add xtun ${QUEUES:+numtxqueues 256 numrxqueues 256} type xtun; ifname=xtun ;;
	esac
}

figure() {
	local row=$1 way=${2%-*} ifname heard
	case $2 in
	*-direct|*-heard) ;;
	*) way=$2 ;;
	esac
	make_interface "$way"
	case $2 in
	*-direct) ethtool --set-priv-flags xtun rx-direct on ;;
	*-heard)  exec {heard}</proc/net/xtun_drops ;;
	esac
	ip addr add 10.99.0.1/24 dev "$ifname"
	ip link set "$ifname" up
	ip neigh replace 10.99.0.2 lladdr 02:00:00:00:00:02 dev "$ifname" 2>/dev/null || :
	/test/bin/xtun-bench "$row" "$way" "$ifname" "$3" ${4:+"$4"}
	ip link del "$ifname"
	[ -z "${heard:-}" ] || exec {heard}<&-
}

# Two namespaces that the program connects. For tap's ways the program makes the
# interfaces.
figure_tcp() {
	local netns ifname=join0
	for netns in a b; do
		ip netns add "$netns"
		ip netns exec "$netns" sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	done
	case $2 in
	plain*|batched|ring)
		ifname=xtun
		for netns in a b; do
			ip -n "$netns" link add xtun type xtun
			[ "$2" = "${2%-direct}" ] ||
				ip netns exec "$netns" ethtool --set-priv-flags xtun rx-direct on
		done ;;
	esac
	/test/bin/xtun-bench tcp "${2%-direct}" "$ifname" "$3" ${4:+"$4"}
	ip netns del a
	ip netns del b
}

one() {
	if [ "$1" = tcp ]; then
		figure_tcp "$@"
	else
		figure "$@"
	fi
}

if [ "${1:-}" = profile ]; then
	one "$2" "$3" "$4" profile >/dev/null
	cat /proc/kallsyms >/out/kallsyms
	exit
fi

# measure ROW "BYTES..." WAY...
measure() {
	local row=$1 sizes=$2 way bytes n
	shift 2
	[[ ",${ROWS:-$row}," == *",$row,"* ]] || return 0
	for way; do
		[[ ",${WAYS:-$way}," == *",$way,"* ]] || continue
		for bytes in $sizes; do
			n=$(one "$row" "$way" "$bytes")
			printf '%s\t%s\t%s\t%s\n' "$row" "$way" "$bytes" "$n"
		done
	done
}

if [ "${1:-}" = sizes ]; then
	sizes="64 256 1024 1500 4096 16384 65535"
	measure tx "$sizes" stack tap plain batched ring
	measure rx-drop "$sizes" stack tap plain plain-direct batched ring-32
	exit
fi

# QUEUES queues are in service. The program reads and writes one of them.
if [ "${1:-}" = queues ]; then
	for row in send rx-drop; do
		for way in tap abi ring-32; do
			for n in 1 2 8 64 256; do
				QUEUES=
				[ "$n" = 1 ] || export QUEUES=$n
				figures=$(one "$row" "$way" 64)
				printf '%s\t%s\t%s\t%s\n' "$row" "$way" "$n" "$figures"
			done
			unset QUEUES
		done
	done
	exit
fi

both=${BYTES:-64 1500}
written="tap tap-nonblock tap-napi plain plain-direct batched ring ring-32 packet xsk"
measure tx "$both" stack tap tap-napi plain plain-heard batched ring packet xsk
# shellcheck disable=SC2086 # It is a list.
measure rx-drop "$both" stack $written
# shellcheck disable=SC2086 # It is a list.
measure rx-udp "$both" stack $written
measure sleep "$both" stack tap plain batched ring ring-32 xsk
measure trip "$both" tap plain plain-direct batched ring xsk
measure trip-sleep "$both" tap plain plain-direct batched ring xsk
measure tcp 1500 tap tap-tso plain plain-direct batched ring ring-tso abi abi-tso
