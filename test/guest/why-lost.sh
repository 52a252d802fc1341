#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# xtun why on what is lost inside xtun: each named loss is provoked and reported, and
# with what is printed or advised no frame is lost.
#guest: TIMEOUT=900
#guest: PACKAGES=bpftool
. /test/lib.sh
. /test/lose.sh

# of LOSS FIELD: that field of the youngest report of this loss, which is the last one.
told=$(mktemp)
of() {
	in_lines "$told"
	sed -n "s/^[^\t]*\t[^\t]* $1\t$2\t//p" "$told.lines" | tail -n 1
}

lost() {
	ethtool -S "$iface" 2>/dev/null | awk '/_lost_/ { n += $2 } END { print n + 0 }' || :
}

# named LOSS WHY COMMAND...: COMMAND loses a frame that way, and the loss is reported.
declare -A loses
named() {
	local loss=$1 why=$2 before
	shift 2
	loses[$loss]=$(printf '%q ' "$@")
	before=$(lost)
	"$@" >/dev/null 2>&1 || :
	eventually 5 more_lost_than "$before" || :
	xtun why --json -t 0 "$iface" >"$told" || :
	like "$loss: named" "$(of "$loss" where)" "^inside xtun, queue [0-9]+, $loss\$"
	like "... and why" "$(of "$loss" why)" "$why"
	like "... and what there is to do" "$(of "$loss" cure)$(of "$loss" advice)" .
}

more_lost_than() {
	[ "$(lost)" -gt "$1" ]
}

# none_lost LOSS COMMAND...: COMMAND loses nothing.
none_lost() {
	local loss=$1 before
	shift
	before=$(lost)
	ok "$loss: mended" "$@"
	is "... and no frame is lost any more" "$(lost)" "$before"
}

# back LOSS: the command that lost a frame that way does it again.
back() {
	local before
	before=$(lost)
	eval "${loses[$1]}" >/dev/null 2>&1 || :
	ok "$1: back" eventually 5 more_lost_than "$before"
}

# mended LOSS COMMAND...: COMMAND loses nothing, and the earlier command still does.
mended() {
	none_lost "$@"
	back "$1"
}

# cured LOSS CURE COMMAND...: CURE is printed and works, and so does the command that
# undoes it.
cured() {
	local loss=$1 undo before
	is "... by a command" "$(of "$loss" cure)" "$2"
	undo=$(of "$loss" undo)
	ok "... that can be typed" sh -c "$2"
	shift 2
	none_lost "$loss" "$@"
	[ -n "$undo" ] || return 0
	before=$(lost)
	ok "... what takes that back can be typed too" sh -c "$undo"
	"$@" >/dev/null 2>&1 || :
	ok "$loss: back" eventually 5 more_lost_than "$before"
}

# write_frame LENGTH
write_frame() {
	frame "$1" | dd of=/dev/xtun bs=65540 iflag=fullblock status=none
}

# write_crowded: write on the processor whose backlog is full.
write_crowded() {
	taskset 1 dd if=/dev/zero of=/dev/xtun bs=60 count=1 status=none
}

read_frame() {
	timeout $((5 * ${slowness:-1})) dd if=/dev/xtun bs="$1" count=1 status=none
}

# transmit_and_read BYTES
transmit_and_read() {
	transmit 100 && read_frame "$1" >/dev/null
}

iface=xtun
xtun_load
frames_up

# --- to userspace

# start_reader: start a program that reads, and wait until it has read.
start_reader() {
	dd if=/dev/xtun bs=2000 status=none >/dev/null &
	reader=$!
	eventually 5 has_read
}
has_reader() {
	ethtool -S xtun | grep -q 'q0_readers: 1$'
}
has_read() {
	has_reader && transmit 100 && sleep 0.1 && drained
}
drained() {
	ethtool -S xtun | grep -q 'q0_tx_waiting: 0$'
}
end_reader() {
	kill -KILL "$reader"
	wait "$reader" 2>/dev/null || :
}
stop() {
	kill -STOP "$reader"
	eventually 5 grep -q '^State:.T' "/proc/$reader/status"
}
# burst: transmit more than the queue holds before the reader can run.
burst() {
	eventually 5 drained
	stop
	transmit 100 5
	kill -CONT "$reader"
	eventually 5 drained
}
slowly() {
	local _
	for _ in 1 2 3 4 5; do
		eventually 1 drained || :
		transmit 100
	done
}
# no_longer_queue: a longer queue is not suggested.
no_longer_queue() {
	is "... by no command" "$(of tx_lost_full cure)$(of tx_lost_full undo)" ""
	like "... but by $1" "$(of tx_lost_full advice)" "$1"
}
# apart: a loss that continues is examined once a second.
apart() {
	sleep 1.2
}
to_be_started="start the program that reads xtun; a longer queue would only fill up later"

ip link set xtun txqueuelen 3
named tx_lost_full "none was ever read; open in: no visible process" slowly
no_longer_queue "$to_be_started"
start_reader
mended_by_reader() {
	none_lost tx_lost_full slowly
	end_reader
	back tx_lost_full
}
mended_by_reader
start_reader
apart
named tx_lost_full "the queue was full.*open in: dd\[$reader\]\$" burst
cured tx_lost_full "ip link set dev xtun txqueuelen 10000" burst
ip link set xtun txqueuelen 3

# Readers that cannot read. A longer queue would not help.
stop
apart
named tx_lost_full "open in: dd\[$reader\], which is stopped" slowly
cured tx_lost_full "kill -CONT $reader" slowly
kill -CONT "$reader"
hold() {
	xtun-test hold "$reader" &
	debugger=$!
	eventually 5 grep -q '^State:.t' "/proc/$reader/status"
}
let_go() {
	kill -KILL "$debugger"
	wait "$debugger" 2>/dev/null || :
}
hold
apart
named tx_lost_full "open in: dd\[$reader\], held by its debugger, process $debugger\$" slowly
no_longer_queue "let the debugger resume it, or end the debugger: it is process $debugger"
let_go
none_lost tx_lost_full slowly
hold
back tx_lost_full
let_go

# A reader that has ended. Another program has a copy of its file, and does not read.
exec 4</dev/xtun
end_reader
dd bs=2000 status=none <&4 >/dev/null &
reader=$!
eventually 5 has_read
end_reader
apart
named tx_lost_full "by process $reader, which has ended; open in: bash" slowly
no_longer_queue "$to_be_started"
dd bs=2000 status=none <&4 >/dev/null &
reader=$!
eventually 5 has_read
mended_by_reader
exec 4>&-
ip link set xtun txqueuelen 1000
# A file that has read once is a reader, for which frames do not become stale.
exec 4<>/dev/xtun
timeout "${slowness:-1}" cat <&4 >/dev/null || :
transmit 100
dd bs=200 count=1 status=none <&4 >/dev/null

named tx_lost_truncated "read\(\) was given a buffer shorter than the frame" transmit_and_read 50
mended tx_lost_truncated transmit_and_read 65539
exec 4>&-

named tx_lost_stale "it had waited for more than a second when the first reader started" come_late
be_there_first() {
	local reader
	read_frame 65539 >/dev/null &
	reader=$!
	eventually 5 has_reader
	transmit 100
	wait "$reader"
}
none_lost tx_lost_stale be_there_first
back tx_lost_stale

named tx_lost_txfilter "its destination MAC is not in the list of TUNSETTXFILTER" filter txfilter
named tx_lost_filter "dropped by the filter that TUNATTACHFILTER attached" filter filter
if [ -e /proc/sys/kernel/unprivileged_bpf_disabled ]; then
	named tx_lost_ebpf "dropped by the filter that TUNSETFILTEREBPF attached" filter ebpf
fi
for loss in "${!loses[@]}"; do
	case $loss in
	tx_lost_txfilter|tx_lost_filter|tx_lost_ebpf)
		mended "$loss" as_tap 'xtun-test lose none; transmit 100; dd bs=65539 count=1 status=none <&3 >/dev/null' ;;
	esac
done
as_tap 'xtun-test lose none'

expect_log "the rings' program wrote"
rings=$(cat /sys/module/xtun/parameters/rings)
if [ "$rings" = Y ]; then
	named tx_lost_broken "the reader had written invalid values into its rings" xtun-test ring-wrong tx_cons
	named tx_lost_full "its ring was full.* in a ring of 131072 bytes" xtun-test ring-wrong unread
	is "... which the queue's length has no part in" "$(of tx_lost_full cure)" ""
	named rx_lost_broken "an invalid record or position into its rings: it wrote len 70000" xtun-test ring-wrong len
	mended tx_lost_broken xtun-test ring-wrong nothing
	mended rx_lost_broken xtun-test ring-wrong nothing
fi

# --- from userspace

ip link set xtun down
named rx_lost_down "written while xtun was down; write\(\) failed with EIO" write_frame 60
written() {
	frames_up_unless_down
	write_frame 60
}
frames_up_unless_down() {
	[ -z "$(ip link show xtun up)" ] || frames_up
}
cured rx_lost_down "ip link set dev xtun up" written
ip link set xtun up
frames_up

named rx_lost_short "shorter than an Ethernet header" write_bytes 5
mended rx_lost_short write_frame 60
named rx_lost_long "longer than xtun accepts" write_bytes 65540
mended rx_lost_long write_frame 65539
named rx_lost_fault "given an invalid memory address, and failed with EFAULT" \
	with_tap 0x1002 xtun-test lose fault
mended rx_lost_fault with_tap 0x1002 bash -c '. /test/frames.sh; frame 60 >&3'
crowd_backlog
named rx_lost_backlog "the kernel's input backlog was full" write_crowded
cured rx_lost_backlog "sysctl -w net/core/netdev_max_backlog=10000" write_crowded
clear_backlog

named rx_lost_header "the virtio-net header or batch record does not match the frame" vnet 01
mended rx_lost_header vnet 00
layout() {
	named rx_lost_layout "$2" with_tap 0x1032 xtun-test lose "$1"
	mended rx_lost_layout with_tap 0x1032 bash -c '. /test/frames.sh; frame 60 >&3'
}
layout pieces "more pieces than IFF_NAPI_FRAGS supports; write\\(\\) failed with EMSGSIZE"
layout empty "a piece that IFF_NAPI_FRAGS does not support; write\\(\\) failed with EINVAL"

# A queue with NAPI. Its file takes it out of service, with or without a frame that
# waits.
iface=queues0
ip link add "$iface" numtxqueues 2 type xtun
sysctl -q -w "net.ipv6.conf.$iface.disable_ipv6=1"
ip addr add 10.96.0.1/24 dev "$iface"
ip link set "$iface" up
ip neigh add 10.96.0.2 lladdr 02:00:00:00:00:02 dev "$iface"
# as_queue COMMAND
as_queue() {
	with_tap 0x1112 bash -c '. /test/frames.sh; echo >/dev/udp/10.96.0.2/9; '"$1"
}
taken="dd bs=65539 count=1 status=none <&3 >/dev/null"
named tx_lost_detached \
	"its queue was detached or removed, or queues0 was deleted or moved, before it was read" \
	as_queue "xtun-test lose detached"
named rx_lost_detached "written to a queue that was detached or removed" \
	as_queue "$taken; xtun-test lose detached"
mended tx_lost_detached as_queue "$taken"
mended rx_lost_detached as_queue "$taken; frame 60 >&3"
ip link del "$iface"

# --- packets

# Frames that IPv6 sends on its own may still wait when a file is closed, which is a
# loss, too.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1

# packet BYTE: write that byte and 19 spaces, by a program that stays.
iface=tun7
packet() {
	eventually 5 sh -c "! ip link show dev $iface"
	xtun-test attach /dev/xtun tun7 0x1001 bash -c 'ip link set tun7 up; printf "\x'"$1"'%19s" "" >&3; exec sleep 100' &
	holder=$!
	eventually 5 ip link show up dev tun7
}
# as_tun COMMAND: run it while a program is attached to an interface for packets that
# stays.
as_tun() {
	xtun-test attach /dev/xtun tun7 0x1001 bash -c "xtun-test persist 1; ip link set tun7 up; $1"
}
go() {
	kill "$holder"
	wait "$holder" || :
}
packet 00
named rx_lost_proto "neither IPv4 nor IPv6; write\(\) failed with EINVAL" true
go
packet 45
ok "rx_lost_proto: the packet was written" eventually 5 sh -c "ethtool -S tun7 | grep -q ' q0_rx_in: 1$'"
is "rx_lost_proto: mended" "$(lost)" 0
go
packet 00
ok "rx_lost_proto: back" eventually 5 more_lost_than 0
go
# A frame as it would be written to a tap.
named rx_lost_proto "an Ethernet frame, but tun7 is a tun, which accepts only IP packets" \
	as_tun "xtun-test craft dst=02:00:00:00:00:77 proto=icmp >&3"
mended rx_lost_proto as_tun "xtun-test craft headerless=1 proto=icmp >&3"
ip link del tun7

# --- XDP

iface=xtun
if [ ! -e /proc/sys/kernel/unprivileged_bpf_disabled ]; then
	skip "XDP" "this kernel has no eBPF"
	exit
fi
mount -t bpf bpf /sys/fs/bpf
# answering VERDICT: an XDP program gives that verdict for whatever is written.
answering() {
	rm -f /sys/fs/bpf/answer
	xtun-test pin "$1" /sys/fs/bpf/answer
	ip -force link set dev xtun xdp pinned /sys/fs/bpf/answer
}
# as_it_was PROGRAM MODE: it is attached as before, and no file holds it.
as_it_was() {
	is "... as it was" "$(ip -j link show dev xtun | jq -r '.[0].xdp | "\(.mode) \(.prog.id)"')" "$2 $1"
	is "... and held by no file" "$(ls /sys/fs/bpf)" ""
}
# A program that only xtun holds.
answering 1
rm /sys/fs/bpf/answer
program=$(ip -j link show dev xtun | jq '.[0].xdp.prog.id')
held="/sys/fs/bpf/xtun-$program"
named rx_lost_xdp_drop "dropped by the XDP program of xtun" write_frame 60
if command -v bpftool >/dev/null; then
	cured rx_lost_xdp_drop \
		"bpftool prog pin id $program $held && ip link set dev xtun xdp off" write_frame 60
	as_it_was "$program" 1
else
	skip "rx_lost_xdp_drop: mended, and back" "this suite has no bpftool"
fi
PATH=/nowhere /test/bin/xtun why --json -t 0 >"$told" || :
is "... nothing takes that back where there is no bpftool" "$(of rx_lost_xdp_drop undo)" ""
like "... which is said" "$(of rx_lost_xdp_drop advice)" "to undo this, attach the program again \(bpftool"
cured rx_lost_xdp_drop "ip link set dev xtun xdp off" write_frame 60
answering 1
back rx_lost_xdp_drop
# with_verdict VERDICT LOSS WHY: a frame is lost for that verdict, and not for XDP_PASS.
with_verdict() {
	answering "$1"
	named "$2" "$3" write_frame 60
	answering 2
	none_lost "$2" write_frame 60
	answering "$1"
	back "$2"
}
with_verdict 0 rx_lost_xdp_aborted "the XDP program of xtun failed or returned an unknown action"
with_verdict 77 rx_lost_xdp_aborted "the XDP program of xtun failed or returned an unknown action"
with_verdict 4 rx_lost_xdp_failed "returned XDP_REDIRECT, but named no device|redirected it to a device that does not exist"
ip link add there type xtun
with_verdict there rx_lost_xdp_failed "the XDP program of xtun redirected it to a device that is down"
ip link set dev there up
none_lost rx_lost_xdp_failed write_frame 60
ip link set dev there mtu 100
named rx_lost_xdp_failed "redirected it to a device with a smaller MTU" write_frame 600
ip link set dev there mtu 1500
none_lost rx_lost_xdp_failed write_frame 600
ip link del there
named rx_lost_xdp_failed "redirected it to a device that does not exist" write_frame 60
is "... with the errno" "$(of rx_lost_xdp_failed errno)" 22

# A device that takes no frames of XDP gets them from the generic form of the program.
# No file but the one that the cure makes holds the program.
to_lo() {
	answering lo
	rm /sys/fs/bpf/answer
	write_frame 60
}
named rx_lost_xdp_failed "the XDP program of xtun redirected it to a device that cannot transmit XDP frames" to_lo
if ! command -v bpftool >/dev/null; then
	skip "rx_lost_xdp_failed: mended" "this suite has no bpftool"
	ip link set dev xtun xdp off
	umount /sys/fs/bpf
	exit
fi
program=$(ip -j link show dev xtun | jq '.[0].xdp.prog.id')
held="/sys/fs/bpf/xtun-$program"
PATH=/nowhere /test/bin/xtun why --json -t 0 >"$told" || :
is "... by no command where there is no bpftool" "$(of rx_lost_xdp_failed cure)" ""
xtun why --json -t 0 >"$told" || :
cured rx_lost_xdp_failed "bpftool prog pin id $program $held && ip link set dev xtun xdp off && \
ip link set dev xtun xdpgeneric pinned $held && rm $held" write_frame 60
as_it_was "$program" 1
ip link set dev xtun xdp off
umount /sys/fs/bpf
