#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Check in the machine code that the code that explains losses costs nothing for frames
# that are not lost. It may be referenced only where frames and rings end, by calls that
# are refused, and by functions that set up an interface or answer a query.
#
#   cold.sh KERNEL
set -eu -o pipefail
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/arch.sh"
# shellcheck source=test/guest/tap.sh
. "$here/guest/tap.sh"
need binutils

# Each reference on a path that frames or doorbells take: the function that refers to
# the code that explains, and the function it refers to.
ends="xtun_chr_attach_first xtun_refused_remember
xtun_ioc_ioctl xtun_refused_remember
xtun_lose_err xtun_why_remember
xtun_ring_break xtun_why_fault_text
xtun_ring_rx_give_up xtun_why_blame
xtun_ring_tx_lose xtun_why_blame"
others="init_module cleanup_module xtun_net_dev_init xtun_net_dev_uninit xtun_net_event
	xtun_net_free_slots xtun_ctl xtun_ctl_locked xtun_proc_show"

# Print each function that refers to one that explains and does not explain itself, and
# the function it refers to.
callers() {
	"$triplet-objdump" -dr --no-show-raw-insn "$1" | awk '
		/^[0-9a-f]+ <.*>:$/ { f = substr($2, 2, length($2) - 3); sub(/\..*/, "", f) }
		$2 ~ /^R_/ {
			s = $3
			sub(/[-+]0x.*/, "", s)
			if (s ~ explains && f !~ explains)
				print f, s
		}' explains='^xtun_(why|drops|dead|refused)_' | LC_ALL=C sort -u
}

arch "$(cat "$("$here/kernel.sh" "$1")/arch")"
found=$(callers "$("$here/build.sh" "$1" | tail -n 1)/xtun.o")
diag "$found"
# shellcheck disable=SC2086 # It is a list.
is "where losses are explained" \
	"$(grep -vE "^($(echo $others | tr ' ' '|')) " <<<"$found")" "$ends"
echo "1..$tap_count"
[ "$tap_failed" = 0 ]
