#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Fetch a kernel named in test/kernels, or "default", which is this distribution's own,
# or build it if it is named in test/sources. Prints the folder that then holds
#
#   release       what uname -r will say
#   vmlinuz       the image
#   arch          Debian's name of its architecture
#   headers       what a module is built against (KDIR)
#   root          the root whose compiler must build it, if this machine's cannot
#   modules.cpio  the modules that guests need, as an initramfs
set -eu
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/arch.sh"

name=$1
# Another list of modules needs another image.
dir=$cache/kernel/$name-$(sha256sum "$here/guest/modules" | cut -c 1-8)

# Some are built from source.
if [ "$name" = tree ] || grep -qE "^${name}[[:space:]]" "$here/sources"; then
	exec "$here/source.sh" "$name"
fi

need kmod cpio xz-utils zstd
lock "kernel-$name"

version() {
	"$here/apt.sh" "$suite" "$arch" cache show --no-all-versions "$1" 2>/dev/null |
		sed -n 's/^Version: //p'
}

# newest_release SERIES FLAVOUR. An image is of no use until the mirror has its headers,
# too.
newest_release() {
	"$here/apt.sh" "$suite" "$arch" cache pkgnames "linux-image-$1" |
		grep -E "^linux-image-$1([.][0-9.]+)?([+][a-z0-9]+)?(-[0-9]+)?-$2\$" |
		sed 's/^linux-image-//' | sort -rV |
	while read -r candidate; do
		image=$(version "linux-image-$candidate")
		if [ -n "$image" ] &&
		   [ "$image" = "$(version "linux-headers-$candidate")" ]; then
			echo "$candidate"
			break
		fi
	done
}

# The distribution's own kernel is what its metapackage depends on.
default_release() {
	"$here/apt.sh" "$suite" "$arch" cache depends "$1" |
		sed -n 's/^  Depends: linux-image-\([0-9].*\)/\1/p' | head -n 1
}

# with_parts ARCH PACKAGE...: print these and the packages that they are split into.
with_parts() {
	architecture=$1
	shift
	"$here/apt.sh" "$suite" "$architecture" cache depends --recurse --no-recommends \
		--no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances "$@" |
		grep -E '^linux-(image|headers|kbuild|modules|modules-extra|binary|base)-[0-9]' |
		sort -u
}

find_in_table() {
	row=$(grep -E "^${name}[[:space:]]" "$here/kernels") ||
		die "No kernel '$name'. There are: default $(sed -n 's/^\([0-9a-z][^ ]*\).*/\1/p' \
			"$here/kernels" | tr '\n' ' ')"
	echo "$row" | {
		read -r _ series flavour arch compiler suites
		for suite in $suites; do
			release=$(newest_release "$series" "$flavour")
			[ -z "$release" ] || break
		done
		[ -n "$release" ] ||
			die "No mirror of this machine has $series-$flavour and its headers in: $suites"
		echo "$release $suite $arch $compiler"
	}
}

# shellcheck source=/dev/null
find_default() {
	arch=$machine
	arch "$arch"
	suite=$(. /etc/os-release; echo "$VERSION_CODENAME")
	case $(. /etc/os-release; echo "$ID") in
	ubuntu) release=$(default_release linux-image-generic) ;;
	*)      release=$(default_release "linux-image-$arch") ;;
	esac
	[ -n "$release" ] || die "$suite names no default kernel for $arch."
	echo "$release $suite $arch ours"
}

# The headers refer to their other half by the path where it would be installed.
relocate_headers() {
	headers=$dir/root/usr/src/linux-headers-$release
	for file in "$headers/Makefile" "$headers/.kernelvariables"; do
		[ ! -f "$file" ] || sed -i "s,/usr/src/,$dir/root/usr/src/," "$file"
	done
	find "$dir/root/usr/src" -maxdepth 2 -type l -lname '/usr/*' |
	while read -r link; do
		ln -sfn "$dir/root$(readlink "$link")" "$link"
	done
	ln -sfn "root/usr/src/linux-headers-$release" "$dir/headers"
}

# modprobe resolves the dependencies. A module that is built into this kernel, or that
# the kernel does not have, is ignored here: the test will report it.
pack_modules() {
	[ -d "$dir/root/lib" ] || ln -s usr/lib "$dir/root/lib"
	/sbin/depmod -b "$dir/root" "$release"
	mkdir -p "$dir/tree/usr/lib/modules/$release"
	ln -s usr/lib "$dir/tree/lib"
	cp "$dir/root/lib/modules/$release"/modules.builtin* \
	   "$dir/root/lib/modules/$release/modules.order" \
	   "$dir/tree/lib/modules/$release/"
	while read -r module; do
		/sbin/modprobe -d "$dir/root" -S "$release" -a -q --show-depends "$module" || :
	done <"$here/guest/modules" |
		sed -n "s,^insmod $dir/root/\([^ ]*\).*,\1,p" | sort -u |
		(cd "$dir/root" && cpio --quiet -pdm "$dir/tree")
	find "$dir/tree" -name '*.ko.xz' -exec unxz {} +
	find "$dir/tree" -name '*.ko.zst' -exec unzstd -q --rm {} +
	/sbin/depmod -b "$dir/tree" "$release"
	(cd "$dir/tree" && find usr | cpio --quiet -o -H newc) >"$dir/modules.cpio"
}

# The tools that come with the headers of another architecture are programs of that
# architecture. They are replaced by this machine's.
unpack_kernel() {
	# shellcheck disable=SC2046
	"$here/apt.sh" "$suite" "$arch" unpack "$dir/root" \
		$(with_parts "$arch" "linux-image-$release" "linux-headers-$release")
	if [ "$arch" != "$machine" ]; then
		rm -rf "$dir"/root/usr/lib/linux-kbuild-*
		# shellcheck disable=SC2046
		"$here/apt.sh" "$suite" "$machine" unpack "$dir/root" \
			$(with_parts "$arch" "linux-headers-$release" | grep ^linux-kbuild)
	fi
	relocate_headers
}

# If the compiler of a kernel is too new for this machine, modules are built in a root
# of the kernel's own suite. Without checker-valid.sh its headers do not run sparse.
unpack_with_compiler() {
	"$here/apt.sh" "$suite" "$arch" closure "$dir/root" base-files coreutils dash findutils \
		gawk grep libc6-dev make sed sparse "linux-image-$release" "linux-headers-$release"
	ln -sf gawk "$dir/root/usr/bin/awk"
	checker=$(echo "$dir"/root/usr/src/linux-headers-*-common)/scripts/checker-valid.sh
	[ -e "$checker" ] || printf '#!/bin/sh\necho 1\n' >"$checker"
	chmod +x "$checker"
	ln -sfn "/usr/src/linux-headers-$release" "$dir/headers"
	mkdir -p "$dir/root/proc" "$dir/root/mnt"
}

fetch() {
	case $name in
	default) found=$(find_default) ;;
	*)       found=$(find_in_table) ;;
	esac
	read -r release suite arch compiler <<-END
	$found
	END
	say "Fetching kernel $release from $suite"
	rm -rf "$dir"
	mkdir -p "$dir/root"
	case $compiler in
	ours)  unpack_kernel ;;
	suite) unpack_with_compiler ;;
	esac
	pack_modules
	image=$(find "$dir/root/boot/" "$dir/root/lib/modules/$release/" \
		-name "vmlinu[xz]-$release" -o -name vmlinuz | head -n 1)
	cp "$image" "$dir/vmlinuz"
	rm -rf "$dir/tree" "$dir/root/lib/modules/$release/kernel"
	echo "$arch" >"$dir/arch"
	# Last, because it marks the folder as complete.
	echo "$release" >"$dir/release"
}

[ -e "$dir/release" ] || fetch
echo "$dir"
