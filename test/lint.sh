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
	files '*.sh' .ci/run test/guest/init | xargs shellcheck -x -P SCRIPTDIR -e SC1091
}

spelling() {
	files | grep -v '^LICENSE$' | xargs codespell --ignore-words test/words
}

# checkpatch [OPTION...] < FILES. It would leave a cache behind where it runs.
checkpatch() {
	script=$("$here/checkpatch.sh")
	sed "s,^,$top/," | (cd "$cache" && xargs perl "$script" --no-tree --strict --quiet \
		--terse --show-types --max-line-length=100 "$@" --file)
}

module_style() {
	files 'xtun*.[ch]' 'compat/*.[ch]' | checkpatch
}

# Userspace has the kernel's style, but neither its types nor its macros.
program_style() {
	files 'tools/*.[ch]' 'test/*.[ch]' 'examples/*.[ch]' | checkpatch --ignore \
		PREFER_KERNEL_TYPES,PREFER_DEFINED_ATTRIBUTE_MACRO,EMBEDDED_FUNCTION_NAME
}

judge "shellcheck finds nothing" shell_scripts
judge "codespell finds nothing" spelling
judge "checkpatch finds nothing in the module" module_style
judge "checkpatch finds nothing in the programs" program_style
echo "1..$count"
