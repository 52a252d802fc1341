#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Remove what was built for another kernel, or for this one before it was changed in its
# place: the dates of its headers and the names of its folders need not tell.
#
#   stale.sh KDIR RELEASE
set -eu

# What it exports, with the sums of all that this is made of, which not every kernel has;
# and its headers, among which are its configuration and when it was built. Their dates may
# be those of another clock.
sum() {
	(cd "$1" && { cat Module.symvers || :; } &&
		find -L include source/include arch/*/include source/arch/*/include -name '*.h' \
			-exec cat {} +) 2>/dev/null | cksum
}

now="$2 $(cd "$1" && pwd -P) $(sum "$1")"
if [ "$now" != "$(cat .built-for 2>/dev/null || :)" ]; then
	rm -f .built-for ./*.o ./*.ko ./*.mod ./*.mod.c ./.*.cmd ./modules.order ./Module.symvers \
		compat/generated.h compat/.*.cmd compat/probes/*.h compat/probes/*.log \
		compat/probes/.*.cmd compat/probes/.*.d
	echo "$now" >.built-for
fi
