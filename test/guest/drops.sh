#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# /proc/net/xtun_drops: while it is open, it reports each frame of an interface that the
# kernel's stack drops, and no other.
. /test/lib.sh
. /test/frames.sh

drops=/proc/net/xtun_drops
tracing=/sys/kernel/tracing

if [ ! -e $tracing/events ]; then
	xtun_load
	nok "there is none where the kernel has no tracepoints" test -e $drops
	exit
fi
requires namespaces

craft() {
	/test/bin/xtun-test craft "$@"
}

write_crafted() {
	craft "$@" >/dev/xtun
}

# has_opened PID
has_opened() {
	[ -n "$(find "/proc/$1/fd" -lname '*/xtun_drops')" ]
}

# listen FILE [COMMAND...]: from now on append what is reported to FILE.
listen() {
	local file=$1
	shift
	: >"$file"
	"$@" cat $drops >>"$file" &
	listener=$!
	eventually 10 has_opened $listener
}

# stop PID
stop() {
	kill "$1"
	wait "$1" || :
}

hex() {
	od -An -v -tx1 | tr -d ' \n'
}

bytes() {
	sed -n 's/^    //p' /tmp/told
}

# tales [FILE]: the reports without times, and without what a compiler adds to function
# names.
tales() {
	sed -n 's/ [0-9]*\.[0-9]*: /: /; s/\.[a-z0-9.]*, /, /; /^[^ ]/p' "${1:-/tmp/told}"
}

is_told() {
	[ -n "$(bytes)" ]
}

# tale COMMAND...: what is reported because of COMMAND.
tale() {
	: >/tmp/told
	"$@"
	eventually 10 is_told || :
	tales
}

# crafted KEY=VALUE...: what is reported about that frame.
crafted() {
	tale write_crafted "$@"
}

# reason NAME: the name as this kernel reports it.
reason() {
	if grep -q reason "$tracing/events/skb/kfree_skb/format"; then
		echo "$1"
	else
		echo "no reason"
	fi
}

# wrong NAME [MORE]: a wrong checksum is reported, and nothing else.
wrong() {
	is "$1" "$(crafted bad=ip)" "$known${2:-}"
}

# unheard NAME COMMAND...: COMMAND is not reported, but the next frame is.
unheard() {
	is "$1" "$(shift; tale silently "$@")" "$known"
}

silently() {
	"$@" >/dev/null 2>&1 || :
	write_crafted bad=ip
}

# dropped COMMAND...: how many IPv4 frames the kernel drops because of it.
dropped() {
	echo >$tracing/trace
	echo 1 >$tracing/events/skb/kfree_skb/enable
	"$@"
	echo 0 >$tracing/events/skb/kfree_skb/enable
	grep -c 'kfree_skb.*protocol=2048' $tracing/trace || :
}

# calls COMMAND...: whether the module's probe runs for what is dropped because of it.
calls() {
	echo xtun_drops_probe >$tracing/set_ftrace_filter
	echo function >$tracing/current_tracer
	"$@"
	grep -q 'xtun_drops_probe <-' $tracing/trace && echo yes || echo no
	echo nop >$tracing/current_tracer
	echo >$tracing/set_ftrace_filter
}

# On one processor, so that frames are reported in the order in which they were written.
taskset -p 1 $$ >/dev/null
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
xtun_load
frames_up
known="xtun rx: ip_rcv_core, $(reason IP_CSUM), 62 bytes, Ethernet 0800"

# --- who may read it

like "a user may not read it" \
	"$(setpriv --reuid 65534 --regid 65534 --clear-groups cat $drops 2>&1)" "Permission denied"
like "nor root without CAP_NET_ADMIN" \
	"$(setpriv --bounding-set -net_admin --inh-caps -net_admin cat $drops 2>&1)" \
	"Operation not permitted"
like "a user may in a namespace of his own" \
	"$(setpriv --reuid 65534 --regid 65534 --clear-groups unshare --user --map-root-user \
		unshare --net dd if=$drops iflag=nonblock 2>&1)" "Resource temporarily unavailable"
if grep -qw function $tracing/available_tracers; then
	is "nobody listens, and nothing runs" "$(calls write_crafted bad=ip)" no
	listen /tmp/told
	is "... as it does when somebody does" "$(calls write_crafted bad=ip)" yes
	stop $listener
	is "... and no more when he has left" "$(calls write_crafted bad=ip)" no
else
	skip "nobody listens, and nothing runs" "this kernel cannot tell"
fi

# --- what is reported

listen /tmp/told
ours=$listener
wrong "a wrong checksum"
like "... when that was, in seconds" "$(cat /tmp/told)" "^xtun rx [0-9]+\.[0-9]{6}: ip_rcv_core"
is "... and the frame as it was written" "$(bytes)" "$(craft bad=ip | hex)"
like "a port that nobody has opened" "$(crafted)" \
	"^xtun rx: [a-z0-9_]+, $(reason NO_SOCKET), 62 bytes, Ethernet 0800$"
is "... with all of it, though the stack was past its headers" "$(bytes)" "$(craft | hex)"
is "another host's frame" "$(crafted dst=02:00:00:00:00:99)" \
	"xtun rx: ip_rcv_core, $(reason OTHERHOST), 62 bytes, Ethernet 0800, for another host"
like "a protocol that nobody takes" "$(crafted type=88b5)" \
	"^xtun rx: [a-z0-9_]+, .*, 34 bytes, Ethernet 88b5$"
ip link set xtun mtu 9000
is "a long one" "$(crafted bad=ip size=3000)" \
	"xtun rx: ip_rcv_core, $(reason IP_CSUM), 3042 bytes, Ethernet 0800"
is "... of which 1600 bytes are kept" "$(bytes)" "$(craft bad=ip size=3000 | head -c 1600 | hex)"

modprobe -a sch_ingress cls_matchall act_gact
tc qdisc add dev xtun clsact
tc filter add dev xtun egress matchall action drop
like "one on its way out" "$(tale transmit 100)" \
	"^xtun tx: [a-z0-9_]+, $(reason TC_EGRESS), 100 bytes, Ethernet 0800$"
tc filter add dev xtun ingress matchall action drop
like "a tag that has been taken out" "$(crafted vlan=5)" \
	"^xtun rx: [a-z0-9_]+, $(reason TC_INGRESS), 62 bytes, Ethernet 0800, VLAN 5$"
tc qdisc del dev xtun clsact
# The stack clears the tag, for which it has no device, and marks the frame as another
# host's.
is "a VLAN that there is not" "$(crafted vlan=5)" \
	"xtun rx: ip_rcv_core, $(reason OTHERHOST), 62 bytes, Ethernet 0800, for another host"

# Nothing has set the network header yet, so it would seem to be before the frame.
crowd_backlog
like "one that the processor's backlog has no room for" "$(crafted bad=ip)" \
	"^xtun rx: enqueue_to_backlog, $(reason CPU_BACKLOG), 62 bytes, Ethernet 0800$"
is "... from its first byte, and nothing of old memory" "$(bytes)" "$(craft bad=ip | hex)"
clear_backlog

# --- devices come and go meanwhile

ip link add link xtun name xtun.5 type vlan id 5
ip link set xtun.5 up
is "the VLAN, once it is there" "$(crafted vlan=5 bad=ip)" "$known, at xtun.5"
ip link del xtun.5
is "... and no more" "$(crafted vlan=5)" \
	"xtun rx: ip_rcv_core, $(reason OTHERHOST), 62 bytes, Ethernet 0800, for another host"
ip link add br0 type bridge mcast_snooping 0
ip link set br0 up
ip link set xtun master br0
wrong "behind a bridge" ", at br0"
ip link del br0
wrong "... and no more"
ip link add other type xtun
ip link del other
wrong "another interface came and went"

# --- what is not reported

ip link add left type veth peer name right
ip link set right up
attach left 10.98.0
is "a frame dies on a veth" "$(dropped bash -c 'echo >/dev/udp/10.98.0.2/9')" 1
unheard "... of which is not told" bash -c 'echo >/dev/udp/10.98.0.2/9'
ip link del left

ip link set xtun down
is "frames that are lost inside xtun" "$(craft 2>&1 >/dev/xtun)" "xtun-test: EIO"
ip link set xtun up
unheard "... are not told of" true

ip netns add there
ip netns exec there sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip -n there link add xtun type xtun
ip -n there link set xtun up
listen /tmp/there ip netns exec there
theirs=$listener
: >/tmp/there
unheard "another namespace's frame is not told of here" \
	ip netns exec there bash -c '/test/bin/xtun-test craft bad=ip size=99 >/dev/xtun'
is "... but there, and nothing of ours" "$(tales /tmp/there)" "${known/62/141}"
stop $theirs
ip netns delete there

# --- a reader that does not keep up

# refused: how many frames IP has refused because of their header.
refused() {
	awk '/^Ip: [0-9]/ { print $5 }' /proc/net/snmp
}

have_been_refused() {
	[ "$(refused)" -ge "$1" ]
}

# flood COUNT: write that many of the 2048 wrong frames, and wait until all have been
# dropped.
flood() {
	local all=$(($(refused) + $1))
	dd if=/tmp/frames of=/dev/xtun bs=62 count="$1" status=none
	eventually 60 have_been_refused $all
}

# accounted FILE: the number of frames that are reported, plus those reported as missed.
accounted() {
	awk '/^missed / { n += $2 } /^xtun rx/ { n++ } END { print n + 0 }' "$1"
}

accounts_for() {
	[ "$(accounted /tmp/told)" = "$1" ]
}

stop $ours
craft bad=ip >/tmp/frames
for _ in $(seq 11); do
	cat /tmp/frames /tmp/frames >/tmp/more
	mv /tmp/more /tmp/frames
done
exec 5<$drops
flood 200
dd bs=8192 iflag=nonblock status=none <&5 >/tmp/late 2>/dev/null || :
is "who does not read is told of the first 128" "$(tales /tmp/late | head -n 128 | sort -u)" "$known"
is "... and then of how many he has missed" "$(tales /tmp/late | tail -n +129)" "missed 72"
flood 1
dd bs=8192 iflag=nonblock status=none <&5 >/tmp/late 2>/dev/null || :
is "... of which he is told once" "$(tales /tmp/late)" "$known"
exec 5<&-

# repeated FILE: how often missed frames are reported twice with no frame between.
repeated() {
	awk '/^missed / { n += before; before = 1 } /^xtun / { before = 0 } END { print n + 0 }' "$1"
}

listen /tmp/told
began=$SECONDS
flood 1500
eventually 10 accounts_for 1500 || :
is "a flood: each is told of, or counted" "$(accounted /tmp/told)" 1500
ok "... the count no more than once in a second" \
	test "$(repeated /tmp/told)" -le $((SECONDS - began + 1))
stop $listener

# --- more readers than are allowed

crowd=()
for _ in $(seq 16); do
	exec {one}<$drops
	crowd+=("$one")
done
like "the seventeenth is refused" "$(cat $drops 2>&1)" "Device or resource busy"
exec {one}<&-
listen /tmp/told
stop $listener
ok "... until one has left" test -n "$listener"
for one in "${crowd[@]:0:15}"; do
	exec {one}<&-
done

# --- as many readers as one user can open, in namespaces of their own

all_have_opened() {
	[ "$(wc -l </tmp/opened)" = 5 ]
}

: >/tmp/opened
if unshare -Urn true 2>/dev/null; then
	crowd=()
	for _ in {1..5}; do
		# shellcheck disable=SC2016
		unshare -Urn bash -c 'n=0
			for _ in {1..16}; do { exec {f}</proc/net/xtun_drops; } 2>/dev/null && n=$((n + 1)); done
			echo $n >>/tmp/opened
			exec sleep 100' &
		crowd+=($!)
	done
	ok "five times sixteen ask" eventually 20 all_have_opened
	is "... and may, as far as all strangers together may" \
		"$(awk '{ n += $1 } END { print n }' /tmp/opened)" 64
	listen /tmp/told
	ok "... and the machine's own administrator besides" test -n "$listener"
	stop $listener
	kill "${crowd[@]}"
	wait "${crowd[@]}" || :
else
	skip "namespaces of a user" "this kernel has none"
fi

# --- another namespace, whose interface has the number of ours

# shellcheck disable=SC2016
strange='
	ip link add name xtun index $0 type xtun
	ip addr add 10.99.0.1/24 dev xtun
	ip link set lo up
	ip link set xtun up
	exec {f}</proc/net/xtun_drops
	cat <&$f >/tmp/strange &
	touch /tmp/ready
	until [ -e /tmp/go ]; do sleep 0.1; done
	/test/bin/xtun-test craft bad=ip >/dev/xtun
	exec sleep 100'
three_are_told() {
	[ "$(tales | wc -l)" = 3 ]
}

if unshare -Urn true 2>/dev/null; then
	: >/tmp/strange
	unshare -Urn bash -c "$strange" "$(cat /sys/class/net/xtun/ifindex)" &
	stranger=$!
	ok "somebody has an xtun of that number in a namespace of his own" eventually 20 test -e /tmp/ready
	listen /tmp/told
	for _ in 1 2 3; do
		write_crafted bad=ip
	done
	ok "... of our drops we are told" eventually 10 three_are_told
	is "... and he of none" "$(cat /tmp/strange)" ""
	touch /tmp/go
	ok "... but of his own" eventually 10 test -s /tmp/strange
	is "... alone" "$(tales /tmp/strange)" "$known"
	sleep 1
	is "... of which we are not" "$(tales | wc -l)" 3
	stop $listener
	kill -- "$stranger"
	wait "$stranger" || :
else
	skip "a stranger's namespace" "this kernel has none"
fi

# --- programs that wait

theme drops
theme drops_gone
