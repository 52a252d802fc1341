#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Pack what a test wants in its guest beside what all guests have. It is made once,
# by extra/NAME.sh, for what that and the files of its lines "#of: FILE..." say.
# Prints the initramfs' name.
#
#   extra.sh NAME ABI
#
# extra/NAME.sh is read by this script: it has $abi, and fills the folder $into,
# which is the guest's root. What there is not for an ABI it leaves out, and the
# test is skipped.
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
