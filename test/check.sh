#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Everything that a change must pass. KERNEL= and TEST= restrict it, each to a
# list of names.
set -eu
. "$(dirname "$0")/common.sh"
need perl make gcc libc6-dev
export STRICT=1

kernels=${KERNEL:-6.1 6.1-cloud 6.12 6.12-cloud}
tests=${TEST:-$(cd "$here/guest" && grep -l '^\. /test/lib\.sh' ./*.sh | sed 's,^\./,,; s/\.sh$//')}
# The cloud flavours are the same source with fewer drivers: what they may lack
# is what these need.
brief="load nat rw wait xdp"
[ -n "$tests" ] || die "There is no test in test/guest."

# tests_for KERNEL
tests_for() {
	case ${KERNEL:-}${TEST:-},$1 in
	,*-cloud) echo "$brief" ;;
	*)        echo "$tests" ;;
	esac
}

# unit_test FOLDER NAME: the command that makes and runs it.
unit_test() {
	echo "mkdir -p '$1' && make -s -C '$top/tools' O='$1' '$1/$2' && '$1/$2'"
}

plan() {
	for unit in decode_test status_test; do
		[ -n "${TEST:-}" ] || printf 'tools: %s\t%s\n' "$unit" \
			"$(unit_test "$top/build/unit" "$unit")"
	done
	for kernel in $kernels; do
		printf 'build for %s\t%s\n' "$kernel" \
			"'$here/build.sh' $kernel >/dev/null && echo ok && echo 1..1"
	done
	echo
	[ -n "${TEST:-}" ] || printf 'lint\t%s\n' "'$here/lint.sh'"
	for kernel in $kernels; do
		for test in $(tests_for "$kernel"); do
			printf '%s on %s\t%s\n' "$test" "$kernel" "'$here/run.sh' $kernel $test"
		done
	done
}

plan | perl "$here/harness.pl"
