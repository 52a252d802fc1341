# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Every guest test sources this first. It prints TAP, fails the test at the first
# command that fails unexpectedly, and runs the checks that hold for every test when the
# test ends, however it ends: see finish in checks.sh.
set -eEu -o pipefail

. /test/tap.sh

expected_log='^$'
declare -A xtun_loads=() suspects_before=() text_ends=()

# requires WHAT...: tools or features of the kernel. If one is missing, the test ends
# here.
requires() {
	local what
	for what; do
		case $what in
		namespaces)  test -e /proc/1/ns/net ;;
		tracepoints) test -e /sys/kernel/tracing/events ;;
		eBPF)        test -e /proc/sys/kernel/unprivileged_bpf_disabled ;;
		*)           command -v "$what" >/dev/null ;;
		esac && continue
		skip "all of ${0##*/}" "this guest lacks $what"
		exit
	done
}

# The number of lines about xtun in the kernel's log, except the core's about renaming.
log_lines() {
	dmesg | without_others_races | awk '/xtun/ && !/renamed from/ { n++ } END { print n + 0 }'
}

# told NAME COMMAND...: run a program that prints TAP, and count its cases as this
# test's.
told() {
	local name=$1 line cases=0
	shift
	while read -r line; do
		case $line in
		"ok - "* | "not ok - "*)
			tap_count=$((tap_count + 1))
			cases=$((cases + 1))
			[ "${line%% - *}" = ok ] || tap_failed=$((tap_failed + 1))
			echo "${line%% - *} $tap_count - $name: ${line#* - }"
			;;
		"Bail out!"*)
			result 1 "$name: all cases were run" "$line"
			cases=$((cases + 1))
			;;
		*)
			echo "# $line"
			;;
		esac
	done < <("$@" || echo "Bail out! $* ended with $?")
	[ "$cases" -gt 0 ] || result 1 "$name: some case was run"
}

# cases NAME: run that theme of test/prog.
cases() {
	told "$1" /test/bin/xtun-test "$1"
}

# theme NAME: run it. Nothing that it does to the device may cause a line in the log.
theme() {
	local before
	before=$(log_lines)
	cases "$1"
	is "$1: nothing in the kernel's log" "$(log_lines)" "$before"
}

# eventually SECONDS COMMAND...: repeat COMMAND until it succeeds or the time has
# passed. A kernel that checks itself gets more time.
eventually() {
	local deadline=$((SECONDS + $1 * ${slowness:-1}))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$deadline" ] || return 1
		sleep 0.1
	done
}

# expect_log REGEX: the test provokes such lines in the kernel's log.
expect_log() {
	expected_log="$expected_log|$1"
}

# text_end TEXT: the end of the module's code, which begins at TEXT and takes whole
# pages. The module's size does not tell, because newer kernels put data elsewhere, and
# another module right after the code. Reading all of the kernel's symbols takes a
# while, so this is done once in a guest.
text_end() {
	local length
	[ -e /proc/kallsyms ] || return 0
	[ -e /run/text_length ] || awk '
		$4 == "[xtun]" && $2 ~ /[tT]/ && $1 "" > last { last = $1 "" }
		END { if (last) print "0x" substr(last, 1, length(last) - 3) "fff" }
		' /proc/kallsyms | {
			read -r last && echo $((last - $1))
		} >/run/text_length || rm /run/text_length
	read -r length </run/text_length || return 0
	printf '0x%x\n' $(($1 + length))
}

# module_size NAME. Like everything that each load needs, it starts no process: some
# tests load the module hundreds of times.
module_size() {
	local name
	while read -r name size _; do
		[ "$name" != "$1" ] || return 0
	done </proc/modules
}

# xtun_load [PARAMETER=VALUE...]. The place of its code and the process that loaded it
# later identify what it left allocated. What was there before is not its own.
# shellcheck disable=SC2120
xtun_load() {
	local text end init size pid load
	look_around
	insmod /test/xtun.ko "$@" &
	pid=$!
	wait "$pid"
	[ -e /sys/module/xtun/sections ] || return 0
	read -r text </sys/module/xtun/sections/.text
	read -r init </sys/module/xtun/sections/.init.text
	module_size xtun
	[ -v "text_ends[$text]" ] || text_ends[$text]=$(text_end "$text")
	end=${text_ends[$text]}
	load=$text:${end:-$text}:$init:$size
	xtun_loads[$load]+=" $pid "
	[ -v "suspects_before[$load]" ] || suspects_before[$load]=$suspects_seen
}

# configured OPTION: whether this is a debug kernel with CONFIG_OPTION.
configured() {
	[ -e /test/config ] && grep -q "^CONFIG_$1=[ym]" /test/config
}

xtun_loaded() {
	[ -e /sys/module/xtun ]
}

# xtun_up [ADDRESS]: load it, give it an address, bring it up.
xtun_up() {
	# shellcheck disable=SC2119
	xtun_load
	ip addr add "${1:-10.99.0.1/24}" dev xtun
	ip link set xtun up
}

# shellcheck source=test/guest/checks.sh
. /test/checks.sh
