#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Pack what a test needs in its guest in addition to what all guests have. It is made by
# extra/NAME.sh, and made again only if that script or one of the files of its lines
# "#of: FILE..." changes. Prints the name of the initramfs.
#
#   extra.sh NAME ABI
#
# This script sources extra/NAME.sh, which has $abi and fills the folder $into, the root
# of the guest. It leaves out what is not available for an ABI, and the test is then
# skipped.
set -eu
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/arch.sh"

name=$1 abi=$2
recipe=$here/extra/$name.sh
[ -e "$recipe" ] || die "test/extra has no $name.sh."
need cpio

fingerprint() {
	echo "$recipe"
	(cd "$top" && sed -n 's/^#of: //p' "$recipe" | xargs -r sha256sum)
	cat "$recipe" "$here/cc.sh"
}

key=$(fingerprint | sed "s,$top/,," | sha256sum | cut -c 1-12)
image=$cache/extra/$name-$abi-$key.cpio
mkdir -p "$cache/extra"
lock "extra-$name-$abi-$key"
if [ ! -e "$image" ]; then
	scratch
	into=$scratch/root
	mkdir -p "$into"
	# shellcheck source=/dev/null
	. "$recipe"
	(cd "$into" && find . | cpio --quiet -o -H newc -R 0:0) >"$scratch/image"
	mv "$scratch/image" "$image"
fi
echo "$image"
