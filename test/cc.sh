# shellcheck shell=sh disable=SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0
# What programs of an ABI are made with. Source it after arch.sh.

# What they are linked with where this machine has it not.
dev_root() {
	suite=$(suite_for "$1")
	linked="libc6-dev liblwip-dev liburing-dev"
	root=$cache/dev/$suite-$1-$(echo "$linked" | sha256sum | cut -c 1-8)
	# Other clones use this cache too. The caller keeps its own lock.
	lock "dev-$suite-$1"
	if [ ! -e "$root/complete" ]; then
		say "Unpacking libraries to link with ($suite, $1)"
		rm -rf "$root"
		mkdir -p "$root"
		# shellcheck disable=SC2086
		"$here/apt.sh" "$suite" "$1" closure "$root" $linked
		find "$root" -type l -lname '/*' | while read -r link; do
			ln -sfn "$root$(readlink "$link")" "$link"
		done
		touch "$root/complete"
	fi
	echo "$root"
}

# cc_for ABI sets cc, the compiler with what it must be told, and root, where the
# headers and libraries are ("" for this machine's own).
cc_for() {
	arch "$1"
	need make "$(compiler "$1")" libc6-dev
	root=''
	case $1 in
	"$machine")
		cc=cc ;;
	mipsn32*)
		# Debian has the C library of this ABI and nothing else.
		need "gcc-multilib-$triplet"
		cc="$triplet-gcc $cflags -static" ;;
	i386)
		# Its guests have the libraries of another architecture.
		root=$(dev_root "$1")
		cc="$triplet-gcc --sysroot=$root -static" ;;
	*)
		root=$(dev_root "$1")
		cc="$triplet-gcc --sysroot=$root" ;;
	esac
}
