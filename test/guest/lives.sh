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

# What the module itself allocates and forgets is found at the end, object by
# object; what it has others allocate shows as memory, here above 10 kB a life.
half=${LIVES:-100}
allowed=$((half * 10))
lives "$half"
before=$(available)
lives "$half"
eventually 20 has_available $((before - allowed)) || keep_allocations
ok "a further $half lives leave no less than the $before kB free: $(available)" \
	has_available $((before - allowed))
