#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What an administrator sets: MAC, MTU, queue length, namespaces, permissions, and the
# module's parameters.
. /test/lib.sh

# refused PARAMETER=VALUE: insmod fails, and the log says why.
refused() {
	echo "insmod $1" >/dev/kmsg
	nok "insmod refuses $1" insmod /test/xtun.ko "$1"
	like "... and says why" "$(dmesg | sed "1,\|insmod $1|d")" "xtun: $2"
	nok "... and leaves nothing" test -e /dev/xtun
}

# configfs, which netconsole needs, stays. It must not be loaded where an xtun was that
# is gone.
modprobe -q configfs || :
refused name=a/b "name=a/b is not a valid interface name"
refused name=x%d "name=x%d is not a valid interface name"
refused name=lo "cannot make interface lo: -17"
refused queues=0 "queues=0 is not in the range 1 to 256"
refused queues=257 "queues=257 is not in the range 1 to 256"
refused owner=-2 "\`-2' invalid for parameter"

xtun_load create=0
nok "create=0: no interface" ip link show xtun
nok "... so nothing to write to" sh -c 'echo a frame it is not >/dev/xtun'
nok "... none is made with a group address" ip link add xtun address 01:00:00:00:00:01 type xtun
nok "... nor with a short one" ip link add xtun address 02:00:00 type xtun
nok "... and none is there" ip link show xtun
ip link add xtun type xtun
ok "... until one is made" sh -c 'ip link set xtun up; head -c 60 /dev/zero >/dev/xtun'
ok "... which can be deleted" ip link del xtun
xtun_unload

xtun_load name=wire0
ok "name=wire0: that is its name" ip link set wire0 up
ok "... and the one that files attach to" sh -c 'head -c 60 /dev/zero >/dev/xtun'
xtun_unload

for who in "owner=1000 owner" "group=2000 group" "owner=1000 group=2000 both"; do
	# shellcheck disable=SC2086
	xtun_load ${who% *}
	theme "${who##* }"
	xtun_unload
done

xtun_load
is "ip -d -j link says of what kind it is" \
	"$(ip -d -j link show xtun | grep -o '"info_kind":"[a-z]*"')" '"info_kind":"xtun"'
ok "ethtool -s: a speed can be said" ethtool -s xtun speed 1000 duplex half
like "... and is told" "$(ethtool xtun)" "Speed: 1000Mb/s.*Duplex: Half"
ok "... as before" ethtool -s xtun speed 10000 duplex full
ok "tun_flags: it stays when its files are closed" \
	test $(($(cat /sys/class/net/xtun/tun_flags) & 0x800)) != 0
ok "TUNSETPERSIST 0 is no error" /test/bin/xtun-test attach /dev/xtun xtun 0x1002 \
	/test/bin/xtun-test persist 0
ok "... and changes nothing" ip link show xtun
like "... which the log says" "$(dmesg | without_others_races | tail -n 5)" "xtun: is kept when its files are closed"
nok "ethtool -C: what is written has no batches but its own" ethtool -C xtun rx-frames 8
if ip link add br0 type bridge; then
	ip link set xtun master br0
	nok "TUNSETLINK: a bridge has no port of another type" /test/bin/xtun-test attach \
		/dev/xtun xtun 0x1002 /test/bin/xtun-test link 512
	like "... and it stays what it is" "$(ip link show xtun)" "link/ether"
	ip link del br0
	ok "... but else it can be had" /test/bin/xtun-test attach /dev/xtun xtun 0x1002 \
		/test/bin/xtun-test link 512
	like "... and is shown" "$(ip link show xtun)" "link/ppp"
	ok "... and taken back" /test/bin/xtun-test attach /dev/xtun xtun 0x1002 \
		/test/bin/xtun-test link 1
else
	skip "TUNSETLINK: a bridge has no port of another type" "this kernel has no bridges"
fi
theme config

# --- netpoll, which would send with interrupts off

if modprobe -qn netconsole; then
	ip link set xtun up
	# netpoll keeps up to 32 socket buffers for its messages (net/core/netpoll.c,
	# MAX_SKBS), on some kernels for good.
	buffers_kept=$((buffers_kept + 32))
	modprobe netconsole netconsole=4444@10.99.0.1/xtun,9353@10.99.0.2/02:00:00:00:99:02 2>/dev/null || :
	like "netconsole may not have the interface" "$(dmesg)" "xtun doesn't support polling, aborting"
	before=$(cat /sys/class/net/xtun/statistics/tx_packets)
	echo "a line for nobody" >/dev/kmsg
	is "... and what the kernel says does not come out there" \
		"$(cat /sys/class/net/xtun/statistics/tx_packets)" "$before"
	modprobe -rq netconsole || :
else
	skip "netconsole" "this kernel has none"
fi
