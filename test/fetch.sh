#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Fetch what the guests of a target need: kernel, tools, compilers, emulator.
#
#   fetch.sh TARGET
set -eu
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/arch.sh"

kdir=$("$here/kernel.sh" "${1%+*}")
arch=$(cat "$kdir/arch")
"$here/rootfs.sh" "$arch"
arch "$arch"
need "$(compiler "$arch")" ${qemu_package:+"$qemu_package"}
