#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Run everything that a change must pass. KERNEL= and TEST= restrict it to lists of
# names; KERNEL_SRC= to the kernel whose source is in that folder. The argument "all"
# selects every target and test; "programs" selects the tests that run other people's
# programs.
set -eu
. "$(dirname "$0")/common.sh"
need perl make gcc g++ libc6-dev
export STRICT=1 WERROR=-Werror
mkdir -p "$top/build"
exec 7>"$top/build/lock"
flock -n 7 || die "Another run of the tests is at work in this folder."

KERNEL=${KERNEL:-${KERNEL_SRC:+tree}}
everywhere="5.10 6.1 6.1-cloud 6.1+i386 6.12 6.12-cloud 7.2 7.3
	malta malta+mipsn32el s390x arm64 octeon"
# The oldest kernel, the default one and the newest; then those with another byte order
# or word size, which run only a few tests.
usual="5.10 6.1 7.3 malta s390x"
brief="load nat order ring rw wait xdp"
# These take long and give the same result on each kernel.
long="abi batched capture config drops flaws lib-silent lib-ways lives lwip-rings
	noreader relay ring-bad ring-fuzz ring-python ring-tap speed stats tools why why-bridge
	why-firewall why-lost why-probe why-refused why-shape why-silent why-stack why-tunnel"
# What the kernel's stack drops does not depend on our programs' ABI or on the kernel's
# configuration: these tests are skipped on variants of a kernel that is tested already.
stack="why-bridge why-firewall why-shape why-stack why-tunnel"
# These measure more than they judge. A run of neither "all" nor KERNEL= leaves them out.
measuring="scale"
# Two kernels show as much as twelve: the default one, and one whose own test of tun
# includes tunnels.
programs="selftest wireguard gvisor programs-container programs-iperf programs-machine programs-make
	programs-openvpn programs-qemu programs-slirp programs-stress programs-tunnel"
programs_on="6.1 7.2"
# Those of them that are quick and need few packages.
quick="programs-machine programs-make programs-tunnel"
# These need a kernel that is built for them.
debug="nomem nomem-ring planted"

# This one runs only if it is named: its results are for the documentation.
named="peers"

tests=$(cd "$here/guest" && grep -l '^\. /test/lib\.sh' ./*.sh | sed 's,^\./,,; s/\.sh$//' |
	grep -vxF "$named")
[ -n "$tests" ] || die "There is no test in test/guest."
all=${1:-}
if [ "$all" = programs ]; then
	TEST=${TEST:-$programs}
	everywhere=$programs_on
fi
targets=${KERNEL:-${all:+$everywhere}}
targets=${targets:-$usual}

# built_here TARGET: whether that kernel is built for the tests. Such a kernel is slow
# because of its checks or because its machine is emulated slowly.
built_here() {
	grep -qE "^$1[[:space:]]" "$here/sources"
}

# patience_for TARGET: the settings that shorten the longest tests. These run at full
# length if TEST= names tests, on one kernel of "all", and on a kernel that KERNEL= names
# unless it is built for the tests.
patience_for() {
	if [ -n "${TEST:-}" ] || [ "$all $1" = "all 6.1" ]; then
		return
	elif [ -z "${KERNEL:-}" ] || built_here "$1"; then
		echo "FLOOD_SECONDS=${FLOOD_SECONDS:-16} LIVES=${LIVES:-40} FRAMES=${FRAMES:-20000}" \
			"BY_CHANCE=${BY_CHANCE:-500} PAIRS=${PAIRS:-1}"
	fi
}

all_but() {
	# shellcheck disable=SC2086
	echo "$tests" | grep -vxF "$(printf '%s\n' $1)"
}

# once_more TARGET: the tests that it need not repeat if KERNEL= does not name it.
once_more() {
	case "$KERNEL,$1" in
	,*-cloud | ,*+*) echo "$stack" ;;
	esac
}

# tests_for TARGET
tests_for() {
	if [ "$1" = octeon ]; then
		return		# no machine that QEMU has boots it
	elif [ -n "${TEST:-}" ]; then
		echo "$TEST"
	elif built_here "$1"; then
		all_but "$programs"
	elif [ -n "$KERNEL$all" ]; then
		case " $programs_on " in
		*" $1 "*) all_but "$debug" ;;
		*)        all_but "$debug $programs $(once_more "$1")" ;;
		esac
	else
		case $1 in
		6.1)      all_but "$measuring $debug $programs"; echo "$quick" ;;
		5.10|7.3) all_but "$measuring $long $debug $programs" ;;
		*)        echo "$brief" ;;
		esac
	fi
}

# With KERNEL_SRC= these may be for another machine.
natively="env -u ARCH -u CROSS_COMPILE"

# unit_test FOLDER NAME: print the command that builds and runs it.
unit_test() {
	echo "mkdir -p '$1' && $natively make -s -C '$top/tools' O='$1' '$1/$2' && '$1/$2'"
}

# lib_test TARGET...: print the command that makes these targets of the library.
lib_test() {
	echo "mkdir -p '$top/build/unit/lib' && $natively make -s -C '$top/lib' O='$top/build/unit/lib' $*"
}

# done_by COMMAND: a test that passes if COMMAND succeeds.
done_by() {
	echo "$1 >/dev/null && echo ok && echo 1..1"
}

# built_for KERNEL: build with STRICT=1, and print the vermagic of the module.
built_for() {
	echo "$(done_by "'$here/build.sh' $1")" \
		"&& /sbin/modinfo -F vermagic '$top/build/$1/xtun.ko' | sed 's/^/# /'"
}

# without KERNEL PROBE...: the module can be built if these probes fail.
without() {
	kernel=$1
	shift
	done_by "XTUN_WITHOUT='$*' '$here/build.sh' $kernel"
}

plan() {
	for unit in decode_test status_test why_test; do
		[ -n "${TEST:-}" ] || printf 'tools: %s\t%s\n' "$unit" \
			"$(unit_test "$top/build/unit" "$unit")"
	done
	if [ -z "${TEST:-}" ]; then
		printf "kernels' trees\t%s\n" "'$here/tree.sh'"
		printf 'lib: unit_test\t%s\n' "$(lib_test check)"
		printf 'lib: C++ and symbols\t%s\n' "$(done_by "$(lib_test check-cxx check-symbols)")"
	fi
	for target in $targets; do
		printf 'fetch for %s\t%s\n' "$target" "$(done_by "'$here/fetch.sh' $target")"
	done
	echo
	[ -n "${TEST:-}" ] || printf 'lint\t%s\nlitmus\t%s\n' "'$here/lint.sh'" "'$here/litmus.sh'"
	for target in $targets; do
		printf 'build for %s\t%s\n' "$target" "$(built_for "${target%+*}")"
	done
	# Kernels between those of the table may have some drop reasons but not all. An
	# older kernel is refused if it lacks something that has no substitute, and
	# otherwise the substitutes are built.
	if [ "$all" = all ]; then
		printf 'build without drop reasons\t%s\n' "$(without 6.1 drop_reason)"
		printf 'build of old\t%s\n' "$(without 5.10 skb_list_walk_safe u64_stats_t \
			xdp_frame_sz supported_coalesce_params stream_open skb_ext_reset set_mac_user tasks_rcu_qs)"
	fi
	case "${TEST:+none} $targets " in
	none*) ;;
	*" 6.1 "*)
		printf 'losses cost the lost\t%s\n' "'$here/cold.sh' 6.1"
		too_old="xtun supports Linux .* lacks what compat/probes/baseline.c uses"
		printf 'build that is refused\t%s\n' \
			"$(done_by "XTUN_WITHOUT=baseline '$here/build.sh' 6.1 2>&1 | grep '$too_old'")" ;;
	esac
	case $targets in
	*octeon-be*)
		printf 'sizes on an Octeon\t%s\n' "'$here/sizes.sh' octeon-be && echo ok && echo 1..1" ;;
	esac
	echo
	for target in $targets; do
		# shellcheck disable=SC2046
		"$here/batches.sh" $(tests_for "$target") | while read -r batch; do
			printf '%s on %s\t%s\n' "$batch" "$target" \
				"$(patience_for "$target") '$here/run.sh' $target $batch"
		done
	done
}

# A failure while the plan is made ends the run.
planned=$(plan)
echo "$planned" | perl "$here/harness.pl"
