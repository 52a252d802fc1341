#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Test DKMS and the packages, each in its own chroot: DKMS of an older Debian with two
# kernels and a cross compiler, and DKMS of the newest suite with a kernel that a newer
# compiler built. The make targets are tested in these and with DKMS 2, of the Debian
# that has the oldest kernel. The udev rule is tested in a guest. SUITE= restricts it.
set -eu
. "$(dirname "$0")/common.sh"
need perl

by_make="dkms build-essential kmod openssl"
tools="$by_make debhelper dh-dkms lintian"

# newest PACKAGE-REGEX SUITE ARCH
newest() {
	found=$("$here/apt.sh" "$2" "$3" cache pkgnames linux-headers- | grep -E "^$1\$" | sort -V | tail -n 1)
	[ -n "$found" ] || die "There is no package $1 in $2 for $3."
	echo "$found"
}

headers() {
	case $1 in
	sid) echo linux-headers-amd64 linux-headers-cloud-amd64 ;;
	bullseye) echo linux-headers-amd64 ;;
	*)
		second=$(newest 'linux-headers-6\.12\.[0-9.]+[+]deb12-amd64' "$1" amd64)
		echo linux-headers-amd64 "$second" ;;
	esac
}

# Only what is needed to build a module for Octeon on another machine.
cross() {
	kernel=$(newest 'linux-headers-[0-9.]+-[0-9]+-octeon' bookworm mips64el)
	dir=$cache/chroot/cross-$kernel
	lock "cross-$kernel"
	if [ ! -d "$dir" ]; then
		rm -rf "$dir.new"
		"$here/apt.sh" bookworm mips64el unpack "$dir.new" "$kernel"
		"$here/apt.sh" bookworm amd64 unpack "$dir.new" "${kernel%-octeon}-common" \
			gcc-12-mips64el-linux-gnuabi64 cpp-12-mips64el-linux-gnuabi64 \
			binutils-mips64el-linux-gnuabi64
		# In the chroot /lib is a link.
		cp -a "$dir.new/lib/." "$dir.new/usr/lib/"
		rm -rf "$dir.new/lib"
		mv "$dir.new" "$dir"
	fi
	unlock
	echo "$dir"
}

plan() {
	[ -n "${SUITE:-}" ] || printf 'udev rule\t%s\n\n' "'$here/udev.sh' 6.1"
	for suite in ${SUITE:-bullseye bookworm sid}; do
		needed=$tools
		[ "$suite" != bullseye ] || needed=$by_make
		kernels=$(headers "$suite")
		# shellcheck disable=SC2086
		tarball=$("$here/chroot.sh" "$suite" amd64 $needed $kernels)
		printf 'DKMS of %s by make\t%s\n\n' "$suite" "'$here/inside.sh' amd64 '$tarball' dkms-make"
		[ "$suite" != bullseye ] || continue
		add=
		[ "$suite" != bookworm ] || add=$(cross)
		printf 'DKMS of %s\t%s\n\n' "$suite" "ADD='$add' '$here/inside.sh' amd64 '$tarball' dkms"
		printf 'packages of %s\t%s\n\n' "$suite" "'$here/inside.sh' amd64 '$tarball' deb"
	done
}

# A failure while the plan is made ends the run.
planned=$(plan)
echo "$planned" | perl "$here/harness.pl"
