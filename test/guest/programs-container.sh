#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A container can use the device if it is set up as docs/containers.md says, and only
# then: with crun, which carries out --device and --cap-add of Docker and Podman, and
# with bubblewrap, for a user without privileges. Inside, `ip tuntap` makes an
# interface.
#guest: PACKAGES="crun bubblewrap"
. /test/lib.sh
# shellcheck source=test/guest/programs.sh
. /test/programs.sh
requires namespaces jq crun bwrap

# Nothing can replace the first root, which is an initramfs. These two run in another
# mount of it.
real_root() {
	# shellcheck disable=SC2016
	unshare --mount sh -c 'mount --make-rprivate / && mkdir -p /tmp/root &&
		mount --rbind / /tmp/root && cd /tmp/root && mount --move . / &&
		exec chroot . "$@"' sh "$@"
}

# What runs in the container, which has only the path that everybody knows.
inside='ip tuntap add dev tap0 mode tap && ip -o link show tap0'

# bundle CAPABILITY ALLOWED: a container as an engine describes it to crun. Its
# /dev/net/tun is the device.
bundle() {
	local major minor
	major=$((0x$(stat -c %t "$device")))
	minor=$((0x$(stat -c %T "$device")))
	mkdir -p /tmp/bundle/rootfs
	jq -n --arg inside "$inside" --arg capability "$1" --argjson allowed "$2" \
		--argjson major "$major" --argjson minor "$minor" '{
		ociVersion: "1.0.2",
		process: {
			args: ["sh", "-c", $inside], cwd: "/", env: ["PATH=/usr/sbin:/usr/bin"],
			user: { uid: 0, gid: 0 },
			capabilities: {
				bounding: [$capability], effective: [$capability], permitted: [$capability]
			}
		},
		root: { path: "rootfs" },
		mounts: [
			{ destination: "/usr", source: "/usr", type: "bind", options: [ "bind", "ro" ] },
			{ destination: "/proc", type: "proc", source: "proc" },
			{ destination: "/sys", type: "sysfs", source: "sysfs", options: [ "ro" ] },
			{ destination: "/dev", type: "tmpfs", source: "tmpfs" }
		],
		linux: {
			namespaces: [ "mount", "network", "pid", "ipc", "uts" ] | map({ type: . }),
			devices: [ {
				path: "/dev/net/tun", type: "c", major: $major, minor: $minor,
				fileMode: 384, uid: 0, gid: 0
			} ],
			resources: { devices: [
				{ allow: false, access: "rwm" },
				{ allow: $allowed, type: "c", major: $major, minor: $minor, access: "rwm" }
			] }
		}
	}' >/tmp/bundle/config.json
	for folder in bin sbin lib lib64; do
		ln -sfn "usr/$folder" "/tmp/bundle/rootfs/$folder"
	done
}

run_bundle() {
	bundle "$@"
	real_root sh -c 'mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup /sys/fs/cgroup
		crun --cgroup-manager=cgroupfs --root /run/crun run --bundle /tmp/bundle one'
}

with_crun() {
	ok "$device: a container makes an interface" run_bundle CAP_NET_ADMIN true
	note "crun" "$(run_bundle CAP_NET_ADMIN true 2>&1 | sed 's/link.ether.*//')"
	nok "$device: not without NET_ADMIN" run_bundle CAP_CHOWN true
	nok "$device: not without a rule for the node" run_bundle CAP_NET_ADMIN false
	note "crun, without NET_ADMIN" "$(run_bundle CAP_CHOWN true 2>&1)"
	note "crun, without a rule" "$(run_bundle CAP_NET_ADMIN false 2>&1)"
}

# run_bwrap OPTION...: run it as a user without privileges, except inside.
run_bwrap() {
	real_root setpriv --reuid 1000 --regid 1000 --clear-groups bwrap \
		--unshare-user --unshare-net --uid 0 --gid 0 \
		--dev-bind / / --dev-bind "$device" /dev/net/tun "$@" sh -c "$inside"
}

with_bwrap() {
	chmod 0666 "$device"
	ok "$device: a user's container makes an interface" run_bwrap --cap-add CAP_NET_ADMIN
	nok "$device: not without NET_ADMIN" run_bwrap
	chmod 0600 "$device"
	nok "$device: not where the node is for root" run_bwrap --cap-add CAP_NET_ADMIN
}

[ ! -e /proc/sys/kernel/unprivileged_userns_clone ] ||
	sysctl -q -w kernel.unprivileged_userns_clone=1
on_each with_crun
on_each with_bwrap
