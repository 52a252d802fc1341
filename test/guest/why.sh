#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# xtun why: how it reports losses, at once and as they happen, and to whom.
. /test/lib.sh
. /test/frames.sh
requires jq
PATH=$PATH:/test/bin

# said: the output, without times.
said() {
	xtun why -t 0 2>&1 | sed 's/[0-9]*\.[0-9]* s ago/T s ago/; s/from [0-9.]* to T/from T to T/' || :
}

write_frame() {
	frame 60 | dd of=/dev/xtun bs=60 iflag=fullblock status=none
}

xtun_load
frames_up
is "without any loss, and without a reader" "$(said)" \
"nobody reads xtun; frames waiting: 0.
  fix: start the program that should be the other end of xtun; run it as root: /dev/xtun has mode 0600
the kernel has not sent anything to xtun yet.
  fix: check whether a route leads to xtun: ip route get ADDRESS
xtun itself has lost no frames; the kernel's stack was not monitored: -t 0 was given."
ok "... its status is 0" xtun why -t 0

exec 4<>/dev/xtun
frame 60 >&4
transmit 100
dd bs=200 count=1 status=none <&4 >/dev/null
unheard="xtun itself has lost no frames; the kernel's stack was not monitored"
is "a healthy interface" "$(said)" "$unheard: -t 0 was given."
is "... for programs" "$(xtun why -t 0 --json | jq -r .unheard)" "-t 0 was given"
if [ -e /proc/net/xtun_drops ]; then
	is "... of which the stack was listened to" "$(xtun why -t 1)" "xtun has lost no frames."
	is "... for programs" "$(xtun why -t 1 --json)" ""
	ok "... its status is 0" xtun why -t 1
	nobody=(setpriv --reuid 65534 --clear-groups --bounding-set -all --inh-caps -all)
	like "... who may not listen is told so" "$("${nobody[@]}" /test/bin/xtun why -t 1 2>/dev/null || :)" \
		"$unheard: this needs CAP_NET_ADMIN\.\$"
else
	is "... of which nothing can be heard" "$(xtun why -t 1 2>/dev/null)" "$unheard: this kernel has no tracepoints."
fi

# --- down

ip link set xtun down
nok "a write while it is down" write_frame
is "is told of" "$(said)" \
"#1, T s ago, from userspace, 60 bytes: ARP, not for Ethernet and IPv4
  where: inside xtun, queue 0, rx_lost_down
  why: written while xtun was down; write() failed with EIO
  fix: ip link set dev xtun up
  undo: ip link set dev xtun down
xtun is down: nothing passes.
  fix: ip link set dev xtun up
  undo: ip link set dev xtun down"
nok "... and the status is 1" xtun why -t 0
like "--frame has its bytes" "$(xtun why --frame 1 || :)" "02 ?00 ?00 ?00 ?00 ?99 ?02"
is "--frame --json is for programs" "$(xtun why --frame 1 --json | jq -r .number)" 1
nok "--json and --probe are not for both" xtun why --json --probe 10.99.0.2
ip link set xtun up
frames_up

# --- full

ip link set xtun txqueuelen 3
transmit 100 5
like "frames that found the queue full" "$(said)" "#2 and 1 more, from T to T s ago, to userspace, \
100 bytes: .*10\.99\.0\.1.* > 10\.99\.0\.2.*
  where: inside xtun, queue 0, tx_lost_full
  why: the queue was full: nobody read, or not fast enough; frames waiting: 3, the oldest for [0-9]+ ms; the last was read [0-9]+ ms earlier by process [0-9]+, which has ended; open in: bash\[[0-9]+\].*
"
like "--frame of one of several that were lost alike says so" "$(xtun why --frame 3 || :)" \
	"  the bytes of one of #2 to #3, which were lost in the same way; it need not be #3
.*02 ?00 ?00 ?00 ?00 ?02"
is "... and of the one that is shown does not" "$(xtun why --frame 2 | grep 'lost in the same way' || :)" ""
ip link set xtun txqueuelen 10000

# --- as it happens

xtun why -f >/tmp/follow &
follow=$!
eventually 10 grep -q '#2 and 1 more' /tmp/follow
nok "a frame that is too short" write_bytes 5
ok "-f tells of it at once" eventually 5 grep -q '^#4, .*from userspace, 5 bytes$' /tmp/follow
start=$SECONDS
for _ in {1..15}; do
	write_bytes 5 2>/dev/null || :
	sleep 0.1
done
ok "of one that goes on it tells how often" eventually 5 grep -q '^#4 and 15 more, ' /tmp/follow
ok "... once a second" test "$(grep -c '^#4 and' /tmp/follow)" -le $((SECONDS - start + 1))
kill "$follow"
wait "$follow" && status=$? || status=$?
is "... and ends when it is told to, with the status of one that was lost" "$status" 1
is "... having told of each once" "$(grep -c '^#[0-9]*, \|^#2 ' /tmp/follow)" 3

ip link add gone1 type xtun
xtun why -f gone1 >/tmp/gone 2>&1 &
follow=$!
eventually 10 sh -c "readlink /proc/$follow/fd/* | grep -q signalfd"
ip link del gone1
ok "-f ends with its interface" eventually 5 sh -c "! kill -0 $follow"
wait "$follow" || :
like "... and says how that went" "$(cat /tmp/gone)" "gone1 is gone.*deleted it|deleted it.*gone1 is gone"

nok "a frame that is not known" xtun why --frame 99
nok "an interface that is not there" xtun why nosuch
ip link add gone0 type xtun
ip link del gone0
like "an interface that is no more: how it went" "$(xtun why gone0 2>/dev/null || :)" \
	"^gone0: gone [0-9.]+ s ago: ip\[[0-9]+\] deleted it"
like "nobody sees bytes without the right" \
	"$(setpriv --reuid 65534 --clear-groups xtun why --frame 1)" "no bytes: it never became a frame, or you may not see them"

# --- for Wireshark

xtun why -t 0 -w /tmp/lost.pcapng >/tmp/said || :
tcpdump -Z root -nn -r /tmp/lost.pcapng >/tmp/read
is "-w: tcpdump reads each frame of which there are bytes" "$(wc -l </tmp/read)" \
	"$(xtun why -t 0 --json | jq -s 'map(select((.data // "") != "")) | length')"
like "... among them one that found the queue full" "$(cat /tmp/read)" "10\.99\.0\.1\.[0-9]+ > 10\.99\.0\.2\.9: UDP, length 58"
is "... each with its verdict as a comment" "$(grep -ac '^  where: \|  where: inside' /tmp/lost.pcapng)" \
	"$(wc -l </tmp/read)"
xtun why --frame 1 -w /tmp/one.pcapng >/dev/null || :
like "-w with --frame: that frame alone" "$(tcpdump -Z root -e -nn -r /tmp/one.pcapng || :)" \
	"^[0-9:.]+ 02:00:00:00:00:02 > 02:00:00:00:00:99, ethertype ARP [^
]*\$"
like "... with its verdict" "$(grep -a '  why: ' /tmp/one.pcapng || :)" \
	"written while xtun was down; write\(\) failed with EIO"
exec 4>&-

# The capture of a tun has one type of packet only, whatever a program writes.
# shellcheck disable=SC2016
xtun-test attach /dev/xtun tun8 0x1001 sh -c 'xtun-test persist 1
	sysctl -q -w net.ipv6.conf.tun8.disable_ipv6=1
	xtun-test craft headerless=1 proto=icmp >&3
	ip link set tun8 up
	xtun-test craft dst=02:00:00:00:00:77 proto=icmp >&3' || :
like "of a tun, a frame is shown as what it is" "$(xtun why -t 0 -w /tmp/tun.pcapng tun8 || :)" \
	"#1, [^
]*: IP 10\.99.*
#2, [^
]*: IP 10\.99.*, queue 0, rx_lost_proto"
ok "... and tcpdump reads the file" tcpdump -Z root -nn -r /tmp/tun.pcapng
is "... to its end" "$(tcpdump -Z root -nn --count -r /tmp/tun.pcapng)" "2 packets"
ip link del tun8

# What the stack drops, as it happens.
if [ -e /proc/net/xtun_drops ]; then
	xtun why -f -w /tmp/dropped.pcapng >/tmp/dropped &
	follow=$!
	eventually 10 sh -c "readlink /proc/$follow/fd/* | grep -q xtun_drops"
	xtun-test craft type=9999 >/dev/xtun
	ok "the stack drops one" eventually 10 grep -q '^  why: .*0x9999' /tmp/dropped
	kill "$follow"
	wait "$follow" || :
	like "-w: it is in the file" "$(tcpdump -Z root -nn -r /tmp/dropped.pcapng || :)" \
		"ethertype Unknown \(0x9999\)"
	is "... with all that was told of it as its comment" \
		"$(grep -a -A 2 '  where: in the kernel' /tmp/dropped.pcapng | grep -a '^  why: .*0x9999')" \
		"$(grep '^  why: .*0x9999' /tmp/dropped)"

	# More drops than are kept for a reader that does not read.
	xtun-test craft type=9999 >/tmp/frames
	size=$(stat -c %s /tmp/frames)
	for _ in {1..8}; do
		cat /tmp/frames /tmp/frames >/tmp/twice
		mv /tmp/twice /tmp/frames
	done
	xtun why -f --json >/tmp/dropped 2>/dev/null &
	follow=$!
	eventually 10 sh -c "readlink /proc/$follow/fd/* | grep -q xtun_drops"
	kill -STOP "$follow"
	dd if=/tmp/frames of=/dev/xtun bs="$size" status=none
	kill -CONT "$follow"
	# counted: the drops that were reported, plus those reported as missed.
	counted() {
		jq -s 'map(if .rule == "ethertype" then 1 else .missed // 0 end) | add' /tmp/dropped
	}
	all_counted() {
		[ "$(counted)" = 256 ]
	}
	ok "drops of which there were too many are counted, for programs" eventually 10 all_counted
	ok "... and there were too many" grep -q '^{"interface":"xtun","missed":[0-9]*}$' /tmp/dropped
	kill "$follow"
	wait "$follow" || :
else
	skip "-w of what the stack drops" "this kernel has no tracepoints"
fi

# --- more losses than are remembered

for _ in {1..20}; do
	write_bytes 65540 2>/dev/null || :
	write_bytes 5 2>/dev/null || :
done
told=$(said)
like "two kinds in turn leave the others where they are" "$told" "^#1, T s ago.*
#2 and 1 more, from T"
# On a slow machine those that came long before stay separate.
like "... and are two" "$told" "
#[0-9]+ and [0-9]+ more up to #[0-9]+, from T to T s ago, from userspace, 5 bytes"
number=$(xtun why -t 0 --json | jq -s 'map(select(.times == 20))[0].number' || :)
like "... of which the first is known by its number" "$(xtun why --frame "$number" || :)" \
	"^#$number and 19 more up to #$((number + 38)), "
is "... and the last by its own" "$(xtun why --frame $((number + 38)) --json |
	jq -r '.number, .last_number')" "$number"$'\n'"$((number + 38))"
told=$(xtun why --frame $((number + 5)) 2>&1 || :)
like "... one between may be of either" "$told" \
	"frame #$((number + 5)) is one of these, or no longer remembered"
is "... and both are told" "$(grep -c '^#[0-9]* and .* up to ' <<<"$told")" 2

ip link add many numtxqueues 64 type xtun
xtun why -f many >/tmp/follow 2>&1 &
follow=$!
eventually 10 sh -c "readlink /proc/$follow/fd/* | grep -q signalfd"
kill -STOP "$follow"
lose_in_queues 40 many
is "of more kinds than are remembered: how many frames" \
	"$(xtun why -t 0 many | head -n 1)" "frames no longer remembered: 8"
is "... but not for programs" "$(xtun why -t 0 --json many | grep 'no longer' || :)" ""
nok "... nothing is known of these" xtun why --frame 8 many
kill -CONT "$follow"
ok "... -f tells of the others" eventually 5 grep -q '^#40, ' /tmp/follow
ok "... and how many it missed" grep -q '^frames no longer remembered: 8$' /tmp/follow
lose_in_queues 1 many
ok "... goes on" eventually 5 grep -q '^#41, ' /tmp/follow
is "... and says of none that it told of that it missed it" \
	"$(grep -c 'no longer remembered' /tmp/follow)" 1
kill "$follow"
wait "$follow" || :
ip link del many

# --- rings that are written wrongly

# quotes WHAT WRONG: what a program wrote is reported with the field's name.
quotes() {
	ok "rings, $1: the kernel minds" xtun-test ring-wrong "$1"
	like "... and xtun why quotes it" "$(said)" "it wrote $2"
}

expect_log "the rings' program wrote"
if [ "$(cat /sys/module/xtun/parameters/rings)" = Y ]; then
	ip link set xtun txqueuelen 1000
	quotes len "len 70000 of the record at 0, not 0 to 120"
	quotes flags "flags 7 of the record at 0, not 0"
	quotes rx_prod "rx_prod [0-9]+, not 0 to [0-9]+"
	quotes rx_prod-inside "rx_prod 4, within the record at 0"
	quotes tx_cons "tx_cons [0-9]+, not 0 to [0-9]+"
	quotes tx_cons-inside "tx_cons 4, within the record at 0"
	like "... as does the kernel's log" "$(dmesg | without_others_races | tail -n 5)" \
		"queue 0: the rings' program wrote tx_cons 4, within the record at 0; its rings"
else
	skip "rings that are written wrongly" "this machine has none"
fi

# --- names that a shell would not take for one word

# shellcheck disable=SC2016
for name in '$(x)' "a'b" 'a;b' '*'; do
	ip link add "$name" type xtun
	told=$(xtun why -t 0 "$name" | sed -n 's/^  fix: \(ip link set .* up\)$/\1/p')
	ok "$name: what is printed can be typed" sh -c "$told"
	like "... and does" "$(ip link show dev "$name")" "[<,]UP[,>]"
	ip link del "$name"
done
name=$'a\e[31m'
if ip link add "$name" type xtun; then
	told=$(xtun why -t 0 "$name"; xtun status "$name") || :
	nok "nothing that a terminal would obey is printed" grep -q $'\e' <<<"$told"
	like "... but what the shell makes it of" "$told" "ip link set dev \\$'a\\\\033\[31m' up"
	ip link del "$name"
fi
