#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# xtun why on calls that were refused: which bit, name or right was wrong.
. /test/lib.sh
PATH=$PATH:/test/bin

nobody=(/test/bin/xtun-test as 65534)

# attach NAME FLAGS [COMMAND...]
attach() {
	local name=$1 flags=$2
	shift 2
	[ $# -gt 0 ] || set -- true
	xtun-test attach /dev/xtun "$name" "$flags" "$@"
}

# refused CASE WHAT WHY COMMAND...: COMMAND fails, and this is said about it.
refused() {
	local name=$1 what=$2 why=$3 said
	shift 3
	refused_name=$name refused=("$@")
	nok "refused, $name" "$@"
	said=$({ xtun why -t 0 || :; } | grep -m 1 -A 1 'was refused' || :)
	like "refused, $name: named" "$said" "^$what by [a-z-]+\[[0-9]+\] was refused [0-9.]+ s ago: "
	like "... and why" "$said" "  why: $why\$"
}

# taken COMMAND...: this way the call succeeds, and the way that was refused last still
# fails.
taken() {
	ok "refused, $refused_name: mended" "$@"
	nok "refused, $refused_name: back" "${refused[@]}"
}

xtun_load
ip link set xtun up
is "nothing was refused yet" "$(xtun why -t 0 | grep refused || :)" ""

refused "neither tun nor tap" "TUNSETIFF 0x1000 for tap0" \
	"the flags contain neither IFF_TUN \(1\) nor IFF_TAP \(2\)" attach tap0 0x1000
taken attach tap0 0x1002

# A program may be called like the text that follows its name.
odd="/tmp/a[1] b"
cp /test/bin/xtun-test "$odd"
nok "refused, a program with an odd name" "$odd" attach /dev/xtun tap0 0x1000 true
like "... which is told" "$(xtun why -t 0 | grep -m 1 'was refused' || :)" \
	'^TUNSETIFF 0x1000 for tap0 by a\[1\] b\[[0-9]+\] was refused '
rm "$odd"

refused "a name with a slash" "TUNSETIFF 0x2 for a/b" "'a/b' is not a valid interface name" attach a/b 2
taken attach ab 2
refused "a name with two numbers" "TUNSETIFF 0x2 for a%d%d" "'a%d%d' is not a valid .*" attach a%d%d 2
taken attach a%d 2
refused "a name with another sort of number" "TUNSETIFF 0x2 for tap%x" "'tap%x' is not a valid .*" \
	attach tap%x 2
taken attach tap%d 2
refused "fragments without NAPI" "TUNSETIFF 0x22 for tap0" \
	"IFF_NAPI_FRAGS \(0x20\) needs IFF_NAPI \(0x10\) and IFF_TAP \(2\)" attach tap0 0x22
taken attach tap0 0x32
refused "fragments of packets" "TUNSETIFF 0x31 for tun0" "IFF_NAPI_FRAGS .* needs .*" attach tun0 0x31
taken attach tun0 0x11
# for_a_while NAME FLAGS: attach to an interface that is removed afterwards.
for_a_while() {
	local status=0
	ip link add "$1" type xtun
	attach "$1" "$2" || status=$?
	ip link del "$1"
	return "$status"
}
refused "what is gone by now" "TUNSETIFF 0x1 for tap4" "no interface of that name exists now, .*" \
	for_a_while tap4 1
taken attach tap4 1
refused "an interface of another driver" "TUNSETIFF 0x2 for lo" "lo belongs to the driver '.*'" attach lo 2
taken attach tap0 2
refused "another form" "TUNSETIFF 0x1 for xtun" "xtun is a tap, but was requested as a tun" \
	attach xtun 1
taken attach xtun 2
ip link add tap2 type xtun
refused "several queues of an interface with one" "TUNSETIFF 0x102 for tap2" \
	"tap2 was created without IFF_MULTI_QUEUE .*" attach tap2 0x102
taken attach tap2 2
ip link add many0 numtxqueues 2 type xtun
refused "one queue of an interface with several" "TUNSETIFF 0x2 for many0" \
	"many0 was created with IFF_MULTI_QUEUE .*" attach many0 2
taken attach many0 0x102
ip link del many0
ip link add many0 type xtun
like "... which is not claimed of another one of its name" "$(xtun why -t 0 || :)" \
	"TUNSETIFF 0x2 for many0 by [^
]*
  why: the interface many0 has been replaced since; the current one matches the request
"
ip link del many0
ip link add many0 numtxqueues 2 type xtun
# beside COMMAND...: run it while another file has one of many0's queues.
beside() {
	# shellcheck disable=SC2016
	attach many0 0x102 bash -c 'exec 4<&3; exec "$@"' - "$@"
}
one_queue=(xtun-test attach /dev/xtun many0 0x102)
refused "one queue more than there are" "TUNSETIFF 0x102 for many0" \
	"many0 already has its maximum number of queues" beside "${one_queue[@]}" "${one_queue[@]}" true
taken beside "${one_queue[@]}" true
refused "one that is to be new and is not" "TUNSETIFF 0x8002 for xtun" \
	"xtun already exists, and IFF_TUN_EXCL demands a new one" attach xtun 0x8002
taken attach tap0 0x8002
refused "one that another has" "TUNSETIFF 0x2 for xtun" \
	"another file is attached to xtun, which has only one queue .*, or this file has rings .*" \
	attach xtun 2 /test/bin/xtun-test attach /dev/xtun xtun 2 true
taken attach xtun 2
refused "one that another had" "TUNSETIFF 0x2 for tap1" "tap1 does not exist now: it was in use then, or .*" \
	attach tap1 2 /test/bin/xtun-test attach /dev/xtun tap1 2 true
taken attach tap1 2
refused "a second interface for a file" "TUNSETIFF 0x2 for tap3" "the file is already attached to an interface" \
	attach tap1 2 xtun-test setiff tap3 2
taken attach tap3 2
# numbered NUMBER NAME: make a new interface with that number.
numbered() (
	exec 3<>/dev/xtun
	xtun-test ifindex "$1" && xtun-test setiff "$2" 2
)
refused "a number that is another's" "TUNSETIFF 0x2 for tap3" \
	"tap3 does not exist now: .* or another interface has the index of TUNSETIFINDEX, or .*" numbered 1 tap3
taken numbered 4000 tap3
refused "a number that is another's, and any name" "TUNSETIFF 0x2" \
	"another interface has the index of TUNSETIFINDEX, or this file has rings .*" numbered 1 ""
taken numbered 4000 ""
chmod 666 /dev/xtun
refused "without the right to make one" "TUNSETIFF 0x2 for tap0" \
	"the program is not the owner of tap0, and has no CAP_NET_ADMIN" \
	"${nobody[@]}" /test/bin/xtun-test attach /dev/xtun tap0 2 true
taken attach tap0 2
refused "fragments without the right to them" "TUNSETIFF 0x32 for tap0" \
	"IFF_NAPI_FRAGS .* needs CAP_NET_ADMIN in the initial user namespace, not only in a container" \
	"${nobody[@]}" /test/bin/xtun-test attach /dev/xtun tap0 0x32 true
taken attach tap0 0x32

chmod 600 /dev/xtun
# plain COMMAND...: run it with a file on which nothing has been called yet, as
# descriptor 3.
plain() (
	exec 3<>/dev/xtun
	"$@"
)
leave_and_come=(bash -c "xtun-test setqueue 0x400 && xtun-test setqueue 0x200")
refused "a queue without an interface" "TUNSETQUEUE 0x200" \
	"the file has no interface: call TUNSETIFF first" plain xtun-test setqueue 0x200
taken attach many0 0x102 "${leave_and_come[@]}"
refused "neither into service nor out of it" "TUNSETQUEUE 0x100 for many0" \
	"the flags contain neither IFF_ATTACH_QUEUE \(0x200\) nor IFF_DETACH_QUEUE \(0x400\)" \
	attach many0 0x102 xtun-test setqueue 0x100
taken attach many0 0x102 "${leave_and_come[@]}"
refused "into service, where it is" "TUNSETQUEUE 0x200 for many0" \
	"the queue was already attached, or the file was attached without TUNSETIFF" \
	attach many0 0x102 xtun-test setqueue 0x200
taken attach many0 0x102 "${leave_and_come[@]}"
refused "out of service, the only queue" "TUNSETQUEUE 0x400 for tap2" \
	"tap2 was created without IFF_MULTI_QUEUE \(0x100\)" attach tap2 2 xtun-test setqueue 0x400
taken attach many0 0x102 xtun-test setqueue 0x400
refused "out of service, of what is gone" "TUNSETQUEUE 0x400 for tap1" \
	"tap1 was created without IFF_MULTI_QUEUE .*, or the queue was already detached" \
	attach tap1 2 xtun-test setqueue 0x400
taken attach tap1 0x102 xtun-test setqueue 0x400
ip link del many0
refused "an offload that there is none of" "TUNSETOFFLOAD 0x10001" "unknown flag bits: 0x10000" \
	attach tap1 2 xtun-test offload 0x10001
taken attach tap1 2 xtun-test offload 1
like "... and the kernel's log names the bit" "$(dmesg | without_others_races | grep -v '^#' | tail -n 3)" \
	"tap1: TUNSETOFFLOAD 0x10001: the bits 0x10000 are unknown here"
flood_offload() {
	local i
	for ((i = 0; i < 100; i++)); do
		xtun-test offload 0x10001 || :
	done
}
export -f flood_offload
# The kernel logs ten of these in five seconds, however slow this guest is.
begun=$SECONDS
attach tap1 2 bash -c flood_offload
ok "... and not a hundred times" test "$(dmesg | grep -c 'tap1: TUNSETOFFLOAD 0x10001')" \
	-le $((20 + 2 * (SECONDS - begun)))
refused "segmentation without checksums" "TUNSETOFFLOAD 0x6" "the flags 0x6 need TUN_F_CSUM \(1\)" \
	attach tap1 2 xtun-test offload 6
taken attach tap1 2 xtun-test offload 7
refused "ECN alone" "TUNSETOFFLOAD 0x9" "TUN_F_TSO_ECN .* needs .*" attach tap1 2 xtun-test offload 9
taken attach tap1 2 xtun-test offload 0xb
refused "half of USO" "TUNSETOFFLOAD 0x21" "TUN_F_USO4 and TUN_F_USO6 .* must be set together" \
	attach tap1 2 xtun-test offload 0x21
taken attach tap1 2 xtun-test offload 1
refused "tunnels of nothing" "TUNSETOFFLOAD 0x81" "TUN_F_UDP_TUNNEL_GSO .* needs a flag of TSO or USO" \
	attach tap1 2 xtun-test offload 0x81
taken attach tap1 2 xtun-test offload 1
exec 3<>/dev/xtun
refused "an offload before TUNSETIFF" "TUNSETOFFLOAD 0x1" "call TUNSETIFF first" xtun-test offload 1
taken attach tap1 2 xtun-test offload 1
refused "flags of the interface through the file" "SIOCSIFFLAGS 0x[0-9a-f]+" \
	"flags of an interface are set through a socket, not through this file" xtun-test ifflags xtun
taken ip link set xtun up
exec 3>&-

# --- before any ioctl, and with rings

# without_it COMMAND...: run it while the interface has another name.
without_it() {
	local status=0
	ip link set xtun down
	ip link set xtun name other
	"$@" 2>/dev/null || status=$?
	ip link set other name xtun
	ip link set xtun up
	return "$status"
}

# other_comes: another file attaches, as descriptor 3.
other_comes() {
	exec 3<>/dev/xtun
	head -c 60 /dev/zero >&3
}

# taken_alone COMMAND...: what was refused last succeeds once the other file has gone.
taken_alone() {
	exec 3>&-
	ok "refused, $refused_name: mended" "$@"
	other_comes
	nok "refused, $refused_name: back" "${refused[@]}"
	exec 3>&-
}

refused "no interface of the name" "attach" "no interface of that name \(module parameter name\) exists .*" \
	without_it sh -c 'head -c 60 /dev/zero >/dev/xtun'
taken sh -c 'head -c 60 /dev/zero >/dev/xtun'
chmod 666 /dev/xtun
refused "another's interface" "attach" "the program does not own the interface, .*" \
	"${nobody[@]}" sh -c 'head -c 60 /dev/zero >/dev/xtun'
taken sh -c 'head -c 60 /dev/zero >/dev/xtun'
other_comes
refused "to have it alone" "attach" "another file has its queue, .*" xtun-test alone /dev/xtun
taken_alone xtun-test alone /dev/xtun
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
	refused "rings of an odd size" "XTUN_IOC_SET_RINGS" "a ring has a power of two .*" \
		xtun-test ring-wrong size
	taken xtun-test ring-wrong nothing
	refused "rings of more memory than is allowed" "XTUN_IOC_SET_RINGS" \
		"more memory than RLIMIT_MEMLOCK allows .*" \
		"${nobody[@]}" bash -c 'ulimit -l 0; exec /test/bin/xtun-test ring-wrong len'
	taken xtun-test ring-wrong nothing
	other_comes
	refused "rings beside another's file" "XTUN_IOC_SET_RINGS" "another file has its queue, .*" \
		xtun-test ring-wrong nothing
	taken_alone xtun-test ring-wrong nothing
	# read_only COMMAND...: like plain, but the file is not open for writing.
	read_only() (
		exec 3</dev/xtun
		"$@"
	)
	refused "rings of a file that is not to be written" "XTUN_IOC_SET_RINGS" \
		"the file is not open for both reading and writing" read_only xtun-test setrings
	taken plain xtun-test setrings
	refused "rings once more" "XTUN_IOC_SET_RINGS" "the file already has rings" \
		plain sh -c "xtun-test setrings && xtun-test setrings"
	taken plain xtun-test setrings
	ip link add many0 numtxqueues 2 type xtun
	# outlived COMMAND...: run it with a file whose rings were on an interface that
	# is gone.
	outlived() {
		attach tap5 2 bash -c "xtun-test setrings && ip link del tap5 && $*"
	}
	refused "another interface for rings" "TUNSETIFF 0x102 for many0" \
		"this file has rings of an interface that no longer exists" outlived xtun-test setiff many0 0x102
	taken plain xtun-test setiff many0 0x102
	ip link del many0
	# with_rings COMMAND...: run it while rings are enabled.
	with_rings() {
		local status=0
		echo Y >/sys/module/xtun/parameters/rings
		"$@" || status=$?
		echo N >/sys/module/xtun/parameters/rings
		return "$status"
	}
	echo N >/sys/module/xtun/parameters/rings
	refused "rings where there are none" "XTUN_IOC_SET_RINGS" "rings are not available .*" \
		xtun-test ring-wrong nothing
	taken with_rings xtun-test ring-wrong nothing
else
	skip "rings that are refused" "there are none here"
fi
chmod 600 /dev/xtun

is "the last eight are remembered" "$(grep -c '^refused' /proc/net/xtun)" 8
is "... and not in another namespace" "$(unshare --net cat /proc/net/xtun | grep refused || :)" ""
nok "an interface that could not be made" attach tap0 0x1000
like "... is told of when it is asked for" "$(xtun why tap0 2>/dev/null || :)" \
	"TUNSETIFF 0x1000 for tap0 by xtun-test.*the flags contain neither"

# --- open itself is refused, which the module does not see

# writes WHO...: WHO writes to the device.
writes() {
	"$@" sh -c 'head -c 60 /dev/zero >/dev/xtun' 2>/dev/null
}

# barred CASE MODE GROUP CURE: what the user nobody is told about such a node.
barred() {
	chown "0:$3" /dev/xtun
	chmod "$2" /dev/xtun
	nok "open is refused, $1" writes "${nobody[@]}"
	like "open is refused, $1: named" "$("${nobody[@]}" /test/bin/xtun why -t 0 2>&1 || :)" \
		"user 65534 may not open /dev/xtun, which belongs to user 0 and group $3, mode $2\.
  fix: $4"
}

# owned PARAMETER [MODE OWNER]: load the module so, and give it the node that udev's
# rule would.
owned() {
	rmmod xtun
	xtun_load "$1"
	ip link set xtun up
	chown "${3:-0:0}" /dev/xtun
	chmod "${2:-0600}" /dev/xtun
}

as_group=(/test/bin/xtun-test as 65534:5)
barred "for root alone" 0600 0 "run the program that needs xtun as root, or permit that user: chown 65534 /dev/xtun, and TUNSETOWNER \(tunctl -f /dev/xtun -t xtun -u 65534\); permanently, from the next load on: module parameter owner=65534 "
like "... by xtun echo too" "$("${nobody[@]}" /test/bin/xtun echo 2>&1 || :)" \
	"user 65534 may not open /dev/xtun, which belongs to user 0 and group 0, mode 0600\. Run this as root"
# What tunctl does.
xtun-test attach /dev/xtun xtun 2 xtun-test owner 65534
chown 65534 /dev/xtun
ok "open is refused, for root alone: mended, without loading it anew" writes "${nobody[@]}"
chown 0 /dev/xtun
nok "open is refused, for root alone: back" writes "${nobody[@]}"
owned owner=65534 0600 65534:0
ok "open is refused, for root alone: mended" writes "${nobody[@]}"
is "... and no longer told of" \
	"$(grep 'may not open' <<<"$("${nobody[@]}" /test/bin/xtun why -t 0 2>&1 || :)" || :)" ""
like "... root is told as whom to read" "$(xtun why -t 0 || :)" \
	"start the program that should be the other end of xtun; run it as root or user 65534: /dev/xtun has mode 0600"
owned create=1
nok "open is refused, for root alone: back" writes "${nobody[@]}"
owned group=5 0660 0:5
barred "for a group" 0660 5 "join that group, or run the program that needs xtun as root"
ok "open is refused, for a group: mended" writes "${as_group[@]}"
nok "open is refused, for a group: back" writes "${nobody[@]}"
like "... root is told of it" "$(xtun why -t 0 || :)" "; run it as root or in group 5: /dev/xtun has mode 0660"
owned create=1
