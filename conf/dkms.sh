#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What "make dkms-install" and "make dkms-uninstall" have DKMS do, as root:
#
#   dkms.sh install VERSION KERNEL      which is known to compile
#   dkms.sh uninstall
set -eu
cd "$(dirname "$0")/.."

# "VERSION: added", or "VERSION, KERNEL, ARCH: installed"; before 3.0 "xtun, VERSION...".
status() {
	dkms status xtun | sed -n 's,^xtun[/,] *,,p'
}

versions() {
	status | sed 's/[,:].*//' | sort -u
}

kernels() {
	status | sed -n 's/^[^,]*, \([^,]*\),.*: installed.*/\1/p' | sort -u
}

# forget VERSION: but for that one every other, so that an upgrade leaves none behind.
forget() {
	for old in $(versions | grep -vxF "$1"); do
		dkms remove "xtun/$old" --all
		rm -rf "/usr/src/xtun-$old"
	done
}

# What is installed stays until DKMS has built the next for one kernel: what it compiles
# by, and where, is not all that "make" has.
build_first() {
	if ${MAKE:-make} install-source && dkms add "xtun/$1" && dkms build "xtun/$1" -k "$2"; then
		return
	fi
	dkms remove "xtun/$1" --all || :
	rm -rf "/usr/src/xtun-$1"
	return 1
}

# put_back VERSION KERNEL...: where another of the same version does not build.
put_back() {
	version=$1
	shift
	echo "xtun: version $version as it was before is put back" >&2
	mv "$aside" "/usr/src/xtun-$version"
	dkms add "xtun/$version"
	for kernel; do
		dkms install "xtun/$version" -k "$kernel" || echo "xtun: $kernel goes without it" >&2
	done
}

# A module that "make install" has left DKMS would keep, and put back when it is removed.
install_for() {
	rm -f "/lib/modules/$2"/updates/xtun.ko* "/lib/modules/$2"/extra/xtun.ko*
	dkms install "xtun/$1" -k "$2"
}

case $1 in
install)
	had=$(kernels | grep -vxF "$3" || :)
	# The same version once more is to be built anew, of files that are all new.
	all=$(kernels)
	aside=
	if versions | grep -xF "$2" >/dev/null; then
		aside=/usr/src/.xtun-$2
		rm -rf "$aside"
		cp -a "/usr/src/xtun-$2" "$aside"
		dkms remove "xtun/$2" --all
	fi
	rm -rf "/usr/src/xtun-$2"
	if ! build_first "$2" "$3"; then
		# shellcheck disable=SC2086
		[ -z "$aside" ] || put_back "$2" $all
		exit 1
	fi
	[ -z "$aside" ] || rm -rf "$aside"
	forget "$2"
	install_for "$2" "$3"
	for kernel in $had; do
		install_for "$2" "$kernel" ||
			echo "xtun: $kernel goes without it. Once it has its headers: dkms autoinstall -k $kernel" >&2
	done ;;
uninstall)
	forget "" ;;
esac
