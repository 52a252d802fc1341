#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# xtun does not have the flaws that tun, tap and macvtap once had: docs/security.md.
# With XT_DEVICE=/dev/net/tun the test looks for them in tap.
#guest: TIMEOUT=900
. /test/lib.sh

device=${XT_DEVICE:-/dev/xtun}
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
if [ "$device" = /dev/xtun ]; then
	xtun_load create=0
else
	modprobe tun
fi

for theme in make frames detach rights slow race; do
	cases flaw_$theme
done

# --- the module is removed and loaded while a program attaches

[ "$device" = /dev/xtun ] || exit 0
/test/bin/xtun-test flaw_hammer >/tmp/hammer &
hammer=$!
removed=0
while [ -e "/proc/$hammer" ]; do
	rmmod xtun 2>/dev/null || continue
	removed=$((removed + 1))
	insmod /test/xtun.ko create=0	# xtun_load takes longer than all the rest
done
wait $hammer
told "rmmod" cat /tmp/hammer
ok "the module was removed under it, $removed times" test "$removed" -gt 0
