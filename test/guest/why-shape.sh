#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# xtun why on frames whose headers behind Ethernet's are wrong, and on addresses that no
# frame from outside may have.
#guest: TIMEOUT=900
. /test/lib.sh
. /test/mended.sh

stack_up

# ip4 FIRST FLAGS PROTO PAYLOAD [OPTIONS]: a packet from 10.99.0.2 to 10.99.0.1, as
# hexadecimal digits. FIRST is the version and the length of the header; its checksum is
# right.
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

# wrong RULE WHY PAYLOAD [TYPE]: a frame with that payload is dropped, and a correct one
# is not.
wrong() {
	rewritten "$1" "$2" "type=${4-0800} payload=$3" "type=0800 payload=$(ip4 45 0000 01 $echo)"
}

# --- IP

# A correct packet is answered.
# shellcheck disable=SC2034
mends=passes
as="ip-header, version" wrong ip-header "is invalid: it says version 5, but the EtherType is that of version 4" \
	"$(ip4 55 0000 01 $echo)"
as="ip-header, length" wrong ip-header "it says that it is 16 bytes long, but the minimum is 20" \
	"$(ip4 44 0000 01 $echo)"
wrong ip-header "its IP header is invalid: only 8 of its 20 bytes are present" 4500001c12340000
as="ip-header, none" wrong ip-header "its IP header is invalid: none of its bytes are present$" ""
options=$(ip4 46 0000 01 $echo 01010100)
as="ip-header, whole" wrong ip-header "the header is 24 bytes long, but its total length field says 20" \
	"${options:0:4}0014${options:8:12}50ec${options:24}"
# An option that ends behind the header, which no rule covers.
as="unexplained, an option" wrong unexplained "the kernel dropped it in ip_rcv" \
	"$(ip4 46 0000 01 $echo 07ff0000)"

# --- the header behind IP's

as="length, UDP" wrong length "its UDP header does not match the packet's length: its length field says 255, but must say 8 to 9" \
	"$(ip4 45 0000 11 1092000900ff000041)"
as="length, UDP's least" wrong length "its length field says 7, but must say 8 to 9" \
	"$(ip4 45 0000 11 109200090007000041)"
as="length, TCP" wrong length \
	"its TCP header does not match .*: its data offset says 16 bytes, but must say 20 to 20" \
	"$(ip4 45 0000 06 1092000900000000000000004002ffff00000000)"
as="length, ICMP" wrong length "its ICMP header does not match .*: only 4 of its 8 bytes are present" \
	"$(ip4 45 0000 01 0800f7ff)"
wrong icmp-type "the kernel does not know ICMP type 41" \
	"$(ip4 45 0000 01 2900d6ff00000000)"
sysctl -q -w net.ipv4.ipfrag_time=1
wrong fragments "it is a fragment, and the others did not arrive within 1 s" \
	"$(ip4 45 2000 01 $echo)"
sysctl -q -w net.ipv4.ipfrag_time=30
# The second fragment is chained to the first one until that is read.
fragments() {
	craft type=0800 "payload=$(ip4 45 2000 01 0800f7fd00000000)"
	craft type=0800 "payload=$(ip4 45 0001 01 0000000100000001)"
}
ok "of fragments that are complete none is lost" passes unexplained fragments
iptables -A INPUT -m conntrack --ctstate NEW
ok "... nor where connection tracking puts them together" passes unexplained fragments
iptables -F INPUT
# Bytes behind UDP's own end are not part of the checksum.
ok "what is padded is not wrong for that" drops socket \
	craft type=0800 "payload=$(ip4 45 0000 11 10920009000999784100)"

# --- ARP

arp=00010800060400010200000000020a630002000000000000
as="arp, short" rewritten arp "the kernel does not accept this ARP packet: it has 24 bytes; for IPv4 over Ethernet it must have 28" \
	"type=0806 payload=$arp" "type=0806 payload=${arp}0a630001"
as="arp, of what" rewritten arp \
	"has hardware type 7, protocol 0x0800, address lengths 6 and 4; for IPv4 over Ethernet these must be 1, 0x0800, 6 and 4" \
	"type=0806 payload=0007${arp:4}0a630001" "type=0806 payload=${arp}0a630001"
as="arp, operation" rewritten arp "has operation 9; it must be 1 \(request\) or 2 \(reply\)" \
	"type=0806 payload=${arp:0:12}0009${arp:16}0a630001" "type=0806 payload=${arp}0a630001"
as="arp, for whom" rewritten arp "has the target 224.0.0.5, which is a multicast address" \
	"type=0806 payload=${arp}e0000005" "type=0806 payload=${arp}0a630001"

# --- addresses

ip link set lo up
rewritten loopback "its destination 127.0.0.1 is a loopback address, which is not valid from the network" \
	"proto=icmp to=127.0.0.1" proto=icmp
is "... which no command is to open" "$(field loopback cure)" ""
sysctl -q -w net.ipv4.conf.xtun.route_localnet=1
ok "... but what is said besides does" passes loopback craft proto=icmp to=127.0.0.1
sysctl -q -w net.ipv4.conf.xtun.route_localnet=0
sysctl -q -w net.ipv4.conf.xtun.drop_unicast_in_l2_multicast=1
mended l2-multicast "its destination 10.99.0.1 is unicast, but the MAC 01:00:5e:00:00:05 is multicast or broadcast; drop_unicast_in_l2_multicast is on for xtun" \
	"sysctl -w net/ipv4/conf/xtun/drop_unicast_in_l2_multicast=0" \
	craft dst=01:00:5e:00:00:05 proto=icmp
sysctl -q -w net.ipv4.conf.all.drop_unicast_in_l2_multicast=1
setting=drop_unicast_in_l2_multicast
as="l2-multicast, of all" mended l2-multicast "drop_unicast_in_l2_multicast is on for xtun" \
	"sysctl -w net/ipv4/conf/xtun/$setting=0 && sysctl -w net/ipv4/conf/all/$setting=0" \
	craft dst=01:00:5e:00:00:05 proto=icmp
sysctl -q -w net.ipv4.conf.xtun.$setting=0 net.ipv4.conf.all.$setting=0
mended echo-broadcast "this machine does not answer ICMP echo requests to broadcast or multicast addresses \(10.99.0.255\)" \
	"sysctl -w net/ipv4/icmp_echo_ignore_broadcasts=0" craft proto=icmp to=10.99.0.255
sysctl -q -w net.ipv6.conf.xtun.disable_ipv6=0
ip addr add fd00::1/64 dev xtun nodad
ip neigh add fd00::2 lladdr 02:00:00:00:00:02 dev xtun
as="ip-header, IPv6" wrong ip-header "it says version 5, but the EtherType is that of version 6" \
	"5000000000003b40$(printf '%064d' 0)" 86dd
as="broadcast-source, IPv6" rewritten broadcast-source \
	"its source ff02::2 is a multicast address, which no host may send from \(RFC 4291, 2.7\)" \
	"proto=icmp from=ff02::2 to=fd00::1" "proto=icmp from=fd00::2 to=fd00::1"
as="martian, IPv6" rewritten martian "its source ::1 is not a valid host address" \
	"proto=icmp from=::1 to=fd00::1" "proto=icmp from=fd00::2 to=fd00::1"
as="loopback, IPv6" rewritten loopback "its destination ::1 is a loopback address, which is not valid from the network" \
	"proto=icmp from=fd00::2 to=::1" "proto=icmp from=fd00::2 to=fd00::1"

# --- a socket that is closed before it has read everything

# shellcheck disable=SC2034
mends=spares
# abandoned WAIT: a program has the port open, is sent one frame, and gets time to read
# it or not.
abandoned() {
	hoard
	craft proto=udp dport=9
	# shellcheck disable=SC2154
	[ "$1" = killed ] || kill -CONT "$hoarder"
	sleep "$((${slowness:-1} - 1)).5"
	unhoard
}
explained unread "the program that had UDP port 9 open closed the socket or ended without reading this packet" \
	abandoned killed
ok "unread: mended" spares unread abandoned read
ok "unread: back" drops unread abandoned killed
stack_down
