#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Loading makes the device and the interface; removing takes both away.
#guest: TIMEOUT=600
. /test/lib.sh

xtun_load
ok "there is an interface" ip link show xtun
is "the device is its owner's alone" "$(stat -c %a /dev/xtun)" 600
ok "it can be removed" rmmod xtun
nok "the interface is gone" ip link show xtun
nok "the device is gone" test -e /dev/xtun

xtun_load
ip link set xtun up
ok "it can be removed while up" rmmod xtun

xtun_load
exec 3<>/dev/xtun
nok "it cannot be removed while a file is open" rmmod xtun
like "because it is in use" "$(rmmod xtun 2>&1 || :)" "in use"
exec 3>&-
rmmod xtun

# --- two hundred lives, each up and with a frame written

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
lives 100
before=$(available)
lives 100
eventually 20 has_available $((before - 1000)) || :
ok "two hundred lives leave no less than the $before kB free" has_available $((before - 1000))
