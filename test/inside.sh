#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Run a script of test/chroot in a Debian made by chroot.sh, without network. The Debian
# is unpacked into memory, in a mount namespace that ends with the script. The sources
# are in /xtun there. ADD= names a folder whose content is added.
#
#   inside.sh ARCH TARBALL SCRIPT [ARGUMENT...]
set -eu
. "$(dirname "$0")/common.sh"

if [ -z "${XTUN_INSIDE:-}" ]; then
	as_root env XTUN_INSIDE=yes XTUN_CACHE="$cache" ADD="${ADD:-}" unshare --mount "$0" "$@"
	exit
fi

arch=$1 tarball=$2 script=$3
shift 3
root=$cache/chroot/root
mkdir -p "$root"
mount -t tmpfs -o mode=755 tmpfs "$root"
tar -C "$root" --numeric-owner -xf "$tarball"
[ -z "$ADD" ] || cp -a "$ADD/." "$root/"
mkdir "$root/xtun"
tar -C "$top" --exclude=./.git --exclude=./build --exclude='*.ko' --exclude='*.o' -cf - . |
	tar -C "$root/xtun" --no-same-owner -xf -

# shellcheck disable=SC2016
"$here/emulate.sh" "$arch" unshare --mount --net --pid --fork --kill-child sh -euc '
	root=$1
	shift
	mount -t proc proc "$root/proc"
	exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
		HOME=/root DEBIAN_FRONTEND=noninteractive "$@"' \
	sh "$root" sh -c 'cd /xtun && exec bash "$@"' sh "/xtun/test/chroot/$script.sh" "$@"
