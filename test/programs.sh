#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Build the programs of some folders for an architecture, or for another ABI that
# it runs. Prints the folder that holds them.
#
#   programs.sh ABI FOLDER...
set -eu
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/arch.sh"

abi=$1
shift
arch "$abi"
out=$top/build/programs/$abi
need make "$(compiler "$abi")" libc6-dev
mkdir -p "$out"
lock "programs-$(echo "$out" | tr / -)"

# What the programs are linked with, of that architecture.
dev_root() {
	suite=$(suite_for "$abi")
	packages="libc6-dev liblwip-dev liburing-dev"
	root=$cache/dev/$suite-$abi
	# Other clones use this cache too. The caller keeps its own lock.
	lock "dev-$suite-$abi"
	if [ ! -e "$root/complete" ]; then
		say "Unpacking libraries to link with ($suite, $abi)"
		rm -rf "$root"
		mkdir -p "$root"
		# shellcheck disable=SC2086
		"$here/apt.sh" "$suite" "$abi" closure "$root" $packages
		find "$root" -type l -lname '/*' | while read -r link; do
			ln -sfn "$root$(readlink "$link")" "$link"
		done
		touch "$root/complete"
	fi
	echo "$root"
}

include=/usr/include/lwip
case $abi in
"$machine")
	need liblwip-dev liburing-dev
	cc=cc flags='' ;;
mipsn32*)
	# Debian has the C library of this ABI and nothing else.
	need "gcc-multilib-$triplet" libc6-dev
	cc=$triplet-gcc flags=-static ;;
i386)
	root=$(dev_root)
	cc=$triplet-gcc flags="--sysroot=$root -static" ;;
*)
	root=$(dev_root)
	include=$root/usr/include/lwip
	cc=$triplet-gcc flags="--sysroot=$root" ;;
esac

for folder in "$@"; do
	case $abi-$folder in
	mipsn32*-examples/lwip) continue ;;
	esac
	make -s -C "$top/$folder" O="$out" CC="$cc $cflags $flags" LWIP_INCLUDE="$include" >&2
done
echo "$out"
