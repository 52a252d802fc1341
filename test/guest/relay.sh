#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two relays connect two interfaces like a cable: TCP passes unchanged, each way, and
# the relays end when they are told to.
#
#         namespace a                             namespace b
#   xtun -- xtun-relay -- eth0 ~~~~~~~~~~~ eth0 -- xtun-relay -- xtun
#   10.99.0.1             frames in frames                       10.99.0.2
#guest: TIMEOUT=600
. /test/lib.sh
requires namespaces curl

mac_a=02:00:00:00:00:0a
mac_b=02:00:00:00:00:0b
mac_relay=02:00:00:00:00:1b	# of b's relay alone, for which eth0 must be promiscuous
megabytes=16
declare -A relays=()

in_a() {
	ip netns exec a "$@"
}

in_b() {
	ip netns exec b "$@"
}

# add_host NAMESPACE ADDRESS
add_host() {
	ip -n "$1" link set eth0 up
	ip -n "$1" link add xtun type xtun
	ip -n "$1" link set xtun mtu 1478 up
	ip -n "$1" addr add "$2/24" dev xtun
}

# relay NAMESPACE ARGUMENT...
relay() {
	ip netns exec "$1" /test/bin/xtun-relay --id 7 "${@:2}" 2>"/tmp/relay.$1" &
	relays[$1]=$!
	eventually 60 grep -q relaying "/tmp/relay.$1"
	diag "$(cat "/tmp/relay.$1")"
}

# ends SIGNAL NAMESPACE
ends() {
	local status=0
	kill "-$1" "${relays[$2]}"
	wait "${relays[$2]}" || status=$?
	is "$2's relay ends by SIG$1" $status 0
	like "and says what it has done" "$(cat "/tmp/relay.$2")" \
		"[1-9][0-9]* frames out, [1-9][0-9]* in, 0 too long for eth0, [0-9]+ foreign"
}

# passes WHAT
passes() {
	ok "$1: ping goes through" in_a ping -c 3 -i 0.2 -W 10 10.99.0.2
	ok "$1: $megabytes MB come through" \
		in_a curl -sSf -m 300 -o /tmp/fetched http://10.99.0.2/lines
	ok "$1: all of them are right" cmp /tmp/fetched /tmp/www/lines
}

# IPv6 would send frames of its own.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
xtun_load
ip netns add a
ip netns add b
in_a sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
in_b sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip link add eth0 netns a address $mac_a type veth peer name eth0 netns b address $mac_b
add_host a 10.99.0.1
add_host b 10.99.0.2
mkdir /tmp/www
seq -f %015.0f $((megabytes << 16)) >/tmp/www/lines
in_b busybox httpd -f -p 80 -h /tmp/www &

nok "nothing goes through without relays" in_a ping -c 1 -W 1 10.99.0.2
relay a eth0 $mac_relay
relay b --own $mac_relay eth0 $mac_a
eventually 60 in_a curl -sSf -r 0-0 -o /dev/null http://10.99.0.2/lines
passes "$(sed -n 's/.*relaying by \([a-z]*\).*/\1/p' /tmp/relay.a)"
ends TERM a
ends INT b

megabytes=4
seq -f %015.0f $((megabytes << 16)) >/tmp/www/lines
for way in batch plain; do
	relay a --way $way eth0 $mac_b
	relay b --way $way eth0 $mac_a
	passes $way
	ends INT a
	ends TERM b
done

relay a eth0 $mac_b
relay b eth0 $mac_a
in_a ping -c 1 -W 10 10.99.0.2 >/dev/null
ip -n b link del xtun
status=0
wait "${relays[b]}" || status=$?
is "a relay whose interface is deleted ends by itself" $status 1
like "and says why" "$(cat /tmp/relay.b)" "ended: File descriptor in bad state"
ip -n a link del eth0
status=0
wait "${relays[a]}" || status=$?
is "so does one whose outer interface is deleted" $status 1
like "and says why" "$(cat /tmp/relay.a)" "ended: No such device"
