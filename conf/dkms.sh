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
	${MAKE:-make} install-source
	dkms add "xtun/$1"
	if ! dkms build "xtun/$1" -k "$2"; then
		dkms remove "xtun/$1" --all
		rm -rf "/usr/src/xtun-$1"
		exit 1
	fi
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
	! versions | grep -xF "$2" >/dev/null || dkms remove "xtun/$2" --all
	rm -rf "/usr/src/xtun-$2"
	build_first "$2" "$3"
	forget "$2"
	install_for "$2" "$3"
	for kernel in $had; do
		install_for "$2" "$kernel" ||
			echo "xtun: $kernel goes without it. Once it has its headers: dkms autoinstall -k $kernel" >&2
	done ;;
uninstall)
	forget "" ;;
esac
