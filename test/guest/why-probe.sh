#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# xtun why --probe: how far a question to the other end, and its answer, went.
. /test/lib.sh
. /test/frames.sh
PATH=$PATH:/test/bin

requires namespaces

# probe ADDRESS [IFACE]: the output, without times.
probe() {
	xtun why --probe "$@" 2>&1 | sed 's/[0-9.]* ms\.$/T ms./; s/^[0-9.]* s ago/T s ago/' || :
}

reads() {
	grep -q "q0_readers: [1-9]" <<<"$(ethtool -S xtun)"
}

xtun_load
frames_up
ip neigh del 10.99.0.2 dev xtun
sysctl -q -w net.ipv4.neigh.xtun.retrans_time_ms=100

like "nobody reads" "$(probe 10.99.0.2)" "ARP for 10.99.0.2: asked\.
The ARP request waits in xtun: no program has read it\.
nobody reads xtun; frames waiting: [1-9]\.
  fix: start the program "
nok "... and the status is 1" xtun why --probe 10.99.0.2

cat /dev/xtun >/dev/null &
reader=$!
eventually 5 reads
like "a program that does not answer" "$(probe 10.99.0.2)" "ARP for 10.99.0.2: asked\.
The program that reads xtun has received the ARP request, but not answered\."
ip neigh replace 10.99.0.2 lladdr 02:00:00:00:00:02 dev xtun
like "... what it was not asked for" "$(probe 10.99.0.2)" \
"^ARP for 10.99.0.2: not sent, because the kernel knows the MAC address\.
Echo request to 10.99.0.2: sent\.
The program that reads xtun has received the echo request, but not answered\."
ip neigh del 10.99.0.2 dev xtun
kill "$reader"
wait "$reader" || :

xtun echo -a 10.99.0.2 >/dev/null &
answerer=$!
eventually 5 reads
is "one that answers" "$(probe 10.99.0.2)" "ARP for 10.99.0.2: asked, and answered.
Echo request to 10.99.0.2: sent.
Echo reply from 10.99.0.2: received on xtun.
10.99.0.2 answers: T ms."
ok "... and the status is 0" xtun why --probe 10.99.0.2
iptables -A INPUT -s 10.99.0.2 -p icmp -j DROP
like "an answer that does not come through" "$(probe 10.99.0.2)" \
"^T s ago, from userspace, 4[0-9] bytes: IP 10.99.0.2 > 10.99.0.1 ICMP echo reply.*
  where: in the kernel's stack, at xtun, .*
  why: the firewall dropped it: iptables rule 1 of chain INPUT in table filter
.*Echo reply from 10.99.0.2: received on xtun\.
The kernel's stack has not delivered it: see above\."
iptables -F INPUT
kill "$answerer"
wait "$answerer" || :

ip link set xtun arp off
like "where ARP is off" "$(probe 10.99.0.2)" "^ARP for 10.99.0.2: not sent, because it is off on xtun\.
Echo request to 10.99.0.2: sent\.
"
ip link set xtun arp on
ip neigh flush dev xtun

no_way="^No route to 10.55.0.9: Network is unreachable\."
said=$(probe 10.55.0.9)
like "an address to which nothing leads" "$said" "$no_way
  fix: ip route add 10.55.0.9 dev xtun
  undo: ip route del 10.55.0.9 dev xtun
"
ok "... what mends it can be typed" sh -c "$(sed -n 's/^  fix: //p' <<<"$said" | head -n 1)"
like "... and does" "$(probe 10.55.0.9)" "ARP for 10.55.0.9: asked\."
ok "... what takes that back can be typed too" \
	sh -c "$(sed -n 's/^  undo: //p' <<<"$said" | head -n 1)"
like "... and does, too" "$(probe 10.55.0.9)" "$no_way"
ip route add prohibit 10.55.0.0/24
said=$(probe 10.55.0.9)
like "one that a route forbids" "$said" "^No route to 10.55.0.9: Permission denied\.
  fix: find the route or rule that refuses it: ip route show table all; "
is "... no command gets round that" "$(grep 'undo: ip route' <<<"$said" || :)" ""
ip route del prohibit 10.55.0.0/24
like "one of this machine" "$(probe 127.1.2.3)" "^127.1.2.3 is an address of this machine itself"

ip link add far type veth peer name near
ip addr add 10.98.0.1/24 dev near
ip link set near up
ip link set far up
elsewhere="^Frames for 10.98.0.2 leave through near\.
  fix: none needed if that is intended; else send them through xtun instead: "
said=$(probe 10.98.0.2)
like "one that is elsewhere" "$said" "$elsewhere"
is "... no command is said to mend it" "$(grep 'undo: ip route' <<<"$said" || :)" ""
nok "... and the status is 1" xtun why --probe 10.98.0.2
ok "... the route can be typed" sh -c "$(sed -n 's/.*instead: //p' <<<"$said")"
like "... and leads here" "$(probe 10.98.0.2)" "ARP for 10.98.0.2: asked\."
ip route del 10.98.0.2 dev xtun
like "... without it, elsewhere" "$(probe 10.98.0.2)" "$elsewhere"
ip link del near

# A tun has no neighbours.
xtun-test attach /dev/xtun tun7 0x1001 sh -c '
	ip addr add 10.97.0.1/24 dev tun7 && ip link set tun7 up && exec cat <&3 >/dev/null' &
reader=$!
eventually 5 sh -c 'ip link show up dev tun7 | grep -q .'
like "a tun" "$(probe 10.97.0.2 tun7)" \
"^ARP for 10.97.0.2: not needed, because tun7 is a tun, without Ethernet addresses\.
Echo request to 10.97.0.2: sent\.
The program that reads tun7 has received the echo request, but not answered\."
kill "$reader"
wait "$reader" || :
nok "what is no address" xtun why --probe nowhere

ip link set xtun down
said=$(probe 10.99.0.2)
is "while it is down" "$(head -n 3 <<<"$said")" "10.99.0.2 was not probed: xtun is down.
xtun is down: nothing passes.
  fix: ip link set dev xtun up"
is "... no route is said to mend it" "$(grep 'ip route' <<<"$said" || :)" ""
nok "... and the status is 1" xtun why --probe 10.99.0.2
ok "... what mends it can be typed" ip link set dev xtun up
like "... and does" "$(probe 10.99.0.2)" "ARP for 10.99.0.2: asked\."

# --- IPv6, between two interfaces that a program connects

# apart: leave left here and put right into a namespace of its own.
apart() {
	ip link set right netns far
	ip addr add fd00::1/64 dev left nodad
	ip -n far addr add fd00::2/64 dev right nodad
	ip link set left up
	ip -n far link set right up
}

ip netns add far
ip link add left type xtun
ip link add right type xtun
apart
# A slow guest may see the kernel give up before.
is "IPv6, and nobody to carry it" "$(probe fd00::2 left | grep -m 1 '^neighbour')" \
	"neighbour discovery for fd00::2: asked."
ip -n far link set right netns 1
ip link set right down
ip link del right
ip link del left
xtun-test forward /dev/xtun left right >/dev/null &
joiner=$!
eventually 5 ip link show right
apart
is "... and with somebody who does" "$(probe fd00::2 left)" \
"neighbour discovery for fd00::2: asked, and answered.
Echo request to fd00::2: sent.
Echo reply from fd00::2: received on left.
fd00::2 answers: T ms."
kill "$joiner"
wait "$joiner" || :
ip netns del far
