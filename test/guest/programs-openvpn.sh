#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# OpenVPN, which gets the device by --dev-node, connects two hosts over TLS, with frames
# and with packets, and makes interfaces that stay.
#
#    namespace a                              namespace b
#   10.9.0.1  tap0/tun0 --- openvpn           openvpn --- tap0/tun0  10.9.0.2
#   192.0.2.1 eth0 ---------------- UDP ------------------ eth0      192.0.2.2
#guest: PACKAGES="openvpn openssl"
#guest: TIMEOUT=600
. /test/lib.sh
# shellcheck source=test/guest/programs.sh
. /test/programs.sh
requires namespaces jq openvpn openssl

keys=/tmp/keys

# certificate NAME SERIAL: a certificate of that host, by an authority that both know.
certificate() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj "/CN=$1" -keyout "$keys/$1.key" -out "$keys/$1.csr"
	openssl x509 -req -in "$keys/$1.csr" -CA $keys/ca.crt -CAkey $keys/ca.key \
		-set_serial "0x$2" -days 30 -out "$keys/$1.crt"
}

make_keys() {
	mkdir $keys
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj /CN=authority -days 30 -keyout $keys/ca.key -out $keys/ca.crt
	certificate a 1
	certificate b 2
}

# peer NAMESPACE TYPE ROLE OPTION...: start its OpenVPN. Its cipher is the one that
# takes an emulated processor the least time. Data must not bypass the device in the
# kernel (DCO).
peer() {
	local host=$1 type=$2 role=$3
	shift 3
	ip netns exec "$host" openvpn --setenv opt disable-dco \
		--dev "${type}0" --dev-type "$type" --dev-node "$device" \
		"--tls-$role" --ca $keys/ca.crt --cert "$keys/$host.crt" --key "$keys/$host.key" \
		--dh none --proto udp --data-ciphers CHACHA20-POLY1305 --verb 4 --persist-tun --ping 5 --ping-restart 60 \
		"$@" >"/out/openvpn.$host" 2>&1 &
}

joined() {
	grep -q 'Initialization Sequence Completed' /out/openvpn.a &&
	grep -q 'Initialization Sequence Completed' /out/openvpn.b
}

# tunnel TYPE IFCONFIG-A IFCONFIG-B
tunnel() {
	local type=$1 a b
	two_hosts
	# shellcheck disable=SC2086
	peer a "$type" server --remote 192.0.2.2 --ifconfig $2
	a=$!
	# shellcheck disable=SC2086
	peer b "$type" client --remote 192.0.2.1 --ifconfig $3
	b=$!
	ok "$device: OpenVPN comes up, $type" eventually 120 joined
	carries 10.9.0.2
	note_shape a "${type}0"
	note "openvpn says" "$(grep -E 'TUN/TAP|net_iface|ERROR|WARNING.*tun' /out/openvpn.a |
		sed 's/^[0-9-]* [0-9:]* us=[0-9]* //' | sort)"
	stops OpenVPN 0 $a $b
	nok "$device: and its interface with it" ip -n a link show "${type}0"
}

tap() {
	tunnel tap "10.9.0.1 255.255.255.0" "10.9.0.2 255.255.255.0"
}

tun() {
	tunnel tun "10.9.0.1 10.9.0.2" "10.9.0.2 10.9.0.1"
}

# An interface that OpenVPN makes for a later user.
mktun() {
	ip netns add a
	ok "$device: openvpn --mktun" in_a openvpn --mktun --dev tap7 --dev-node "$device" \
		--user nobody --group nogroup
	note_shape a tap7
	ok "$device: the interface stays" ip -n a link show tap7
	ok "$device: openvpn --rmtun" in_a openvpn --rmtun --dev tap7 --dev-node "$device"
	nok "$device: the interface is gone" ip -n a link show tap7
}

make_keys >/tmp/openssl.log 2>&1
on_each tap
on_each tun
on_each mktun
