# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0
# What the scripts of the host side share. Source it after `set -eu`.

top=$(cd "$(dirname "$0")/.." && pwd)
cache=${XTUN_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/xtun}
# The caller's own scripts are named relative to this.
# shellcheck disable=SC2034
here=$top/test
mkdir -p "$cache/lock"
# What programs say is read here; and what is made is to be read by everybody in a guest.
export LC_ALL=C.UTF-8
umask 022
# The makes that are run here are none of the caller's own.
unset MAKEFLAGS MFLAGS MAKELEVEL
# A shell that a signal ends would not clean up.
trap 'exit 1' HUP INT TERM

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "$*"
	exit 1
}

case $top$cache in
*[\ :%,]*) die "No folder here may have a space or one of ':%,' in its name: $top, $cache" ;;
esac

# scratch: a folder, as $scratch, until the script ends.
scratch() {
	scratch=$(mktemp -d "$cache/scratch.XXXXXX")
	trap 'rm -rf "$scratch"' EXIT
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# lock NAME ... unlock, or the script's end: nobody else is between the two.
lock() {
	exec 9>"$cache/lock/$1"
	flock 9
}

unlock() {
	exec 9>&-
}

installed() {
	dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

install_packages() {
	# One list of many that cannot be read need not be the one that is wanted.
	as_root apt-get -qq update || say "Going on with the lists that could be read."
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 install \
		--no-install-recommends "$@" </dev/null
}

# need PACKAGE...: have these packages on this machine.
need() {
	missing=
	# Not by lock(), which knows one at a time: the caller may hold another.
	exec 8>"$cache/install.lock"
	flock 8
	for package in "$@"; do
		installed "$package" || missing="$missing $package"
	done
	if [ -n "$missing" ]; then
		command -v apt-get >/dev/null ||
			die "This needs Debian or Ubuntu. Install what matches:$missing"
		say "Installing on this machine:$missing"
		# shellcheck disable=SC2086
		install_packages $missing >"$cache/install.log" 2>&1 || {
			cat "$cache/install.log" >&2
			die "That failed. Repeat it: sudo apt-get update; sudo apt-get install$missing"
		}
	fi
	exec 8>&-
}
