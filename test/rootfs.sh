#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Make the root of the guests for an architecture. It contains the distribution's own
# tools, unpacked from its packages (or built, if there are none) and packed as an
# initramfs. Prints its name.
#
#   rootfs.sh ARCH
#   rootfs.sh ARCH PACKAGE...   only what these need in addition, to be laid over it;
#                               prints nothing if the distribution lacks one of them
set -eu
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/arch.sh"

packages="bash busybox coreutils curl diffutils ethtool findutils grep iproute2 iptables jq iputils-arping
	iputils-ping kmod liblwip0 liburing2 mawk mount net-tools netcat-openbsd nftables procps sed strace tcpdump
	trace-cmd util-linux"
arch=$1
shift
suite=$(suite_for "$arch")
recipe=$(cat "$0" "$here/static.sh" | sha256sum | cut -c 1-12)
image=$cache/root/$suite-$arch-$recipe$(printf '+%s' "$@" | sed 's/^+$//').cpio

need cpio
lock "root-$arch"

# Perl and dpkg are dependencies of maintainer scripts, which never run here.
prune() {
	(cd "$1" && rm -rf usr/share/doc usr/share/man usr/share/locale usr/share/info \
		usr/share/perl* usr/lib/*/perl* usr/lib/*/libperl* usr/bin/perl* \
		usr/lib/*/gconv usr/share/bash-completion usr/share/i18n usr/share/common-licenses \
		usr/bin/dpkg* usr/share/dpkg usr/share/zoneinfo usr/lib/*/libdb-* var/lib/dpkg \
		usr/lib/systemd \
		boot home media srv usr/games usr/include usr/src)
}

# Some packages still have /bin and /lib outside /usr.
merge() {
	for folder in bin sbin lib lib64; do
		if [ ! -d "$1/$folder" ] || [ -L "$1/$folder" ]; then
			continue
		fi
		mkdir -p "$1/usr/$folder"
		cp -a "$1/$folder/." "$1/usr/$folder/"
		rm -rf "${1:?}/$folder"
		ln -s "usr/$folder" "$1/$folder"
	done
}

# closure PACKAGE...: print the names of these and of all their dependencies.
closure() {
	"$here/apt.sh" "$suite" "$arch" closure-names "$@"
}

# If the lists cannot be read, every package would seem to be missing.
has_all() {
	[ "$arch" != mipsn32 ] || return 1
	"$here/apt.sh" "$suite" "$arch" cache show base-files >/dev/null ||
		die "The package lists of $suite for $arch cannot be read."
	for package in "$@"; do
		"$here/apt.sh" "$suite" "$arch" cache show "$package" >/dev/null 2>&1 || return 1
	done
}

unpack_layer() {
	into=$1
	shift
	# shellcheck disable=SC2086
	root=$(closure $packages)
	# shellcheck disable=SC2046,SC2086
	"$here/apt.sh" "$suite" "$arch" unpack "$into" \
		$(closure $packages "$@" | grep -vxF "$root")
	prune "$into"
	merge "$into"
}

unpack() {
	# shellcheck disable=SC2086
	"$here/apt.sh" "$suite" "$arch" closure "$1" $packages
	prune "$1"
	merge "$1"
	for tool in iptables iptables-save iptables-restore ip6tables; do
		ln -sf "$(echo "$tool" | sed 's/tables/tables-nft/')" "$1/usr/sbin/$tool"
	done
	ln -sf mawk "$1/usr/bin/awk"
	ln -sf nc.openbsd "$1/usr/bin/nc"
}

# Do what maintainer scripts would have done, as far as a guest needs it.
settle() {
	ln -sf bash "$1/usr/bin/sh"
	mkdir -p "$1/etc"
	cat >"$1/etc/passwd" <<-END
	root:x:0:0:root:/root:/bin/bash
	nobody:x:65534:65534:nobody:/nonexistent:/bin/sh
	END
	printf 'root:x:0:\nnogroup:x:65534:\n' >"$1/etc/group"
	mkdir -p "$1/root" "$1/tmp" "$1/proc" "$1/sys" "$1/dev" "$1/run"
	# This machine's ldconfig does not know foreign libraries. They are found
	# without its cache.
	[ "$arch" != "$machine" ] || /sbin/ldconfig -r "$1"
}

if [ ! -e "$image" ]; then
	scratch
	mkdir -p "$cache/root"
	case $arch,$# in
	*,[1-9]*)
		has_all "$@" || exit 0
		say "Unpacking for the guests ($suite, $arch): $*"
		unpack_layer "$scratch" "$@" ;;
	mipsn32,*)
		say "Building the guests' tools ($suite, $arch)"
		"$here/static.sh" "$arch" "$scratch"
		settle "$scratch" ;;
	*)
		say "Unpacking the guests' tools ($suite, $arch)"
		unpack "$scratch"
		settle "$scratch" ;;
	esac
	(cd "$scratch" && find . | cpio --quiet -o -H newc -R 0:0) >"$image.new"
	mv "$image.new" "$image"
fi
echo "$image"
