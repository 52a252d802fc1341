#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# docs/ring.md says all that a client in another language needs. This one is in Python,
# which has mmap() and ioctl() but no barriers.
#guest: PACKAGES=python3
. /test/lib.sh

case $(uname -m) in
x86_64|i?86) ;;
*)
	skip "all of ${0##*/}" "Python has no barriers, and $(uname -m) may reorder what x86 does not"
	exit ;;
esac
requires python3
export PYTHONDONTWRITEBYTECODE=1
client=(python3 /test/ring-client.py)

expect_log "the rings' program wrote"
xtun_up
ip link set xtun mtu 9000
told contract "${client[@]}" contract
told frames "${client[@]}" frames 1000

"${client[@]}" respond >/tmp/responds &
eventually 20 grep -q ready /tmp/responds
for size in 56 1472 8972; do
	ok "ping of $size bytes" ping -c 5 -i 0.2 -W 5 -s "$size" 10.99.0.2
done
ok "by the address that ARP was told" grep -q '^10.99.0.2 .* 02:00:00:00:00:02 ' /proc/net/arp
kill %1
wait %1 || :
# Frames from before there was a client, and those that breaking the rings has cost, are
# expected.
is "nothing else is lost" \
	"$(ethtool -S xtun | grep _lost_ | grep -vE ': 0|stale|broken|detached' || :)" ""
