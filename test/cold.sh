#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# That a frame which is not lost pays nothing for those that are: by the machine code,
# no function that it passes asks what explains losses, or looks whether somebody listens.
# What is left is xtun_lose(), which is the end of a frame, and rings that are broken.
#
#   cold.sh KERNEL
set -eu -o pipefail
. "$(dirname "$0")/common.sh"
# shellcheck source=test/guest/tap.sh
. "$here/guest/tap.sh"
need binutils

frames_end="xtun_lose xtun_ring_break xtun_ring_tx_lose xtun_ring_rx_consume"
no_frames="init_module cleanup_module xtun_net_dev_init xtun_net_dev_uninit xtun_net_event
	xtun_net_free_slots xtun_ctl xtun_ctl_locked xtun_ioc_ioctl xtun_chr_attach_first xtun_proc_show"

# Each function that refers to one of another's that explain, and that one.
callers() {
	objdump -dr --no-show-raw-insn "$1" | awk -v explains='^xtun_(why|drops|dead|refused)_' '
		/^[0-9a-f]+ <.*>:$/ { f = substr($2, 2, length($2) - 3); sub(/\..*/, "", f) }
		$2 ~ /^R_/ {
			s = $3
			sub(/[-+]0x.*/, "", s)
			if (s ~ explains && f !~ explains)
				print f, s
		}' | sort -u
}

found=$(callers "$("$here/build.sh" "$1" | tail -n 1)/xtun.o")
# shellcheck disable=SC2086
known=$(printf '%s\n' $frames_end $no_frames)
diag "$found"
like "a frame that is lost is remembered" "$found" "xtun_lose xtun_why_remember"
is "... and no other pays for it, but in" \
	"$(awk '{ print $1 }' <<<"$found" | grep -vxF "$known" || :)" ""
echo "1..$tap_count"
[ "$tap_failed" = 0 ]
