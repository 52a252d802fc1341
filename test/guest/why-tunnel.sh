#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# xtun why on tunnels: what they receive and cannot take, or cannot send.
#guest: TIMEOUT=900
. /test/lib.sh
. /test/mended.sh

stack_up

# tunnelled COMMAND...: run it while there is a GRE tunnel.
tunnelled() {
	local status=0
	ip link add gre9 up type gre local 10.99.0.1 remote 10.99.0.2
	"$@" || status=1
	ip link del gre9
	return $status
}

if modprobe -n -q ip_gre && [ ! -e /sys/module/ip_gre ]; then
	mended module "nothing on this machine handles IP protocol 47" "modprobe ip_gre" gre 0000
	modprobe ip_gre
	mended gre-tunnel "no GRE tunnel here accepts packets from 10.99.0.2 to 10.99.0.1$" \
		"ip link add xtungre up type gre local 10.99.0.1 remote 10.99.0.2" gre 0000
	explained gre-tunnel "to 10.99.0.1 key 0$" gre 2000
	explained gre-version "unsupported GRE version 5" gre 0005
	ok "gre-version: mended" tunnelled spares gre-version gre 0000
	ok "gre-version: back" drops gre-version gre 0005
	modprobe -r ip_gre
else
	skip "GRE" "this kernel has no module for it"
fi

# --- a VXLAN at the same bridge

ip link add br0 type bridge
ip link set xtun master br0
ip link set br0 up
if modprobe -q vxlan; then
	ip link add vx0 type vxlan id 7 remote 10.55.0.9 dstport 4789
	ip link set vx0 master br0 up
	mended vxlan "vx0 must send it to 10.55.0.9, but there is no route to that address" \
		"ip route add 10.55.0.9 via 10.98.0.2 dev near" craft dst=02:00:00:00:00:88
	bridge fdb add 02:00:00:00:00:88 dev vx0 dst 10.55.0.8 self
	explained vxlan "vx0 must send it to 10.55.0.8" craft dst=02:00:00:00:00:88
	ip link del vx0
else
	skip "VXLAN" "this kernel has none"
fi
ip link del br0
stack_down
