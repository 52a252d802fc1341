# shellcheck shell=sh disable=SC2034
# SPDX-License-Identifier: GPL-2.0
# The properties of an architecture, by Debian's name for it, or of a further ABI whose
# programs that architecture can run. Source this after common.sh.

# arch NAME sets karch (the kernel's name for it), triplet and cflags. If QEMU can boot
# it, it also sets qemu, qemu_package, console (where the kernel's log goes) and lines
# ("uart" or "virtio": how the guest's output leaves the guest).
arch() {
	cflags='' qemu='' qemu_package='' console='' lines=''
	case $1 in
	amd64)
		karch=x86 triplet=x86_64-linux-gnu
		# Most features of newer processors slow the emulator down, for example
		# "rep movsb".
		qemu="qemu-system-x86_64 -M pc -cpu qemu64,+rdrand,+smep,+smap -smp 2"
		qemu_package=qemu-system-x86 console=ttyS0 lines=uart ;;
	i386)
		karch=x86 triplet=i686-linux-gnu ;;
	mips64el)
		# A Malta has one processor.
		karch=mips triplet=mips64el-linux-gnuabi64
		qemu="qemu-system-mips64el -M malta -cpu 5KEf"
		qemu_package=qemu-system-mips console=ttyS0 lines=uart ;;
	mipsn32)
		# Big-endian. Debian has only the compiler and the C library for it.
		karch=mips triplet=mips64-linux-gnuabi64 cflags=-mabi=n32
		qemu="qemu-system-mips64 -M malta -cpu 5KEf"
		qemu_package=qemu-system-mips console=ttyS0 lines=uart ;;
	mipsn32el)
		karch=mips triplet=mips64el-linux-gnuabi64 cflags=-mabi=n32 ;;
	s390x)
		karch=s390 triplet=s390x-linux-gnu
		qemu="qemu-system-s390x -M s390-ccw-virtio -cpu max -smp 2"
		qemu_package=qemu-system-misc console=ttysclp0 lines=virtio ;;
	arm64)
		karch=arm64 triplet=aarch64-linux-gnu
		qemu="qemu-system-aarch64 -M virt -cpu cortex-a57 -smp 2"
		qemu_package=qemu-system-arm console=ttyAMA0 lines=virtio ;;
	*)
		die "Nothing is known of the architecture $1: see test/arch.sh." ;;
	esac
}

machine=$(dpkg --print-architecture)

# compiler ARCH: the package of the compiler whose programs are prefixed with triplet.
compiler() {
	if [ "$1" = "$machine" ]; then
		echo gcc
	else
		echo "gcc-$triplet" | tr _ -
	fi
}

# suite_for ARCH: the suite whose programs run there. For other machines it is one that
# has all of these architectures.
# shellcheck source=/dev/null
suite_for() {
	if [ "$1" = "$machine" ]; then
		(. /etc/os-release; echo "$VERSION_CODENAME")
	else
		echo bookworm
	fi
}
