#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# QEMU, in this guest, runs a machine whose firmware boots from the network: from the
# kernel's end it asks for an address, and fetches a script that names a page that
# nobody else asks for. QEMU is given a descriptor with vnet headers, or opens
# /dev/net/tun, the only path it knows, and finds the device there.
#
#    namespace a                              QEMU
#   10.9.0.1  tap0 ---------------- virtio-net, iPXE  10.9.0.2
#   udhcpd, httpd
#guest: PACKAGES="qemu-system-x86 ipxe-qemu seabios"
#guest: MEMORY=1536
#guest: TIMEOUT=600
. /test/lib.sh
# shellcheck source=test/guest/programs.sh
. /test/programs.sh
requires namespaces jq qemu-system-x86_64
if [ "$(uname -m)" != x86_64 ]; then
	skip "all of ${0##*/}" "one emulator in another is run on one architecture"
	exit
fi

# A long script, so that more than a frame is right where its last line is reached.
make_script() {
	mkdir -p /tmp/www
	{
		echo '#!ipxe'
		seq -f '# %060.0f' 2000
		echo 'imgfetch http://10.9.0.1/reached'
	} >/tmp/www/boot.ipxe
	echo hello >/tmp/www/reached
	cat >/tmp/udhcpd.conf <<-END
	start 10.9.0.2
	end 10.9.0.2
	interface tap0
	lease_file /tmp/leases
	pidfile /tmp/udhcpd.pid
	boot_file http://10.9.0.1/boot.ipxe
	option subnet 255.255.255.0
	END
	: >/tmp/leases
}

# machine NETDEV: QEMU without any device but that.
machine=(qemu-system-x86_64 -M "pc,graphics=off" -accel tcg -m 64 -nodefaults
	-display none -serial file:/out/serial -boot n
	-device "virtio-net-pci,netdev=net" -netdev)

is_gone() {
	! ip -n a link show tap0
}

# boots WHAT: on tap0, which is there already or soon.
boots() {
	local qemu=$!
	eventually 120 in_a ip link show tap0
	ip -n a addr add 10.9.0.1/24 dev tap0
	ip -n a link set tap0 up
	ip netns exec a busybox httpd -f -v -p 80 -h /tmp/www 2>/out/httpd &
	ip netns exec a busybox udhcpd -f /tmp/udhcpd.conf >/out/udhcpd 2>&1 &
	ok "$device: the machine boots from the network, $1" \
		eventually 150 grep -q /reached /out/httpd
	diag "t $SECONDS $(tail -c 1000 /out/serial | tr -d '\033\r')"
	note_shape a tap0
	kill -TERM "$qemu"
	wait "$qemu" || :
	ok "$device: QEMU ends, and its interface with it" eventually 60 is_gone
	note "what QEMU says to it, $1" "$(told)"
}

by_descriptor() {
	ip netns add a
	ip netns exec a /test/bin/xtun-test hand "$device" tap0 "${trace[@]}" \
		"${machine[@]}" tap,id=net,fd=3,vhost=off >/out/qemu 2>&1 &
	boots "descriptor"
}

by_path() {
	ip netns add a
	"${redirected[@]}" ip netns exec a "${trace[@]}" "${machine[@]}" \
		tap,id=net,ifname=tap0,script=no,downscript=no,vnet_hdr=on >/out/qemu 2>&1 &
	boots "path"
}

tcp_passes
make_script
on_each by_descriptor
on_each by_path
