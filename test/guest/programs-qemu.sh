#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# QEMU on a descriptor: a machine in this guest has a virtio network card, asks there
# for an address, fetches its instructions from its host, and is reached by it. It runs
# only the card's own boot program, iPXE: an operating system would take a quarter of an
# hour to start, because each instruction is emulated twice.
#guest: TIMEOUT=900
#guest: MEMORY=1024
#guest: PACKAGES="qemu-system-x86 seabios ipxe-qemu dnsmasq-base"
. /test/lib.sh
requires namespaces qemu-system-x86_64 dnsmasq
# shellcheck source=test/guest/programs.sh
. /test/programs.sh

patience=400

# The machine's card is descriptor 3.
machine=(qemu-system-x86_64 -M "pc,graphics=off" -accel tcg -cpu qemu64 -m 32
	-nodefaults -no-user-config -no-reboot -display none
	-netdev "tap,id=net0,fd=3" -device "virtio-net-pci,netdev=net0,bootindex=1")

# What the machine has to do is at the end of a long file, so that it must read all of
# it.
tell_it() {
	mkdir -p /tmp/www
	{
		echo '#!ipxe'
		seq 10000000 10019999 | sed 's/^/# /'
		echo 'echo all of it was read'
		echo 'sleep 3600'
	} >/tmp/www/boot.ipxe
}

said() {
	grep -qa "$1" "$serial"
}

# Do not wait for a machine that has died.
has_read_or_died() {
	said "all of it was read" || ! kill -0 "$pid"
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
	tell_it
	ip netns exec a busybox httpd -f -p 80 -h /tmp/www &
	ip netns exec a dnsmasq --keep-in-foreground --user=root --conf-file=/dev/null --port=0 \
		--interface=machine0 --bind-interfaces --dhcp-leasefile=/tmp/leases \
		--dhcp-range=192.0.2.2,192.0.2.2 --dhcp-boot=http://192.0.2.1/boot.ipxe &

	eventually $patience has_read_or_died || :
	ok "$device: the machine has an address by DHCP" said "net0: 192.0.2.2/255.255.255.0"
	ok "$device: it fetches $(stat -c %s /tmp/www/boot.ipxe) bytes by HTTP, and all of it is right" \
		said "all of it was read"
	diag "after $((SECONDS - begin)) s"
	ok "$device: each of three pings to it is answered" in_a ping -q -c 3 -i 0.2 -W 60 192.0.2.2
	note_shape a machine0
	stops QEMU 0 $pid
	nok "$device: the interface is gone" ip -n a link show machine0
}

sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
on_each qemu
