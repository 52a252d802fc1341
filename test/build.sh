#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Build the module for a kernel of test/kernels, in its own copy of the sources. Prints
# the folder that holds xtun.ko. With STRICT=1 the compiler has more warnings enabled,
# sparse runs too, and a warning fails the build. XTUN_WITHOUT= names probes of
# compat/probes.mk whose result is forced to "no".
set -eu
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/arch.sh"

kernel=$1
out=$top/build/$kernel${XTUN_WITHOUT:+-without}
kdir=$("$here/kernel.sh" "$kernel")
arch "$(cat "$kdir/arch")"
# The kernel's objtool is linked with libelf.
need make "$(compiler "$(cat "$kdir/arch")")" libc6-dev libelf-dev kmod
if [ -n "${STRICT:-}" ]; then
	need sparse
	extra="W=1 C=2"
fi
# If the headers come with their vmlinux, the build generates BTF for modules from it.
[ ! -e "$kdir/headers/vmlinux" ] || need pahole

sources() {
	make -s -C "$top" sources
}

# If the inputs have not changed, there is no need to build again.
fingerprint() {
	echo "${extra:-} ${XTUN_WITHOUT:-}"
	# A kernel of the same name may have been built again with another
	# configuration.
	echo "$kdir $(stat -c %Y "$kdir/release")"
	"$triplet-gcc" --version | head -n 1
	sources | (cd "$top" && xargs sha256sum)
}

# Distributions build the kernel with a compiler of their own choice and ship no vmlinux
# to take the BTF of; sparse is told some of what it knows already (builtin:1). Every
# other warning is ours.
warnings() {
	grep -iE 'warning|error' "$out/log" |
		grep -vE 'the compiler differs from|Skipping BTF generation|^builtin:1:'
}

# kbuild FOLDER: build the module from the sources there. A root with its own compiler
# needs /proc. It is mounted in a private mount namespace, so that nobody else sees it.
kbuild() {
	# shellcheck disable=SC2086
	set -- make M="$1" ARCH="$karch" ${extra:-} -j"$(nproc)" modules
	if [ -e "$kdir/root/usr/bin/make" ]; then
		# shellcheck disable=SC2016
		as_root unshare --mount sh -c '
			root=$1 out=$2 user=$3
			shift 3
			mount -t proc proc "$root/proc"
			mount --bind "$out" "$root/mnt"
			chroot --userspec="$user" "$root" "$@"' \
			sh "$kdir/root" "$out" "$(id -u):$(id -g)" "$@" -C "$(readlink "$kdir/headers")"
	else
		"$@" -C "$kdir/headers" CC="$triplet-gcc" CROSS_COMPILE="$triplet-"
	fi
}

build() {
	rm -rf "$out"
	mkdir -p "$out"
	sources | (cd "$top" && xargs cp --parents -t "$out")
	say "Building xtun.ko for $(cat "$kdir/release")"
	folder=$out
	[ ! -e "$kdir/root/usr/bin/make" ] || folder=/mnt
	kbuild "$folder" >"$out/log" 2>&1 || {
		cat "$out/log" >&2
		die "The build for $kernel failed. Repeat it: test/build.sh $kernel"
	}
	if [ -n "${STRICT:-}" ] && warnings >&2; then
		die "The build for $kernel warns. All of its output: $out/log"
	fi
	echo "$made_of" >"$out/fingerprint"
}

mkdir -p "$top/build"
lock "build-$(echo "$out" | tr / -)"
made_of=$(fingerprint)
[ "$made_of" = "$(cat "$out/fingerprint" 2>/dev/null)" ] || build
echo "$out"
