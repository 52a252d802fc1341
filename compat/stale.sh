#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Remove what was built for another kernel, or for this one before it was changed in its
# place: the dates of its headers and the names of its folders need not tell.
#
#   stale.sh KDIR RELEASE
set -eu

# Its configuration; what it exports with the sums of all that this is made of, which not
# every kernel has; and when it was built.
sum() {
	(cd "$1" && cat include/generated/autoconf.h Module.symvers include/generated/compile.h \
		include/generated/utsversion.h 2>/dev/null) | cksum
}

# A vendor's change in a header changes none of these: what the probes have found is old then.
changed() {
	find "$1/include" "$1/source/include" -name '*.h' -newer .built-for 2>/dev/null | head -n 1
}

now="$2 $(cd "$1" && pwd -P) $(sum "$1")"
if [ "$now" != "$(cat .built-for 2>/dev/null || :)" ] || [ -n "$(changed "$1")" ]; then
	rm -f .built-for ./*.o ./*.ko ./*.mod ./*.mod.c ./.*.cmd ./modules.order ./Module.symvers \
		compat/generated.h compat/.*.cmd compat/probes/*.h compat/probes/*.log \
		compat/probes/.*.cmd compat/probes/.*.d
	echo "$now" >.built-for
fi
