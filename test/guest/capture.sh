#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A blocking reader gets exactly the frames that tcpdump sees leave, byte for byte, for
# every kind of frame that a kernel sends.
. /test/lib.sh
requires tcpdump

mac=02:00:00:00:00:02

start() {
	/test/bin/xtun-test record /tmp/read.pcap &
	reader=$!
	tcpdump -Z root -i xtun -Q out -s 0 -U --immediate-mode -w /tmp/seen.pcap 2>/tmp/tcpdump.log &
	sniffer=$!
	eventually 20 grep -q listening /tmp/tcpdump.log
}

frames() {
	tcpdump -Z root -r "$1" -n -e -t -xx "${@:2}" 2>/dev/null
}

count() {
	frames "$@" | awk '/^[0-9a-f][0-9a-f]:/ { n++ } END { print n + 0 }'
}

same_number() {
	[ "$(count /tmp/seen.pcap)" -gt 0 ] && [ "$(count /tmp/read.pcap)" = "$(count /tmp/seen.pcap)" ]
}

# has DESCRIPTION COUNT FILTER: at least COUNT frames that match FILTER were read.
has() {
	local n
	n=$(count /tmp/read.pcap "$3")
	ok "$1: $n of $2" test "$n" -ge "$2"
}

# ping exits with 1 if nobody answers. Here nobody does.
unanswered() {
	"$@" >/dev/null 2>&1 && return 1
	[ $? = 1 ]
}

# Nothing may be sent until both listen. tcpdump needs the interface to be up, and IPv6
# sends as soon as it is.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
xtun_load
ip link set xtun mtu 65521 up
start
sysctl -q -w net.ipv6.conf.xtun.disable_ipv6=0
ip addr add 10.99.0.1/24 dev xtun

ok "an address is asked for" unanswered ping -c 1 -W 1 10.99.0.9
ip neigh replace 10.99.0.2 lladdr $mac dev xtun nud permanent
for size in 18 19 56 1472 1473 4054 4055 8192 20000 40000 65492 65493; do
	ok "ping of $size bytes" unanswered ping -c 1 -W 1 -M "do" -s "$size" 10.99.0.2
done
ok "multicast" unanswered ping -c 2 -i 0.2 -W 1 -I xtun 224.0.0.251
ok "broadcast" unanswered ping -b -c 2 -i 0.2 -W 1 -I xtun 10.99.0.255
ok "IPv6 asks for a neighbour" unanswered ping -6 -c 1 -W 1 fe80::2%xtun
ip link add link xtun name xtun.5 type vlan id 5
ip link set xtun.5 up
ip addr add 10.98.0.1/24 dev xtun.5
ip neigh replace 10.98.0.2 lladdr $mac dev xtun.5 nud permanent
ok "VLAN 5" unanswered ping -c 1 -W 1 -s 100 10.98.0.2
ok "VLAN 5, the longest frame" unanswered ping -c 1 -W 1 -M "do" -s 65493 10.98.0.2
# Who has 10.99.0.1? Tell 10.99.0.2
printf '%b' '\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\x02\x08\x06' '\0\x01\x08\0\x06\x04\0\x01' \
	'\x02\0\0\0\0\x02\x0a\x63\0\x02' '\0\0\0\0\0\0\x0a\x63\0\x01' |
	dd of=/dev/xtun bs=42 count=1 iflag=fullblock status=none

ok "the reader got as many frames as tcpdump saw" eventually 20 same_number
kill $sniffer
wait $sniffer
is "... and the same ones" "$(frames /tmp/read.pcap | sha256sum)" "$(frames /tmp/seen.pcap | sha256sum)"
has "ARP request" 1 "arp[6:2] = 1 and ether broadcast"
has "ARP reply, 42 bytes" 1 "arp[6:2] = 2 and len = 42 and ether dst $mac"
has "IPv4" 12 "icmp and ether dst $mac"
has "the longest, 65535 bytes" 1 "len = 65535"
has "multicast" 2 "ether dst 01:00:5e:00:00:fb"
has "broadcast" 2 "icmp and ether broadcast"
has "neighbour solicitation" 1 "icmp6 and ip6[40] = 135"
has "VLAN tag in its place, and longer by it" 1 "ether[12:2] = 0x8100 and ether[14:2] & 0xfff = 5 and len = 146"
has "the longest with a tag, 65539 bytes" 1 "len = 65539"
ok "no frame was lost" sh -c '! ethtool -S xtun | grep "lost_" | grep -v ": 0$"'
kill $reader
