#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Judge the sources without running them: one line of TAP for each judge.
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

# Whoever owns this folder.
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

# checkpatch [OPTION...] < FILES. It would leave a cache behind where it runs.
checkpatch() {
	tree=$("$here/linux.sh")
	sed "s,^,$top/," | (cd "$tree" && xargs perl scripts/checkpatch.pl --no-tree \
		--root="$tree" --strict --quiet --terse --no-summary --show-types \
		--max-line-length=100 "$@" --file)
}

# A list in a macro (X-macro) can have no parentheses.
lists=COMPLEX_MACRO,MACRO_ARG_REUSE,TRAILING_SEMICOLON,BRACKET_SPACE

module_style() {
	files 'xtun*.[ch]' 'compat/*.[ch]' | grep -v _trace | checkpatch --ignore $lists
}

# Tracepoints are written in a form of their own.
trace_style() {
	files '*_trace.h' | checkpatch --ignore OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT
}

# Userspace has the kernel's style, but not its types and macros. CAMELCASE is
# PRIu64 and _Atomic; a message is not broken, so that it can be searched for; and
# what a test writes under the kernel's eyes is volatile.
program_style() {
	files 'tools/*.[ch]' 'lib/*.[ch]' 'test/*.[ch]' 'examples/*.[ch]' | checkpatch --ignore \
		$lists,CAMELCASE,LONG_LINE_STRING,PREFER_KERNEL_TYPES \
		--ignore PREFER_DEFINED_ATTRIBUTE_MACRO,EMBEDDED_FUNCTION_NAME,VOLATILE,BIT_MACRO
}

# DKMS and dpkg must find the version in files of their own.
versions() {
	version=$(sed -n 's/^PACKAGE_VERSION=//p' dkms.conf)
	head -n 1 debian/changelog | grep -F "xtun ($version)" &&
	grep "XTUN_VERSION[[:space:]]*\"$version\"" xtun.h
}

# some N: what comes in, if it is as much: of a table that is written otherwise there is none.
some() {
	awk -v least="$1" '{ print } END { if (NR < least) print "only", NR, "rows were found" }'
}

# So with the losses of xtun's own, but for those that take a kernel without memory.
losses_are_tested() {
	sed -n 's/^	{ XTUN_\([TR]\)X, "\([a-z_]*\)".*/\1x_lost_\2/p' tools/losses.c |
	tr 'TR' 'tr' | grep -vE '_(nomem|unfinished)$' | some 15 | while read -r loss; do
		grep -qE "^[[:space:]]*(named|with_verdict [0-9]+) $loss " test/guest/why-lost.sh || {
			echo "test/guest/why-lost.sh does not provoke '$loss' of tools/losses.c"
			exit 1
		}
	done
}

# compat/ alone knows kernels apart, and by what they offer.
versions_unknown() {
	status=0
	in_git grep -nE '\b(LINUX_VERSION_CODE|KERNEL_VERSION)\b|\buname -r\b.*(-lt|-gt|-ge|-le|sort -V)' -- \
		'*.c' '*.h' '*.mk' '*.sh' Kbuild Makefile ':!test/lint.sh' || status=$?
	[ "$status" = 1 ]
}

# guests_say REGEX: in a line of the tests of what the stack drops.
guests_say() {
	grep -qE "^[^#]*$1" test/guest/why-*.sh
}

# rule_is_tested RULE: that it is named, mended and back; or by hand, in each of these steps,
# of "RULE" or of a case "RULE, WHICH".
rule_is_tested() {
	guests_say "\<(mended|rewritten|wrong) $1( |\$)" || {
		guests_say "\<explained $1 |\"$1(, [^\"]*)?: named\"" &&
		guests_say "\"$1(, [^\"]*)?: mended\"" && guests_say "\"$1(, [^\"]*)?: back\""
	}
}

# A row of the table is a promise: it names the cause, and what it prints mends it. One
# without words is of what is no loss.
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
