#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# In the kernel's own test of tun, /dev/xtun has the same results as tap, case by case.
#guest: EXTRA=selftest
. /test/lib.sh
requires namespaces

selftest=/usr/lib/selftest/tun-6.12
case $(uname -r) in
[7-9].*|[1-9][0-9].*) selftest=/usr/lib/selftest/tun-sid ;;
esac
requires $selftest

# try DEVICE NAME: run it and write its cases to /tmp/NAME, as "CASE<TAB>RESULT". Each
# device has a namespace of its own, so that the cases that wait for a timeout do so at
# the same time.
try() {
	ip netns add "$2"
	ip -n "$2" link set lo up
	DEVICE=$1 ip netns exec "$2" $selftest >"/out/$2.ktap" 2>&1 || :
	sed -n 's/^\(ok\|not ok\) [0-9]* \(- \)\?\([^ ]*\)\( *# *\([A-Z]*\).*\)\?.*/\3\t\1 \5/p' \
		"/out/$2.ktap" | sed 's/ *$//' >"/tmp/$2"
}

result_of() {
	awk -F '\t' -v name="$2" '$1 == name { print $2 }' "/tmp/$1"
}

# A case that no driver can pass here says nothing about xtun.
compare() {
	local name=$1 control xtun
	control=$(result_of tap "$name")
	xtun=$(result_of xtun "$name")
	if [ "$control" = "not ok" ] && [ "$xtun" = "not ok" ]; then
		skip "$name" "it fails on /dev/net/tun as well"
	else
		is "$name" "$xtun" "$control"
	fi
}

modprobe -q tun
modprobe -q geneve || :
xtun_load
try /dev/net/tun tap &
try /dev/xtun xtun &
wait
like "the test tells what it has tried" "$(cat /out/tap.ktap)" "# Totals: "
is "it tries as much on both" "$(cut -f 1 /tmp/xtun)" "$(cut -f 1 /tmp/tap)"
while read -r name; do
	compare "$name"
done < <(cut -f 1 /tmp/tap)
