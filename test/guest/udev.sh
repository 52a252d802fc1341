#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The device node belongs to those whom the module's parameters name. This needs udev,
# which test/udev.sh provides.
set -eEu -o pipefail
# shellcheck source=tap.sh
. /test/tap.sh
PATH=$PATH:/test/udev

# node DESCRIPTION OWNER-GROUP-MODE PARAMETER...
node() {
	local description=$1 wanted=$2
	shift 2
	insmod /test/xtun.ko "$@"
	udevadm settle
	is "$description" "$(stat -c '%u %g %a' /dev/xtun)" "$wanted"
	rmmod xtun
	udevadm settle
}

mkdir -p /etc/udev /run/udev/rules.d
cp /test/udev/60-xtun.rules /run/udev/rules.d
systemd-udevd --daemon 2>/dev/null
udevadm control --ping

node "the node is for root alone"       "0 0 600"
node "a group's members can open it"    "0 1234 660"    group=1234
node "an owner can open it"             "1000 0 600"    owner=1000
node "both can"                         "1000 1234 660" owner=1000 group=1234
echo "1..$tap_count"
