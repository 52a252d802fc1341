#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# xtun why on what the kernel's stack drops: each cause is provoked and named, the
# command that is printed fixes it, and the one that undoes this brings it back.
#guest: TIMEOUT=900
#guest: PACKAGES=bpftool
. /test/lib.sh
. /test/mended.sh

stack_up
mac=$(cat /sys/class/net/xtun/address)

# taking packet|raw PROTOCOL COMMAND...: run it while a program has such a socket.
taking() {
	local status=0 taker
	xtun-test take "$1" "$2" sleep 60 &
	taker=$!
	eventually 5 grep -qx sleep "/proc/$taker/comm"
	"${@:3}" || status=1
	kill "$taker"
	wait "$taker" || :
	return $status
}

# --- the frame itself

rewritten headerless "without an Ethernet header" "headerless=1 proto=icmp" proto=icmp
mended mac "its destination MAC is 02:00:00:00:00:77, but xtun has $mac" \
	"ip link set dev xtun address 02:00:00:00:00:77" craft dst=02:00:00:00:00:77 proto=icmp
rewritten other-host "02:00:00:00:00:77, but xtun has $mac; 10.98.0.2 is not an address of this machine" \
	"dst=02:00:00:00:00:77 proto=icmp to=10.98.0.2" "proto=icmp to=10.98.0.2"
is "... whose MAC is not to be taken" "$(field other-host cure)" ""
# An interface whose MAC changes forgets its neighbours.
ip neigh replace 10.99.0.2 lladdr 02:00:00:00:00:02 dev xtun
as="other-host, a neighbour's" explained other-host "that MAC belongs to a neighbour" \
	craft dst=02:00:00:00:00:02 proto=icmp
explained vlan "it has a VLAN tag, but xtun has no interface for that VLAN" craft vlan=5 proto=icmp
like "... what mends it" "$(field vlan advice)" "ip link add link xtun name xtun.N up type vlan id N"
ip link add link xtun name xtun.5 up type vlan id 5
ok "vlan: mended" spares vlan craft vlan=5 proto=icmp
ip link del xtun.5
ok "vlan: back" drops vlan craft vlan=5 proto=icmp
explained ethertype "nothing on this machine handles EtherType 0x88b5" craft type=88b5
ok "ethertype: mended" taking packet 0x88b5 spares ethertype craft type=88b5
ok "ethertype: back" drops ethertype craft type=88b5
rewritten truncated "says 62 bytes, but there are 48: 14 bytes are missing" \
	"proto=icmp size=20 missing=14" "proto=icmp size=20"
rewritten ip-checksum "its IP header checksum is 0x[0-9a-f]{4}, but should be 0x[0-9a-f]{4}" "proto=icmp bad=ip" proto=icmp
rewritten checksum "its ICMP checksum is 0x[0-9a-f]{4}, but should be" "proto=icmp bad=icmp" proto=icmp
rewritten checksum "its UDP checksum is" "proto=udp bad=udp" proto=udp
rewritten checksum "its TCP checksum is" "proto=tcp bad=tcp" proto=tcp

# --- an XDP program, which runs in generic form for large frames, or for all if
# attached so

# answers_drop HOW: attach such a program. HOW is ip's word for the mode.
answers_drop() {
	ip -force link set dev xtun "$1" pinned /sys/fs/bpf/drop
}

# dropped_by_xdp HOW WORD...: the program drops that frame.
dropped_by_xdp() {
	local how=$1 cure undo="answers_drop $1" program
	shift
	answers_drop "$how"
	program=$(ip -j link show dev xtun | jq '.[0].xdp.prog.id')
	as="xdp-generic, $how" explained xdp-generic "the XDP program of xtun, in generic mode, dropped it" craft "$@"
	cure=$(field xdp-generic cure)
	if command -v bpftool >/dev/null; then
		undo=$(field xdp-generic undo)
		is "... what mends it" "$cure" \
			"bpftool prog pin id $program /sys/fs/bpf/xtun-$program && ip link set dev xtun $how off"
	else
		is "... what mends it" "$cure" "ip link set dev xtun $how off"
		like "... and takes that back" "$(field xdp-generic advice)" "to undo this, attach the program again"
	fi
	ok "... can be typed" sh -c "$cure"
	ok "xdp-generic, $how: mended" spares xdp-generic craft "$@"
	ok "... what takes that back can be typed too" eval "$undo"
	ok "xdp-generic, $how: back" drops xdp-generic craft "$@"
	ip link set dev xtun "$how" off
}

if [ -e /proc/sys/kernel/unprivileged_bpf_disabled ]; then
	mount -t bpf bpf /sys/fs/bpf
	xtun-test pin 1 /sys/fs/bpf/drop
	ip link set xtun mtu 9000
	dropped_by_xdp xdp proto=udp size=9000
	ip link set xtun mtu 1500
	dropped_by_xdp xdpgeneric proto=icmp
	rm /sys/fs/bpf/drop
	umount /sys/fs/bpf
else
	skip "XDP" "this kernel has no eBPF"
fi

# --- its destination and source

rewritten martian "its source 127.0.0.1 is not a valid host address" "proto=icmp from=127.0.0.1" proto=icmp
sysctl -q -w net.ipv4.conf.xtun.rp_filter=1
rewritten broadcast-source "its source 10.99.0.255 is a broadcast address" \
	"proto=icmp from=10.99.0.255" proto=icmp
as="broadcast-source, multicast" explained broadcast-source "its source 224.0.0.5 is a multicast address" \
	craft proto=icmp from=224.0.0.5
sysctl -q -w net.ipv4.conf.xtun.rp_filter=0
mended own-source "its source 10.99.0.1 is an address of this machine" \
	"sysctl -w net/ipv4/conf/xtun/accept_local=1" craft proto=icmp from=10.99.0.1
as="own-source, of another interface" mended own-source \
	"its source 10.98.0.1 is an address of this machine" \
	"sysctl -w net/ipv4/conf/xtun/accept_local=1" craft proto=icmp from=10.98.0.1
sysctl -q -w net.ipv4.conf.xtun.rp_filter=1
mended reverse-path "the strict reverse-path filter of xtun rejects its source 10.98.0.7: the route to it uses near" \
	"sysctl -w net/ipv4/conf/xtun/rp_filter=2" \
	craft proto=icmp from=10.98.0.7
as="group, whatever the filter" explained group "xtun is not a member of the multicast group 224.0.0.5" \
	craft dst=01:00:5e:00:00:05 to=224.0.0.5 from=10.98.0.7
is "... which is not asked" "$(rules)" group
sysctl -q -w net.ipv4.conf.xtun.rp_filter=2
mended reverse-path "the loose reverse-path filter of xtun rejects its source 10.55.0.7: there is no route to it" \
	"ip route add 10.55.0.7 dev xtun" \
	craft proto=icmp from=10.55.0.7
sysctl -q -w net.ipv4.conf.xtun.rp_filter=0
mended group "xtun is not a member of the multicast group 224.0.0.5" \
	"ip address add 224.0.0.5/32 dev xtun autojoin" \
	craft dst=01:00:5e:00:00:05 to=224.0.0.5
sysctl -q -w net.ipv4.conf.xtun.forwarding=0
mended forwarding "10.98.0.2 is not an address of this machine, and xtun does not forward" \
	"sysctl -w net/ipv4/conf/xtun/forwarding=1" craft proto=icmp to=10.98.0.2
sysctl -q -w net.ipv4.conf.xtun.forwarding=1
mended route "no route to 10.55.0.9: Network is unreachable" \
	"ip route add 10.55.0.9 via 10.98.0.2 dev near" craft proto=icmp to=10.55.0.9
# forbidden TYPE: a route of that type forbids it.
forbidden() {
	ip route add "$1" 10.55.0.9
	explained route-forbids "a route or routing rule of type $1 applies to 10.55.0.9" \
		craft proto=icmp to=10.55.0.9
	like "... how to find it" "$(field route-forbids advice)" "^find it: ip route show table all type $1; "
	ip route del "$1" 10.55.0.9
	ok "route-forbids: mended" spares route-forbids craft proto=icmp to=10.55.0.9
	ip route add "$1" 10.55.0.9
	ok "route-forbids: back" drops route-forbids craft proto=icmp to=10.55.0.9
	ip route del "$1" 10.55.0.9
}
forbidden blackhole
forbidden prohibit
forbidden unreachable
ip rule add from 10.99.0.2 prohibit
as="route-forbids, a rule" \
	explained route-forbids "a route or routing rule of type prohibit applies to 10.98.0.2" \
	craft proto=icmp to=10.98.0.2
ip rule del from 10.99.0.2 prohibit
ok "route-forbids, a rule: mended" spares route-forbids craft proto=icmp to=10.98.0.2
ip rule add from 10.99.0.2 prohibit
ok "route-forbids, a rule: back" drops route-forbids craft proto=icmp to=10.98.0.2
ip rule del from 10.99.0.2 prohibit
modprobe dummy numdummies=0
ip link add further type dummy
ip addr add 10.97.0.1/24 dev further
ip link set further up
explained route "no route to 10.55.0.9" craft proto=icmp to=10.55.0.9
is "... by either of two there is no command" "$(field route cure)" ""
like "... but what is missing" "$(field route advice)" "it is not known which of (near, further|further, near) leads there"
ip link del further
rewritten ttl "it should be forwarded, but its TTL is 1" "proto=icmp to=10.98.0.2 ttl=1" "proto=icmp to=10.98.0.2 ttl=2"
ip link set near mtu 600
as="mtu, IPv4" mended mtu "1028 bytes, but the MTU of near is 600" "ip link set dev near mtu 1028" \
	craft proto=icmp to=10.98.0.2 size=1000 df=1
ip link set near mtu 1500

# --- who takes it

if modprobe -n -q l2tp_ip; then
	mended module "nothing on this machine handles IP protocol 115" "modprobe l2tp_ip" craft proto=115 payload=00000800
	dep=/lib/modules/$(uname -r)/modules.dep
	mount --bind /dev/null "$dep"
	as="module, not there" explained module "nothing on this machine handles IP protocol 115" \
		craft proto=115 payload=00000800
	umount "$dep"
	is "... which no command loads" "$(field module cure)" ""
	is "... and why" "$(field module advice)" \
		"this kernel was built without l2tp_ip, or its modules are not installed"
else
	skip "a protocol's module" "this kernel has none for 115"
fi
explained protocol "nothing on this machine handles IP protocol 89" craft proto=89 payload=0201
ok "protocol: mended" taking raw 89 spares protocol craft proto=89 payload=0201
ok "protocol: back" drops protocol craft proto=89 payload=0201

as="socket, TCP" explained socket "no program has TCP port 9( \\(discard\\))? open on 10.99.0.1" \
	craft proto=tcp dport=9
is "... which it is to be is not known" "$(field socket cure)" ""
like "... but where to look" "$(field socket advice)" "ss -tln$"
ok "socket, TCP: mended" with_listener tcp 10.99.0.1 spares socket craft proto=tcp dport=9
ok "socket, TCP: back" drops socket craft proto=tcp dport=9

# A connection that this side has closed, and that waits for late segments: no program
# has it.
end_one_here() {
	local server
	ip link set lo up
	nc -N -l 127.0.0.1 9 </dev/null >/dev/null &
	server=$!
	eventually 5 grep -q ':0009 [0-9A-F:]* 0A' /proc/net/tcp
	cat <>/dev/tcp/127.0.0.1/9
	wait "$server"
	eventually 5 grep -q ':0009 [0-9A-F:]* 06' /proc/net/tcp
}
ok "a connection of that port has ended" end_one_here
ok "... and does not hide that no program has it" drops socket craft proto=tcp dport=9
explained socket "no program has UDP port 9( \\(discard\\))? open on 10.99.0.1" craft proto=udp dport=9
is "... which it is to be is not known" "$(field socket cure)" ""
like "... but where to look" "$(field socket advice)" "ss -uln$"
ok "socket: mended" with_listener udp 10.99.0.1 spares socket craft proto=udp dport=9
ok "socket: back" drops socket craft proto=udp dport=9
ok "socket-address: named" with_listener udp 127.0.0.1 drops socket-address craft proto=udp dport=9
like "... and why" "$(field socket-address why)" \
	"a program has UDP port 9 open only on 127.0.0.1, not on 10.99.0.1"
ok "socket-address: mended" with_listener udp 0.0.0.0 \
	spares socket-address craft proto=udp dport=9
ok "socket-address: back" with_listener udp 127.0.0.1 drops socket-address craft proto=udp dport=9

# nameless WORD...: what a kernel without function names would have reported about that
# frame.
nameless() {
	local cat
	# shellcheck disable=SC2154
	cat /proc/net/xtun_drops >"$out/net/xtun_drops" &
	cat=$!
	eventually 5 listens "$cat"
	craft "$@"
	# Answers to earlier frames may find no neighbour meanwhile: these are tx.
	eventually 20 grep -q "^xtun rx" "$out/net/xtun_drops"
	kill "$cat"
	wait "$cat" || :
	sed -i 's/: [^,]*,/: ?,/' "$out/net/xtun_drops"
	# shellcheck disable=SC2016
	unshare --mount bash -c 'mount --bind "$0" /proc/$$/net && exec xtun why "$@"' \
		"$out/net" -t 1 "${nameless_as[@]}" >"$out/told" || :
}

# The rest of that folder is as it is now.
mkdir "$out/net"
for file in /proc/net/*; do
	[ ! -f "$file" ] || [ "$file" = /proc/net/xtun_drops ] || cat "$file" >"$out/net/${file##*/}"
done
nameless_as=(--json)
nameless proto=udp dport=9 bad=udp
like "where functions have no names, one cause" "$(field checksum why)" "^its UDP checksum is"
like "... and the other that it may be" "$(field checksum other.why)" \
	"^no program has UDP port 9( \\(discard\\))? open on 10.99.0.1"
like "... and what mends that" "$(field checksum other.advice)" "ss -uln$"
nameless proto=udp dport=9 bad=ip
like "... none where the first is certain" "$(field ip-checksum why)" "^its IP header checksum is"
is "... alone" "$(field ip-checksum other.why)" ""
nameless_as=()
nameless proto=udp dport=9 bad=udp
like "... in words" "$(<"$out/told")" \
	$'why: its UDP .*\n  another possible cause \\(this kernel does not name the function, so the two cannot be distinguished\\):\n  why: no program'

rmem=$(cat /proc/sys/net/core/rmem_default)
sysctl -q -w net.core.rmem_default=2304
hoard
explained socket-full "the receive buffer of UDP port 9 is full: its program reads too slowly, and [0-9]+ bytes wait" flood 20
is "... what mends it" "$(field socket-full cure)" "sysctl -w net/core/rmem_default=8388608"
is "... and takes that back" "$(field socket-full undo)" "sysctl -w net/core/rmem_default=2304"
unhoard
undo=$(field socket-full undo)
sh -c "$(field socket-full cure)" >/dev/null
hoard
ok "socket-full: mended" spares socket-full flood 20
unhoard
sh -c "$undo" >/dev/null
hoard
ok "socket-full: back" drops socket-full flood 20
unhoard
sysctl -q -w "net.core.rmem_default=$rmem"

# --- the way out

# unanswered DEVICE ADDRESS ADVICE COMMAND...: nobody answers at the address of
# COMMAND's frame.
unanswered() {
	local name="ip neighbour replace $2 dev $1 lladdr "
	sysctl -q -w "net.ipv4.neigh.$1.retrans_time_ms=100" "net.ipv4.neigh.$1.mcast_solicit=1"
	as="neighbour, at $1" explained neighbour "nobody answers ARP for $2 on $1" "${@:4}"
	is "... of whom no address is made up" "$(field neighbour cure)" ""
	is "... what mends it" "$(field neighbour advice)" "$3; if it cannot: ${name}MAC"
	ok "... can be typed, with the right one" sh -c "${name}02:00:00:00:00:02"
	ok "neighbour, at $1: mended" spares neighbour "${@:4}"
	ip neighbour del "$2" dev "$1"
	ok "neighbour, at $1: back" drops neighbour "${@:4}"
}
unanswered xtun 10.99.0.77 "let the program that reads xtun answer" ping -c 1 -W 1 10.99.0.77
unanswered near 10.98.0.77 "check that the host with that address is up, and on that link" \
	craft proto=icmp to=10.98.0.77

stack_down

# --- a processor that is busy

crowd_backlog
# If netif_rx() refuses a frame, xtun itself counts it. With RPS the kernel may queue it
# there.
rps=/sys/class/net/xtun/queues/rx-0/rps_cpus
if [ -e "$rps" ]; then
	echo 1 >"$rps"
	mended cpu-backlog "the CPU that should process it was full: its limit is 0$" \
		"sysctl -w net/core/netdev_max_backlog=10000" on_first proto=icmp
	# Otherwise the frame that circulates on processor 0 would be the first to be
	# dropped.
	if sysctl -q -w net.core.flow_limit_cpu_bitmap=2; then
		as="cpu-backlog, or a share" explained cpu-backlog \
			"its limit is 0, or half for a flow with most of the frames" on_first proto=icmp
		sysctl -q -w net.core.flow_limit_cpu_bitmap=0
	fi
	echo 0 >"$rps"
else
	skip "the backlog of RPS" "this kernel has none"
fi
crowded_once() {
	on_first "$@"
	sysctl -q -w net.core.netdev_max_backlog=1000
}
counted() {
	ethtool -S xtun | awk '$1 == "q0_rx_lost_backlog:" { print $2 }'
}
before=$(counted)
ok "what xtun counts itself is told of once" spares cpu-backlog crowded_once proto=icmp
is "... as a loss of its own" "$(counted)" $((before + 1))
clear_backlog

# --- a cause that no rule knows, and what is no drop

ok "what the kernel tries a NAPI out with is no drop" spares no-drop with_tap 0x1012 true
ok "... of any kind" none_told
sysctl -q -w net.ipv6.conf.xtun.disable_ipv6=1
mended ipv6-disabled "IPv6 is disabled on xtun" "sysctl -w net/ipv6/conf/xtun/disable_ipv6=0" \
	craft from=fd00::2 to=fd00::1 proto=icmp
sysctl -q -w net.ipv6.conf.xtun.disable_ipv6=0
ip addr add fd00::1/64 dev xtun nodad
ok "a frame that the kernel only ends is no drop" spares no-drop craft from=fd00::2 to=fd00::1 proto=icmp
ok "... of any kind" none_told
# Reports of MLD and IGMP (version 3) that their sender is in a group. The answer to the
# echo request above finds no neighbour meanwhile.
ok "nor is what tells routers of a group" spares no-drop craft dst=33:33:00:00:00:16 \
	from=fe80::2 to=ff02::16 proto=58 payload=8f0070070000000104000000ff020000000000000000000000000002
is "... of any kind" "$(rules | sed /neighbour/d)" ""
ok "... or one of IPv4" spares no-drop craft dst=01:00:5e:00:00:16 \
	to=224.0.0.22 proto=2 payload=2200f9f80000000104000000e0000005
is "... of any kind" "$(rules | sed /neighbour/d)" ""
# A member of that group checks the sender of a report. Here rp_filter refuses it.
ip address add 224.0.0.22/32 dev xtun autojoin
sysctl -q -w net.ipv4.conf.xtun.rp_filter=1
as="reverse-path, of a report" explained reverse-path "rejects its source 10.98.0.7" craft dst=01:00:5e:00:00:16 \
	from=10.98.0.7 to=224.0.0.22 proto=2 payload=2200f9f80000000104000000e0000005
sysctl -q -w net.ipv4.conf.xtun.rp_filter=0
as="checksum, IGMP" explained checksum "its IGMP checksum is 0xf9f7, but should be 0xf9f8" \
	craft dst=01:00:5e:00:00:16 to=224.0.0.22 proto=2 \
	payload=2200f9f70000000104000000e0000005
ip address del 224.0.0.22/32 dev xtun
# A solicitation must come from this link, which its hop limit proves.
ok "what IPv6 does not take is no end that is well" drops unexplained craft from=fd00::2 \
	to=fd00::1 ttl=64 proto=58 \
	payload=870081a600000000fd000000000000000000000000000001
ip -6 route add fd00:1::/64 via fd00::9 dev xtun
explained forwarding "this machine does not forward IPv6" craft from=fd00::2 to=fd00:1::2 proto=icmp
is "... for which there is no command to be typed unread" "$(field forwarding cure)" ""
sysctl -q -w net.ipv6.conf.all.forwarding=1
rewritten ttl "it should be forwarded, but its hop limit is 1" "from=fd00::2 to=fd00:1::2 proto=icmp ttl=1" \
	"from=fd00::2 to=fd00:1::2 proto=icmp ttl=2"
ip link add further mtu 1300 type dummy
ip link set further up
ip addr add fd00:2::1/64 dev further nodad
as="mtu, IPv6" mended mtu "1448 bytes, but the MTU of further is 1300" \
	"ip link set dev further mtu 1448" craft from=fd00::2 to=fd00:2::2 proto=icmp size=1400
ip link del further
sysctl -q -w net.ipv6.conf.all.forwarding=0

# --- of several drops that are alike one is reported, with their number

# Answers to earlier frames find no neighbour meanwhile, and are alike, too.
more_told() {
	[ "$(awk '/ more of these:$/ { n = $1 } / s ago/ { n = 0 } /9999/ { sum += n; n = 0 }
		END { print sum + 0 }' "$out/told")" = "$1" ]
}
xtun why -f >"$out/told" 2>"$out/said" &
listener=$!
eventually 10 listens "$listener"
for _ in 1 2 3 4 5; do
	craft type=9999
done
ok "five alike: the last four are counted" eventually 20 more_told 4
silence_listener
is "... and one is told of" "$(grep -c '^[0-9.]* s ago.*9999' "$out/told")" 1

# --- an interface for packets only, and an Ethernet frame that begins like IPv4

# shellcheck disable=SC2034
watched=tun7
as_tun() {
	xtun-test attach /dev/xtun tun7 0x1001 bash -c "$1"
}
as_tun "xtun-test persist 1; ip link set tun7 up"
sysctl -q -w net.ipv4.conf.tun7.rp_filter=0
whole="xtun-test craft dst=46:00:00:00:00:77 proto=icmp >&3"
explained header "an Ethernet frame, but tun7 is a tun, which accepts only IP packets" as_tun "$whole"
like "... and shown as one" "$(field header frame)" "^IP 10.99.0.2 > 10.99.0.1 ICMP echo request"
: >"$out/told"
listener
as_tun "xtun-test craft headerless=1 proto=udp dport=9 >&3"
eventually 20 has_told socket
nok "header: mended" has_told header
as_tun "$whole"
ok "header: back" eventually 20 has_told header
silence_listener
ip link del tun7
