#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# /proc/net/xtun shows the law in numbers and the last frames that were lost, the latter
# only to those who may see them.
. /test/lib.sh
. /test/frames.sh

proc=/proc/net/xtun
nobody=(/test/bin/xtun-test as 65534)

# losses: the list without times.
losses() {
	sed -n 's/, from [0-9.]* to [0-9.]* s ago//; s/, [0-9.]* s ago//; s/^  lost //p' "$proc"
}

bytes() {
	sed -n 's/^    //p' "$proc"
}

hex() {
	od -An -v -tx1 | tr -d ' \n'
}

queue_line() {
	sed -n "s/^  queue $1: //p" "$proc"
}

xtun_load
frames_up
is "it begins with the interface" "$(head -n 1 "$proc")" \
	"xtun: up, carrier, mtu 1500, txqueuelen 1000"
is "... and its queue, either way" "$(sed 1d "$proc")" \
"  queue 0 tx: in 0 = out 0 + waiting 0 + lost 0; readers 0
  queue 0 rx: in 0 = out 0 + lost 0"

# --- what was lost, and its bytes

exec 4<>/dev/xtun
frame 60 >&4
transmit 100 2
is "frames that wait: how many, and the law" "$(queue_line "0 tx" | sed 's/for [0-9]* ms/for N ms/')" \
	"in 2 = out 0 + waiting 2 + lost 0; readers 1, the oldest frame waits for N ms, never read"
dd bs=99 count=1 status=none <&4 >/tmp/cut &
last=$!
wait "$last"
like "one that was cut, and who read it" "$(losses)" "^#1: queue 0 tx truncated, 100 bytes, \
1 waited, the oldest for [0-9]+ ms, read [0-9]+ ms ago by $last\$"
like "... whoever reads last is told of" "$(queue_line "0 tx")" ", read [0-9]+ ms ago by $last\$"
is "... with its bytes" "$(bytes)" "$(hex </tmp/cut)20"
is "... which are for whoever may attach" "$("${nobody[@]}" cat "$proc" | sed -n 's/^    //p')" ""
is "... the rest for all" "$("${nobody[@]}" cat "$proc" | grep -c truncated)" 2
dd bs=2000 count=1 status=none <&4 >/dev/null

ip link set xtun down
nok "a write while it is down" sh -c 'head -c 200 /dev/zero >&4'
is "the youngest is first" "$(losses | head -n 1)" "#2: queue 0 rx down, 200 bytes; errno 5"
is "... of which 128 bytes are kept" "$(bytes | head -n 1)" "$(head -c 128 /dev/zero | hex)"
for _ in 1 2 3; do
	nok "... again" sh -c 'head -c 200 /dev/zero >&4'
done
is "equal ones are one, with a count" "$(losses | head -n 1)" \
	"#2, 4 times: queue 0 rx down, 200 bytes; errno 5"
like "... and from when to when" "$(grep '#2,' "$proc")" \
	" 4 times, from [0-9]+\.[0-9]{3} to [0-9]+\.[0-9]{3} s ago: "
is "the law, with what was lost by its names" "$(queue_line "0 rx")" "in 5 = out 1 + lost 4 (down 4)"
ip link set xtun up
frames_up

nok "one that is too short" sh -c 'head -c 5 /dev/zero >&4'
is "... was never a frame, and has no bytes" "$(losses | head -n 1)" "#6: queue 0 rx short, 5 bytes; errno 22"
is "... and the two before have theirs" "$(bytes | wc -l)" 2

for _ in $(seq 20); do
	write_bytes 5 2>/dev/null || write_bytes 66000 2>/dev/null || continue
done
is "two kinds in turn are two, and the others stay" "$(losses | sed 's/bytes, .*/bytes/')" \
"#8 to #46, 20 times: queue 0 rx long, 66000 bytes; errno 22
#6 to #45, 21 times: queue 0 rx short, 5 bytes; errno 22
#2, 4 times: queue 0 rx down, 200 bytes; errno 5
#1: queue 0 tx truncated, 100 bytes"
exec 4>&-

ip link add many numtxqueues 64 type xtun
lose_in_queues 40 many
is "the last 32 kinds are kept" "$(losses | grep -c short)" 33
is "... from the youngest to the oldest" \
	"$(losses | sed -n 's/^#\([0-9]*\): .* short, .*/\1/p' | tr '\n' ' ')" \
	"$(seq 40 -1 9 | tr '\n' ' ')"
ip link del many

# --- who may see them

xtun_unload
xtun_load owner=65534
frames_up
ip link set xtun txqueuelen 5
transmit 100 6
is "its owner may see its frames" "$("${nobody[@]}" cat "$proc" | grep -c '^    ')" 1
nok "another user may not" sh -c '/test/bin/xtun-test as 1 cat /proc/net/xtun |
	grep "^    "'
like "... with how many waited" "$(losses)" \
	"^#1: queue 0 tx full, 100 bytes, 5 waited, the oldest for [0-9]* ms, never read$"

/test/bin/xtun-test attach /dev/xtun xtun 0x1002 /test/bin/xtun-test owner 65533
is "nor its next owner" "$(/test/bin/xtun-test as 65533 grep '^    ' "$proc" || :)" ""
like "... who sees that there was one" "$(losses)" "queue 0 tx full, 100 bytes"
transmit 100 6
is "... and sees those to come" \
	"$(/test/bin/xtun-test as 65533 grep -c '^    ' "$proc")" 1

if [ -e /proc/1/ns/net ]; then
	ip netns add elsewhere
	is "another namespace has none of it" "$(ip netns exec elsewhere cat "$proc")" ""
	ip link set xtun netns elsewhere
	like "... until the interface moves there" \
		"$(ip netns exec elsewhere sed -n '1s/:.*//p' "$proc"; cat "$proc")" \
		"^xtun
xtun: gone [0-9.]* s ago: moved to another namespace by ip\[[0-9]*\]; it had lost [^
]*\$"
	is "... without the frames that it lost here" \
		"$(ip netns exec elsewhere grep '^    ' "$proc" || :)" ""
	ip netns exec elsewhere sysctl -q -w net.ipv6.conf.xtun.disable_ipv6=1
	ip -n elsewhere link set xtun up
	is "... and those that waited here are none of those there" "$(ip netns exec elsewhere \
		dd if=/dev/xtun iflag=nonblock bs=2000 count=1 status=none 2>/dev/null | wc -c)" 0
	like "... but counted" "$(ip netns exec elsewhere cat "$proc")" \
		"queue 0 tx detached, 100 bytes"
	ip netns delete elsewhere
	eventually 10 sh -c '! ip netns list | grep -q .'
else
	skip "another namespace" "this kernel has none"
fi

# --- interfaces that are gone

xtun_unload
xtun_load create=0
theme dead

# --- many interfaces, read in small pieces; and the module is removed while it is read

xtun_unload
xtun_load create=0
for i in $(seq 100); do
	echo "link add many$i type xtun"
done | ip -batch -
is "each of 100 interfaces stands there once" \
	"$(dd if="$proc" bs=61 status=none | sed -n 's/^\(many[0-9]*\):.*/\1/p' | sort | uniq | wc -l)" 100
is "... and nothing else" "$(grep -c '^[^ ]' "$proc")" 100
exec 5<"$proc"
head -c 100 <&5 >/dev/null
ok "who has it open keeps nobody from removing the module" rmmod xtun
nok "... and it ends" cat <&5
exec 5<&-
nok "it is gone" test -e "$proc"
