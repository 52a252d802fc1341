#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Test how a kernel tree is asked for its compiler (compat/tree.sh), and when what was
# built for it is stale (compat/stale.sh). The trees and compilers are fakes.
set -eu -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/guest/tap.sh
. "$here/guest/tap.sh"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
unset ARCH CROSS_COMPILE CC LLVM MAKEFLAGS

native=$(uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/; s/^mips.*/mips/; s/s390x/s390/')
case $native in
arm64) foreign=s390 prefix=s390x-linux-gnu- ;;
*)     foreign=arm64 prefix=aarch64-linux-gnu- ;;
esac

# compilers NAME...: make these the only compilers on the PATH.
compilers() {
	local name
	rm -rf "${dir:?}/bin"
	mkdir "$dir/bin"
	for name in sh sed head grep uname tr cat cksum rm; do
		ln -s "$(type -P "$name")" "$dir/bin/$name"
	done
	for name; do
		ln -s "$(type -P true)" "$dir/bin/$name"
	done
}

# tree ARCH COMPILER [OPTION...]: make a tree that COMPILER built.
tree() {
	mkdir -p "$dir/tree"
	{
		echo "# Linux/$1 6.1.0 Kernel Configuration"
		echo "CONFIG_CC_VERSION_TEXT=\"$2 (a distribution) 12.2.0\""
		[ $# -lt 3 ] || printf 'CONFIG_%s\n' "${@:3}"
	} >"$dir/tree/.config"
}

# asked [tools]
asked() {
	PATH=$dir/bin NAMED_CC=${named:-} sh "$here/../compat/tree.sh" "$dir/tree" "$@" 2>&1 |
		tr '\n' ' ' | sed 's/ $//'
}

by_clang=(CC_IS_CLANG=y CLANG_VERSION=160006)
compilers gcc-12 gcc
tree "$native" gcc-12
is "the compiler that built it" "$(asked)" "CC=gcc-12"
is "... which is nothing to the tools" "$(asked tools)" ""
compilers gcc
is "... if it is there" "$(asked)" ""
named=clang
compilers gcc-12 clang
is "... and no clang is named for a tree by gcc" "$(asked)" ""
named=
compilers "${prefix}gcc"
tree "$foreign" "${prefix}gcc-12"
is "a tree for another machine" "$(asked)" "ARCH=$foreign CROSS_COMPILE=$prefix"
is "... and its tools" "$(asked tools)" "CROSS_COMPILE=$prefix"
compilers "${prefix}gcc" "${foreign}-sdk-gcc"
tree "$foreign" ""
sed -i "s/^CONFIG_CC_V.*/# Compiler: ${foreign}-sdk-gcc (an SDK) 7.3.0/" "$dir/tree/.config"
is "... as kernels before 5.8 tell" "$(asked)" \
	"ARCH=$foreign CROSS_COMPILE=${foreign}-sdk- CC=${foreign}-sdk-gcc"
tree "$foreign" "${prefix}gcc-12"
compilers gcc
like "... for which nothing compiles" "$(asked)" "no such compiler is on the PATH"
like "... nor do the tools become this machine's" "$(asked tools)" "no such compiler is on the PATH"
compilers clang clang-16 ld.lld-16 llvm-ar-16
tree "$native" clang "${by_clang[@]}"
is "clang of the kernel's version" "$(asked)" "CC=clang-16"
tree "$native" clang "${by_clang[@]}" LD_IS_LLD=y
is "... with all of its tools" "$(asked)" "LLVM=1 CC=clang-16 LD=ld.lld-16 AR=llvm-ar-16"
named=clang
is "... though DKMS names one without a version" "$(asked)" \
	"LLVM=1 CC=clang-16 LD=ld.lld-16 AR=llvm-ar-16"
named=
is "... unless another is named" "$(LLVM=-15 asked)" "LLVM=-15"
compilers clang ld.lld
is "... or only another is there" "$(asked)" "LLVM=1 CC=clang LD=ld.lld"
compilers clang ld.lld "${prefix}gcc"
tree "$foreign" clang "${by_clang[@]}" LD_IS_LLD=y
is "... for another machine" "$(asked)" "ARCH=$foreign LLVM=1 CC=clang LD=ld.lld"
is "... whose tools take a compiler of its own" "$(asked tools)" "CROSS_COMPILE=$prefix"
rm "$dir/tree/.config"
is "a tree that says nothing" "$(asked)" ""

# --- what is stale

# stays WHAT COMMAND...: whether an object file is still there after COMMAND.
stays() {
	"${@:2}"
	(cd "$dir" && sh "$here/../compat/stale.sh" tree 6.1.0)
	[ -e "$dir/xtun.o" ] || result=gone
	is "an object file, $1" "${result:-there}" "$wanted"
	result=
	touch "$dir/xtun.o"
}

generated() {
	mkdir -p "$dir/tree/include/generated"
	echo "$2" >"$dir/tree/$1"
}

mkdir -p "$dir/compat/probes"
touch "$dir/xtun.o"
wanted=gone
stays "of nobody knows which kernel" generated include/generated/autoconf.h one
wanted=there
stays "of the same" true
wanted=gone
stays "the kernel is configured anew" generated include/generated/autoconf.h two
stays "... exports something else" generated Module.symvers two
stays "... is built anew" generated include/generated/compile.h two
stays "... or so with newer ones" generated include/generated/utsversion.h two
wanted=there
stays "of the same once more" true
wanted=gone
stays "a header is changed in its place" generated include/linux.h two
mkdir -p "$dir/tree/arch/some/include"
stays "... or of the architecture" generated arch/some/include/asm.h two
wanted=there
stays "... and no more" true
echo "1..$tap_count"
[ "$tap_failed" = 0 ]
