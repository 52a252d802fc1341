#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Get packages of any suite and architecture from the mirrors that this machine's apt
# uses, without changing anything on this machine.
#
#   apt.sh SUITE ARCH cache ARGUMENT...         run apt-cache for that suite
#   apt.sh SUITE ARCH unpack DIR PACKAGE...     unpack only these into DIR
#   apt.sh SUITE ARCH closure DIR PACKAGE...    unpack these and all their dependencies
#   apt.sh SUITE ARCH closure-names PACKAGE...  print the names of those, one a line
#   apt.sh SUITE source unpack DIR PACKAGE...   unpack their source to DIR/PACKAGE
set -eu
. "$(dirname "$0")/common.sh"

suite=$1 arch=$2 verb=$3
shift 3

# shellcheck source=/dev/null
host=$(. /etc/os-release; echo "$VERSION_CODENAME")
# shellcheck source=/dev/null
distribution=$(. /etc/os-release; echo "$ID")
keyring=/usr/share/keyrings/$distribution-archive-keyring.gpg
dir=$cache/apt/$suite-$arch
sid=
[ "$suite" != experimental ] || sid=sid
type="deb [arch=$arch"
[ "$arch" != source ] || type="deb-src ["

# The machine's own sources with their suite replaced by the wanted one. A source may
# name its release by codename or as "stable": use whichever matches. Experimental needs
# sid as well.
sources() {
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(CODENAME) $(COMPONENT)' \
		'Created-By: Packages' | sort -u |
	while read -r uri release codename component; do
		case $release in "$host"*) codename=$release ;; esac
		pocket=${codename#"$host"}
		case $codename,$suite$pocket in
		*,sid?*|*,experimental?*) ;;	# released at once, never mended later
		"$host",*|"$host"-*)
			for each in "$suite" $sid; do
				echo "$type signed-by=$keyring] $uri $each$pocket $component"
			done ;;
		esac
	done
}

# Only settings such as the proxy are copied from the machine's configuration: its hooks
# would act on the machine. The lists of an old suite may be out of date and still
# correct.
configuration() {
	apt-config dump Acquire | grep -v '^Acquire::IndexTargets'
	cat <<-END
	Acquire::Check-Valid-Until "false";
	Acquire::Languages "none";
	APT::Architecture "${arch#source}";
	APT::Architectures { "${arch#source}"; };
	APT::Install-Recommends "false";
	APT::Sandbox::User "";
	Dir "$dir";
	Dir::State::Status "$dir/status";
	END
}

refresh() {
	mkdir -p "$dir/etc/apt/apt.conf.d" "$dir/etc/apt/preferences.d" \
		"$dir/var/lib/apt/lists/partial" "$dir/var/cache/apt/archives/partial"
	sources >"$dir/sources"
	if [ -n "$(find "$dir/updated" -mtime -1 2>/dev/null)" ] &&
	   cmp -s "$dir/sources" "$dir/etc/apt/sources.list"; then
		return
	fi
	[ -s "$dir/sources" ] ||
		die "This machine's apt has no mirror of $host; see 'apt-get indextargets'."
	# Other processes that have already read the old file can go on using it.
	configuration >"$dir/apt.conf.new"
	mv "$dir/apt.conf.new" "$dir/apt.conf"
	[ -e "$dir/status" ] || : >"$dir/status"
	mv "$dir/sources" "$dir/etc/apt/sources.list"
	say "Reading the package lists of $suite for $arch"
	# A mirror that is being updated may lack one list of many. If that list is
	# needed, the package will not be found.
	if APT_CONFIG=$dir/apt.conf apt-get -qq update >&2; then
		touch "$dir/updated"
	else
		say "Going on with the lists that could be read."
		# Try again in an hour.
		touch -d '23 hours ago' "$dir/updated"
	fi
}

[ "$suite" = "$host" ] || [ "$distribution" = debian ] ||
	die "This takes packages of Debian's $suite, and the mirrors of this machine have none: run it on Debian."
lock "apt-$suite-$arch"
refresh
unlock
export APT_CONFIG="$dir/apt.conf"

case $verb-$arch in
cache-*)
	apt-cache "$@" ;;
unpack-source)
	into=$1
	shift
	scratch
	for package in "$@"; do
		(cd "$scratch" && apt-get -qq --only-source --download-only source "$package" >&2)
		dpkg-source --no-check -x "$scratch/$package"_*.dsc "$into/$package" >/dev/null
	done ;;
unpack-*)
	into=$1
	shift
	scratch
	(cd "$scratch" && apt-get -qq download "$@" >&2)
	for deb in "$scratch"/*.deb; do
		dpkg-deb -x "$deb" "$into"
	done ;;
closure-names-*)
	apt-get -s install "$@" | awk '$1 == "Inst" { print $2 }' ;;
closure-*)
	into=$1
	shift
	apt-get clean
	apt-get -qq install --download-only -y "$@" >&2
	for deb in "$dir"/var/cache/apt/archives/*.deb; do
		dpkg-deb -x "$deb" "$into"
	done
	apt-get clean ;;
*)
	die "apt.sh: no such verb: $verb" ;;
esac
