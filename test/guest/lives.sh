#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Loading and removing it two hundred times, or twice LIVES, leaves nothing behind.
#guest: TIMEOUT=900
# As much as any, but a guest of its own: what another test had takes its time to settle.
#guest: MEMORY=512
. /test/lib.sh

# lives NUMBER
lives() {
	local life
	for ((life = 0; life < $1; life++)); do
		xtun_load
		ip link set xtun up
		head -c 60 /dev/zero >/dev/xtun
		rmmod xtun
	done
}

available() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^MemAvailable:/ { print $2 }' /proc/meminfo
}

has_available() {
	[ "$(available)" -gt "$1" ]
}

# less_than_before: whether as many lives again take what memory they were allowed.
less_than_before() {
	local before
	before=$(available)
	lives "$half"
	diag "$before kB were free, then $(available) kB"
	! slowness=1 eventually 10 has_available $((before - allowed))
}

# What the module itself allocates and forgets is found at the end, object by
# object; what it has others allocate shows as memory, here above 10 kB a life. What
# is lost is lost each time; what the kernel keeps to use again is kept once.
half=${LIVES:-100}
allowed=$((half * 10))
lives "$half"
losing=0
while [ "$losing" -lt 3 ] && less_than_before; do
	losing=$((losing + 1))
done
[ "$losing" -lt 3 ] || keep_allocations
ok "of three times $half lives one at least leaves the memory free that it found" \
	[ "$losing" -lt 3 ]
