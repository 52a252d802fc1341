#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Loading and removing the module two hundred times, or twice LIVES, leaves nothing
# behind.
#guest: TIMEOUT=900
# The usual size; stating it gives the test a guest of its own. What another test used
# takes time to settle.
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

# less_than_before: whether as many lives again take more memory than they are allowed.
less_than_before() {
	local before
	before=$(available)
	lives "$half"
	diag "$before kB were free, then $(available) kB"
	! slowness=1 eventually 10 has_available $((before - allowed))
}

# What the module itself allocates and leaks is found at the end, object by object. What
# it makes others allocate shows as memory, if it is more than 10 kB for each life. A
# leak recurs each time; what the kernel keeps for reuse is kept once.
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
