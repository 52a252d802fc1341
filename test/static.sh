#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Build a few static tools for the guests' root, for an ABI for which Debian has only
# the compiler and the C library. Installs them in a folder.
#
#   static.sh ABI FOLDER
set -eu
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/arch.sh"

abi=$1 into=$2
# Busybox first: the other packages replace some of its links.
packages="busybox bash ethtool iproute2"
arch "$abi"
need make gcc libc6-dev dpkg-dev bison flex "gcc-multilib-$triplet"
cc="$triplet-gcc $cflags"
MAKEFLAGS=-j$(nproc)
export MAKEFLAGS
renice -n 19 $$ >/dev/null

# put PROGRAM...
put() {
	install -s --strip-program="$triplet-strip" "$@" "$into/usr/bin/"
}

# The builds run in their source folders. They are joined by && because the caller tests
# their result, and the shell then ignores `set -e`.
build_bash() {
	./configure --host="$triplet" --enable-static-link --without-bash-malloc \
		--disable-nls CC="$cc" &&
	make &&
	put bash
}

# With nearly all of its applets, it replaces a dozen packages.
build_busybox() {
	make defconfig &&
	sed -i 's/.*CONFIG_STATIC[ =].*/CONFIG_STATIC=y/' .config &&
	make CROSS_COMPILE="$triplet-" CC="$cc" busybox busybox.links &&
	put busybox &&
	sed "s,.*/,$into/usr/bin/," busybox.links | xargs -n 1 ln -s busybox
}

build_ethtool() {
	./configure --host="$triplet" --disable-netlink CC="$cc" LDFLAGS=-static &&
	make &&
	put ethtool
}

# iproute2 asks pkg-config for libraries, which would find this machine's.
build_iproute2() {
	PKG_CONFIG=false CC="$cc" ./configure &&
	make CC="$cc" LDFLAGS=-static SHARED_LIBS=n SUBDIRS="lib ip tc bridge" &&
	put ip/ip tc/tc bridge/bridge
}

mkdir -p "$into/usr/bin"
ln -s usr/bin "$into/bin"
ln -s usr/bin "$into/sbin"
scratch
# shellcheck disable=SC2086
"$here/apt.sh" "$(suite_for "$abi")" source unpack "$scratch" $packages
for package in $packages; do
	log=$cache/root/$abi-$package.log
	(cd "$scratch/$package" && "build_$package") >"$log" 2>&1 || {
		tail -n 20 "$log" >&2
		die "The build of $package for $abi failed: $log"
	}
done
