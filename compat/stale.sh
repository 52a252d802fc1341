#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Remove what was built for another kernel, or for this one before it was changed in place.
# Neither the dates of its headers nor the names of its folders are sure to show that.
#
#   stale.sh KDIR RELEASE
set -eu

# A checksum of what the kernel exports, with the symbols' own checksums if the kernel has
# them, and of its headers, which include its configuration and the time of its build.
# File dates do not count: they may be from another clock.
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
