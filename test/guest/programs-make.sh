#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Tools that make interfaces for other programs: tunctl, which gets the device by -f,
# and `ip tuntap`, which knows only /dev/net/tun and finds the device there.
#guest: PACKAGES=uml-utilities
. /test/lib.sh
# shellcheck source=test/guest/programs.sh
. /test/programs.sh
requires namespaces jq tunctl

# made INTERFACE: it stays. Note its shape.
made() {
	ok "$device: $1 stays" ip -n a link show "$1"
	note_shape a "$1"
}

gone() {
	nok "$device: $1 is gone" ip -n a link show "$1"
}

# tunctl in namespace a, observed, with the device.
in_a_tunctl() {
	observed "tunctl $*" ip netns exec a tunctl -f "$device" "$@"
}

with_tunctl() {
	ip netns add a
	ok "$device: tunctl makes an interface" in_a_tunctl -t tap5
	made tap5
	ok "$device: tunctl makes one for a user" in_a_tunctl -u nobody -t tap6
	made tap6
	ok "$device: tunctl makes one for a group" in_a_tunctl -g nogroup -t tap7
	made tap7
	ok "$device: tunctl names one" in_a_tunctl -b
	note "its name" "$(ip -n a -j link | jq -r '.[].ifname' | sort)"
	for name in tap5 tap6 tap7 tap0; do
		ok "$device: tunctl removes $name" in_a_tunctl -d "$name"
		gone $name
	done
}

# tuntap ACTION [ARGUMENT...]
tuntap() {
	observed "ip tuntap $*" ip -n a tuntap "$@"
}

with_ip() {
	ip netns add a
	ok "$device: ip tuntap makes a tap" tuntap add dev tap8 mode tap
	made tap8
	nok "$device: it does not make one twice" tuntap add dev tap8 mode tun
	ok "$device: ip tuntap makes a tun" tuntap add dev tun8 mode tun
	made tun8
	ok "$device: ip tuntap makes a tap of many words" tuntap add dev tap9 mode tap \
		user nobody group nogroup pi vnet_hdr multi_queue one_queue
	made tap9
	nok "$device: a tap is not removed as a tun" tuntap del dev tap8 mode tun
	for name in tap8 tun8; do
		ok "$device: ip tuntap removes $name" tuntap del dev $name mode "${name%8}"
		gone $name
	done
	ok "$device: ip tuntap removes what has queues" tuntap del dev tap9 mode tap multi_queue
	gone tap9
}

on_each with_tunctl
on_each with_ip
