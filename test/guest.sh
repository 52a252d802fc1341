#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Start a shell in a virtual machine with xtun loaded and up. KERNEL= chooses the
# kernel.
set -eu
. "$(dirname "$0")/common.sh"

kernel=${KERNEL:-default}
[ -t 0 ] || die "make guest is for a terminal. For scripts: test/boot.sh"
overlay=$("$here/overlay.sh" "$kernel" tools examples/lwip \
	examples/relay examples/responder test/prog test/abi test/fuzz)
mkdir -p "$top/build/log"
log=$top/build/log/guest
say "Booting. Leave with 'exit'. The kernel's log goes to $log."

# shellcheck disable=SC2016
TIMEOUT=0 INTERACTIVE=1 "$here/boot.sh" "$kernel" "$log" '
	stty -F "$output" sane
	insmod xtun.ko
	ip addr add 10.99.0.1/24 dev xtun
	ip link set xtun up
	exec setsid -w --ctty bash --rcfile /test/shell.sh -i <"$output" >"$output" 2>&1' \
	"$overlay"
