# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: GPL-2.0
# The kernel's own test of tun, as it was in 6.12 and as it is today, from Debian's
# packages of the kernel's source: /usr/lib/selftest/tun-6.12 and tun-sid. Today's test
# uses netlink by code that is generated from specifications.
#of: test/extra/selftest/open.c
. "$here/cc.sh"
cc_for "$abi"
need python3-yaml python3-jsonschema xz-utils

log=$scratch/log

# unpack SUITE PACKAGE: print the folder that then has the sources of the test.
unpack() {
	say "Fetching $2"
	"$here/apt.sh" "$1" "$machine" unpack "$scratch/$2" "$2"
	tar -xJf "$scratch/$2/usr/src/$2.tar.xz" -C "$scratch/$2" --strip-components=1 \
		"$2/Makefile" "$2/MAINTAINERS" "$2/Documentation/netlink" "$2/arch/$karch" \
		"$2/include" "$2/scripts" "$2/tools" "$2/usr"
	rm -r "${scratch:?}/$2/usr/src"
	make -s -C "$scratch/$2" ARCH="$karch" headers >&2
	echo "$scratch/$2"
}

# build SOURCE NAME
build() {
	tools=$1/tools
	ynl=
	if grep -q 'ynl\.h' "$tools"/testing/selftests/net/tun*.[ch]; then
		# Use this machine's own Python, for which the modules were installed.
		PATH="/usr/bin:$PATH" make -s -C "$tools/net/ynl" CC="$cc" RSTS= \
			GENS="rt-addr rt-link rt-neigh rt-route" libynl.a >"$log" 2>&1 || {
			cat "$log" >&2
			die "The build of the kernel's selftest failed."
		}
		ynl=$tools/net/ynl
	fi
	# shellcheck disable=SC2086
	$cc -std=gnu11 -O2 -static -Wl,--wrap=open -o "$into/usr/lib/selftest/tun-$2" \
		-isystem "$1/usr/include" -I "$tools/testing/selftests" \
		${ynl:+-I $ynl/lib -I $ynl/generated} \
		"$tools/testing/selftests/net/tun.c" "$here/extra/selftest/open.c" \
		${ynl:+$ynl/libynl.a}
}

# shellcheck source=/dev/null
stable=$(. /etc/os-release; echo "$VERSION_CODENAME")
newest=$("$here/apt.sh" sid "$machine" cache pkgnames linux-source- |
	grep -x 'linux-source-[0-9.]*' | sort -V | tail -n 1)
mkdir -p "$into/usr/lib/selftest"
tree=$(unpack "$stable" linux-source-6.12)
build "$tree" 6.12
tree=$(unpack sid "$newest")
build "$tree" sid
