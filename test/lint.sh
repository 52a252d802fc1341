#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Check the sources without running them. Prints one line of TAP for each check.
set -eu
. "$(dirname "$0")/common.sh"
need shellcheck codespell perl git
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

# git refuses a folder that belongs to another user unless it is told otherwise.
in_git() {
	git -c safe.directory="$top" "$@"
}

files() {
	in_git ls-files --cached --others --exclude-standard -- "$@"
}

shell_scripts() {
	files '*.sh' .ci/run test/guest/init | xargs shellcheck -x -P SCRIPTDIR -e SC1091
}

# spelling EXCEPTION: Nd is a macro of manual pages.
spelling() {
	files | grep -v '^LICENSE$' | xargs codespell --ignore-words-list "$1"
}

# checkpatch [OPTION...] < FILES. It leaves a cache in the folder where it runs.
checkpatch() {
	tree=$("$here/linux.sh")
	sed "s,^,$top/," | (cd "$tree" && xargs perl scripts/checkpatch.pl --no-tree \
		--root="$tree" --strict --quiet --terse --no-summary --show-types \
		--max-line-length=100 "$@" --file)
}

# A list in a macro (X-macro) cannot have parentheses.
lists=COMPLEX_MACRO,MACRO_ARG_REUSE,TRAILING_SEMICOLON,BRACKET_SPACE

module_style() {
	files 'xtun*.[ch]' 'compat/*.[ch]' | grep -v _trace | checkpatch --ignore $lists
}

# Tracepoints have a format of their own.
trace_style() {
	files '*_trace.h' | checkpatch --ignore OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT
}

# Programs follow the kernel's style, but do not use its types and macros. CAMELCASE is
# for PRIu64 and _Atomic. Messages are not broken, so that they can be searched for.
# Memory that a test changes while the kernel reads it is volatile.
program_style() {
	files 'tools/*.[ch]' 'lib/*.[ch]' 'test/*.[ch]' 'examples/*.[ch]' | checkpatch --ignore \
		$lists,CAMELCASE,LONG_LINE_STRING,PREFER_KERNEL_TYPES \
		--ignore PREFER_DEFINED_ATTRIBUTE_MACRO,EMBEDDED_FUNCTION_NAME,VOLATILE,BIT_MACRO
}

# DKMS and dpkg each need the version in a file of their own.
versions() {
	version=$(sed -n 's/^PACKAGE_VERSION=//p' dkms.conf)
	head -n 1 debian/changelog | grep -F "xtun ($version)" &&
	grep "XTUN_VERSION[[:space:]]*\"$version\"" xtun.h
}

# some N: pass the input through, but complain if it has fewer than N lines, because a
# table whose format has changed yields none.
some() {
	awk -v least="$1" '{ print } END { if (NR < least) print "only", NR, "rows were found" }'
}

# The same for xtun's own losses, except those that need a kernel without memory.
losses_are_tested() {
	sed -n 's/^	{ XTUN_\([TR]\)X, "\([a-z_]*\)".*/\1x_lost_\2/p' tools/losses.c |
	tr 'TR' 'tr' | grep -vE '_(nomem|unfinished)$' | some 15 | while read -r loss; do
		grep -qE "^[[:space:]]*(named|with_verdict [0-9]+) $loss " test/guest/why-lost.sh || {
			echo "test/guest/why-lost.sh does not provoke '$loss' of tools/losses.c"
			exit 1
		}
	done
}

# Only compat/ distinguishes kernels, and only by what they offer.
versions_unknown() {
	status=0
	in_git grep -nE '\b(LINUX_VERSION_CODE|KERNEL_VERSION)\b|\buname -r\b.*(-lt|-gt|-ge|-le|sort -V)' -- \
		'*.c' '*.h' '*.mk' '*.sh' Kbuild Makefile ':!test/lint.sh' || status=$?
	[ "$status" = 1 ]
}

# guests_say REGEX: whether it is in the code of a test of what the stack drops.
guests_say() {
	grep -qE "^[^#]*$1" test/guest/why-*.sh
}

# rule_is_tested RULE: whether a test names it, fixes it and brings it back. A test that
# does so by hand has a case "RULE: named" or "RULE, WHICH: named", and so on for the
# others.
rule_is_tested() {
	guests_say "\<(mended|rewritten|wrong) $1( |\$)" || {
		guests_say "\<explained $1 |\"$1(, [^\"]*)?: named\"" &&
		guests_say "\"$1(, [^\"]*)?: mended\"" && guests_say "\"$1(, [^\"]*)?: back\""
	}
}

# Each rule of the table promises that it names the cause and that what it prints fixes
# it. A rule without words is for what is no loss.
rules_are_tested() {
	sed -n 's/^	{ "\([^"]*\)", .*/\1/p' tools/rules.c | some 50 | while read -r rule; do
		case $rule in
		no-drop) guests_say "\<spares $rule " ;;
		*)       rule_is_tested "$rule" ;;
		esac || {
			echo "test/guest/why-*.sh do not name, mend and bring back '$rule' of tools/rules.c"
			exit 1
		}
	done
}

judge "shellcheck finds nothing" shell_scripts
judge "codespell finds nothing" spelling nd
judge "the module, dkms.conf and the package have one version" versions
judge "checkpatch finds nothing in the module" module_style
judge "checkpatch finds nothing in the tracepoints" trace_style
judge "checkpatch finds nothing in the programs" program_style
judge "nothing asks for a kernel's version" versions_unknown
judge "xtun why has a test for each cause that it knows" rules_are_tested
judge "... and for each loss of xtun's own" losses_are_tested
judge "... and has words of each sentence" \
	perl test/sentences.pl test/guest/why*.sh -- tools/rules.c tools/losses.c
echo "1..$count"
