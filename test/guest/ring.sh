#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Frames through rings, both ways, without a system call for each; what is refused; and
# several files with rings on one interface.
#guest: TIMEOUT=600
. /test/lib.sh

# grouped COMMAND...: run it in a memory cgroup of its own, as systemd would.
grouped() {
	local groups=/tmp/groups
	mkdir -p "$groups"
	if ! mount -t cgroup2 none "$groups"; then
		skip "in a memory group" "this kernel has no such groups"
		"$@"
		return
	fi
	if echo +memory >"$groups/cgroup.subtree_control"; then
		mkdir "$groups/ring"
		echo $$ >"$groups/ring/cgroup.procs"
		"$@"
		echo $$ >"$groups/cgroup.procs"
		rmdir "$groups/ring"
		echo -memory >"$groups/cgroup.subtree_control"
	else
		skip "in a memory group" "this kernel charges none for its memory"
		"$@"
	fi
	umount "$groups"
}

# IPv6 would send frames of its own.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
xtun_load
grouped theme ring
xtun_unload

xtun_load
theme ring_refused
xtun_unload

xtun_load owner=1000 queues=2
theme ring_owner
xtun_unload

xtun_load queues=4
theme ring_share
