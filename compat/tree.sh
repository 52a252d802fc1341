#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Print how the kernel of a build tree was built, as arguments for make: its
# architecture if that is not this machine's, and its compiler. A module built
# otherwise does not load, or does not compile.
#
# With "tools", print only what the tools need: the compiler, if they are for another machine.
#
# NAMED_CC is the compiler on make's command line, if it may be meant for any tree.
#
#   tree.sh KDIR [tools]
set -eu
dir=$1
what=${2:-module}

for config in "$dir/.config" "$dir/include/config/auto.conf" ''; do
	[ ! -e "$config" ] || break
done
# If something is wrong with this tree, its own makefile will say so.
[ -n "$config" ] || exit 0

has() {
	grep -q "^$1=y" "$config"
}

installed() {
	command -v "$1" >/dev/null
}

# The kernel's name of an architecture, from that of "uname -m" or of a tree.
family() {
	case $1 in
	x86_64|i?86) echo x86 ;;
	aarch64)     echo arm64 ;;
	arm64|s390)  echo "$1" ;;
	s390x)       echo s390 ;;
	arm*)        echo arm ;;
	mips*)       echo mips ;;
	ppc*)        echo powerpc ;;
	riscv*)      echo riscv ;;
	loongarch*)  echo loongarch ;;
	parisc*)     echo parisc ;;
	sparc*)      echo sparc ;;
	*)           echo "$1" ;;
	esac
}

# The prefix of a cross compiler in Debian and its derivatives.
usual_prefix() {
	case $arch in
	x86)   has CONFIG_64BIT && echo x86_64-linux-gnu- || echo i686-linux-gnu- ;;
	arm64) echo aarch64-linux-gnu- ;;
	s390)  echo s390x-linux-gnu- ;;
	mips)
		has CONFIG_CPU_LITTLE_ENDIAN && end=el || end=
		has CONFIG_64BIT && echo "mips64$end-linux-gnuabi64-" || echo "mips$end-linux-gnu-" ;;
	esac
}

# Every kernel writes both into its configuration: the architecture in the title of its
# menu, and the compiler in the first line of its version, which before 5.8 was a comment.
arch=$(family "$(sed -n 's,^# Linux/\([a-z0-9_]*\) .*,\1,p' "$config" | head -n 1)")
cc=$(sed -n 's/^CONFIG_CC_VERSION_TEXT="*\([^ "]*\).*/\1/p; s/^# Compiler: \([^ ]*\).*/\1/p' "$config" |
	head -n 1)

# Which LLVM to use, unless LLVM is set: the version that built the kernel, or the one
# without a number. Its tools are named one by one, because kernels before 5.18 take no
# version in LLVM (e9c281928c24), and so that they overrule a compiler that DKMS names on
# make's command line. The configuration tells whether all tools are LLVM's, or the
# compiler alone.
clang() {
	version=$(sed -n 's/^CONFIG_CLANG_VERSION=\([0-9]*\)[0-9]\{4\}$/-\1/p' "$config")
	installed "clang$version" || version=
	if [ -n "${LLVM:-}" ]; then
		echo "LLVM=$LLVM"
	elif has CONFIG_LD_IS_LLD; then
		echo "LLVM=1 CC=clang$version LD=ld.lld$version"
		for tool in ar nm strip objcopy objdump readelf; do
			! installed "llvm-$tool$version" ||
				echo "$(echo $tool | tr '[:lower:]' '[:upper:]')=llvm-$tool$version"
		done
	else
		echo "CC=clang$version"
	fi
}

native() {
	if [ "$what" = tools ]; then
		return
	elif has CONFIG_CC_IS_CLANG; then
		clang
	elif [ -n "${LLVM:-}${NAMED_CC:-}" ]; then
		return
	# Debian's headers name their own compiler.
	elif [ ! -e "$dir/.kernelvariables" ] && installed "$cc"; then
		echo "CC=$cc"
	fi
}

cross() {
	if has CONFIG_CC_IS_CLANG && [ "$what" = module ]; then
		echo "ARCH=$arch" "$(clang)"
		return
	fi
	for prefix in "${cc%%gcc*}" "$(usual_prefix)"; do
		compiler=${prefix}gcc${cc#*gcc}
		if [ -n "$prefix" ] && { installed "$compiler" || installed "${prefix}gcc"; }; then
			[ "$what" = module ] || { echo "CROSS_COMPILE=$prefix"; return; }
			echo "ARCH=$arch CROSS_COMPILE=$prefix"
			# It may not be ${prefix}gcc: a build system's wrapper has its own name.
			[ -e "$dir/.kernelvariables" ] || ! installed "$compiler" || echo "CC=$compiler"
			return
		fi
	done
	echo "xtun: this kernel is for $arch, built by '$cc', and no such compiler is on the PATH." >&2
	echo "xtun: Install one, or name it: make ARCH=$arch CROSS_COMPILE=... KDIR=$dir" >&2
	exit 1
}

if [ -z "$arch" ] || [ "$arch" = "$(family "$(uname -m)")" ]; then
	native
else
	cross
fi
