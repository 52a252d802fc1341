#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Pack what is ours for the guests of a kernel: the module, what they run, and
# the programs of the folders named. Prints the initramfs' name.
#
#   overlay.sh KERNEL FOLDER...
set -eu
. "$(dirname "$0")/common.sh"

kernel=$1
shift
out=$("$here/build.sh" "$kernel")
image=$top/build/$kernel.$(echo "$*" | tr -c '[:alnum:]\n' -).cpio
need make gcc libc6-dev cpio

lock "overlay-$(echo "$top" | tr / -)"
for folder in "$@"; do
	case $folder in
	examples/lwip) need liblwip-dev ;;
	test/prog)     need liburing-dev ;;
	esac
	make -s -C "$top/$folder" >&2
done

scratch
mkdir -p "$scratch/test/bin"
cp "$out/xtun.ko" "$here"/guest/*.sh "$scratch/test/"
for folder in "$@"; do
	find "$top/$folder" -maxdepth 1 -type f -executable ! -name '*.sh' \
		-exec cp -t "$scratch/test/bin" {} +
done
(cd "$scratch" && find . | cpio --quiet -o -H newc -R 0:0) >"$image.new"
mv "$image.new" "$image"
echo "$image"
