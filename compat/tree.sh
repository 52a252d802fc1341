#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# How the kernel of a build tree was built, as arguments for make: its
# architecture where that is not this machine's, and its compiler. A module made
# otherwise does not load, or does not compile.
#
# With "tools", what they need of it: where they are for another machine, its compiler.
#
# NAMED_CC is what whoever types make has named, where that may be meant for any tree.
#
#   tree.sh KDIR [tools]
set -eu
dir=$1
what=${2:-module}

for config in "$dir/.config" "$dir/include/config/auto.conf" ''; do
	[ ! -e "$config" ] || break
done
# Whatever is wrong with this tree, its own makefile will say.
[ -n "$config" ] || exit 0

has() {
	grep -q "^$1=y" "$config"
}

installed() {
	command -v "$1" >/dev/null
}

# The kernel's name for the architecture of "uname -m", or of a tree.
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

# What Debian and its like call a cross compiler.
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

# Both stand in what every kernel writes into its configuration: the title of
# its menu, and the first line that its compiler prints of itself, which before 5.8
# was in a comment.
arch=$(family "$(sed -n 's,^# Linux/\([a-z0-9_]*\) .*,\1,p' "$config" | head -n 1)")
cc=$(sed -n 's/^CONFIG_CC_VERSION_TEXT="*\([^ "]*\).*/\1/p; s/^# Compiler: \([^ ]*\).*/\1/p' "$config" |
	head -n 1)

# Which LLVM, unless that is said: the one of the kernel's version, or the one without a
# number. By its tools' names: kernels before 5.18 take no version (e9c281928c24), and one
# that DKMS has put behind "make" is overruled. Whether all of them are meant, or the
# compiler alone, the kernel tells.
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
	# Debian's headers name their compiler themselves.
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
			# The wrapper of a build system has a name of its own.
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
