# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# What every guest test sources first. It prints TAP, fails the test at the
# first command that fails unasked, and when the test ends, however it ends,
# runs the checks that hold for every test: see finish below.
set -eEu -o pipefail

. /test/tap.sh

expected_log='^$'
declare -A xtun_loads=() suspects_before=() text_ends=()

# requires WHAT...: tools or parts of the kernel; without them the test ends here.
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

# Lines about xtun in the kernel's log, but for what the core says of a renaming.
log_lines() {
	dmesg | without_others_races | awk '/xtun/ && !/renamed from/ { n++ } END { print n + 0 }'
}

# told NAME COMMAND...: the cases of a program that prints TAP of its own.
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

# cases NAME: those of that theme in test/prog.
cases() {
	told "$1" /test/bin/xtun-test "$1"
}

# theme NAME: nothing that these do to the device is worth a line in the log.
theme() {
	local before
	before=$(log_lines)
	cases "$1"
	is "$1: nothing in the kernel's log" "$(log_lines)" "$before"
}

# eventually SECONDS COMMAND...: until it succeeds, or that time has passed, of which a kernel
# that checks itself is given more.
eventually() {
	local deadline=$((SECONDS + $1 * ${slowness:-1}))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$deadline" ] || return 1
		sleep 0.1
	done
}

# expect_log REGEX: such a line of the kernel's log is what the test is about.
expect_log() {
	expected_log="$expected_log|$1"
}

# text_end TEXT: where the module's code ends, which begins there: it is given whole
# pages. Its size does not tell, since newer kernels put data elsewhere, and another
# module right after its code. The names of all of the kernel's symbols take a while
# to read, and are asked once in a guest.
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

# module_size NAME. Like all that each load asks for, it is no process: some tests load
# it hundreds of times.
module_size() {
	local name
	while read -r name size _; do
		[ "$name" != "$1" ] || return 0
	done </proc/modules
}

# xtun_load [PARAMETER=VALUE...]. Where its code lies, and who loaded it, tells
# later what it left allocated; and what was there before tells what it did not.
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
