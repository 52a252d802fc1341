#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The part of "make dkms-install" and "make dkms-uninstall" that calls DKMS, as root:
#
#   dkms.sh install VERSION KERNEL      known to compile for this kernel
#   dkms.sh uninstall
set -eu
cd "$(dirname "$0")/.."

# Print "VERSION: added" or "VERSION, KERNEL, ARCH: installed" for each version. DKMS puts
# "xtun/" in front, or "xtun, " before 3.0.
status() {
	dkms status xtun | sed -n 's,^xtun[/,] *,,p'
}

versions() {
	status | sed 's/[,:].*//' | sort -u
}

kernels() {
	status | sed -n 's/^[^,]*, \([^,]*\),.*: installed.*/\1/p' | sort -u
}

# forget VERSION: remove every other version, so that an upgrade leaves none behind.
forget() {
	for old in $(versions | grep -vxF "$1"); do
		dkms remove "xtun/$old" --all
		rm -rf "/usr/src/xtun-$old"
	done
}

# Add and build a new version for one kernel. The installed version stays until this
# succeeds. It may fail where "make" did not, because DKMS builds with other settings, in
# another folder, and without all of the files that "make" has.
build_first() {
	if ${MAKE:-make} install-source && dkms add "xtun/$1" && dkms build "xtun/$1" -k "$2"; then
		return
	fi
	dkms remove "xtun/$1" --all || :
	rm -rf "/usr/src/xtun-$1"
	return 1
}

# put_back VERSION KERNEL...: restore the installed source if a new one of the same version
# does not build.
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

# Remove a module that "make install" has left: DKMS would keep it, and put it back when
# its own module is removed.
install_for() {
	rm -f "/lib/modules/$2"/updates/xtun.ko* "/lib/modules/$2"/extra/xtun.ko*
	dkms install "xtun/$1" -k "$2"
}

case $1 in
install)
	had=$(kernels | grep -vxF "$3" || :)
	# If the same version is installed already, build it again from new files only.
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
