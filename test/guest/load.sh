#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Loading makes the device and the interface; removing the module takes both away.
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
# Busybox's rmmod prints the error and succeeds.
why=$(rmmod xtun 2>&1 || :)
ok "it cannot be removed while a file is open" test -e /dev/xtun
like "because it is in use" "$why" "in use|temporarily unavailable"
exec 3>&-
