#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Judge the sources without running them: one line of TAP for each judge.
set -eu
. "$(dirname "$0")/common.sh"
need shellcheck codespell perl
cd "$top"
count=0

judge() {
	count=$((count + 1))
	description=$1
	shift
	if output=$("$@" 2>&1); then
		echo "ok $count - $description"
	else
		echo "not ok $count - $description"
		echo "$output" | sed 's/^/# /'
	fi
}

files() {
	git ls-files --cached --others --exclude-standard -- "$@"
}

shell_scripts() {
	files '*.sh' .ci/run test/guest/init | xargs shellcheck -x -P SCRIPTDIR -P .
}

spelling() {
	files | grep -v '^LICENSE$' | xargs codespell --ignore-words test/words
}

# The kernel's own judge. Userspace is not bound to the kernel's helpers, but to
# its style.
kernel_style() {
	checkpatch=$("$here/checkpatch.sh")
	files '*.[ch]' | grep -v '^compat/' |
		xargs perl "$checkpatch" --no-tree --strict --quiet --terse --show-types \
			--max-line-length=100 --file
}

judge "shellcheck finds nothing" shell_scripts
judge "codespell finds nothing" spelling
judge "checkpatch finds nothing" kernel_style
echo "1..$count"
