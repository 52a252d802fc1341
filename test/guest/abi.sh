#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# xtun answers a sequence of calls as tap does, except where it is meant to differ: see
# test/abi/intended.c. To repeat one: make guest, then
# SAY='a TUNSETIFF tap; a read 2000' xtun-abi /dev/net/tun /dev/xtun
#guest: TIMEOUT=900
#guest: MEMORY=1024
#guest: APPEND="slub_debug=- maxcpus=1"
. /test/lib.sh

tap=/dev/net/tun
device=${XT_DEVICE:-/dev/xtun}
# Each kernel uses another seed; SEED=N repeats one.
export SEED=${SEED:-$(uname -r | cksum | cut -d ' ' -f 1)}
# After TUNSETDEBUG the kernel logs each call. Keep that off the console.
dmesg -n 1
# Bringing up an interface with 256 queues would take memory for the default qdisc of
# each.
sysctl -q -w net.core.default_qdisc=pfifo
modprobe tun

ALONE=0 PAIRS=0 BY_CHANCE=100 told "tap and tap" /test/bin/xtun-abi $tap $tap

# A planted difference is found, and reported with only the calls that it needs.
planted=$(SAY='a TUNSETIFF tap; a TUNSETPERSIST 0; a TUNSETOFFLOAD csum; b open again' \
	INSTEAD='a TUNSETOFFLOAD csum' /test/bin/xtun-abi $tap $tap)
like "a call with another argument is noticed" "$planted" "not ok - no difference"
like "... afterwards, by what it set" "$planted" "Then afterwards, if0 features:"
like "... and it needs two calls" "$planted" \
	$'\n#   1. a TUNSETIFF tap\n#   2. a TUNSETOFFLOAD csum\n# Then'
planted=$(SAY='a TUNSETIFF tap; a TUNSETOWNER 1000' INSTEAD='a TUNSETOWNER 1000' \
	/test/bin/xtun-abi $tap $tap)
like "... also where netlink alone is asked" "$planted" "Then afterwards, if0 info:"

[ "$device" = "$tap" ] || xtun_load create=0
# Sequences that have differed, and that only random choice would find or miss.
while read -r sequence; do
	SAY=$sequence told "$sequence" /test/bin/xtun-abi $tap "$device"
done <<-END
	a TUNSETIFINDEX 1; a TUNSETIFF tap frags; a TUNSETIFF tun pi vnet
	a TUNSETIFINDEX 1; a TUNSETIFF tap; a TUNSETIFF tap
	a TUNSETIFF tap multi; a TUNATTACHFILTER drop; a ip-link delete; a TUNSETIFF tap multi
	a TUNSETIFF tap multi pi; a TUNATTACHFILTER first 20 bytes; a ip-link delete; a TUNSETIFF tap multi pi
	a TUNSETIFF tap multi; a TUNATTACHFILTER drop; a TUNSETQUEUE detach; a TUNSETQUEUE attach
	a TUNSETIFF tap multi; a TUNSETQUEUE detach; a TUNATTACHFILTER drop; a TUNSETQUEUE attach
	a TUNSETIFF tap multi; a TUNATTACHFILTER drop; a TUNSETQUEUE detach; a TUNDETACHFILTER well; a TUNSETQUEUE attach
	a TUNSETIFF tap multi; a TUNATTACHFILTER drop; b TUNSETIFF tap multi pi
	a TUNSETIFF tun pi; a ip-link up; a write 4 bytes; a write 65500 bytes
	a TUNSETIFF tap frags; a ip-link up; a write 65500 bytes
	a TUNSETIFF tap frags vnet; a ip-link up; a write 65500 bytes
END
# Removing what has queues waits for all processors, once for each queue: on this kernel
# that would take hours.
! configured PROVE_LOCKING || export PAIRS=0 BY_CHANCE=100
# Without namespaces, one process runs all of it.
[ -e /proc/1/ns/net ] || export PAIRS=1 BY_CHANCE=500
told "tap and ${device##*/}" /test/bin/xtun-abi $tap "$device"
