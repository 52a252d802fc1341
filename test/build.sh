#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Build the module for a kernel of test/kernels, in a copy of the sources of
# its own. Prints the folder that holds xtun.ko. With STRICT=1 the compiler warns
# of more, sparse reads along, and a warning fails the build.
set -eu
. "$(dirname "$0")/common.sh"

kernel=$1
out=$top/build/$kernel
# The kernel's objtool is linked with libelf.
need make gcc libc6-dev libelf-dev
if [ -n "${STRICT:-}" ]; then
	need sparse
	extra="W=1 C=2"
fi

kdir=$("$here/kernel.sh" "$kernel")
# Headers that bring their vmlinux along give modules type information from it.
[ ! -e "$kdir/headers/vmlinux" ] || need pahole

sources() {
	make -s -C "$top" sources
}

# What the module was made of: the same again need not be built again.
fingerprint() {
	echo "${extra:-}"
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
	# shellcheck disable=SC2086
	make -C "$kdir/headers" M="$out" CC="${CC:-gcc}" ${extra:-} -j"$(nproc)" \
		modules >"$out/log" 2>&1 || {
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
