#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What "make dkms-install" and "make dkms-uninstall" have DKMS do, as root:
#
#   dkms.sh install VERSION KERNEL
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

# add VERSION
add() {
	${MAKE:-make} install-source
	dkms add "xtun/$1"
}

# forget VERSION...
forget() {
	for old; do
		dkms remove "xtun/$old" --all
		rm -rf "/usr/src/xtun-$old"
	done
}

# Another version goes once the new one is known to compile.
replace() {
	if versions | grep -qxF "$1"; then
		# shellcheck disable=SC2046
		forget $(versions)
		add "$1"
		return
	fi
	add "$1"
	if ! dkms build "xtun/$1" -k "$2"; then
		forget "$1"
		exit 1
	fi
	# shellcheck disable=SC2046
	forget $(versions | grep -vxF "$1")
}

# A module that "make install" has left DKMS would keep, and put back when it is removed.
install_for() {
	rm -f "/lib/modules/$2"/updates/xtun.ko* "/lib/modules/$2"/extra/xtun.ko*
	dkms install "xtun/$1" -k "$2"
}

case $1 in
install)
	had=$(kernels | grep -vxF "$3" || :)
	replace "$2" "$3"
	install_for "$2" "$3"
	for kernel in $had; do
		install_for "$2" "$kernel" ||
			echo "xtun: $kernel goes without it. Once it has its headers: dkms autoinstall -k $kernel" >&2
	done ;;
uninstall)
	# shellcheck disable=SC2046
	forget $(versions) ;;
esac
