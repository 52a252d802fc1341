#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# QEMU on a descriptor: a guest in this guest has a virtio network card, and reaches its
# host, and is reached, with offloads that it has negotiated.
#guest: TIMEOUT=1800
#guest: MEMORY=1536
#guest: EXTRA=machine
#guest: PACKAGES=qemu-system-x86
. /test/lib.sh
requires namespaces /usr/lib/machine/vmlinux
# shellcheck source=test/guest/programs.sh
. /test/programs.sh

# Each instruction of the machine, whose card is descriptor 3, is emulated twice.
patience=1000
megabytes=1

machine=(qemu-system-x86_64 -M "microvm,acpi=off" -accel tcg -cpu qemu64 -m 64
	-nodefaults -no-user-config -no-reboot -display none
	-kernel /usr/lib/machine/vmlinux -initrd /usr/lib/machine/initrd
	-append "console=ttyS0 quiet panic=-1"
	-netdev "tap,id=net0,fd=3" -device "virtio-net-device,netdev=net0")

said() {
	grep -q "$1" "/out/machine${device//\//.}"
}

# Nobody waits for a machine that has died.
serves_or_has_died() {
	said serves || ! kill -0 "$pid"
}

qemu() {
	local serial=/out/machine${device//\//.} pid begin=$SECONDS
	ip netns add a
	ip netns exec a /test/bin/xtun-test attach "$device" machine0 0x5002 \
		"${machine[@]}" -serial "file:$serial" &
	pid=$!
	eventually 60 ip -n a link show machine0
	ip -n a addr add 192.0.2.1/24 dev machine0
	ip -n a link set machine0 up
	serve_page ip netns exec a

	eventually $patience serves_or_has_died || :
	ok "$device: the machine boots, and serves" said serves
	diag "after $((SECONDS - begin)) s"
	ok "$device: each of its three pings is answered" said ' 0% packet loss'
	ok "$device: it fetches $megabytes MB from its host, and all of it is right" \
		said "fetched $(md5sum <$page)"
	ok "$device: its host fetches them from it, and all of it is right" in_a \
		sh -c "curl -sSf -m $patience http://192.0.2.2/page | cmp - $page"
	note_shape a machine0
	ok "$device: it has negotiated TSO" \
		grep -q '^tx-tcp-segmentation: on' "$notes"
	stops QEMU 0 $pid
	nok "$device: the interface is gone" ip -n a link show machine0
}

sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
on_each qemu
