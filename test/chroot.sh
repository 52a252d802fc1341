#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Make a separate Debian in which to install what must not be installed on this machine.
# Prints the name of its tarball, which is made once.
#
#   chroot.sh SUITE ARCH PACKAGE...
set -eu
. "$(dirname "$0")/common.sh"

suite=$1 arch=$2
shift 2
need mmdebstrap arch-test
recipe=$(echo "$*" | sha256sum | cut -c 1-12)
tarball=$cache/chroot/$suite-$arch-$recipe.tar

# The settings that the machine's own apt needs to reach a mirror are needed inside,
# too.
configuration() {
	apt-config dump Acquire | grep -v '^Acquire::IndexTargets'
	echo 'Acquire::Check-Valid-Until "false";'
}

make_chroot() {
	say "Making a chroot of $suite for $arch"
	scratch
	configuration >"$cache/chroot/apt.conf"
	# This refreshes the list of mirrors, too.
	"$here/apt.sh" "$suite" "$arch" cache stats >/dev/null
	# In memory, because a disk takes ten times as long for so many small files.
	# shellcheck disable=SC2016
	as_root env XTUN_CACHE="$cache" TMPDIR="$scratch" unshare --mount sh -euc '
		mount -t tmpfs -o size=4G tmpfs "$TMPDIR"
		exec "$@"' sh "$here/emulate.sh" "$arch" \
		mmdebstrap --quiet --mode=root --format=tar --variant=apt --architectures="$arch" \
		--aptopt="$cache/chroot/apt.conf" \
		--aptopt='APT::Install-Recommends "false"' \
		--include="$(echo "$*" | tr ' ' ,)" "$suite" "$tarball.new" \
		"$cache/apt/$suite-$arch/etc/apt/sources.list" >&2
	mv "$tarball.new" "$tarball"
}

mkdir -p "$cache/chroot"
lock "chroot-$suite-$arch-$recipe"
[ -e "$tarball" ] || make_chroot "$@"
echo "$tarball"
