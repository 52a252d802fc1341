#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Print the sizes of the stripped module and tool on a target, in bytes.
#
#   sizes.sh KERNEL
set -eu
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/arch.sh"

abi=$(cat "$("$here/kernel.sh" "$1")/arch")
arch "$abi"
scratch
cp "$("$here/build.sh" "$1")/xtun.ko" "$("$here/programs.sh" "$abi" tools)/xtun" "$scratch/"
"$triplet-strip" --strip-unneeded "$scratch/xtun.ko" "$scratch/xtun"
for file in xtun.ko xtun; do
	echo "# $file: $(stat -c %s "$scratch/$file") bytes"
done
