# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# For the tests of what xtun why says about the kernel's stack: a cause is named, the
# command that is printed fixes it, and the fix can be undone.
. /test/lose.sh

out=$(mktemp -d)

# $watched: an interface to watch instead of xtun.
listener() {
	xtun why --json -f ${watched:+"$watched"} >"$out/told" 2>"$out/said" &
	listener=$!
	eventually 30 listens "$listener" || {
		echo "# nobody listens: $(<"$out/said")"
		return 1
	}
}

listens() {
	grep -qx '/proc/[0-9]*/net/xtun_drops' <<<"$(readlink "/proc/$1/fd/"*)"
}

silence_listener() {
	kill "$listener"
	wait "$listener" || :
}

# rules: the rules of all reports about the stack, except that of last_of_all. This runs
# often, and jq takes half a second to start.
rules() {
	sed -n '/"why":"[^"]*0x9999/d
		/"where":"in the kernel/s/^{"interface":"[^"]*","rule":"\([^"]*\)".*/\1/p' "$out/told"
}

told_as_comments() {
	sed 's/"data":"[^"]*",//; s/^/# /' "$out/told"
}

# drops RULE COMMAND...: whether what COMMAND sends is dropped, and reported by that
# rule.
drops() {
	local rule=$1 told=0
	shift
	: >"$out/told"
	listener || return 1
	"$@" >/dev/null 2>&1 || :
	eventually 20 has_told "$rule" || told=1
	silence_listener
	[ "$told" = 0 ] || { told_as_comments && sed 's/^/# /' "$out/said"; }
	return "$told"
}

has_told() {
	grep -qx "$1" <<<"$(rules)"
}

# Send a frame that is lost for a reason that no test here uses. What was lost before it
# is reported before it.
last_of_all() {
	craft type=9999
}

# spares RULE COMMAND...: whether nothing is reported by that rule, up to the last
# frame.
spares() {
	local rule=$1 told=0
	shift
	: >"$out/told"
	listener || return 1
	# Other commands may fail because they are refused, which does not matter here.
	"$@" >/dev/null 2>&1 || [ "$1" != craft ] || told=1
	! slowness=1 eventually 1 has_told "$rule" || told=1
	last_of_all
	eventually 20 grep -q 0x9999 "$out/told" || told=1
	silence_listener
	[ "$told" = 0 ] && ! has_told "$rule"
}

# field RULE MEMBER: the first line of that member of the first report by that rule.
field() {
	in_lines "$out/told"
	sed -n "/^$1\t[^\t]*\t$2\t/{s///p;q}" "$out/told.lines"
}

# none_told: nothing was reported about the stack.
none_told() {
	[ -n "$(rules)" ] || return 0
	told_as_comments
	return 1
}

# passes RULE COMMAND...: like spares, and nothing else is reported either.
passes() {
	spares "$@" && none_told
}

# $as: the name of a case, if it is one of several of a rule: "RULE, WHICH".

# explained RULE WHY COMMAND...: what COMMAND sends is dropped, and reported with that
# reason.
explained() {
	local rule=$1 why=$2
	shift 2
	ok "${as:-$rule}: named" drops "$rule" "$@"
	like "... and why" "$(field "$rule" why)" "$why"
	like "... and what there is to do" "$(field "$rule" cure)$(field "$rule" advice)" .
}

# $mends: "passes" if nothing may drop the frame once the cause is fixed.

# mended RULE WHY CURE COMMAND...: like explained. CURE is printed, works and can be
# undone.
mended() {
	local rule=$1 cure=$3 undo
	explained "$1" "$2" "${@:4}"
	is "... what mends it" "$(field "$rule" cure)" "$cure"
	undo=$(field "$rule" undo)
	ok "... can be typed" sh -c "$cure"
	ok "${as:-$rule}: mended" "${mends:-spares}" "$rule" "${@:4}"
	ok "... what takes that back can be typed too" sh -c "$undo"
	ok "${as:-$rule}: back" drops "$rule" "${@:4}"
}

# rewritten RULE WHY BAD GOOD: the words of two frames. BAD is dropped, and GOOD is not.
rewritten() {
	local bad good
	read -ra bad <<<"$3"
	read -ra good <<<"$4"
	explained "$1" "$2" craft "${bad[@]}"
	ok "${as:-$1}: mended" "${mends:-spares}" "$1" craft "${good[@]}"
	ok "${as:-$1}: back" drops "$1" craft "${bad[@]}"
}
