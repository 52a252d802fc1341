#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Build a kernel of test/sources. The name "tree" stands for the one in the folder
# KERNEL_SRC=, which is built for the machine that QEMU has for ARCH=, with
# CROSS_COMPILE=. Prints its folder, which holds what kernel.sh describes, and
#
#   debug         if its checks are so many that guests need much more time
#
# A Debian source is built once. A folder is built again if one of its files has
# changed.
set -eu
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/arch.sh"

name=$1

# machine_of ARCH: arch.sh's name for what the kernel calls ARCH, and the fragments of a
# configuration for it.
machine_of() {
	case $1 in
	x86|x86_64|amd64) echo amd64 guest amd64 ;;
	mips)             echo mipsn32 octeon ;;
	*)                die "For ARCH=$1 there is no configuration in test/config: x86 and mips (big-endian) have one." ;;
	esac
}

if [ "$name" = tree ]; then
	[ -e "${KERNEL_SRC:?names the folder of a kernel\'s source}/Kbuild" ] ||
		die "KERNEL_SRC=$KERNEL_SRC is no kernel's source: it has no Kbuild."
	source=$(cd "$KERNEL_SRC" && pwd)
	found=$(machine_of "${ARCH:-$machine}")
	arch=${found%% *} fragments=${found#* }
else
	row=$(grep -E "^${name}[[:space:]]" "$here/sources") || die "test/sources has no '$name'."
	read -r _ source arch fragments <<-END
	$row
	END
fi
arch "$arch"
need "$(compiler "$arch")"
export ARCH="$karch" CROSS_COMPILE="${CROSS_COMPILE:-$triplet-}"

# shellcheck disable=SC2086
files=$(for fragment in $fragments; do
	[ -e "$here/config/$fragment.config" ] || die "test/config has no $fragment.config."
	echo "$here/config/$fragment.config"
done)

# The inputs of the build. The version of a package is known only when it is unpacked.
key=$({
	echo "$source $arch"
	"${CROSS_COMPILE}gcc" -dumpfullversion
	# shellcheck disable=SC2086
	cat $files
} | sha256sum | cut -c 1-12)
dir=$cache/kernel/$name-$key
build=$dir/build

# shellcheck source=/dev/null
unpack() {
	into=$cache/source/$source
	if [ ! -e "$into/version" ]; then
		suite=$(. /etc/os-release; echo "$VERSION_CODENAME")
		# Later suites have another version.
		[ "$source" != linux-source-6.1 ] || suite=bookworm
		say "Fetching $source"
		rm -rf "$into"
		mkdir -p "$into"
		scratch
		"$here/apt.sh" "$suite" "$(dpkg --print-architecture)" unpack "$scratch" "$source"
		tar -xJf "$scratch/usr/src/$source.tar.xz" -C "$into" --strip-components=1
		make -s -C "$into" kernelversion >"$into/version"
	fi
	echo "$into"
}

# An option that this kernel does not know at all belongs to another version. If the
# kernel knows an option and did not take it, the fragments are wrong.
missed() {
	# shellcheck disable=SC2086
	sed -n 's/^# \(CONFIG_[A-Z0-9_]*\) is not set$/\1=n/p; s/^CONFIG_.*/&/p' $files |
	while IFS="=" read -r option value; do
		case $value in
		n) ! grep -q "^$option=" "$build/.config" || echo "$option=n" ;;
		*) grep -qxF "$option=$value" "$build/.config" || echo "$option=$value" ;;
		esac
	done
}

known() {
	grep -rqE --include='Kconfig*' \
		"^[[:space:]]*(menu)?config ${1#CONFIG_}\$" "$tree"
}

configure() {
	# shellcheck disable=SC2086
	(cd "$tree" && scripts/kconfig/merge_config.sh -n -O "$build" $files) || exit 1
	for option in $(missed); do
		if known "${option%%=*}"; then
			die "The configuration of $name lost $option: what does it depend on?"
		fi
		say "This kernel does not know $option."
	done
}

# A kernel may be built without modules.
install_modules() {
	mkdir -p "$dir/root/lib/modules"
	! grep -q '^CONFIG_MODULES=y' "$build/.config" ||
		make -C "$tree" O="$build" INSTALL_MOD_PATH="$dir/root" modules_install
}

compile() {
	nice -n 19 make -C "$tree" O="$build" -j"$(nproc)" && install_modules
}

# In a guest, where /usr is merged, modules are in /usr/lib/modules.
pack_modules() {
	rm -rf "$dir/tree"
	mkdir -p "$dir/tree/usr/lib"
	cp -a "$dir/root/lib/modules" "$dir/tree/usr/lib/"
	find "$dir/tree" -type l -delete
	(cd "$dir/tree" && find usr | cpio --quiet -o -H newc) >"$dir/modules.cpio"
	rm -rf "$dir/tree"
}

# A kernel that will not be built again does not need its objects: 400 MB.
drop_objects() {
	find "$build" \( -path "$build/scripts" -o -path "$build/tools" \) -prune -o \
		\( -name '*.o' -o -name '*.a' -o -name '.*.cmd' \) -exec rm -f {} +
}

# The files of a folder that somebody works on. One may be removed, or replaced by an
# older one.
files_of_source() {
	find "$source" -name .git -prune -o -type f -printf '%T@ %s %p\n' | sort | sha256sum
}

build() {
	mkdir -p "$build"
	rm -rf "$dir/release" "$dir/root"
	# Before the build, because a file may change while it runs.
	[ "$name" != tree ] || files_of_source >"$dir/files"
	(configure) >"$dir/log" 2>&1 || {
		tail -n 20 "$dir/log" >&2
		die "The configuration of kernel $name failed: $dir/log"
	}
	grep '^This kernel does not know' "$dir/log" >&2 || :
	say "Building kernel $name: a quarter of an hour. Its output goes to $dir/log"
	begin=$(date +%s)
	compile >>"$dir/log" 2>&1 || {
		grep -iE -B 2 'error|warning' "$dir/log" | tail -n 20 >&2
		die "The build of kernel $name failed: $dir/log"
	}
	cp "$build/$(make -s -C "$tree" O="$build" image_name)" "$dir/vmlinuz"
	ln -sfn build "$dir/headers"
	pack_modules
	[ "$name" = tree ] || drop_objects
	echo "$arch" >"$dir/arch"
	! grep -qE '^CONFIG_(KASAN|KCSAN)=y' "$build/.config" || touch "$dir/debug"
	say "Built kernel $name in $(($(date +%s) - begin)) s."
	make -s -C "$tree" O="$build" kernelrelease >"$dir/release"
}

is_built() {
	[ -e "$dir/release" ] || return 1
	[ "$name" != tree ] || files_of_source | cmp -s - "$dir/files"
}

if ! is_built; then
	need make gcc libc6-dev flex bison bc libelf-dev libssl-dev cpio kmod xz-utils
	# One at a time, because each build uses the whole machine.
	lock source
	if ! is_built; then
		case $name in
		tree) tree=$source ;;
		*)    tree=$(unpack) ;;
		esac
		build
	fi
fi
echo "$dir"
