#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Distribute tests over guests, one line for each guest. Tests share a guest if their
# "#guest: ..." lines are the same, except that each test has its own time limit.
#
#   batches.sh TEST...
set -eu
. "$(dirname "$0")/common.sh"

# The number of tests that are lost at most when a guest dies. Two guests run at a time.
most=8

for test; do
	printf '%s\t%s\n' "$test" "$(sed -n '/^#guest: TIMEOUT=/d; s/^#guest: //p' \
		"$here/guest/$test.sh" 2>/dev/null | tr '\n' ' ')"
done | awk -F '\t' -v most="$most" '
	!($2 in number) { order[++groups] = $2 }
	{ test[$2, ++number[$2]] = $1 }
	END {
		for (g = 1; g <= groups; g++) {
			n = number[order[g]]
			batches = int((n + most - 1) / most)
			for (b = 1; b <= batches; b++) {
				line = ""
				for (i = b; i <= n; i += batches)
					line = line (line ? " " : "") test[order[g], i]
				print line
			}
		}
	}'
