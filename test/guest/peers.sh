#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What other tools say of the same lost frames: docs/lost-frames.md has it side by side.
#guest: EXTRA=peers
#guest: MEMORY=1536
#guest: TIMEOUT=1200
. /test/lib.sh
. /test/frames.sh
PATH=$PATH:/test/bin

requires tracepoints jq
if [ ! -e /peers ] || [ ! -e /sys/kernel/btf/vmlinux ]; then
	skip "what other tools say" "they are not here, or this kernel has no BTF"
	exit
fi
mount --rbind /proc /peers/proc
mount --rbind /sys /peers/sys
mount --bind /dev /peers/dev

craft() {
	xtun-test craft "$@" >/dev/xtun
}

# Each is lost for a reason of its own.
lose() {
	case $1 in
	mac)          craft dst=02:00:00:00:00:77 proto=icmp ;;
	vlan)         craft vlan=5 proto=icmp ;;
	headerless)   craft headerless=1 proto=icmp ;;
	ethertype)    craft type=88b5 ;;
	truncated)    craft proto=icmp size=20 missing=14 ;;
	ip-checksum)  craft proto=icmp bad=ip ;;
	checksum)     craft proto=udp bad=udp ;;
	own-source)   craft proto=icmp from=10.99.0.1 ;;
	reverse-path) craft proto=icmp from=10.55.0.7 ;;
	group)        craft dst=01:00:5e:00:00:05 to=224.0.0.5 ;;
	forwarding)   craft proto=icmp to=10.98.0.2 ;;
	firewall)     craft proto=icmp ;;
	module)       craft proto=115 payload=00000800 ;;
	protocol)     craft proto=89 payload=0201 ;;
	socket)       craft proto=udp dport=9 ;;
	down)         craft proto=icmp ;;
	esac
}
losses="mac vlan headerless ethertype truncated ip-checksum checksum own-source reverse-path group
	forwarding firewall module protocol socket down"

# each SECONDS: lose one of each, with so long between them.
each() {
	local loss
	for loss in $losses; do
		[ "$loss" != firewall ] || iptables -A INPUT -s 10.99.0.2 -p icmp -j DROP
		[ "$loss" != down ] || ip link set xtun down
		lose "$loss" || :
		sleep "$1"
		iptables -F INPUT
	done
	frames_up
}

# with TOOL SECONDS COMMAND...: what that says while each is lost, so long after its begin.
# It is told what to do by /tmp/input, and to end by SIGINT.
with() {
	local tool=$1 warmup=$2 pid
	shift 2
	"$@" </tmp/input >"/out/$tool" 2>&1 &
	pid=$!
	sleep "$warmup"
	each 1
	sleep 2
	kill -INT "$pid" || :
	eventually 60 sh -c "! kill -0 $pid" || kill -KILL "$pid"
	wait "$pid" || :
	sed "s/^/# $tool: /" "/out/$tool"
}

xtun_load
frames_up
sysctl -q -w net.ipv4.conf.xtun.rp_filter=2
: >/tmp/input
with xtun-why 3 xtun why -f
is "xtun why: a cause for each" "$(grep -c '^  why: ' /out/xtun-why)" "$(wc -w <<<"$losses")"
with tcpdump 5 tcpdump -Z root --immediate-mode -l -nn -e -Q in -i xtun
is "tcpdump: that all entered but the one that was written while xtun was down" \
	"$(grep -cE '^[0-9]{2}:[0-9:.]+ ' /out/tcpdump)" $(($(wc -w <<<"$losses") - 1))
with perf 15 chroot /peers perf trace -a -e skb:kfree_skb
ok "perf: that the stack drops" test "$(grep -c 'kfree_skb(' /out/perf)" -ge 14
with bpftrace 60 chroot /peers bpftrace -e 'tracepoint:skb:kfree_skb {
	printf("%s %s %d\n", comm, ksym(args.location), args.reason); }'
ok "bpftrace: that the stack drops" test "$(grep -c '^xtun-test ' /out/bpftrace)" -ge 14
modprobe drop_monitor
printf 'set alertmode packet\nstart\nexit\n' >/tmp/input
with dropwatch 10 chroot /peers dropwatch -l kas
like "dropwatch: where" "$(cat /out/dropwatch)" "drop at"
: >/tmp/input
with pwru 60 chroot /peers pwru --filter-trace-tc=false --output-meta --output-tuple \
	'host 10.99.0.1'
like "pwru: the way of each" "$(cat /out/pwru)" "kfree_skb"
modprobe -r drop_monitor
umount -R /peers/dev /peers/proc /peers/sys
