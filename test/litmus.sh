#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Ask the kernel's memory model about each test of docs/litmus, by herd7 of Debian's
# sid. Prints one line of TAP for each. The test itself says what must come out
# ("Result:"). A test that must never end badly must have no data race and must have a
# weakened twin that can end badly.
set -eu
. "$(dirname "$0")/common.sh"

root=$cache/herd
lock herd

# herd7 runs with the loader and the libraries of its own suite.
fetch() {
	say "Fetching herd7"
	arch=$(dpkg --print-architecture)
	scratch
	# shellcheck disable=SC2046
	"$here/apt.sh" sid "$arch" unpack "$scratch" \
		$("$here/apt.sh" sid "$arch" closure-names herdtools7)
	rm -rf "$root"
	mkdir -p "$root"
	loader=$(find "$scratch/usr/lib" -name 'ld*.so.*' -type f)
	cp -a "$loader" "$root/ld.so"
	cp -a "${loader%/*}"/lib[cm].so.* "${loader%/*}"/libgmp.so.* "$scratch/usr/bin/herd7" \
		"$scratch/usr/share/herdtools7/herd" "$root"
	touch "$root/complete"
}

[ -e "$root/complete" ] || (fetch)
unlock
model=$("$here/linux.sh")/tools/memory-model

herd() {
	"$root/ld.so" --library-path "$root" "$root/herd7" -set-libdir "$root/herd" \
		-I "$model" -conf "$model/linux-kernel.cfg" "$@" 2>&1
}

cd "$top/docs/litmus"
count=0

# verdict NAME: what herd7 says of that test, from its heading to its end.
verdict() {
	echo "$output" | awk -v name="$1" '
		$1 == "Test" { inside = $2 == name }
		inside && $1 == "Observation" { printf "%s%s", $3, race ? " with a data race" : "" }
		inside && /^Flag data-race/ { race = 1 }'
}

# judge DESCRIPTION COMMAND...
judge() {
	count=$((count + 1))
	description=$1
	shift
	if "$@"; then
		echo "ok $count - $description"
	else
		echo "not ok $count - $description"
		return 1
	fi
}

# holds NAME EXPECTED SEEN. A weakened twin may have a data race, too.
holds() {
	case $2,$3 in
	Never,Never) ls "$1+weak-"*.litmus >/dev/null ;;
	Sometimes,Sometimes*) [ "${1%+weak-*}" != "$1" ] && [ -e "${1%+weak-*}.litmus" ] ;;
	*) false ;;
	esac
}

in_the_table() {
	for file; do
		grep -qF "($file)" README.md || return 1
	done
}

# What the tests say about the module is true only while it has these functions.
functions_are_there() {
	grep -oh 'xtun_[a-z_]*()' ./*.litmus | sort -u | tr -d '()' |
	while read -r function; do
		grep -q "[ *]$function(" "$top"/xtun_*.c || echo "# there is no $function()"
	done >"$scratch/missing"
	cat "$scratch/missing"
	[ ! -s "$scratch/missing" ]
}

set -- *.litmus
output=$(herd "$@")
for file; do
	name=${file%.litmus}
	expected=$(sed -n 's/^ \* Result: //p' "$file")
	seen=$(verdict "$name")
	judge "$name: $expected" holds "$name" "$expected" "$seen" ||
		echo "# herd7 says: ${seen:-$(echo "$output" | grep -F "$file")}"
done
judge "README.md names each" in_the_table "$@" || :
scratch
judge "they name functions of the module" functions_are_there || :
echo "1..$count"
