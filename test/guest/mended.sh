# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# For the tests of what xtun why says of the kernel's stack: that a cause is named, that
# what is printed mends it, and that this can be taken back.
. /test/lose.sh

out=$(mktemp -d)

# $watched: another interface than xtun.
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

# rules: those of the stack that have been told of; but for last_of_all's. It is asked for
# again and again, and jq takes half a second to begin.
rules() {
	sed -n '/"why":"[^"]*0x9999/d
		/"where":"in the kernel/s/^{"interface":"[^"]*","rule":"\([^"]*\)".*/\1/p' "$out/told"
}

told_as_comments() {
	sed 's/"data":"[^"]*",//; s/^/# /' "$out/told"
}

# drops RULE COMMAND...: whether what that sends is dropped for that reason.
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

# A frame that is lost for another reason than any here: what comes before it is told of
# before it.
last_of_all() {
	craft type=9999
}

# spares RULE COMMAND...: that it is not, any more, of all that is told until the last.
spares() {
	local rule=$1 told=0
	shift
	: >"$out/told"
	listener || return 1
	# What else is tried may be answered by a refusal, which is no matter here.
	"$@" >/dev/null 2>&1 || [ "$1" != craft ] || told=1
	! slowness=1 eventually 1 has_told "$rule" || told=1
	last_of_all
	eventually 20 grep -q 0x9999 "$out/told" || told=1
	silence_listener
	[ "$told" = 0 ] && ! has_told "$rule"
}

# field RULE MEMBER: the first line of what it says of the first that was told of.
field() {
	in_lines "$out/told"
	sed -n "/^$1\t[^\t]*\t$2\t/{s///p;q}" "$out/told.lines"
}

# none_told: that of the stack nothing has been.
none_told() {
	[ -n "$(rules)" ] || return 0
	told_as_comments
	return 1
}

# passes RULE COMMAND...: so too, and that it is dropped for nothing else.
passes() {
	spares "$@" && none_told
}

# $as: what the case is called, if it is one of several of that rule: "RULE, WHICH".

# explained RULE WHY COMMAND...: that what the command sends is dropped, and told of so.
explained() {
	local rule=$1 why=$2
	shift 2
	ok "${as:-$rule}: named" drops "$rule" "$@"
	like "... and why" "$(field "$rule" why)" "$why"
	like "... and what there is to do" "$(field "$rule" cure)$(field "$rule" advice)" .
}

# $mends: "passes" if the frame is then to be dropped by nobody.

# mended RULE WHY CURE COMMAND...: so too, and that the cure is one, and can be undone.
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

# rewritten RULE WHY BAD GOOD: the words of two frames; that writing the other mends it.
rewritten() {
	local bad good
	read -ra bad <<<"$3"
	read -ra good <<<"$4"
	explained "$1" "$2" craft "${bad[@]}"
	ok "${as:-$1}: mended" "${mends:-spares}" "$1" craft "${good[@]}"
	ok "${as:-$1}: back" drops "$1" craft "${bad[@]}"
}
