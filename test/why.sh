#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What xtun why knows, provoked in guests: each cause is to be named, mended by what is
# printed, and back once that is undone. A table at the end: a row a cause, a column a
# kernel. KERNEL= chooses those.
set -eu
. "$(dirname "$0")/common.sh"
export KERNEL="${KERNEL:-5.10 6.1 6.12 7.3 malta 6.1+i386}"
export TEST="${TEST:-drops proc why why-bridge why-firewall why-healthy why-lost why-probe why-refused
	why-shape why-silent why-stack why-tunnel}"

# What an earlier run has left is none of this one's.
for target in $KERNEL; do
	for test in $TEST; do
		rm -f "$top/build/log/$target-$test.tap"
	done
done
status=0
"$here/check.sh" || status=$?
cd "$top"
# shellcheck disable=SC2086
perl "$here/cases.pl" $KERNEL || status=1
exit $status
