#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Test the udev rule with a real udev, in a guest. Prints TAP.
#
#   udev.sh KERNEL
set -eu
. "$(dirname "$0")/common.sh"
need cpio

kernel=$1
overlay=$("$here/overlay.sh" "$kernel" tools)
scratch
# shellcheck source=/dev/null
suite=$(. /etc/os-release; echo "$VERSION_CODENAME")
"$here/apt.sh" "$suite" "$(dpkg --print-architecture)" unpack "$scratch/deb" udev
mkdir -p "$scratch/tree/test/udev"
cp "$(find "$scratch/deb" -path '*/bin/udevadm')" "$scratch/tree/test/udev"
ln -s udevadm "$scratch/tree/test/udev/systemd-udevd"
cp "$top/conf/60-xtun.rules" "$scratch/tree/test/udev"
(cd "$scratch/tree" && find . | cpio --quiet -o -H newc -R 0:0) >"$scratch/udev.cpio"
mkdir -p "$top/build/log"
"$here/boot.sh" "$kernel" "$top/build/log/$kernel-udev.kernel" "bash /test/udev.sh" \
	"$overlay" "$scratch/udev.cpio"
