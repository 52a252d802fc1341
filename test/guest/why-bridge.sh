#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# xtun why on frames that a bridge does not take from xtun or has no port for, and on
# what tc or a queue drops.
#guest: TIMEOUT=900
. /test/lib.sh
. /test/mended.sh

stack_up

# bpdu: send a BPDU of a bridge that takes itself for the root of the spanning tree.
bpdu() {
	craft type=0026 dst=01:80:c2:00:00:00 \
		payload=4242030000000000800002000000000100000000800002000000000180010000140002000f00
}

# with_bridge COMMAND...: run it while xtun is a port of a bridge that takes part in
# that.
with_bridge() {
	local status=0
	ip link add br0 type bridge stp_state 1
	ip link set br0 up
	ip link set xtun master br0
	"$@" || status=1
	ip link del br0
	return $status
}
explained llc "an 802.3 frame of 38 bytes, LLC DSAP 0x42, which nothing on this machine handles on xtun" bpdu
is "... what mends it" "$(field llc advice)" \
	"it belongs to STP: make xtun a port of a bridge, or ignore it"
ok "llc: mended" with_bridge spares llc bpdu
# shellcheck disable=SC2154
nok "... and that the bridge ends it is no drop" grep -q stp_ "$out/told"
ok "llc: back" drops llc bpdu
ip link add br0 type bridge
ip link set xtun master br0
ip link set br0 up
eventually 5 grep -q 3 /sys/class/net/xtun/brport/state || :
ip link set br0 down
mended bridge-down "xtun is a port of bridge br0, which is down" "ip link set dev br0 up" craft proto=icmp
ip link set br0 up
eventually 5 grep -q 3 /sys/class/net/xtun/brport/state || :
bridge link set dev xtun state 0
mended bridge-port "bridge port xtun is in state 'disabled'" \
	"bridge link set dev xtun state 3" craft proto=icmp
bridge link set dev xtun state 3
ip link set xtun nomaster
ip link set br0 type bridge stp_state 1 forward_delay 1000
ip link set xtun master br0
explained bridge-port "is in state '(listening|learning)'" craft proto=icmp
is "... which no command is to open" "$(field bridge-port cure)" ""
like "... but time" "$(field bridge-port advice)" "^wait: STP opens it"
ok "... which it does" eventually 60 grep -q 3 /sys/class/net/xtun/brport/state
ok "bridge-port: mended" spares bridge-port craft proto=icmp
ip link set xtun nomaster
ip link set xtun master br0
ok "bridge-port: back" drops bridge-port craft proto=icmp
ip link set br0 type bridge stp_state 0
bridge link set dev xtun state 3
ip link set near mtu 600 master br0
as="mtu, a bridge's port" mended mtu "it has 1028 bytes, but the MTU of bridge port near is 600" \
	"ip link set dev near mtu 1028" craft dst=02:00:00:00:00:05 proto=icmp to=10.98.0.2 size=1000
ip link set near mtu 1500 nomaster
ip link set br0 type bridge vlan_filtering 1
bridge vlan del dev xtun vid 1
mended bridge-untagged "port xtun has no PVID for untagged frames" \
	"bridge vlan add dev xtun vid 1 pvid untagged" craft proto=icmp
ip link set br0 type bridge vlan_filtering 0
ip link set br0 type bridge vlan_default_pvid 0
ip link set br0 type bridge vlan_filtering 1
explained bridge-untagged "port xtun has no PVID for untagged frames" craft proto=icmp
is "... where the bridge has none, no command names one" "$(field bridge-untagged cure)" ""
like "... but what there is to name" "$(field bridge-untagged advice)" \
	"bridge vlan add dev xtun vid N pvid untagged$"
ip link set br0 type bridge vlan_filtering 0
ip link set br0 type bridge vlan_default_pvid 1
ip link set br0 type bridge vlan_filtering 1
bridge vlan add dev xtun vid 1 pvid untagged
mended bridge-vlan "port xtun is not a member of VLAN 7" \
	"bridge vlan add dev xtun vid 7" craft vlan=7 proto=icmp
bridge vlan add dev xtun vid 7
ip link set br0 type bridge vlan_filtering 0

# --- frames that the bridge takes and sends nowhere

rewritten source-mac "its source MAC is 00:00:00:00:00:00, which is not a valid source" \
	"src=00:00:00:00:00:00 proto=icmp" "src=02:00:00:00:00:02 proto=icmp"
as="source-mac, a group's" rewritten source-mac "its source MAC is 03:00:00:00:00:01, which is not a valid source" \
	"src=03:00:00:00:00:01 proto=icmp" "src=02:00:00:00:00:02 proto=icmp"
explained bridge-nobody "bridge br0 does not know 02:00:00:00:00:90, and has no other port to flood the frame to" \
	craft dst=02:00:00:00:00:90 proto=icmp
like "... how to look" "$(field bridge-nobody advice)" "bridge -d link show$"
ip link set near master br0
ok "bridge-nobody: mended" passes bridge-nobody craft dst=02:00:00:00:00:90 proto=icmp
ip link set near nomaster
ok "bridge-nobody: back" drops bridge-nobody craft dst=02:00:00:00:00:90 proto=icmp
# The bridge learns from a frame where its sender is.
craft src=02:00:00:00:00:99 dst=02:00:00:00:00:90 proto=icmp
explained bridge-hairpin "the bridge has 02:00:00:00:00:99 on xtun, the port that the frame came in by" \
	craft dst=02:00:00:00:00:99 proto=icmp
is "... where no command may be wanted" "$(field bridge-hairpin cure)" ""
hairpin=$(field bridge-hairpin advice | sed 's/.*else: //')
is "... but there is one" "$hairpin" "bridge link set dev xtun hairpin on"
sh -c "$hairpin"
ok "bridge-hairpin: mended" passes bridge-hairpin craft dst=02:00:00:00:00:99 proto=icmp
bridge link set dev xtun hairpin off
ok "bridge-hairpin: back" drops bridge-hairpin craft dst=02:00:00:00:00:99 proto=icmp
# A kernel without locked ports prints nothing.
bridge link set dev xtun locked on
if bridge -d link show dev xtun | grep -q 'locked on'; then
	ok "what a locked port does not take is not looked for" \
		drops unexplained craft src=02:00:00:00:00:97 dst=02:00:00:00:00:99 proto=icmp
	bridge link set dev xtun locked off
else
	skip "a locked port" "this kernel has none"
fi
ip link set br0 type bridge vlan_filtering 1
bridge vlan add dev xtun vid 7
bridge vlan add dev xtun vid 8
bridge fdb add 02:00:00:00:00:96 dev xtun master static vlan 8
ok "an address is looked for in the frame's own VLAN" \
	drops bridge-nobody craft vlan=7 dst=02:00:00:00:00:96 proto=icmp
ip link set br0 type bridge vlan_filtering 0
# shellcheck disable=SC2034
mends=passes
ip link set near master br0
bridge fdb add 02:00:00:00:00:98 dev near master static
bridge link set dev near state 0
mended bridge-out "the bridge has 02:00:00:00:00:98 on port near, which is in state 'disabled'" \
	"bridge link set dev near state 3" craft dst=02:00:00:00:00:98 proto=icmp
bridge link set dev near state 3
ip link set near down
as="bridge-out, down" mended bridge-out "on port near, which is down" "ip link set dev near up" \
	craft dst=02:00:00:00:00:98 proto=icmp
ip link set near up
eventually 5 grep -q 3 /sys/class/net/near/brport/state
bridge fdb replace 02:00:00:00:00:98 dev near master static
ip link set far down
as="bridge-out, carrier" explained bridge-out "on port near, which has no carrier" \
	craft dst=02:00:00:00:00:98 proto=icmp
ip link set far up
ok "bridge-out, carrier: mended" eventually 5 passes bridge-out craft dst=02:00:00:00:00:98 proto=icmp
ip link set far down
ok "bridge-out, carrier: back" drops bridge-out craft dst=02:00:00:00:00:98 proto=icmp
ip link set far up
eventually 5 grep -q 3 /sys/class/net/near/brport/state
bridge link set dev near isolated on
bridge link set dev xtun isolated on
as="bridge-out, isolated" mended bridge-out "on port near, but near and xtun are both isolated" \
	"bridge link set dev near isolated off" craft dst=02:00:00:00:00:98 proto=icmp
ip link del br0

# --- tc, and the way out

ip link set near up
ip addr replace 10.98.0.1/24 dev near
ip neigh replace 10.98.0.2 dev near lladdr 02:00:00:00:00:05
# filtered HOOK DEVICE WORD...: a filter drops the frame there.
filtered() {
	local filter=(dev "$2" "$1")
	tc qdisc add dev "$2" clsact
	tc filter add "${filter[@]}" matchall action drop
	as="tc, $1" explained tc "a tc filter dropped it at the $1 of $2" craft "${@:3}"
	like "... how to find it" "$(field tc advice)" "^find it: tc -s filter show dev $2 $1;"
	tc filter del "${filter[@]}"
	ok "tc, $1: mended" passes tc craft "${@:3}"
	tc filter add "${filter[@]}" matchall action drop
	ok "tc, $1: back" drops tc craft "${@:3}"
	tc qdisc del dev "$2" clsact
}
filtered ingress xtun proto=icmp
filtered egress near proto=icmp to=10.98.0.2
tc qdisc add dev near root netem loss 100%
explained qdisc "the qdisc 'netem' of near was full, or dropped it because it is configured to" \
	craft proto=icmp to=10.98.0.2
like "... how to look, and go without" "$(field qdisc advice)" \
	"tc -s qdisc show dev near; to remove it: tc qdisc del dev near root$"
tc qdisc del dev near root
ok "qdisc: mended" passes qdisc craft proto=icmp to=10.98.0.2
tc qdisc add dev near root netem loss 100%
ok "qdisc: back" drops qdisc craft proto=icmp to=10.98.0.2
tc qdisc del dev near root
ip link set far down
explained carrier "it should leave through near, which has no carrier" craft proto=icmp to=10.98.0.2
ip link set far up
eventually 5 grep -q 1 /sys/class/net/near/carrier
ip neigh replace 10.98.0.2 dev near lladdr 02:00:00:00:00:05
ok "carrier: mended" eventually 5 passes carrier craft proto=icmp to=10.98.0.2
ip link set far down
ok "carrier: back" drops carrier craft proto=icmp to=10.98.0.2
ip link set far up
ip link add link xtun name five type vlan id 5
mended vlan-down "five, the interface for VLAN 5 of xtun, is down" "ip link set dev five up" \
	craft vlan=5 proto=icmp
ip link del five
stack_down
