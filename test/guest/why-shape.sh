#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# xtun why, of frames whose own headers are wrong behind Ethernet's, and of addresses that
# none may have that comes from outside.
#guest: TIMEOUT=900
. /test/lib.sh
. /test/mended.sh

stack_up

# ip4 FIRST FLAGS PROTO PAYLOAD [OPTIONS]: from 10.99.0.2 to 10.99.0.1, as hexadecimal digits.
# FIRST is version and length of the header; its checksum is right.
ip4() {
	local options=${5-} sum=0 i header
	printf -v header '%s00%04x1234%s40%s00000a6300020a630001%s' \
		"$1" $((20 + ${#options} / 2 + ${#4} / 2)) "$2" "$3" "$options"
	for ((i = 0; i < ${#header}; i += 4)); do
		sum=$((sum + 16#${header:i:4}))
	done
	while ((sum > 65535)); do
		sum=$(((sum & 65535) + (sum >> 16)))
	done
	printf '%s%04x%s%s' "${header:0:20}" $((65535 - sum)) "${header:24}" "$4"
}
echo=0800f7ff00000000

# wrong RULE WHY PAYLOAD [TYPE]: that a frame with that payload is, and one that is well is not.
wrong() {
	rewritten "$1" "$2" "type=${4-0800} payload=$3" "type=0800 payload=$(ip4 45 0000 01 $echo)"
}

# --- IP

# What is well is answered.
# shellcheck disable=SC2034
mends=passes
as="ip-header, version" wrong ip-header "cannot be one: it says version 5, and its type that it is 4" \
	"$(ip4 55 0000 01 $echo)"
as="ip-header, length" wrong ip-header "it says that it is of 16 bytes, and the least is 20" \
	"$(ip4 44 0000 01 $echo)"
wrong ip-header "its IP header cannot be one: there are 8 bytes of it, and it has 20" 4500001c12340000
as="ip-header, none" wrong ip-header "its IP header cannot be one: there are 0 bytes of it$" ""
options=$(ip4 46 0000 01 $echo 01010100)
as="ip-header, whole" wrong ip-header "it is of 24 bytes, and says 20 with all behind it" \
	"${options:0:4}0014${options:8:12}50ec${options:24}"
# An option that ends behind the header, of which no row knows.
as="unexplained, an option" wrong unexplained "the kernel dropped it in ip_rcv" \
	"$(ip4 46 0000 01 $echo 07ff0000)"

# --- what is behind it

as="length, UDP" wrong length "its UDP header is wrong about lengths: it says 255 bytes, and there are 9" \
	"$(ip4 45 0000 11 1092000900ff000041)"
as="length, UDP's least" wrong length "it says 7 bytes, and there are 9" \
	"$(ip4 45 0000 11 109200090007000041)"
as="length, TCP" wrong length \
	"its TCP header is wrong .*: it says that it is of 16 bytes; the least is 20, and with the data there are 20" \
	"$(ip4 45 0000 06 1092000900000000000000004002ffff00000000)"
as="length, ICMP" wrong length "its ICMP header is wrong .*: there are 4 bytes of it, and it has 8" \
	"$(ip4 45 0000 01 0800f7ff)"
wrong icmp-type "the kernel does not know what ICMP of type 41 is" \
	"$(ip4 45 0000 01 2900d6ff00000000)"
sysctl -q -w net.ipv4.ipfrag_time=1
wrong fragments "it is a fragment, and the others have not come within 1 s" \
	"$(ip4 45 2000 01 $echo)"
sysctl -q -w net.ipv4.ipfrag_time=30
# The second hangs at the first until that is read.
fragments() {
	craft type=0800 "payload=$(ip4 45 2000 01 0800f7fd00000000)"
	craft type=0800 "payload=$(ip4 45 0001 01 0000000100000001)"
}
ok "of fragments that are complete none is lost" passes unexplained fragments
iptables -A INPUT -m conntrack --ctstate NEW
ok "... nor where connection tracking puts them together" passes unexplained fragments
iptables -F INPUT
# Bytes behind UDP's own end are no part of what is summed up.
ok "what is padded is not wrong for that" drops socket \
	craft type=0800 "payload=$(ip4 45 0000 11 10920009000999784100)"

# --- ARP

arp=00010800060400010200000000020a630002000000000000
as="arp, short" rewritten arp "its ARP is none that the kernel takes: it is of 24 bytes; for IPv4 by Ethernet there are 28" \
	"type=0806 payload=$arp" "type=0806 payload=${arp}0a630001"
as="arp, of what" rewritten arp \
	"says hardware 7, protocol 0x0800, addresses of 6 and 4 bytes; for IPv4 by Ethernet these are 1, 0x0800, 6 and 4" \
	"type=0806 payload=0007${arp:4}0a630001" "type=0806 payload=${arp}0a630001"
as="arp, operation" rewritten arp "says operation 9; there is 1, who asks, and 2, who answers" \
	"type=0806 payload=${arp:0:12}0009${arp:16}0a630001" "type=0806 payload=${arp}0a630001"
as="arp, for whom" rewritten arp "asks for 224.0.0.5, which no machine has in a network" \
	"type=0806 payload=${arp}e0000005" "type=0806 payload=${arp}0a630001"

# --- addresses

ip link set lo up
rewritten loopback "it is for 127.0.0.1, by which a machine speaks to itself alone" \
	"proto=icmp to=127.0.0.1" proto=icmp
is "... which no command is to open" "$(field loopback cure)" ""
sysctl -q -w net.ipv4.conf.xtun.route_localnet=1
ok "... but what is said besides does" passes loopback craft proto=icmp to=127.0.0.1
sysctl -q -w net.ipv4.conf.xtun.route_localnet=0
sysctl -q -w net.ipv4.conf.xtun.drop_unicast_in_l2_multicast=1
mended l2-multicast "for 10.99.0.1 alone, and 01:00:5e:00:00:05 is of many machines: xtun is set not to take that" \
	"sysctl -w net/ipv4/conf/xtun/drop_unicast_in_l2_multicast=0" \
	craft dst=01:00:5e:00:00:05 proto=icmp
sysctl -q -w net.ipv4.conf.all.drop_unicast_in_l2_multicast=1
setting=drop_unicast_in_l2_multicast
as="l2-multicast, of all" mended l2-multicast "xtun is set not to take that" \
	"sysctl -w net/ipv4/conf/xtun/$setting=0 && sysctl -w net/ipv4/conf/all/$setting=0" \
	craft dst=01:00:5e:00:00:05 proto=icmp
sysctl -q -w net.ipv4.conf.xtun.$setting=0 net.ipv4.conf.all.$setting=0
mended echo-broadcast "it is an ICMP echo request for all of 10.99.0.255, and this machine does not answer such" \
	"sysctl -w net/ipv4/icmp_echo_ignore_broadcasts=0" craft proto=icmp to=10.99.0.255
sysctl -q -w net.ipv6.conf.xtun.disable_ipv6=0
ip addr add fd00::1/64 dev xtun nodad
ip neigh add fd00::2 lladdr 02:00:00:00:00:02 dev xtun
as="ip-header, IPv6" wrong ip-header "it says version 5, and its type that it is 6" \
	"5000000000003b40$(printf '%064d' 0)" 86dd
as="broadcast-source, IPv6" rewritten broadcast-source \
	"it comes from ff02::2, a multicast address, from which no host may send \(RFC 4291, 2.7\)" \
	"proto=icmp from=ff02::2 to=fd00::1" "proto=icmp from=fd00::2 to=fd00::1"
as="martian, IPv6" rewritten martian "it comes from ::1, and nobody can be asked" \
	"proto=icmp from=::1 to=fd00::1" "proto=icmp from=fd00::2 to=fd00::1"
as="loopback, IPv6" rewritten loopback "it is for ::1, by which a machine speaks to itself alone" \
	"proto=icmp from=fd00::2 to=::1" "proto=icmp from=fd00::2 to=fd00::1"

# --- a socket that goes, and what it has not read with it

# shellcheck disable=SC2034
mends=spares
# abandoned WAIT: a program has the port open, is sent one frame, and has time for that or not.
abandoned() {
	hoard
	craft proto=udp dport=9
	# shellcheck disable=SC2154
	[ "$1" = killed ] || kill -CONT "$hoarder"
	sleep "$((${slowness:-1} - 1)).5"
	unhoard
}
explained unread "the program that had UDP port 9 open has closed it, or ended, and not read this" \
	abandoned killed
ok "unread: mended" spares unread abandoned read
ok "unread: back" drops unread abandoned killed
stack_down
