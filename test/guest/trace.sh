#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Each frame leaves an event where it ends: delivered, passed to the stack, or lost,
# with the reason. The trace also shows its path.
#guest: TIMEOUT=600
. /test/lib.sh
requires tracepoints
. /test/frames.sh

tracing=/sys/kernel/tracing

# --- events

# code: the address range of the module's code, as a filter of kfree_skb
code() {
	local start end
	start=$(cat /sys/module/xtun/sections/.text)
	end=$(sed -n 's/^\([0-9a-f]*\) [tT] .*\[xtun\]$/\1/p' /proc/kallsyms | sort | tail -n 1)
	printf 'location >= %s && location <= 0x%x' "$start" $((0x$end + 4096))
}

# traced COMMAND...: what xtun's events and kfree_skb recorded meanwhile.
traced() {
	echo >"$tracing/trace"
	echo 1 >"$tracing/events/skb/kfree_skb/enable"
	echo 1 >"$tracing/events/xtun/enable"
	"$@" >/dev/null 2>&1
	echo 0 >"$tracing/events/skb/kfree_skb/enable"
	echo 0 >"$tracing/events/xtun/enable"
	sed -n 's/^.*: \(xtun_[a-z]*\|kfree_skb\): /\1 /p' "$tracing/trace"
}

# of EVENT: the lines of that event in a trace
of() {
	awk -v event="$1" 'index($1, event) == 1'
}

# reason_or_other WANTED OTHER: WANTED if this kernel has a drop reason of that name
reason_or_other() {
	if grep -q "\"$1\"" "$tracing/events/skb/kfree_skb/format"; then
		echo "$1"
	else
		echo "$2"
	fi
}

# loses DESCRIPTION EVENTS REASON COMMAND...: COMMAND causes these events of xtun, and
# kfree_skb, where the filter lets it pass, gives this reason for each of them.
loses() {
	local description=$1 events=$2 reason=$3 trace freed=0
	shift 3
	trace=$(traced "$@")
	is "$description: the events" "$(of xtun_ <<<"$trace")" "$events"
	[ "$reason" = none ] || freed=$(of xtun_loss <<<"$events" | wc -l)
	is "$description: skbs that kfree_skb freed" "$(of kfree_skb <<<"$trace" | wc -l)" "$freed"
	if [ "$freed" -gt 0 ] && [ -z "$has_reasons" ]; then
		skip "$description: the reason" "this kernel has no drop reasons"
	elif [ "$freed" -gt 0 ]; then
		is "$description: the reason" \
			"$(of kfree_skb <<<"$trace" | sed 's/.* reason: //' | uniq)" "$reason"
	fi
}

event() {
	echo "xtun_$1 dev=xtun queue=0 len=$2${3:+ reason=$3}"
}

read_frame() {
	dd bs="$1" count=1 status=none <&4
}

written() {
	frame 60 >&4
}

fails() {
	! "$@"
}

overfilled() {
	transmit 101 3
}

faulted() {
	/test/bin/xtun-test fault
}

crowded() {
	taskset 1 dd if=/dev/zero of=/dev/xtun bs=60 count=1
}

aged() {
	dd if=/dev/xtun iflag=nonblock bs=2000 count=1
}

xtun_load
frames_up
filter=$tracing/events/skb/kfree_skb/filter
has_reasons=
! grep -q 'reason' "$tracing/events/skb/kfree_skb/format" || has_reasons=yes
code >"$filter"

exec 4<>/dev/xtun
loses "a frame for the stack" "$(event rx 60)" none written
loses "a frame for nobody yet" "" none transmit 100
loses "a frame for a reader" "$(event tx 100)" none read_frame 2000

ip link set xtun txqueuelen 1
loses "two that find the queue full" \
	"$(event loss 101 tx_lost_full; event loss 101 tx_lost_full)" FULL_RING overfilled
ip link set xtun txqueuelen 1000
loses "one that is read in part" \
	"$(event loss 101 tx_lost_truncated)" PKT_TOO_BIG read_frame 50
loses "one that is too short" "$(event loss 13 rx_lost_short)" none fails write_bytes 13
loses "one that is too long" "$(event loss 65540 rx_lost_long)" none fails write_bytes 65540
loses "one from bad memory" "$(event loss 106 rx_lost_fault)" SKB_UCOPY_FAULT faulted
ip link set xtun down
loses "one while it is down" "$(event loss 105 rx_lost_down)" DEV_READY fails write_bytes 105
ip link set xtun up
frames_up

# The stack frees this one, so the location is not in xtun.
crowd_backlog
echo "protocol == 4 && !($(code))" >"$filter"
loses "one that the backlog has no room for" \
	"$(event loss 60 rx_lost_backlog)" CPU_BACKLOG crowded
clear_backlog
code >"$filter"

purged=$(reason_or_other QUEUE_PURGE NOT_SPECIFIED)
exec 4>&-
transmit 103 2
sleep 1.3
loses "two that grew old" \
	"$(event loss 103 tx_lost_stale; event loss 103 tx_lost_stale)" "$purged" fails aged
transmit 104
loses "one that waits when the interface is deleted" \
	"$(event loss 104 tx_lost_detached)" "$purged" ip link del xtun
xtun_unload

# --- nothing is lost on a healthy device

xtun_load
frames_up
code >"$filter"
echo 8192 >"$tracing/buffer_size_kb"
echo >"$tracing/trace"
echo 1 >"$tracing/events/skb/kfree_skb/enable"
echo 1 >"$tracing/events/xtun/enable"
theme healthy
echo 0 >"$tracing/events/skb/kfree_skb/enable"
echo 0 >"$tracing/events/xtun/enable"
is "the trace is whole" "$(sed -n 's/^overrun: //p' "$tracing"/per_cpu/cpu*/stats | sort -u)" 0
is "it has 10,000 xtun_tx, 10,000 xtun_rx, no xtun_loss and no kfree_skb" \
	"$(sed -n 's/^.*: \(xtun_[a-z]*\|kfree_skb\): .*/\1/p' "$tracing/trace" |
		sort | uniq -c | xargs)" "10000 xtun_rx 10000 xtun_tx"
echo >"$tracing/trace"
echo 0 >"$filter"
echo 1408 >"$tracing/buffer_size_kb"

# --- the path

# What a graph shows. Without this most of it would be the allocator.
shown=(vfs_write 'xtun_*' 'netif_rx*' 'netif_receive_skb*'
	net_rx_action process_backlog '__netif_receive_skb*' arp_rcv
	udp_sendmsg __dev_queue_xmit)

# graph FUNCTION COMMAND...: what FUNCTION calls, as function_graph saw it
graph() {
	printf '%s\n' "${shown[@]}" >"$tracing/set_ftrace_filter"
	echo "$1" >"$tracing/set_graph_function"
	echo "$BASHPID" >"$tracing/set_ftrace_pid"
	echo function_graph >"$tracing/current_tracer"
	"${@:2}"
	echo 0 >"$tracing/tracing_on"
	cat "$tracing/trace"
	echo nop >"$tracing/current_tracer"
	echo >"$tracing/set_graph_function"
	echo >"$tracing/set_ftrace_pid"
	echo >"$tracing/set_ftrace_filter"
	echo 1 >"$tracing/tracing_on"
}

# roads: each function of a graph with all of its callers, "a/b/c"
roads() {
	awk -F'|' '
	/^ *[0-9]+\)/ && $2 ~ /\(/ {
		name = $2
		depth = (match(name, /[^ ]/) - 1) / 2
		gsub(/ |\[xtun\]|\(.*/, "", name)
		road[depth] = road[depth - 1] "/" name
		print road[depth]
	}'
}

# A softirq that is left to its thread is not on this path: try again.
leads() {
	local description=$1 way=$2
	shift 2
	for _ in 1 2 3 4 5; do
		road=$(graph "$@" | roads)
		! grep -qE "$way" <<<"$road" || break
	done
	like "$description" "$road" "$way"
}

sent() {
	printf x >&5
}

exec 4<>/dev/xtun 5<>/dev/udp/10.99.0.2/9
write=/vfs_write/xtun_chr_write_iter/xtun_frame_write
# Before 5.18 a frame from a process was left to the softirq's thread.
through_backlog="process_backlog/__netif_receive_skb.*/arp_rcv"
if grep -q '^netif_rx_ni$' "$tracing/available_filter_functions"; then
	skip "a write's road through the backlog" "here it goes on in ksoftirqd"
	through_backlog=netif_rx_internal
fi
leads "a write's road to the backlog" \
	"$write/xtun_rx_receive/netif_rx.*/$through_backlog" vfs_write written
like "... and where its bytes are copied" "$road" "$write/xtun_frame_from_iter"
ethtool --set-priv-flags xtun rx-direct on
leads "a write's road, straight into the stack" \
	"$write/xtun_rx_receive/netif_receive_skb/__netif_receive_skb.*/arp_rcv" vfs_write written
leads "a frame's road to the queue" \
	"/udp_sendmsg/__dev_queue_xmit.*/xtun_tx_xmit.*/xtun_queue_put" udp_sendmsg sent
exec 4>&- 5>&-

# --- what a security module is asked

# asked DEVICE: the hooks that are called while an interface is made, its queue is taken
# out of service and put back, another file attaches, and all go.
asked() {
	echo 'security_tun_dev_*' >"$tracing/set_ftrace_filter"
	echo function >"$tracing/current_tracer"
	/test/bin/xtun-test attach "$1" secure0 0x1102 bash -ec "
		/test/bin/xtun-test setqueue 0x400
		/test/bin/xtun-test setqueue 0x200
		/test/bin/xtun-test attach $1 secure0 0x1102 true"
	eventually 5 sh -c '! ip link show secure0 2>/dev/null'
	sed -n 's/^.*: \(security_tun_dev_[a-z_]*\) <-.*/\1/p' "$tracing/trace"
	echo nop >"$tracing/current_tracer"
	echo >"$tracing/set_ftrace_filter"
}

if grep -q '^security_tun_dev_create' "$tracing/available_filter_functions" && modprobe -q tun; then
	tap=$(asked /dev/net/tun)
	like "a security module is asked about a tap" "$tap" create.*alloc.*attach_queue.*open.*free
	is "... and about an xtun the same" "$(asked /dev/xtun)" "$tap"
else
	skip "what a security module is asked" "this kernel has none, or no tap"
fi

# --- dynamic debug

# says DESCRIPTION MESSAGES COMMAND...: what the module logs meanwhile
says() {
	local description=$1 messages=$2
	shift 2
	echo "case $description" >/dev/kmsg
	"$@"
	is "$description" "$(dmesg | sed "1,/case $description/d" | sed -n 's/^.*\] xtun/xtun/p')" \
		"$messages"
}

attached() {
	exec 4<>/dev/xtun
	written
}

detached() {
	exec 4>&-
}

xtun_unload
xtun_load dyndbg=+p
like "insmod makes the interface" "$(dmesg | without_others_races | tail -n 5)" "xtun.*: create"
says "up" "xtun: open" ip link set xtun up
says "the first write" "xtun: attach queue 0" attached
says "the last close" "xtun: detach queue 0" detached
says "down" "xtun: stop" ip link set xtun down
echo 'module xtun -p' >/proc/dynamic_debug/control
says "nothing unless asked" "" ip link set xtun up
echo 'module xtun +p' >/proc/dynamic_debug/control
says "deletion" "xtun: stop
xtun (unregistering): delete" ip link del xtun
