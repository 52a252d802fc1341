#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every number that the interface shows is true, and a frame that waits holds nothing of
# its sender.
#guest: TIMEOUT=600
. /test/lib.sh
requires tracepoints iptables
. /test/frames.sh

# Every counter: those of queues as ethtool prints them, those of the interface as sysfs
# names them.
counters() {
	ethtool -S xtun | sed -n 's/^ *\(.*\): \([0-9]*\)$/\1 \2/p'
	grep -r . /sys/class/net/xtun/statistics | sed 's,.*/\(.*\):,\1 ,'
}

# moves DESCRIPTION CHANGES COMMAND...: COMMAND moves these counters, and no others.
moves() {
	local description=$1 changes=$2 before
	shift 2
	before=$(counters)
	"$@"
	is "$description" "$(join <(echo "$before" | sort) <(counters | sort) |
		awk '$3 != $2 { printf "%s%s%+d", sep, $1, $3 - $2; sep = " " }')" "$changes"
}

# fails COMMAND...: it fails. Its messages are discarded.
fails() {
	! "$@" 2>/dev/null
}

# The numbers of its cases do not fit into this test's.
faulted() {
	/test/bin/xtun-test fault >/tmp/fault
	if grep '^not ok' /tmp/fault; then
		return 1
	fi
}

read_frame() {
	dd bs="$1" count=1 status=none <&4 >/dev/null
}

written() {
	frame "$1" >&4
}

crowded() {
	local i
	for i in 1 2 3 4 5; do
		taskset 1 dd if=/dev/zero of=/dev/xtun bs=60 count=1 status=none
	done
}

overfilled() {
	transmit 200 3
}

downed() {
	ip link set xtun down
	fails write_bytes 60
	ip link set xtun up
	frames_up
}

by_napi() {
	/test/bin/xtun-test attach /dev/xtun xtun 0x1012 bash -c '. /test/frames.sh; frame 60 >&3'
}

aged() {
	exec 4>&-
	transmit 100 2
	sleep 1.3
	fails dd if=/dev/xtun iflag=nonblock bs=2000 count=1
}

xtun_load
frames_up
is "all counters begin at nothing" "$(counters | awk '$2 != 0')" ""

# --- each counter, by frames whose number and length are known

exec 4<>/dev/xtun
moves "a frame written, by a file that reads too" \
	"q0_readers+1 q0_rx_bytes+60 q0_rx_in+1 q0_rx_out+1 rx_bytes+60 rx_packets+1" \
	written 60
moves "a frame transmitted" \
	"q0_tx_bytes+101 q0_tx_in+1 q0_tx_queued+1 q0_tx_waiting+1 tx_bytes+101 tx_packets+1" \
	transmit 101
moves "and read" "q0_tx_out+1 q0_tx_waiting-1" read_frame 2000
transmit 102
moves "one that is read in part" \
	"q0_tx_lost_truncated+1 q0_tx_waiting-1 tx_errors+1" read_frame 50
transmit 103
moves "a read and a write that fault" \
	"q0_rx_in+1 q0_rx_lost_fault+1 q0_tx_put_back+1 rx_dropped+1" \
	faulted
read_frame 2000
ip link set xtun txqueuelen 2
moves "one more than the queue holds" \
	"q0_tx_bytes+400 q0_tx_in+3 q0_tx_lost_full+1 q0_tx_queued+2 q0_tx_waiting+2 tx_bytes+400 tx_dropped+1 tx_packets+2" \
	overfilled
ip link set xtun txqueuelen 1
moves "and one when it is shorter than what waits" \
	"q0_tx_in+1 q0_tx_lost_full+1 tx_dropped+1" transmit 104
ip link set xtun txqueuelen 1000
read_frame 2000
read_frame 2000
moves "one that is too short" \
	"q0_rx_in+1 q0_rx_lost_short+1 rx_errors+1 rx_length_errors+1" fails write_bytes 13
moves "one that is too long" \
	"q0_rx_in+1 q0_rx_lost_long+1 rx_errors+1 rx_length_errors+1" fails write_bytes 65540
moves "a write while it is down" "q0_rx_in+1 q0_rx_lost_down+1 rx_dropped+1" downed
crowd_backlog
moves "five that the backlog has no room for" \
	"q0_rx_in+5 q0_rx_lost_backlog+5 rx_dropped+5" crowded
clear_backlog
moves "two that grew old before there was a reader" \
	"q0_readers-1 q0_tx_bytes+200 q0_tx_in+2 q0_tx_lost_stale+2 q0_tx_queued+2 tx_bytes+200 tx_errors+2 tx_packets+2" \
	aged
moves "one that NAPI takes, its Ethernet header included" \
	"q0_rx_bytes+60 q0_rx_in+1 q0_rx_out+1 rx_bytes+60 rx_packets+1" by_napi

# --- ip -s link prints what the interface counts

statistic() {
	cat "/sys/class/net/xtun/statistics/$1"
}

shown() {
	ip -s link show dev xtun | awk -v way="$1:" 'found { $1 = $1; print; exit } $1 == way { found = 1 }'
}

is "ip -s link, RX" "$(shown RX)" \
	"$(statistic rx_bytes) $(statistic rx_packets) $(statistic rx_errors) $(statistic rx_dropped) 0 0"
is "ip -s link, TX" "$(shown TX)" \
	"$(statistic tx_bytes) $(statistic tx_packets) $(statistic tx_errors) $(statistic tx_dropped) 0 0"

# --- ethtool

info=$(ethtool -i xtun)
like "ethtool -i names the driver" "$info" "driver: xtun"
like "ethtool -i: the version is the module's" "$info" \
	"version: $(cat /sys/module/xtun/version)"$'\n'
like "ethtool -i: it has statistics and private flags, and nothing else" \
	"$(sed -n 's/^supports-\(.*\): yes$/\1/p' <<<"$info" | tr '\n' ' ')" '^statistics priv-flags $'

pending() {
	ethtool -g xtun | awk '/^Current/ { now = 1 } now && /^TX:/ { print $2 }'
}

is "ethtool -g shows txqueuelen" "$(pending)" 1000
ip link set xtun txqueuelen 123
is "ethtool -g follows it" "$(pending)" 123
nok "ethtool -G is refused" ethtool -G xtun tx 500
like "because it is not supported" "$(ethtool -G xtun tx 500 2>&1)" "not supported"
is "and changes nothing" "$(cat /sys/class/net/xtun/tx_queue_len)" 123
ip link set xtun txqueuelen 1000

# The core and read() cut and join fragments and large frames: what a reader gets is
# finished.
is "ethtool -k: nothing is on that a reader would have to finish" \
	"$(ethtool -k xtun | sed -n 's/^\t*\(.*\): on\( \[fixed\]\)\?$/\1/p' | grep -v tx-lockless | xargs)" \
	"scatter-gather tx-scatter-gather tx-scatter-gather-fraglist generic-segmentation-offload generic-receive-offload highdma"
for offload in tx tso; do
	nok "ethtool -K: $offload cannot be had" ethtool -K xtun "$offload" on
done

is "ethtool -T says software stamps, both ways" \
	"$(ethtool -T xtun | sed -n 's/^\t\([a-z-]*\).*/\1/p' | tr '\n' ' ')" \
	"software-transmit software-receive software-system-clock "
exec 4<>/dev/xtun
theme stamp

# --- rx-direct: through the backlog, or straight into the stack

tracing=/sys/kernel/tracing

# entrances: how many of xtun's frames entered the stack by each way
entrances() {
	local event
	for event in netif_rx netif_receive_skb_entry; do
		echo 1 >"$tracing/events/net/$event/enable"
	done
	echo >"$tracing/trace"
	written 60
	written 61
	written 62
	echo 0 >"$tracing/events/net/enable"
	sed -n 's/.* \(netif[a-z_]*\): dev=xtun .*/\1/p' "$tracing/trace" | sort | uniq -c | xargs
}

private_flag() {
	ethtool --show-priv-flags xtun | sed -n 's/^rx-direct *: //p'
}

is "rx-direct is off at first" "$(private_flag)" off
is "off: frames go by the backlog" "$(entrances)" "3 netif_rx"
ok "rx-direct can be set" ethtool --set-priv-flags xtun rx-direct on
is "rx-direct is on" "$(private_flag)" on
is "on: frames go straight in" "$(entrances)" "3 netif_receive_skb_entry"
theme stamp
ok "rx-direct can be cleared" ethtool --set-priv-flags xtun rx-direct off
is "off again: frames go by the backlog" "$(entrances)" "3 netif_rx"

# --- a frame that waits holds no memory, no socket and no connection

theme zerocopy

sockets() {
	sed -n 's/^sockets: used //p' /proc/net/sockstat
}

waiting() {
	ethtool -S xtun | sed -n 's/^ *q0_tx_waiting: //p'
}

open_sockets() {
	local i
	for i in {10..29}; do
		eval "exec $i<>/dev/udp/10.99.0.2/$i"
	done
}

# with_sockets COMMAND_FORMAT: run it with the number of each socket
with_sockets() {
	local i
	for i in {10..29}; do
		# shellcheck disable=SC2059
		eval "$(printf "$1" "$i")"
	done
}

# Only those of these sockets: an earlier test's may not have timed out yet. An expired
# entry goes when somebody looks at it.
connections() {
	grep -cE 'dst=10\.99\.0\.2 .* dport=[12][0-9] ' /proc/net/nf_conntrack || :
}

no_connections() {
	[ "$(connections)" = 0 ]
}

modprobe nf_conntrack
iptables -A OUTPUT -o xtun -m conntrack --ctstate NEW -j ACCEPT
sysctl -q -w net.netfilter.nf_conntrack_udp_timeout=$((3 * ${slowness:-1}))
exec 4>&-
before=$(sockets)
left=$(waiting)
open_sockets
is "20 sockets are open" $(($(sockets) - before)) 20
with_sockets 'echo >&%d'
is "each has a frame that waits" $(($(waiting) - left)) 20
is "and a connection" "$(connections)" 20
with_sockets 'exec %d>&-'
is "once closed, the sockets are gone" "$(sockets)" "$before"
ok "once timed out, the connections are gone" eventually 30 no_connections
is "and the frames still wait" $(($(waiting) - left)) 20
iptables -D OUTPUT -o xtun -m conntrack --ctstate NEW -j ACCEPT
sysctl -q -w net.netfilter.nf_conntrack_udp_timeout=30
xtun_unload

# --- no counter is 32 bits wide

xtun_load
sysctl -q -w net.ipv6.conf.xtun.disable_ipv6=1
theme volume
