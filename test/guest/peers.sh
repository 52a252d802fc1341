#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What other tools say about the same lost frames: docs/lost-frames.md compares them.
#guest: EXTRA=peers
#guest: MEMORY=1536
#guest: TIMEOUT=1800
. /test/lib.sh
. /test/lose.sh

requires tracepoints eBPF jq nft
if [ ! -e /peers ] || [ ! -e /sys/kernel/btf/vmlinux ]; then
	skip "what other tools say" "they are not here, or this kernel has no BTF"
	exit
fi
mount --rbind /proc /peers/proc
mount --rbind /sys /peers/sys
mount --bind /dev /peers/dev
mount -t bpf bpf /sys/fs/bpf

# Each of these is lost for a reason of its own, in this order. The columns: how many of
# its frames enter; the kernel's function that drops it ("xtun" for any of xtun's); the
# drop reason; what xtun why must say about it, as a pattern for grep.
losses=() places=() reasons=() entered=0
declare -A why=()
while read -r loss enter function reason sentence; do
	losses+=("$loss")
	entered=$((entered + enter))
	why[$loss]=$sentence
	[ "$function" = - ] || places+=("$function") reasons+=("$reason")
done <<-'END'
	mac             1 ip_rcv_core              OTHERHOST       its destination MAC is 02:00:00:00:00:77, but xtun has
	vlan            1 ip_rcv_core              OTHERHOST       it has a VLAN tag, but xtun has no interface for that VLAN
	headerless      1 __netif_receive_skb_core UNHANDLED_PROTO an IP packet without an Ethernet header
	ethertype       1 __netif_receive_skb_core UNHANDLED_PROTO nothing on this machine handles EtherType 0x88b5
	truncated       1 ip_rcv_core              PKT_TOO_SMALL   its IP header says 62 bytes, but there are 48: 14 bytes are missing
	ip-checksum     1 ip_rcv_core              IP_CSUM         its IP header checksum is
	checksum        1 __udp4_lib_rcv           UDP_CSUM        its UDP checksum is
	tcp-checksum    1 tcp_v4_rcv               TCP_CSUM        its TCP checksum is
	icmp-checksum   1 icmp_rcv                 ICMP_CSUM       its ICMP checksum is
	martian         1 ip_rcv_finish_core       NOT_SPECIFIED   its source 127.0.0.1 is not a valid host address
	own-source      1 ip_rcv_finish_core       NOT_SPECIFIED   its source 10.99.0.1 is an address of this machine
	reverse-path    1 ip_rcv_finish_core       IP_RPFILTER     the loose reverse-path filter of xtun rejects its source 10.55.0.7: there is no route to it
	group           1 ip_rcv_finish_core       NOT_SPECIFIED   xtun is not a member of the multicast group 224.0.0.5
	forwarding      1 ip_error                 IP_INADDRERRORS 10.98.0.2 is not an address of this machine, and xtun does not forward
	route           1 ip_error                 IP_INNOROUTES   no route to 10.55.0.9
	ttl             1 ip_forward               IP_INHDR        it should be forwarded, but its TTL is 1
	mtu             1 ip_forward               PKT_TOO_BIG     it has 1028 bytes, but the MTU of near is 600
	firewall        1 nft_do_chain             NETFILTER_DROP  the firewall dropped it: iptables rule 1 of chain INPUT in table filter
	reject          1 nft_do_chain             NETFILTER_DROP  the firewall rejected it: iptables rule 1 of chain INPUT in table filter
	nft             1 nft_do_chain             NETFILTER_DROP  of chain 'in' in table inet fw
	conntrack       2 nf_hook_slow             NETFILTER_DROP  the connection tracking table is full
	invalid         1 nft_do_chain             NETFILTER_DROP  connection tracking classifies it as INVALID
	bridge-firewall 1 nft_do_chain             NETFILTER_DROP  the policy of chain 'FORWARD' in table ip filter
	bridge-port     1 br_handle_frame          NOT_SPECIFIED   bridge port xtun is in state 'disabled'
	bridge-vlan     1 br_allowed_ingress       NOT_SPECIFIED   port xtun is not a member of VLAN 7
	bridge-untagged 1 br_allowed_ingress       NOT_SPECIFIED   port xtun has no PVID for untagged frames
	bridge-mtu      1 br_dev_queue_push_xmit   NOT_SPECIFIED   it has 1028 bytes, but the MTU of bridge port near is 600
	vxlan           1 vxlan_xmit_one           NOT_SPECIFIED   vx0 must send it to 10.55.0.9, but there is no route to that address
	module          1 ip_local_deliver_finish  IP_NOPROTO      nothing on this machine handles IP protocol 115
	protocol        1 ip_local_deliver_finish  IP_NOPROTO      nothing on this machine handles IP protocol 89
	gre-tunnel      1 gre_rcv                  NOT_SPECIFIED   no GRE tunnel here accepts packets from 10.99.0.2 to 10.99.0.1
	gre-version     1 gre_rcv                  NOT_SPECIFIED   unsupported GRE version 5
	socket          1 __udp4_lib_rcv           NO_SOCKET       no program has UDP port 9 (discard) open on 10.99.0.1
	tcp-socket      1 tcp_v4_rcv               NO_SOCKET       no program has TCP port 9 (discard) open on 10.99.0.1
	socket-address  1 __udp4_lib_rcv           NO_SOCKET       a program has UDP port 9 open only on 127.0.0.1, not on 10.99.0.1
	socket-full     4 udp_queue_rcv_one_skb    SOCKET_RCVBUFF  the receive buffer of UDP port 9 is full
	neighbour       0 neigh_invalidate         NEIGH_FAILED    nobody answers ARP for 10.99.0.77 on xtun
	cpu-backlog     0 enqueue_to_backlog       CPU_BACKLOG     the kernel's input backlog was full
	xdp-generic     0 do_xdp_generic           NOT_SPECIFIED   the XDP program of xtun, in generic mode, dropped it
	ip-header       1 ip_rcv_core              IP_INHDR        its IP header is invalid: it says that it is 16 bytes long
	short           0 -                        -               shorter than an Ethernet header
	long            0 -                        -               longer than xtun accepts
	stale           0 xtun                     QUEUE_PURGE     it had waited for more than a second when the first reader started
	fault           0 xtun                     SKB_UCOPY_FAULT write() was given an invalid memory address
	vnet-header     0 -                        -               the virtio-net header or batch record does not match the frame
	pieces          0 -                        -               more pieces than IFF_NAPI_FRAGS supports
	xdp             0 xtun                     XDP             dropped by the XDP program of xtun$
	xdp-aborted     0 xtun                     XDP             the XDP program of xtun failed or returned an unknown action
	xdp-failed      0 -                        -               the XDP program of xtun redirected it to a device that cannot transmit XDP frames
	broken          0 -                        -               the program wrote an invalid record or position into its rings
	full            0 xtun                     FULL_RING       the queue was full
	cut             0 xtun                     PKT_TOO_BIG     read() was given a buffer shorter than the frame
	txfilter        0 xtun                     TAP_TXFILTER    its destination MAC is not in the list of TUNSETTXFILTER
	filter          0 xtun                     SOCKET_FILTER   dropped by the filter that TUNATTACHFILTER attached
	ebpf            0 xtun                     TAP_FILTER      dropped by the filter that TUNSETFILTEREBPF attached
	ring-full       0 xtun                     FULL_RING       its ring was full
	ring-broken     0 xtun                     QUEUE_PURGE     the reader had written invalid values into its rings
	down            0 xtun                     DEV_READY       written while xtun was down
END

# drop_monitor does not report these: it needs the place of the Ethernet header, which
# has not been set yet.
headless="neigh_invalidate NEIGH_FAILED
xtun SKB_UCOPY_FAULT
xtun XDP"

# told: give the tools time to report a loss. xtun why reads the system's configuration
# when it hears of a loss, so the configuration may only be undone after this.
told() {
	sleep "$pause"
}

# try COMMAND...: run it. It may return an error because its frame is lost.
try() {
	"$@" >/dev/null 2>&1 || :
}

forwarded() {
	sysctl -q -w net.ipv4.conf.xtun.forwarding=1
	craft proto=icmp "$@"
	told
	sysctl -q -w net.ipv4.conf.xtun.forwarding=0
}

# by_rule RULE COMMAND...: run it with that rule of iptables
by_rule() {
	read -ra rule <<<"$1"
	iptables -A INPUT "${rule[@]}"
	"${@:2}"
	told
	iptables -F INPUT
}

by_nft() {
	nft 'add table inet fw; add chain inet fw in { type filter hook input priority 0; }'
	nft add rule inet fw in ip saddr 10.99.0.2 meta l4proto icmp drop
	craft proto=icmp
	told
	nft delete table inet fw
}

connected() {
	sysctl -q -w net.netfilter.nf_conntrack_max=1
	craft proto=icmp
	craft proto=udp "sport=$((RANDOM + 1024))" dport=9
}

# bridged PORTS COMMAND...: run it while these are ports of a bridge.
bridged() {
	local port
	ip link add br0 type bridge forward_delay 0 mcast_snooping 0
	for port in $1; do
		ip link set "$port" master br0
	done
	ip link set br0 up
	eventually 5 grep -q 3 /sys/class/net/xtun/brport/state
	"${@:2}"
	told
	ip link del br0
}

by_policy() {
	iptables -P FORWARD DROP
	craft dst=02:00:00:00:00:05 proto=icmp to=10.98.0.2
}

blocked() {
	bridge link set dev xtun state 0
	craft proto=icmp
}

tagged() {
	ip link set br0 type bridge vlan_filtering 1
	craft vlan=7 proto=icmp
}

untagged() {
	ip link set br0 type bridge vlan_filtering 1
	bridge vlan del dev xtun vid 1
	craft proto=icmp
}

tunnelled() {
	ip link add vx0 type vxlan id 7 remote 10.55.0.9 dstport 4789
	ip link set vx0 master br0 up
	craft dst=02:00:00:00:00:88
}

# answered VERDICT HOW: let an XDP program answer so. HOW is ip's word for where it is
# attached.
answered() {
	ip -force link set dev xtun "$2" pinned "/sys/fs/bpf/$1"
	craft proto=icmp
	told
	ip link set dev xtun "$2" off
}

drain() {
	try dd iflag=nonblock bs=65539 status=none <&4
}

# reading COMMAND...: run it while a program reads, on descriptor 4, and has read
# everything.
reading() {
	exec 4<>/dev/xtun
	transmit 100
	drain
	"$@"
	told
	drain
	exec 4>&-
}

overfill() {
	ip link set xtun txqueuelen 3
	transmit 100 5
}

read_in_part() {
	transmit 100
	dd bs=50 count=1 status=none <&4 >/dev/null
}

# lose LOSS: cause that loss. Each arm undoes what it has set up.
lose() {
	case $1 in
	mac)             craft dst=02:00:00:00:00:77 proto=icmp ;;
	vlan)            craft vlan=5 proto=icmp ;;
	headerless)      craft headerless=1 proto=icmp ;;
	ethertype)       craft type=88b5 ;;
	truncated)       craft proto=icmp size=20 missing=14 ;;
	ip-checksum)     craft proto=icmp bad=ip ;;
	checksum)        craft proto=udp bad=udp ;;
	tcp-checksum)    craft proto=tcp bad=tcp ;;
	icmp-checksum)   craft proto=icmp bad=icmp ;;
	martian)         craft proto=icmp from=127.0.0.1 ;;
	own-source)      craft proto=icmp from=10.99.0.1 ;;
	reverse-path)    craft proto=icmp from=10.55.0.7 ;;
	group)           craft dst=01:00:5e:00:00:05 to=224.0.0.5 ;;
	forwarding)      craft proto=icmp to=10.98.0.2 ;;
	route)           forwarded to=10.55.0.9 ;;
	ttl)             forwarded to=10.98.0.2 ttl=1 ;;
	mtu)             ip link set near mtu 600
	                 forwarded to=10.98.0.2 size=1000 df=1
	                 ip link set near mtu 1500 ;;
	firewall)        by_rule "-s 10.99.0.2 -p icmp -j DROP" craft proto=icmp ;;
	reject)          by_rule "-s 10.99.0.2 -p icmp -j REJECT --reject-with icmp-admin-prohibited" \
	                         craft proto=icmp ;;
	nft)             by_nft ;;
	conntrack)       by_rule "-m conntrack --ctstate INVALID -j DROP" connected
	                 sysctl -q -w "net.netfilter.nf_conntrack_max=$connections" ;;
	invalid)         by_rule "-m conntrack --ctstate INVALID -j DROP" unasked ;;
	bridge-firewall) modprobe br_netfilter
	                 bridged "xtun near" by_policy
	                 iptables -P FORWARD ACCEPT
	                 modprobe -r br_netfilter ;;
	bridge-port)     bridged xtun blocked ;;
	bridge-vlan)     bridged xtun tagged ;;
	bridge-untagged) bridged xtun untagged ;;
	bridge-mtu)      ip link set near mtu 600
	                 bridged "xtun near" craft dst=02:00:00:00:00:05 proto=icmp to=10.98.0.2 size=1000
	                 ip link set near mtu 1500 ;;
	vxlan)           bridged xtun tunnelled
	                 ip link del vx0 ;;
	module)          craft proto=115 payload=00000800 ;;
	protocol)        craft proto=89 payload=0201 ;;
	gre-tunnel)      gre 0000 ;;
	gre-version)     gre 0005 ;;
	socket)          craft proto=udp dport=9 ;;
	tcp-socket)      craft proto=tcp dport=9 ;;
	socket-address)  with_listener udp 127.0.0.1 eval "craft proto=udp dport=9; told" ;;
	socket-full)     sysctl -q -w net.core.rmem_default=2304
	                 hoard
	                 flood 4
	                 told
	                 unhoard
	                 sysctl -q -w "net.core.rmem_default=$rmem" ;;
	neighbour)       echo >/dev/udp/10.99.0.77/9 ;;
	cpu-backlog)     crowd_backlog
	                 try on_first proto=icmp
	                 told
	                 clear_backlog ;;
	xdp-generic)     answered drop xdpgeneric ;;
	ip-header)       craft type=0800 payload=44000014 ;;
	short)           try write_bytes 5 ;;
	long)            try write_bytes 65540 ;;
	stale)           try come_late ;;
	fault)           with_tap 0x1002 xtun-test lose fault ;;
	vnet-header)     try vnet 01 ;;
	pieces)          with_tap 0x1032 xtun-test lose pieces ;;
	xdp)             answered drop xdp ;;
	xdp-aborted)     answered aborted xdp ;;
	xdp-failed)      answered lo xdp ;;
	broken)          try xtun-test ring-wrong len ;;
	full)            reading overfill
	                 ip link set xtun txqueuelen 1000 ;;
	cut)             reading read_in_part ;;
	txfilter|filter|ebpf)
	                 filter "$1"
	                 as_tap "xtun-test lose none" ;;
	ring-full)       try xtun-test ring-wrong unread ;;
	ring-broken)     try xtun-test ring-wrong tx_cons ;;
	down)            ip link set xtun down
	                 try craft proto=icmp ;;
	esac
	told
}

# each SECONDS: cause each loss once, with that much time between them.
each() {
	local loss
	pause=$1
	for loss in "${losses[@]}"; do
		echo "# $(date +%T.%6N): $loss"
		lose "$loss"
	done
	frames_up
}

# with TOOL SECONDS COMMAND...: record what COMMAND says while each loss is caused. The
# losses begin SECONDS after its start. COMMAND reads from /tmp/input and is ended by
# SIGINT, which a shell makes its jobs ignore.
with() {
	local tool=$1 warmup=$2 pid
	shift 2
	env --default-signal=INT "$@" </tmp/input >"/out/$tool" 2>&1 &
	pid=$!
	sleep "$warmup"
	each "${pause_of[$tool]:-0.2}"
	sleep 2
	kill -INT "$pid" || :
	eventually 60 sh -c "! kill -0 $pid" || kill -KILL "$pid"
	wait "$pid" || :
	sed "s/^/# $tool: /" "/out/$tool"
}

stack_up
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1 net.ipv4.conf.xtun.rp_filter=2 \
	net.ipv4.conf.xtun.forwarding=0
sysctl -q -w net.ipv4.neigh.xtun.retrans_time_ms=100 net.ipv4.neigh.xtun.mcast_solicit=1
modprobe -a nf_conntrack vxlan ip_gre
connections=$(cat /proc/sys/net/netfilter/nf_conntrack_max)
rmem=$(cat /proc/sys/net/core/rmem_default)
xtun-test pin 1 /sys/fs/bpf/drop
xtun-test pin 0 /sys/fs/bpf/aborted
xtun-test pin lo /sys/fs/bpf/lo
expect_log "the rings' program wrote"
declare -A pause_of=([xtun-why]=0.7)

# plain: reduce each line to the function's name in the source, or "xtun" for one of
# xtun's.
plain() {
	sed -E 's/^([a-z0-9_]+)[^ ]*/\1/; s/^xtun_[a-z0-9_]+/xtun/'
}

# lacking EXPECTED: print those of its lines that are on standard input less often.
lacking() {
	awk 'NR == FNR { want[$0]++; next } { got[$0]++ }
		END { for (w in want) if (got[w] < want[w]) print w ": " got[w] + 0 " of " want[w] }' \
		<(echo "$1") -
}

: >/tmp/input
with xtun-why 3 xtun why -f
for loss in "${losses[@]}"; do
	ok "xtun why: of $loss" grep -q "^  why: .*${why[$loss]}" /out/xtun-why
done
# These also lose frames that wait in rings, and frames in the socket of a program that
# is killed.
is "... and of nothing else" "$(grep '^  why: ' /out/xtun-why |
	grep -v "$(printf '%s\n' "${why[@]}")" |
	grep -vE "its queue was detached or removed|port 9 open closed the socket or ended without reading this packet" || :)" ""
with tcpdump 5 tcpdump -Z root --immediate-mode -l -nn -e -Q in -i xtun
is "tcpdump: what enters" "$(grep -cE '^[0-9]{2}:[0-9:.]+ ' /out/tcpdump)" "$entered"
with perf 15 chroot /peers perf trace -a -e skb:kfree_skb
is "perf: each reason" "$(sed -n 's/.*reason: SKB_DROP_REASON_\([A-Z0-9_]*\)).*/\1/p' /out/perf |
	lacking "$(printf '%s\n' "${reasons[@]}")")" ""
with bpftrace 60 chroot /peers bpftrace -e 'tracepoint:skb:kfree_skb {
	printf("%s %s %d\n", comm, ksym(args.location), args.reason); }'
is "bpftrace: each function" "$(awk 'NF > 2 { print $(NF - 1) }' /out/bpftrace | plain |
	lacking "$(printf '%s\n' "${places[@]}")")" ""
modprobe drop_monitor
printf 'set alertmode packet\nstart\nexit\n' >/tmp/input
with dropwatch 10 chroot /peers dropwatch -l kas
is "dropwatch: each function and reason" "$(awk '/drop at: / { place = $3 }
	/drop reason: / { print place, $NF }' /out/dropwatch | plain |
	lacking "$(paste -d ' ' <(printf '%s\n' "${places[@]}") <(printf '%s\n' "${reasons[@]}") |
		grep -vxF "$headless")")" ""
: >/tmp/input
with pwru 60 chroot /peers pwru --filter-trace-tc=false --output-meta --output-tuple \
	'net 10.99.0.0/24'
like "pwru: the way of each" "$(cat /out/pwru)" "sk_skb_reason_drop"
stack_down
modprobe -r drop_monitor
modprobe -r ip_gre
rm /sys/fs/bpf/drop /sys/fs/bpf/aborted /sys/fs/bpf/lo
umount /sys/fs/bpf
umount -R /peers/dev /peers/proc /peers/sys
