# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0
# Common code of the scripts that run on the host. Source it after `set -eu`.

top=$(cd "$(dirname "$0")/.." && pwd)
cache=${XTUN_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/xtun}
# The caller finds other scripts relative to this.
# shellcheck disable=SC2034
here=$top/test
mkdir -p "$cache/lock"
# The scripts parse what programs print, and users in a guest must be able to read what
# is made.
export LC_ALL=C.UTF-8
umask 022
# A make that is run here is not part of the caller's own make.
unset MAKEFLAGS MFLAGS MAKELEVEL
# Without this, a shell that a signal ends would not clean up.
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

# scratch: make a folder, named by $scratch, that is removed when the script ends.
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

# lock NAME ... unlock: hold a lock until unlock or until the script ends.
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
	# One of many lists cannot be read. It need not be the one that is needed.
	as_root apt-get -qq update || say "Going on with the lists that could be read."
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 install \
		--no-install-recommends "$@" </dev/null
}

# need PACKAGE...: install those that this machine lacks.
need() {
	missing=
	# Not lock(), which holds only one lock at a time: the caller may hold another.
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
