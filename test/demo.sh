#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Show xtun at work in a virtual machine that boots this distribution's kernel.
set -eu
. "$(dirname "$0")/common.sh"

kernel=${KERNEL:-default}
say "This fetches a kernel and some tools once, builds xtun for that kernel and boots it in QEMU.
Nothing is loaded into this machine's kernel. Everything fetched is in $cache."
overlay=$("$here/overlay.sh" "$kernel" tools examples/lwip)
mkdir -p "$top/build/log"
log=$top/build/log/demo
say "Booting. Software emulation is slow: this takes about ten seconds."
status=0
"$here/boot.sh" "$kernel" "$log" "bash /test/demo.sh" "$overlay" || status=$?
if [ "$status" != 0 ]; then
	tail -n 30 "$log" >&2
	die "The demo failed. The kernel's whole log is in $log."
fi
cat <<END

That was all of it. A shell in such a machine: make guest. On this machine's own
kernel: see "Install and use" in README.md.
END
