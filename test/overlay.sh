#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Pack our own files for the guests of a target (KERNEL or KERNEL+ABI): the module, the
# tests, and the programs of the folders named. Prints the name of the initramfs.
#
#   overlay.sh TARGET FOLDER...
set -eu
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/arch.sh"

target=$1
kernel=${target%+*}
shift
need cpio
out=$("$here/build.sh" "$kernel")
kdir=$("$here/kernel.sh" "$kernel")
arch=$(cat "$kdir/arch")
image=$top/build/$target.$(echo "$*" | tr -c '[:alnum:]\n' -).cpio

scratch
mkdir -p "$scratch/test/bin"
cp "$out/xtun.ko" "$here"/guest/*.sh "$here"/guest/*.py "$scratch/test/"
programs=$("$here/programs.sh" "$arch" "$@")
cp "$programs"/* "$scratch/test/bin/"
if [ "$kernel" != "$target" ]; then
	# These are under test with the other ABI. The other programs keep the kernel's.
	programs=$("$here/programs.sh" "${target#*+}" tools examples/relay \
		examples/responder test/prog test/abi test/fuzz)
	cp "$programs"/* "$scratch/test/bin/"
fi
# The mistakes that a debug kernel must detect.
if [ -e "$kdir/debug" ]; then
	cp "$kdir/headers/.config" "$scratch/test/config"
	cp -r "$here/planted" "$scratch/planted"
	arch "$arch"
	make -s -C "$kdir/headers" M="$scratch/planted" ARCH="$karch" CROSS_COMPILE="$triplet-" \
		modules >&2
	mv "$scratch/planted/planted.ko" "$scratch/test/"
	rm -rf "$scratch/planted"
fi
(cd "$scratch" && find . | cpio --quiet -o -H newc -R 0:0) >"$scratch/image"
mv "$scratch/image" "$image"
echo "$image"
