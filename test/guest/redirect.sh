#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Frames that BPF programs bring and that the core has not prepared: generic XDP
# redirects them unfinished, and tc can name a queue that does not exist.
. /test/lib.sh
requires eBPF tc
. /test/frames.sh

# IPv6 would send frames of its own.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
xtun_load
ip link set xtun mtu 9000
frames_up

# --- generic XDP

red_up
is "the veth leaves the tag and the checksum to whoever is next" \
	"$(ethtool -k red1 | sed -n 's/^\(tx-vlan-offload\|tx-checksumming\): on$/\1/p' | xargs)" \
	"tx-checksumming tx-vlan-offload"
theme redirect
# A driver's own redirect is for frames that fit in a page.
ip link set red0 mtu 1500
ip link set red1 mtu 1500
theme redirect_native
ip link del red0

# --- tc: skbedit makes the core use the queue number in the frame

waiting() {
	ethtool -S xtun | sed -n 's/^ *q0_tx_waiting: //p'
}

modprobe -a sch_ingress cls_matchall act_skbedit act_bpf
mount -t bpf bpf /sys/fs/bpf
/test/bin/xtun-test misqueue
tc qdisc replace dev xtun root noqueue
tc qdisc add dev xtun clsact
tc filter add dev xtun egress matchall \
	action skbedit queue_mapping 0 pipe \
	action bpf object-pinned /sys/fs/bpf/misqueue
# The first write makes the file a reader, and a reader's frames do not become stale.
exec 4<>/dev/xtun
frame 60 >&4
transmit 100 5
is "tc's queue 60000: the frames are in queue 0" "$(waiting)" 5
if grep -q ' netdev_xmit_skip_txqueue' /proc/kallsyms; then
	like "tc's queue 60000: the frames named it" "$(dmesg)" "xtun selects TX queue 60000"
else
	skip "tc's queue 60000: the frames named it" "this kernel chooses a queue after tc"
fi
is "tc's queue 60000: they can be read" \
	"$(for _ in {1..5}; do dd iflag=nonblock bs=2000 count=1 status=none <&4 | wc -c; done | xargs)" \
	"100 100 100 100 100"
exec 4>&-
umount /sys/fs/bpf
