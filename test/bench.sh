#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Count what a frame costs on tap and on xtun in instructions of the guest. Both are
# measured in the same boot.
#
#   bench.sh                          all figures, or those of ROWS=, WAYS= and BYTES=
#   bench.sh sizes                    the cost of a frame by its length; ROWS=, WAYS=
#   bench.sh queues                   the cost by the number of queues in service
#   bench.sh profile ROW WAY [BYTES]  the instructions of one figure, by function
set -eu
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/arch.sh"

kernel=${KERNEL:-6.1}
need perl cpio
kdir=$("$here/kernel.sh" "$kernel")
arch "$(cat "$kdir/arch")"
[ "$karch" = x86 ] || die "Instructions are counted on amd64 alone."
overlay=$("$here/overlay.sh" "$kernel" tools test/bench)
program=$top/build/programs/$(cat "$kdir/arch")/xtun-bench
scratch
build=$top/build/bench
mkdir -p "$build" "$top/build/log"

# The generator, with the header that it shares with the program.
generator() {
	mkdir -p "$scratch/source" "$scratch/tree/test"
	cp -r "$here/bench/module" "$here/bench/generator.h" "$scratch/source"
	make -s -C "$kdir/headers" M="$scratch/source/module" ARCH="$karch" CC="$triplet-gcc" \
		CROSS_COMPILE="$triplet-" modules >"$build/module.log" 2>&1 || {
		cat "$build/module.log" >&2
		die "The generator's build for $kernel failed."
	}
	cp "$scratch/source/module/xtun_bench.ko" "$scratch/tree/test/"
	(cd "$scratch/tree" && find . | cpio --quiet -o -H newc -R 0:0) >"$scratch/generator.cpio"
}

guest() {
	COUNTED=1 "$here/boot.sh" "$kernel" "$top/build/log/bench" "$1" \
		"$overlay" "$scratch/generator.cpio"
}

generator
[ -z "${ROWS:-}" ] || APPEND="${APPEND:-} ROWS=$(echo "$ROWS" | tr ' ' ,)"
[ -z "${WAYS:-}" ] || APPEND="${APPEND:-} WAYS=$(echo "$WAYS" | tr ' ' ,)"
[ -z "${BYTES:-}" ] || APPEND="${APPEND:-} BYTES=$BYTES"
export APPEND="${APPEND:-}"
export TIMEOUT="${TIMEOUT:-1800}"
case ${1:-} in
profile)
	row=$2 way=$3 bytes=${4:-64}
	DEBUGGER=$scratch/debugger
	export DEBUGGER
	rm -f "$build/steps"
	perl "$here/bench/profile.pl" record "$DEBUGGER" \
		"$program" "$build/steps" &
	recorder=$!
	guest "bash /test/bench.sh profile $row $way $bytes"
	wait "$recorder"
	tar -xf "$top/build/log/bench.tar" -C "$build" ./kallsyms
	perl "$here/bench/profile.pl" report "$build/steps" "$build/kallsyms" "$program" ;;
sizes|queues)
	say "Counting. The emulator is slow: this takes some minutes."
	guest "bash /test/bench.sh $1" >"$build/$1"
	"$program" list >"$build/about"
	unit=B
	[ "$1" = sizes ] || unit=queues
	perl "$here/bench/sizes.pl" "$build/about" $unit <"$build/$1" ;;
*)
	say "Counting. The emulator is slow: this takes some minutes."
	guest "bash /test/bench.sh" >"$build/figures"
	"$program" list >"$build/about"
	# A restricted run does not give the whole picture.
	picture=$top/docs/bench.svg
	[ -z "${ROWS:-}${WAYS:-}${BYTES:-}" ] || picture=$build/bench.svg
	perl "$here/bench/table.pl" "$build/about" "$top/build/bench.json" "$picture" \
		<"$build/figures" ;;
esac
