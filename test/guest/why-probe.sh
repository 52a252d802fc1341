#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# xtun why --probe: how far a question to the other end, and the answer to it, went.
. /test/lib.sh
. /test/frames.sh
PATH=$PATH:/test/bin

requires namespaces

# probe ADDRESS [IFACE]: what is said, without times.
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
the question waits: whoever is the other end of xtun does not read\.
nobody reads xtun; frames that wait: [1-9]\.
  what mends it: start the program "
nok "... and the status is 1" xtun why --probe 10.99.0.2

cat /dev/xtun >/dev/null &
reader=$!
eventually 5 reads
like "a program that does not answer" "$(probe 10.99.0.2)" "ARP for 10.99.0.2: asked\.
The program that reads xtun was given the question, and has not answered\."
ip neigh replace 10.99.0.2 lladdr 02:00:00:00:00:02 dev xtun
like "... what it was not asked for" "$(probe 10.99.0.2)" \
"^ARP for 10.99.0.2: not asked, for the kernel knows its address\.
Echo request to 10.99.0.2: sent\.
The program that reads xtun was given the request, and has not answered\."
ip neigh del 10.99.0.2 dev xtun
kill "$reader"
wait "$reader" || :

xtun echo -a 10.99.0.2 >/dev/null &
answerer=$!
eventually 5 reads
is "one that answers" "$(probe 10.99.0.2)" "ARP for 10.99.0.2: asked, and answered.
Echo request to 10.99.0.2: sent.
Echo reply from 10.99.0.2: came in by xtun.
10.99.0.2 answers: T ms."
ok "... and the status is 0" xtun why --probe 10.99.0.2
iptables -A INPUT -s 10.99.0.2 -p icmp -j DROP
like "an answer that does not come through" "$(probe 10.99.0.2)" \
"^T s ago, from userspace, 4[0-9] bytes: IP 10.99.0.2 > 10.99.0.1 ICMP echo reply.*
  where: in the kernel's stack, at xtun, .*
  why: a rule of the firewall has dropped it: rule 1 of INPUT in the table filter of iptables
.*Echo reply from 10.99.0.2: came in by xtun\.
The kernel's stack has not delivered it: see above\."
iptables -F INPUT
kill "$answerer"
wait "$answerer" || :

like "an address to which nothing leads" "$(probe 10.55.0.9)" \
"^There is no way to 10.55.0.9: Network is unreachable\.
  what mends it: ip route add 10.55.0.9 dev xtun
"
ok "... what mends it can be typed" ip route add 10.55.0.9 dev xtun
like "... and does" "$(probe 10.55.0.9)" "ARP for 10.55.0.9: asked\."
like "one that is elsewhere" "$(probe 127.1.2.3)" "^127.1.2.3 is an address of this machine itself"
nok "what is no address" xtun why --probe nowhere

ip link set xtun down
said=$(probe 10.99.0.2)
is "while it is down" "$(head -n 3 <<<"$said")" "10.99.0.2 was not asked, for xtun is down.
xtun is down: nothing passes.
  what mends it: ip link set dev xtun up"
is "... no route is said to mend it" "$(grep 'ip route' <<<"$said" || :)" ""
nok "... and the status is 1" xtun why --probe 10.99.0.2
ok "... what mends it can be typed" ip link set dev xtun up
like "... and does" "$(probe 10.99.0.2)" "ARP for 10.99.0.2: asked\."

# --- IPv6, between two interfaces that a program joins

# apart: with left here, right is in a namespace of its own.
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
is "IPv6, and nobody to carry it" "$(probe fd00::2 left | head -n 1)" \
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
Echo reply from fd00::2: came in by left.
fd00::2 answers: T ms."
kill "$joiner"
wait "$joiner" || :
ip netns del far
