#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The command-line tool: echo answers, dump shows what passes, status tells the truth,
# and neither dump nor status ever attaches.
. /test/lib.sh
requires namespaces tcpdump

export PATH=/test/bin:$PATH
out=/tmp/tools
said=
mkdir "$out"

# ends STATUS DESCRIPTION PID: the job ends by itself.
ends() {
	local status=0
	eventually 10 not_running "$3" || kill -9 "$3"
	wait "$3" || status=$?
	is "$2" "$status" "$1"
}

not_running() {
	[ ! -d "/proc/$1" ] || grep -q '^State:.*zombie' "/proc/$1/status"
}

readers() {
	ethtool -S xtun | sed -n 's/^ *q0_readers: //p'
}

same_size() {
	[ "$(stat -c %s "$1")" = "$(stat -c %s "$2")" ]
}

# A program attaches when it reads the device, so when this holds it has begun to.
has_readers() {
	[ "$(readers)" = "$1" ]
}

# watchers N: that many packet sockets are bound to xtun.
watchers() {
	local index
	index=$(cat /sys/class/net/xtun/ifindex)
	[ "$(awk -v index_="$index" '$5 == index_' /proc/net/packet | wc -l)" = "$1" ]
}

# send N: the kernel transmits N frames, to the broadcast address, so that it sends no
# ARP. Nobody answers. Afterwards the frames are older than a second.
send() {
	nok "$1 frames are sent" ping -b -c "$1" -i 0.2 -W 1 10.99.0.255
}

# frame TYPE_AND_PAYLOAD: write a frame to everyone with one write().
frame() {
	printf '\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x09%b' "$1" >/dev/xtun
}

### Without the module

exits 2 "status: no module" xtun status
like "... says how to load it" "$said" "Type: modprobe xtun"
exits 2 "dump: no module" xtun dump
exits 2 "echo: no module" xtun echo
like "... says how to load it" "$said" "Type: modprobe xtun"
exits 64 "an unknown command" xtun frobnicate
exits 64 "an unknown option" xtun status --frobnicate
exits 0 "help" xtun help
exits 0 "--version" xtun --version
tool_version=${said#xtun }

### A first interface, down, with no reader

xtun_load
is "the tool and the module are of one version" "$tool_version" "$(cat /sys/module/xtun/version)"
sysctl -q -w net.ipv6.conf.xtun.disable_ipv6=1
exits 0 "status: down" xtun status
like "... and how to bring it up" "$said" "ip link set dev xtun up"
exits 2 "status: no such interface" xtun status nosuch
like "... says how to make it" "$said" "Type: ip link add nosuch type xtun"
exits 2 "status: another driver's interface" xtun status lo
ip netns add blue
exits 2 "status: a namespace without one" ip netns exec blue xtun status
like "... says so" "$said" "no xtun interface in this namespace"

ip addr add 10.99.0.1/24 dev xtun
ip link set xtun up
exits 0 "status: up" xtun status xtun
like "... carrier" "$said" "up, carrier on"
like "... address" "$said" "$(cat /sys/class/net/xtun/address)"
like "... nobody reads" "$said" "queue 0, readers 0"
like "... the law" "$said" "in 0 = out 0 \+ waiting 0 \+ lost 0: balanced"

### dump

# Otherwise the stack remembers for minutes who sent it fragments, which looks like a
# leak of the writer.
sysctl -q -w net.ipv4.ipfrag_max_dist=0

xtun dump -e >"$out/text" 2>"$out/text.err" &
text=$!
xtun dump -w "$out/ours" 2>"$out/ours.err" &
ours=$!
tcpdump -Z root -U -i xtun -w "$out/theirs" 2>"$out/theirs.err" &
theirs=$!
ok "dump watches" eventually 10 watchers 3
is "... without attaching" "$(readers)" 0
nok "... or opening the device" sh -c 'ls -l /proc/[0-9]*/fd | grep /dev/xtun'

xtun echo -a 10.99.0.2 >"$out/echo" 2>&1 &
echo=$!
ok "echo attaches" eventually 10 has_readers 1
ok "echo -a: ping is answered" ping -c 3 -i 0.2 -W 5 10.99.0.2
ok "... in fragments" ping -c 1 -s 20000 -W 5 10.99.0.2
ip link set xtun mtu 65521
ok "... in one frame of 60 kB" ping -c 1 -s 60000 -W 5 10.99.0.2
ip link set xtun mtu 1500
xtun dump -x -c 1 >"$out/hex" 2>/dev/null &
hex=$!
ok "dump -x watches" eventually 10 watchers 4
frame '\x81\x00\xa0\x05\x88\xb5hello, tagged world'
ends 0 "dump -c ends after that many" "$hex"
like "dump -x: the tag in its place" "$(cat "$out/hex")" \
	"0000  ff ff ff ff ff ff 02 00 00 00 00 09 81 00 a0 05 .*
  0010  88 b5 68 65 6c 6c 6f 2c 20 .*hello, tagged"
ip link add link xtun name xtun.7 type vlan id 7
ip addr add 10.97.0.1/24 dev xtun.7
ip link set xtun.7 up
nok "nobody answers in VLAN 7" ping -c 1 -W 1 10.97.0.2
ip link del xtun.7

exits 0 "status: with a reader" xtun status
like "... names it" "$said" "process $echo \(xtun\), descriptor [0-9]+, reads and writes, queue 0"
like "... once: not itself" "$said" "queue 0, readers 1"
exits 0 "status: as nobody" setpriv --reuid 65534 --regid 65534 --clear-groups xtun status
like "... says that it may not look" "$said" "1 more readers are not visible from here"

kill "$echo"
ends 0 "echo ends on SIGTERM" "$echo"
like "... says how many" "$(tail -n 1 "$out/echo")" \
	"^[0-9]+ frames read, [1-9][0-9]* answered, [1-9][0-9]* not for this host or not ping$"
eventually 10 same_size "$out/theirs" "$out/ours" || :
kill "$text" "$ours" "$theirs"
ends 0 "dump ends on SIGTERM" "$text"
ends 0 "dump -w, too" "$ours"
wait "$theirs"

sed 's/^[^ ]* //' "$out/text" >"$out/lines"
peer=02:78:74:75:6e:01
mac=$(cat /sys/class/net/xtun/address)
lines=$(cat "$out/lines")
like "dump: ARP request" "$lines" "tx 42 $mac > ff:ff:ff:ff:ff:ff ARP who has 10.99.0.2 tell 10.99.0.1"
like "dump: ARP reply" "$lines" "rx 42 $peer > $mac ARP reply 10.99.0.2 is at $peer"
like "dump: ping" "$lines" \
	"tx 98 $mac > $peer IP 10.99.0.1 > 10.99.0.2 ICMP echo request, id [0-9]+, seq 1, length 64"
like "dump: its answer" "$lines" \
	"rx 98 $peer > $mac IP 10.99.0.2 > 10.99.0.1 ICMP echo reply, id [0-9]+, seq 1, length 64"
like "dump: a fragment" "$lines" "tx 1514 .* fragment at 1480, length 1480, more fragments"
like "dump: a large frame" "$lines" "rx 60042 .* ICMP echo reply, .*, length 60008"
like "dump: a tag that was written" "$lines" "rx 37 02:00:00:00:00:09 > ff:ff:ff:ff:ff:ff \
vlan 5 priority 5, ethertype 0x88b5, length 19"
like "dump: a tag that was sent" "$lines" "tx 46 .* vlan 7, ARP who has 10.97.0.2"
like "dump: how many" "$(cat "$out/text.err")" "^[0-9]+ frames seen$"

# One line for each frame, sorted: two processors that each have a frame may pass them
# to two packet sockets in different orders.
decoded() {
	tcpdump -Z root -e -n -v -xx -r "$1" 2>/dev/null |
		awk 'NR > 1 { printf "%s", /^[^ \t]/ ? "\n" : " " } { printf "%s", $0 } END { print "" }' |
		sort
}

decoded "$out/theirs" >"$out/theirs.txt"
decoded "$out/ours" >"$out/ours.txt"
ok "dump -w: tcpdump reads what tcpdump itself wrote" diff "$out/theirs.txt" "$out/ours.txt"
ok "... after the same header of the file" cmp -n 24 "$out/theirs" "$out/ours"
ok "... and not a byte more" same_size "$out/theirs" "$out/ours"
is "... as many as the text has" "$(wc -l <"$out/lines")" \
	"$(tcpdump -Z root -n -t -r "$out/ours" 2>/dev/null | grep -c '^[^[:space:]]')"

xtun dump -c 1 -w - >"$out/piped" 2>/dev/null &
piped=$!
ok "dump -w - watches" eventually 10 watchers 1
send 1
ends 0 "dump -c ends after that many" "$piped"
like "... and pipes a pcap" "$(decoded "$out/piped")" "10.99.0.1"
nok "dump -w: a full disk is told" xtun dump -c 1 -w /dev/full
exits 2 "dump: not an Ethernet interface" xtun dump lo

### echo, and what a refused frame is

xtun_unload
xtun_load
sysctl -q -w net.ipv6.conf.xtun.disable_ipv6=1
ip addr add 10.99.0.1/24 dev xtun
ip link set xtun up
xtun echo -s -c 2 >"$out/echo" 2>&1 &
echo=$!
ok "echo waits" eventually 10 has_readers 1
send 2
ends 0 "echo -s -c ends after that many" "$echo"
is "... says how many" "$(cat "$out/echo")" "2 frames read, 2 echoed"
like "... gave them to the kernel" "$(ethtool -S xtun)" "q0_rx_out: 2"

xtun echo >"$out/echo" 2>&1 &
echo=$!
ok "echo waits" eventually 10 has_readers 1
kill -STOP "$echo"
send 2
ip link set xtun down
kill -CONT "$echo"
ok "echo says what EIO means" eventually 10 grep -q \
	"write: Input/output error: xtun is down.*ip link set dev xtun up" "$out/echo"
ip link del xtun
ends 1 "echo ends when the interface is deleted" "$echo"
like "... says so" "$(cat "$out/echo")" "the interface was deleted"
like "... counts what was refused" "$(tail -n 1 "$out/echo")" "^2 frames read, 0 echoed, 2 refused by xtun$"
exits 1 "echo: no interface" xtun echo
like "... says how to make it" "$said" "Type: ip link add xtun type xtun"
exits 2 "status: no interface" xtun status
like "... says how to make it" "$said" "Type: ip link add xtun type xtun"

ip link add xtun type xtun
exec 3<>/dev/xtun
exits 0 "status: open, not attached" xtun status
like "... names who" "$said" "not attached .*
  process $$ \(bash|tools.sh\), descriptor 3, reads and writes"
exec 3>&-

### What was lost, and the numbers

ip link set xtun txqueuelen 2
sysctl -q -w net.ipv6.conf.xtun.disable_ipv6=1
nok "a frame to an interface that is down" frame '\x88\xb5'
ip link set xtun up
nok "a short frame" sh -c 'printf x >/dev/xtun'
ip addr add 10.99.0.1/24 dev xtun
send 4
dd if=/dev/xtun of=/dev/null bs=20 count=1 2>/dev/null &
dd=$!
ok "a reader with a short buffer" eventually 10 has_readers 1
send 1
ends 0 "it has read" "$dd"
exits 0 "status: losses are no disorder" xtun status
like "... full" "$said" "lost 2 full: .*fix: run xtun why xtun for the command"
like "... down" "$said" "lost 1 down: .*ip link set dev xtun up"
like "... short" "$said" "lost 1 short: "
like "... stale" "$said" "lost 2 stale: "
like "... truncated" "$said" "lost 1 truncated: .*use a buffer of 65539 bytes"

# Every counter as ethtool -S prints it.
# shellcheck disable=SC2016
flatten='.interfaces[].queues[] | .queue as $q | {tx, rx} | to_entries[] |
	"q\($q)_\(.key)_" as $p | .value |
	((.lost | to_entries[] | "\($p)lost_\(.key): \(.value)"),
	 (del(.lost, .lost_total, .law, .off) | to_entries[] | "\($p)\(.key): \(.value)"))'

same_counters() {
	diff <(xtun status --json | jq -r "$flatten" | sort) \
		<(ethtool -S xtun | sed -n 's/^ *\(q[0-9]*_[tr]x_\)/\1/p' | sort)
}

exits 0 "status --json" xtun status --json
if command -v jq >/dev/null; then
	ok "... is JSON" jq -e . <<<"$said"
	is "... with the parameters" "$(jq -r .module.parameters.name <<<"$said")" xtun
	is "... and the losses" "$(jq -c '.interfaces[0].queues[0].tx.lost.truncated' <<<"$said")" 1
	ok "... and every counter of ethtool -S" same_counters
	exits 2 "status --json: no such interface" sh -c 'xtun status --json nosuch 2>/dev/null'
	is "... is JSON still" "$(jq -c .interfaces <<<"$said")" "[]"
else
	skip "... is JSON" "there is no jq in this guest"
fi

### Too many frames for dump, and an interface that goes

ip link set xtun mtu 65521
xtun dump -c 100 -w "$out/ours" 2>"$out/ours.err" &
ours=$!
ok "dump watches" eventually 10 watchers 1
kill -STOP "$ours"
nok "40 MB of frames pass" ping -b -q -s 60000 -l 700 -c 700 -W 1 10.99.0.255
kill -CONT "$ours"
ends 0 "dump ends" "$ours"
like "... and says what it missed" "$(cat "$out/ours.err")" \
	"^100 frames seen, [1-9][0-9]* more were missed here"

xtun dump >"$out/text" 2>"$out/text.err" &
text=$!
ok "dump watches" eventually 10 watchers 1
ip link set xtun down
ok "dump waits while the interface is down" \
	eventually 10 grep -q "is down; waiting" "$out/text.err"
ok "which keeps nobody from removing the module" rmmod xtun
ends 1 "dump ends when the interface is deleted" "$text"
like "... says so" "$(cat "$out/text.err")" "xtun is gone"
