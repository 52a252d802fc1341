# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Every test in a chroot sources this first. It prints TAP, and the test fails at the
# first command that fails unexpectedly.
set -eEu -o pipefail

# shellcheck source=../guest/tap.sh
. /xtun/test/guest/tap.sh

finish() {
	local status=$?
	[ "$status" = 0 ] || result 1 "the test came to its end" "it ended with $status"
	echo "1..$tap_count"
	[ "$tap_failed" = 0 ]
}
trap finish EXIT
trap 'diag "line $LINENO of ${0##*/} failed: $BASH_COMMAND"' ERR

# shellcheck disable=SC2034
version=$(sed -n 's/^PACKAGE_VERSION=//p' /xtun/dkms.conf)

# kernels native|foreign: those whose headers are here, for this architecture or for
# another.
kernels() {
	local build which
	for build in /lib/modules/*/build; do
		which=native
		! sh /xtun/compat/tree.sh "$build" | grep -q ARCH= || which=foreign
		[ "$which" != "$1" ] || basename "${build%/build}"
	done
}

# dkms_log COMMAND...: run it, and print the log of a build that failed.
dkms_log() {
	local status=0
	"$@" 2>&1 || status=$?
	[ "$status" = 0 ] || tail -n 15 /var/lib/dkms/xtun/*/build/make.log 2>/dev/null || :
	return "$status"
}

# files: list all files, except those that any running system leaves.
files() {
	find / -xdev \( -path /proc -o -path /xtun -o -path /tmp -o -path /var/log \
		-o -path /var/cache -o -path /var/lib/dpkg -o -path /var/lib/dkms/mok.key \
		-o -path /var/lib/dkms/mok.pub -o -name 'modules.*' \) -prune -o ! -type d -print | sort
}

# changes: the files that have come or gone since the list of files in /tmp/before.
changes() {
	files | diff /tmp/before - || :
}

# has DESCRIPTION TEXT STRING
has() {
	local status=0
	[[ $2 == *"$3"* ]] || status=1
	result "$status" "$1" "no '$3' in"$'\n'"$2"
}

# installed_module KERNEL: the file that modprobe would load.
installed_module() {
	find "/lib/modules/$1" -name 'xtun.ko*'
}

# DKMS calls depmod only for a kernel whose image is installed. It recognises such a
# kernel by its modules and by depmod's files.
for kernel in $(kernels native); do
	mkdir -p "/lib/modules/$kernel/kernel"
	echo | gcc -x c -c -o "/lib/modules/$kernel/kernel/none.ko" -
	touch "/lib/modules/$kernel"/modules.{order,builtin,builtin.modinfo}
	depmod "$kernel"
done
