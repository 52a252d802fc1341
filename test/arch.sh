# shellcheck shell=sh disable=SC2034
# SPDX-License-Identifier: GPL-2.0
# What is known of an architecture, by Debian's name of it, or of an ABI that
# programs may also have there. Source it after common.sh.

# arch NAME sets karch (the kernel's name of it), triplet, cflags, and for what
# can be booted: qemu and qemu_package, console (where the kernel's log goes) and
# lines ("uart" or "virtio": how the guest's output comes out).
arch() {
	cflags='' qemu='' qemu_package='' console='' lines=''
	case $1 in
	amd64)
		karch=x86 triplet=x86_64-linux-gnu
		# Of what newer ones have, the emulator is slowed by most, as by "rep movsb".
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
		# Big-endian, of which Debian has the compiler and the C library alone.
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

# compiler ARCH: the package with the compiler whose programs start with triplet.
compiler() {
	if [ "$1" = "$machine" ]; then
		echo gcc
	else
		echo "gcc-$triplet" | tr _ -
	fi
}

# suite_for ARCH: whose programs run there. For other machines it is one that has
# them all.
# shellcheck source=/dev/null
suite_for() {
	if [ "$1" = "$machine" ]; then
		(. /etc/os-release; echo "$VERSION_CODENAME")
	else
		echo bookworm
	fi
}
