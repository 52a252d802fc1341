#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# wireguard-go, which is handed the file of a tun interface with vnet headers, does on
# /dev/xtun all that it does on /dev/net/tun.
#
#     namespace a                               namespace b
#   10.98.0.1  wga --- wireguard-go         wireguard-go --- wgb  10.98.0.2
#                           |                    |
#              192.0.2.1  eth0 ------ veth ---- eth0  192.0.2.2
#guest: EXTRA=wireguard
#guest: TIMEOUT=600
. /test/lib.sh
requires namespaces wireguard-go wg

size=16777216
port=51820
flags=0x5001			# IFF_TUN, IFF_NO_PI, IFF_VNET_HDR

in_a() {
	ip netns exec a "$@"
}

in_b() {
	ip netns exec b "$@"
}

add_namespaces() {
	local side
	ip netns add a
	ip netns add b
	ip -n a link add eth0 type veth peer name eth0 netns b
	ip -n a addr add 192.0.2.1/24 dev eth0
	ip -n b addr add 192.0.2.2/24 dev eth0
	for side in a b; do
		ip -n $side link set eth0 up
		(umask 077 && wg genkey >/tmp/$side.key)
	done
}

# start SIDE DEVICE: it configures nothing by itself, and stays in the foreground.
start() {
	ip netns exec "$1" env WG_TUN_FD=3 WG_PROCESS_FOREGROUND=1 LOG_LEVEL=verbose \
		/test/bin/xtun-test attach "$2" "wg$1" $flags wireguard-go "wg$1" \
		>"/tmp/$1.log" 2>&1 &
	processes+=($!)
	if ! eventually 60 test -S "/var/run/wireguard/wg$1.sock"; then
		diag "$(cat "/tmp/$1.log")"
		return 1
	fi
}

# configure SIDE PEER N M: the addresses of this side end in N, those of the peer in M.
configure() {
	wg set "wg$1" private-key "/tmp/$1.key" listen-port $port \
		peer "$(wg pubkey <"/tmp/$2.key")" allowed-ips "10.98.0.$4/32" \
		endpoint "192.0.2.$4:$port"
	ip -n "$1" addr add "10.98.0.$3/24" dev "wg$1"
	ip -n "$1" link set "wg$1" up
}

# What the program has asked of the interface, and what it was given.
shape() {
	ip -n a -o link show wga | sed 's/.*<\(.*\)>.*mtu \([0-9]*\) .*/\1 mtu \2/'
	in_a ethtool -k wga | grep -E '^(tx-checksumming|tcp-segmentation|generic-seg|tx-udp-seg|scatter)' || :
	in_a cat /sys/class/net/wga/tun_flags
}

# carry: send 16 MB from a to b and compare them there.
carry() {
	local receiver
	in_b nc -l -N 10.98.0.2 4242 >/tmp/received </dev/null &
	receiver=$!
	eventually 20 listening
	in_a nc -N 10.98.0.2 4242 </tmp/sent
	wait $receiver
	cmp /tmp/sent /tmp/received
}

listening() {
	grep -q LISTEN <<<"$(in_b ss -Hltn "sport = :4242")"
}

# carry_on: the same, while both interfaces go down and come up.
carry_on() {
	carry &
	local transfer=$! side
	sleep 1
	for side in a b; do
		ip -n $side link set wg$side down
		sleep 0.3
		ip -n $side link set wg$side up
	done
	wait $transfer
}

running() {
	kill -0 "${processes[@]}"
}

gone() {
	! ip -n a link show wga && ! ip -n b link show wgb
}

# on DEVICE NAME: run all of it.
on() {
	processes=()
	start a "$1"
	start b "$1"
	configure a b 1 2
	configure b a 2 1
	ok "$2: ping" in_a ping -c 5 -i 0.2 -W 60 10.98.0.2
	ok "$2: 16 MB arrive as they were" carry
	ok "$2: and so while the interfaces go down and up" carry_on
	ok "$2: ping after that" in_b ping -c 3 -i 0.2 -W 60 10.98.0.1
	ok "$2: the processes have noticed nothing that ends them" running
	shape >"/tmp/shape.$2"
	kill "${processes[@]}"
	wait "${processes[@]}" || :
	ok "$2: the interfaces go with the processes" eventually 10 gone
}

modprobe -q tun
mkdir -p /var/run
head -c $size /dev/urandom >/tmp/sent
xtun_load
add_namespaces
on /dev/net/tun tun
on /dev/xtun xtun
is "both interfaces looked the same to it" "$(cat /tmp/shape.xtun)" "$(cat /tmp/shape.tun)"
like "with vnet headers and what they allow" "$(cat /tmp/shape.xtun)" "tcp-segmentation-offload: on"
