#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Provoke in guests everything that xtun why knows. Each cause must be named, fixed by
# the command that is printed, and back once that is undone. Prints a table at the end,
# with a row for each cause and a column for each kernel. KERNEL= chooses the kernels.
set -eu
. "$(dirname "$0")/common.sh"
export KERNEL="${KERNEL:-5.10 6.1 6.12 7.3 malta 6.1+i386}"
export TEST="${TEST:-drops proc why why-bridge why-firewall why-healthy why-lost why-probe why-refused
	why-shape why-silent why-stack why-tunnel}"

# Remove the results of an earlier run.
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
