#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Deal tests out to guests: a line for each guest. Those share one whose lines
# "#guest: ..." ask for the same; a time limit is each test's own.
#
#   batches.sh TEST...
set -eu
. "$(dirname "$0")/common.sh"

# A guest that dies takes no more than this along, and two run at a time.
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
