#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Run a command that can also run programs of another architecture by means of QEMU. The
# binary format is registered in a separate user namespace, so that the rest of this
# machine is not affected; that takes Linux 6.7 or newer, and root.
#
#   emulate.sh ARCH COMMAND...
set -eu
. "$(dirname "$0")/common.sh"

arch=$1
shift
[ "$arch" != "$(dpkg --print-architecture)" ] || exec "$@"
[ "$(id -u)" = 0 ] || exec sudo XTUN_CACHE="$cache" "$0" "$arch" "$@"

# Unpack, do not install: the package would register the format with this machine's
# kernel.
fetch_qemu() {
	# shellcheck source=/dev/null
	suite=$(. /etc/os-release; echo "$VERSION_CODENAME")
	say "Fetching QEMU's user emulation"
	rm -rf "$qemu"
	"$here/apt.sh" "$suite" "$(dpkg --print-architecture)" unpack "$qemu.new" qemu-user-static
	mv "$qemu.new" "$qemu"
}

qemu=$cache/qemu-user
lock qemu-user
[ -d "$qemu" ] || fetch_qemu
unlock

# The package describes how such a program is recognised. F makes the kernel open QEMU
# now, because there is none in a chroot.
case $arch in
arm64) name=aarch64 ;;
*)     name=$arch ;;
esac
look=$(cut -d: -f 1-6 "$qemu/usr/lib/binfmt.d/qemu-$name.conf")
rule="$look:$qemu/usr/bin/qemu-$name-static:F"

scratch
mkfifo "$scratch/made" "$scratch/mapped"
# shellcheck disable=SC2016
unshare --user sh -c '
	fifos=$1 rule=$2
	shift 2
	echo >"$fifos/made"
	read -r _ <"$fifos/mapped"
	exec unshare --mount --pid --fork --kill-child --mount-proc sh -euc '\''
		mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
		printf "%s\n" "$1" >/proc/sys/fs/binfmt_misc/register
		shift
		exec "$@"'\'' sh "$rule" "$@"' sh "$scratch" "$rule" "$@" <&0 &
child=$!
# The child does not get the signal that ends this script.
trap 'kill -9 "$child" 2>/dev/null; rm -rf "$scratch"' EXIT
read -r _ <"$scratch/made"
# Each user id is mapped to itself: dpkg must be able to give files to several users.
echo "0 0 65536" >"/proc/$child/uid_map"
echo "0 0 65536" >"/proc/$child/gid_map"
echo >"$scratch/mapped"
wait "$child"
