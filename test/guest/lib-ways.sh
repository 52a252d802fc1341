#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# libxtun: the same bytes arrive in each of the ways that one program has, and it takes
# the best way available, and says why.
#guest: TIMEOUT=600
. /test/lib.sh

address=10.99.0.2

# answers WAY REASON [COMMAND...]: the responder, run by COMMAND, answers by that way.
answers() {
	local way=$1 reason=$2 responder
	shift 2
	: >/tmp/responder
	"$@" /test/bin/xtun-responder $address 2>/tmp/responder &
	responder=$!
	eventually 60 grep -q answers /tmp/responder
	like "$way: ${reason:-the best}" "$(cat /tmp/responder)" "answers by $way\. $reason"
	# A tap is created without an address.
	ip addr replace 10.99.0.1/24 dev xtun
	ip link set xtun up
	ok "$way: it answers ping" ping -c 3 -i 0.1 -W 10 $address
	kill $responder
	wait $responder || :
}

# fails_with ERROR COMMAND...
fails_with() {
	local error=$1
	shift
	like "it does not pass over: $error" \
		"$("$@" timeout 60 /test/bin/xtun-responder $address 2>&1)" "xtun: $error"
}

modprobe -q tun || :
xtun_load
cases ways
xtun_unload

# IPv6 would send frames of its own.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
xtun_up
answers rings ""
# Busybox has a different setpriv.
if setpriv --bounding-set=-ipc_lock true 2>/dev/null; then
	answers batch "RLIMIT_MEMLOCK is too small" \
		prlimit --memlock=65536:65536 setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock
else
	skip "batch: RLIMIT_MEMLOCK is too small" "this guest cannot take a capability away"
fi
echo N >/sys/module/xtun/parameters/rings
answers batch "the module or this machine has no rings"

# The library goes on to tap only if the module is missing, not after other errors.
exec 3<>/dev/xtun
# A write that is not a frame attaches the file, too.
printf . 2>/dev/null >&3 || :
echo Y >/sys/module/xtun/parameters/rings
fails_with "Device or resource busy" env
exec 3>&-
fails_with "Permission denied" /test/bin/xtun-test as 65534
ip link del xtun
fails_with "No such device" env
node=$(stat -c '%Hr %Lr' /dev/xtun)
xtun_unload

if [ -e /dev/net/tun ]; then
	answers tap "the module xtun is not loaded"
	# A device node that was left behind, without its driver.
	# shellcheck disable=SC2086
	mknod /dev/xtun c $node
	answers tap "the module xtun is not loaded"
	rm /dev/xtun
else
	skip "tap" "this kernel has none"
fi
