#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# xtun why, of what was refused: which bit, name or right was wrong.
. /test/lib.sh
PATH=$PATH:/test/bin

nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)

# attach NAME FLAGS [COMMAND...]
attach() {
	local name=$1 flags=$2
	shift 2
	[ $# -gt 0 ] || set -- true
	xtun-test attach /dev/xtun "$name" "$flags" "$@"
}

# refused CASE WHAT WHY COMMAND...: that it fails, and what is said of it.
refused() {
	local name=$1 what=$2 why=$3 said
	shift 3
	nok "refused, $name" "$@"
	said=$({ xtun why -t 0 || :; } | grep -A 1 'was refused' | head -n 2)
	like "refused, $name: named" "$said" "^$what of [a-z-]+\[[0-9]+\] was refused [0-9.]+ s ago: "
	like "... and why" "$said" "  why: $why\$"
}

xtun_load
is "nothing was refused yet" "$(xtun why -t 0 | grep refused || :)" ""

refused "neither tun nor tap" "TUNSETIFF 0x1000 for tap0" \
	"it says neither IFF_TUN \(1\) nor IFF_TAP \(2\)" attach tap0 0x1000
refused "a name with a slash" "TUNSETIFF 0x2 for a/b" "'a/b' is no name for an interface" attach a/b 2
refused "a name with two numbers" "TUNSETIFF 0x2 for a%d%d" "'a%d%d' is no name .*" attach a%d%d 2
refused "an interface of another driver" "TUNSETIFF 0x2 for lo" "lo is of the driver '.*'" attach lo 2
refused "another form" "TUNSETIFF 0x1 for xtun" "xtun is a tap, and was asked for as a tun" \
	attach xtun 1
ip link add tap2 type xtun
refused "several queues of an interface with one" "TUNSETIFF 0x102 for tap2" \
	"tap2 was made without IFF_MULTI_QUEUE .*" attach tap2 0x102
refused "one that is to be new and is not" "TUNSETIFF 0x8002 for xtun" \
	"xtun is there already, and IFF_TUN_EXCL asks for a new one" attach xtun 0x8002
refused "one that another has" "TUNSETIFF 0x2 for tap1" "another file has tap1, .*" \
	attach tap1 2 /test/bin/xtun-test attach /dev/xtun tap1 2 true
chmod 666 /dev/xtun
refused "without the right to make one" "TUNSETIFF 0x2 for tap0" \
	"the program is not the owner of tap0, and has no CAP_NET_ADMIN" \
	"${nobody[@]}" /test/bin/xtun-test attach /dev/xtun tap0 2 true

chmod 600 /dev/xtun
refused "an offload that there is none of" "TUNSETOFFLOAD 0x10001" "of its bits, 0x10000 are none" \
	attach tap1 2 xtun-test offload 0x10001
like "... and the kernel's log names the bit" "$(dmesg | grep -v '^#' | tail -n 3)" \
	"tap1: TUNSETOFFLOAD 0x10001: of these, 0x10000 are not known here"
flood_offload() {
	local i
	for ((i = 0; i < 100; i++)); do
		xtun-test offload 0x10001 || :
	done
}
export -f flood_offload
# Ten in five seconds are told, however slow this guest is.
begun=$SECONDS
attach tap1 2 bash -c flood_offload
ok "... and not a hundred times" test "$(dmesg | grep -c 'tap1: TUNSETOFFLOAD 0x10001')" \
	-le $((20 + 2 * (SECONDS - begun)))
refused "segmentation without checksums" "TUNSETOFFLOAD 0x6" "0x6 need TUN_F_CSUM \(1\)" \
	attach tap1 2 xtun-test offload 6
refused "ECN alone" "TUNSETOFFLOAD 0x9" "TUN_F_TSO_ECN .* needs .*" attach tap1 2 xtun-test offload 9
refused "half of USO" "TUNSETOFFLOAD 0x21" "TUN_F_USO4 and TUN_F_USO6 .* go together" \
	attach tap1 2 xtun-test offload 0x21
refused "tunnels of nothing" "TUNSETOFFLOAD 0x81" "TUN_F_UDP_TUNNEL_GSO .* needs one of TSO or USO" \
	attach tap1 2 xtun-test offload 0x81
exec 3<>/dev/xtun
refused "an offload before TUNSETIFF" "TUNSETOFFLOAD 0x1" "TUNSETIFF comes first" xtun-test offload 1
refused "flags of the interface through the file" "SIOCSIFFLAGS 0x[0-9a-f]+" \
	"flags of an interface are set through a socket, not through this file" xtun-test ifflags xtun
exec 3>&-

# --- before any ioctl, and of rings

# without_it COMMAND...: while the interface has another name.
without_it() {
	local status=0
	ip link set xtun name other
	"$@" 2>/dev/null || status=$?
	ip link set other name xtun
	return "$status"
}

refused "no interface of the name" "attach" "the program's namespace has no such xtun .*" \
	without_it sh -c 'head -c 60 /dev/zero >/dev/xtun'
chmod 666 /dev/xtun
refused "another's interface" "attach" "the program does not own the interface, .*" \
	"${nobody[@]}" sh -c 'head -c 60 /dev/zero >/dev/xtun'
exec 3<>/dev/xtun
head -c 60 /dev/zero >&3 2>/dev/null || :
refused "to have it alone" "attach" "another file has its queue, .*" xtun-test alone /dev/xtun
exec 3>&-
again() {
	local _
	exec 3<>/dev/xtun
	for _ in 1 2 3 4 5 6 7 8 9; do
		! echo >&3
	done
	exec 3>&-
}
without_it again
is "who tries again and again is remembered once" \
	"$(grep -c "bash\[$$\] attach" /proc/net/xtun)" 1
if [ "$(cat /sys/module/xtun/parameters/rings)" = Y ]; then
	refused "rings of an odd size" "XTUN_IOC_SET_RINGS" "a ring is a power of two .*" \
		xtun-test ring-wrong size
	refused "rings of more memory than is allowed" "XTUN_IOC_SET_RINGS" \
		"more memory than RLIMIT_MEMLOCK allows .*" \
		"${nobody[@]}" bash -c 'ulimit -l 0; exec /test/bin/xtun-test ring-wrong len'
	exec 3<>/dev/xtun
	head -c 60 /dev/zero >&3 2>/dev/null || :
	refused "rings beside another's file" "XTUN_IOC_SET_RINGS" "another file has its queue, .*" \
		xtun-test ring-wrong len
	exec 3>&-
	echo N >/sys/module/xtun/parameters/rings
else
	skip "rings that are refused" "there are none here"
fi
refused "rings where there are none" "XTUN_IOC_SET_RINGS" "there are none here, .*" \
	xtun-test ring-wrong len
chmod 600 /dev/xtun

is "the last eight are remembered" "$(grep -c '^refused' /proc/net/xtun)" 8
is "... and not in another namespace" "$(unshare --net cat /proc/net/xtun | grep refused || :)" ""
nok "an interface that could not be made" attach tap0 0x1000
like "... is told of when it is asked for" "$(xtun why tap0 2>/dev/null || :)" \
	"TUNSETIFF 0x1000 for tap0 of xtun-test.*it says neither"
