#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Build the programs of some folders for an architecture, or for another ABI that it can
# run. Prints the folder that holds them.
#
#   programs.sh ABI FOLDER...
set -eu
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/arch.sh"
. "$(dirname "$0")/cc.sh"

abi=$1
shift
cc_for "$abi"
[ "$abi" != "$machine" ] || need liblwip-dev liburing-dev
out=$top/build/programs/$abi
mkdir -p "$out"
lock "programs-$(echo "$out" | tr / -)"

for folder in "$@"; do
	case $abi-$folder in
	mipsn32*-examples/lwip) continue ;;
	esac
	make -s -C "$top/$folder" O="$out" CC="$cc" LWIP_INCLUDE="$root/usr/include/lwip" >&2
done
echo "$out"
