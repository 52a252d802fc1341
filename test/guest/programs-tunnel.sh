#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# socat, which gets the device by tun-device=, and tinc, by Device=, connect two hosts
# with frames and with packets.
#
#    namespace a                              namespace b
#   10.9.0.1  tap3/tun3 ---- socat or tinc ---- tap3/tun3  10.9.0.2
#   192.0.2.1 eth0 -------------- UDP -------------- eth0  192.0.2.2
#guest: PACKAGES="socat tinc"
. /test/lib.sh
# shellcheck source=test/guest/programs.sh
. /test/programs.sh
requires namespaces jq socat tincd

# socat_peer NAMESPACE TYPE OWN OTHERS
socat_peer() {
	ip netns exec "$1" socat -b 65535 \
		"TUN:10.9.0.${3##*.}/24,tun-device=$device,tun-name=${2}3,tun-type=$2,iff-no-pi,iff-up" \
		"UDP4-DATAGRAM:$4:7000,bind=$3:7000" >"/out/socat.$1" 2>&1 &
}

is_up() {
	[ -n "$(in_a ip -br link show "$1" up)" ] && [ -n "$(in_b ip -br link show "$1" up)" ]
}

socat_tunnel() {
	local type=$1 a b
	two_hosts
	socat_peer a "$type" 192.0.2.1 192.0.2.2
	a=$!
	socat_peer b "$type" 192.0.2.2 192.0.2.1
	b=$!
	ok "$device: socat makes ${type}3" eventually 60 is_up "${type}3"
	carries 10.9.0.2
	note_shape a "${type}3"
	stops socat 143 $a $b
	nok "$device: and its interface with it" ip -n a link show "${type}3"
}

socat_tap() {
	socat_tunnel tap
}

socat_tun() {
	socat_tunnel tun
}

# tinc_host NAMESPACE MODE OTHER: configure tinc there. Each host must have the other's
# key.
tinc_host() {
	local folder=/tmp/tinc/$1 address=$((1 + ($(printf %d "'$1") - 97)))
	mkdir -p "$folder/hosts"
	cat >"$folder/tinc.conf" <<-END
	Name = $1
	AddressFamily = ipv4
	Mode = $2
	Device = $device
	Interface = net3
	ConnectTo = $3
	END
	cat >"$folder/hosts/$1" <<-END
	Address = 192.0.2.$address
	Subnet = 10.9.0.$address/32
	END
	cat >"$folder/tinc-up" <<-END
	#!/bin/sh
	ip addr add 10.9.0.$address/24 dev "\$INTERFACE"
	ip link set "\$INTERFACE" up
	END
	chmod +x "$folder/tinc-up"
	tincd -c "$folder" -K1024 </dev/null >/out/tinc.key 2>&1
}

tinc_peer() {
	ip netns exec "$1" tincd -c "/tmp/tinc/$1" --pidfile "/run/tinc.$1.pid" -D -d 3 \
		>"/out/tinc.$1" 2>&1 &
}

tinc_tunnel() {
	local a b
	two_hosts
	rm -rf /tmp/tinc
	tinc_host a "$1" b
	tinc_host b "$1" a
	cp /tmp/tinc/a/hosts/a /tmp/tinc/b/hosts/
	cp /tmp/tinc/b/hosts/b /tmp/tinc/a/hosts/
	tinc_peer a
	a=$!
	tinc_peer b
	b=$!
	ok "$device: tinc makes its interface, mode $1" eventually 60 is_up net3
	carries 10.9.0.2
	note_shape a net3
	note "tinc says" "$(grep -F "$device" /out/tinc.a | sed "s,.*$device,,")"
	stops tinc 0 $a $b
	nok "$device: and its interface with it" ip -n a link show net3
}

tinc_switch() {
	tinc_tunnel switch
}

tinc_router() {
	tinc_tunnel router
}

megabytes=4
on_each socat_tap
on_each socat_tun
on_each tinc_switch
on_each tinc_router
