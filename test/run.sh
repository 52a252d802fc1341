#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Run one guest test in a guest of its own and print its TAP. A target is a kernel,
# or KERNEL+ABI where our programs are to have another ABI than the rest.
#
#   run.sh TARGET TEST
set -eu
. "$(dirname "$0")/common.sh"

target=$1 test=$2
file=$here/guest/$test.sh
[ -e "$file" ] || die "There is no test '$test'. There are: $(cd "$here/guest" && echo *.sh)"
overlay=$("$here/overlay.sh" "$target" tools examples/lwip test/prog test/abi)
mkdir -p "$top/build/log"
log=$top/build/log/$target-$test

# Whose programs are on trial: those of the ABI named, or of the kernel.
case $target in
*+*) abi=${target#*+} ;;
*)   abi=$(cat "$("$here/kernel.sh" "$target")/arch") ;;
esac

# A test asks for more time or memory in lines such as "#guest: TIMEOUT=600", and in
# "#guest: EXTRA=NAME" for what extra.sh packs.
eval "$(sed -n 's/^#guest: \([A-Z]*=.*\)/export \1/p' "$file")"
set -- "$overlay"
for name in ${EXTRA:-}; do
	extra=$("$here/extra.sh" "$name" "$abi")
	set -- "$@" "$extra"
done
if [ -n "${PACKAGES:-}" ]; then
	arch=$(cat "$("$here/kernel.sh" "${target%+*}")/arch")
	# shellcheck disable=SC2086
	layer=$("$here/rootfs.sh" "$arch" $PACKAGES)
	if [ -z "$layer" ]; then
		printf 'ok 1 - all of %s # SKIP no packages for %s: %s\n1..1\n' \
			"$test" "$arch" "$PACKAGES"
		exit
	fi
	set -- "$layer" "$@"
fi
# Poison, red zones and the allocation's caller on every object.
APPEND="slub_debug=FZPU log_buf_len=4M ${APPEND:-}"
# What the kernel does not know becomes the guest's environment.
for setting in RACE_SECONDS SEED ALONE PAIRS BY_CHANCE XT_DEVICE; do
	eval "value=\${$setting:-}"
	# shellcheck disable=SC2154
	[ -z "$value" ] || APPEND="$APPEND $setting=$value"
done
export APPEND

# A guest that did not reach its plan has failed, whatever it had said before.
to_its_plan() {
	awk '
	/^(not )?ok / { n++ }
	/^1\.\.[0-9]+/ { plan = 1 }
	{ print; fflush() }
	END {
		if (!plan)
			print "not ok " ++n " - the guest ended its test\n1.." n
	}'
}

"$here/boot.sh" "${target%+*}" "$log.kernel" "bash /test/$test.sh" "$@" |
	to_its_plan | tee "$log.tap"

if grep -q '^not ok' "$log.tap"; then
	{
		echo "$test failed on $target. The end of the kernel's log ($log.kernel):"
		sed '1,/test .* begins/d' "$log.kernel" | tail -n 50 | sed 's/^/    /'
		echo "Repeat it: make check KERNEL=$target TEST=$test"
	} >&2
fi
