#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Pack what is ours for the guests of a kernel: the module, the tests, their
# programs and the tools. Prints the initramfs' name.
set -eu
. "$(dirname "$0")/common.sh"

kernel=$1
out=$("$here/build.sh" "$kernel")
image=$top/build/$kernel.cpio
need libc6-dev liblwip-dev liburing-dev cpio

# make_in FOLDER: quietly, but for what goes wrong.
make_in() {
	if [ -e "$top/$1/Makefile" ]; then
		make -s -C "$top/$1"
	fi
}

exec 9>"$top/build/overlay.lock"
flock 9
make_in tools
make_in examples/lwip
make_in test/prog

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/test/bin"
cp "$out/xtun.ko" "$here"/guest/*.sh "$tree/test/"
for program in "$top/tools/xtun" "$top/examples/lwip/xtun-lwip" "$here"/prog/*; do
	[ ! -f "$program" ] || [ ! -x "$program" ] || cp "$program" "$tree/test/bin/"
done
(cd "$tree" && find . | cpio --quiet -o -H newc -R 0:0) >"$image.new"
mv "$image.new" "$image"
echo "$image"
