# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The output of every test, in guests and in chroots: the Test Anything Protocol.

tap_count=0
tap_failed=0

diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

# result STATUS DESCRIPTION [DIAGNOSTICS]
result() {
	tap_count=$((tap_count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tap_count - $2"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count - $2"
		diag "line ${BASH_LINENO[1]} of ${0##*/}: ${3:-}"
	fi
}

# ok DESCRIPTION COMMAND...: the command succeeds.
ok() {
	local description=$1 output status=0
	shift
	output=$("$@" 2>&1) || status=$?
	result "$status" "$description" "'$*' ended with $status"$'\n'"$output"
}

# nok DESCRIPTION COMMAND...: the command fails, but not because it is missing or by a
# signal.
nok() {
	local description=$1 output status=0
	shift
	output=$("$@" 2>&1) || status=$?
	result $((status == 0 || status > 125)) "$description" "'$*' ended with $status"$'\n'"$output"
}

# is DESCRIPTION GOT WANTED
is() {
	local status=0
	[ "$2" = "$3" ] || status=1
	result "$status" "$1" "got '$2', wanted '$3'"
}

# like DESCRIPTION TEXT REGEX
like() {
	local status=0
	[[ $2 =~ $3 ]] || status=1
	result "$status" "$1" "no match of '$3' in"$'\n'"$2"
}

# skip DESCRIPTION REASON
skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

# exits STATUS DESCRIPTION COMMAND...: it ends with that status. Its output is in $said.
exits() {
	local wanted=$1 description=$2 status=0
	shift 2
	said=$("$@" 2>&1) || status=$?
	is "$description" "$status" "$wanted"
	[ "$status" = "$wanted" ] || diag "$said"
}
