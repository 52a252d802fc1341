#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# slirp4netns, run by a user without privileges, connects that user's container to the
# outside. It knows only /dev/net/tun, and finds the device there.
#
#    user 1000's container                    this namespace
#   10.0.2.100  tap0 --- slirp4netns          127.0.0.1, httpd
#                              \--- sockets, 10.0.2.2 ---/
#guest: PACKAGES=slirp4netns
. /test/lib.sh
# shellcheck source=test/guest/programs.sh
. /test/programs.sh
requires namespaces jq slirp4netns curl

as_user=(setpriv --reuid 1000 --regid 1000 --clear-groups)

# Everybody may open the node, as with the optional udev rule. The user has privileges
# only in namespaces of their own.
with_slirp() {
	local container slirp
	chmod 0666 "$device"
	serve_page
	"${as_user[@]}" unshare --user --map-root-user --net sleep 1000 &
	container=$!
	eventually 60 grep -q ' 1000 ' /proc/$container/uid_map
	"${redirected[@]}" "${as_user[@]}" slirp4netns --configure --mtu=65520 \
		$container tap0 >/out/slirp 2>&1 &
	slirp=$!
	ln -sf "/proc/$container/ns/net" /run/netns/container
	eventually 60 curl -sSf -r 0-0 -o /dev/null http://127.0.0.1/page
	ok "$device: slirp4netns gives the container an interface" \
		eventually 60 nsenter --net=/proc/$container/ns/net ip link show tap0 up
	ok "$device: the container pings the gateway" eventually 60 \
		nsenter --net=/proc/$container/ns/net ping -c 1 -W 1 10.0.2.2
	ok "$device: the container fetches $megabytes MB, and all of it is right" \
		fetches http://10.0.2.2/page nsenter --net=/proc/$container/ns/net
	note_shape container tap0
	stops slirp4netns 143 $slirp
	nok "$device: and its interface with it" \
		nsenter --net=/proc/$container/ns/net ip link show tap0
	rm /run/netns/container
}

# A node that everybody may open does not let everybody use it.
without_rights() {
	nok "$device: the user makes nothing outside" \
		"${redirected[@]}" "${as_user[@]}" ip tuntap add dev tap1 mode tap
}

megabytes=4
mkdir -p /run/netns
[ ! -e /proc/sys/kernel/unprivileged_userns_clone ] ||
	sysctl -q -w kernel.unprivileged_userns_clone=1
on_each with_slirp
on_each without_rights
