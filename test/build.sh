#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Build the module for a kernel of test/kernels, in a copy of the sources of
# its own, with extra warnings and sparse. A warning fails the build. Prints
# the folder that holds xtun.ko.
set -eu
. "$(dirname "$0")/common.sh"

kernel=$1
out=$top/build/$kernel
need make gcc libc6-dev sparse libelf1 bc pahole

kdir=$("$here/kernel.sh" "$kernel")

sources() {
	(cd "$top" && find Kbuild ./*.c ./*.h compat -type f 2>/dev/null | LC_ALL=C sort)
}

# What the module was made of: the same again need not be built again.
fingerprint() {
	cat "$kdir/release"
	sources | (cd "$top" && xargs sha256sum)
}

# Distributions build the kernel with a compiler of their own choice and ship no
# vmlinux to take the BTF of; all else is ours to answer for.
warnings() {
	grep -iE 'warning|error' "$out/log" |
		grep -vE 'the compiler differs from|Skipping BTF generation'
}

build() {
	rm -rf "$out"
	mkdir -p "$out"
	sources | (cd "$top" && xargs cp --parents -t "$out")
	say "Building xtun.ko for $(cat "$kdir/release")"
	make -C "$kdir/headers" M="$out" CC="${CC:-gcc}" W=1 C=2 -j"$(nproc)" \
		modules >"$out/log" 2>&1 || {
		cat "$out/log" >&2
		die "The build for $kernel failed. Repeat it: test/build.sh $kernel"
	}
	if warnings >&2; then
		die "The build for $kernel warns. All of its output: $out/log"
	fi
	echo "$made_of" >"$out/fingerprint"
}


mkdir -p "$top/build"
exec 9>"$top/build/$kernel.lock"
flock 9
made_of=$(fingerprint)
[ "$made_of" = "$(cat "$out/fingerprint" 2>/dev/null)" ] || build
echo "$out"
