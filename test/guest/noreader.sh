#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# An interface that nobody reads: the first steps of any tutorial work, and senders can
# go on for ever.
#guest: TIMEOUT=600
. /test/lib.sh

# transmitted PACKETS|BYTES: the interface's own count, as ip shows it.
transmitted() {
	ip -s link show dev xtun | awk -v what="$1" '
	found { print what == "BYTES" ? $1 : $2; exit }
	/TX:/ { found = 1 }'
}

# pinged DESCRIPTION: run step two of a tutorial and check its output. Nobody answers,
# so that only ARP requests leave.
pinged() {
	local packets bytes arps
	packets=$(transmitted PACKETS)
	bytes=$(transmitted BYTES)
	nok "$1: ping gets no answer" ping -I xtun -c 4 10.99.0.2
	arps=$(($(transmitted PACKETS) - packets))
	ok "$1: TX packets move ($arps)" test "$arps" -gt 0
	is "$1: TX bytes move with them" "$(($(transmitted BYTES) - bytes))" $((arps * 42))
}

# IPv6 would send frames of its own.
quiet() {
	sysctl -q -w net.ipv6.conf.xtun.disable_ipv6=1
}

xtun_load
quiet
ip addr add 10.99.0.1/24 dev xtun
ip link set xtun up
pinged "ip"
ip neigh replace 10.99.0.2 lladdr 02:00:00:00:00:02 dev xtun
before=$(transmitted PACKETS)
nok "ping of a known neighbour gets no answer" ping -I xtun -c 4 -i 0.2 -W 1 10.99.0.2
is "and each of its requests leaves" $(($(transmitted PACKETS) - before)) 4
xtun_unload

xtun_load
quiet
ok "ifconfig sets an address" ifconfig xtun 10.99.0.1 netmask 255.255.255.0
ok "ifconfig brings it up" ifconfig xtun up
# Each implementation of ifconfig prints this differently.
like "ifconfig shows its flags" "$(ifconfig xtun)" "UP[ ,]BROADCAST[ ,]RUNNING[ ,]MULTICAST"
like "ifconfig shows its address" "$(ifconfig xtun)" "inet (addr:)?10.99.0.1 "
pinged "ifconfig"
like "ifconfig counts" "$(ifconfig xtun)" "TX packets[ :]$(transmitted PACKETS) "
xtun_unload

xtun_load
quiet
ip addr add 10.99.0.1/24 dev xtun
ip link set xtun up
ip neigh replace 10.99.0.2 lladdr 02:00:00:00:00:02 dev xtun
theme flood
