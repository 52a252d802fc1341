#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Run guest tests and print their TAP, each after a line "# test TEST begins". A target
# is a kernel, or KERNEL+ABI if our programs are to have another ABI than the other
# programs.
#
#   run.sh TARGET TEST...
#
# Tests that can share a guest run in one, one after the other. If one fails or dies
# there, the remaining ones get a new guest.
set -eu
. "$(dirname "$0")/common.sh"

target=$1
shift
for test; do
	[ -e "$here/guest/$test.sh" ] ||
		die "There is no test '$test'. There are: $(cd "$here/guest" && echo *.sh)"
done
kernel=${target%+*}
log=$top/build/log/$target
overlay=$("$here/overlay.sh" "$target" tools examples/lwip \
	examples/relay examples/responder test/prog test/abi test/fuzz)
arch=$(cat "$("$here/kernel.sh" "$kernel")/arch")
# The ABI of the programs under test: the one named, or the kernel's own.
case $target in
*+*) abi=${target#*+} ;;
*)   abi=$arch ;;
esac
mkdir -p "$top/build/log"
scratch

# Check every object with poison and red zones and record who allocated it, except for
# objects of processes' memory and of file names: no driver touches these, and each
# command allocates hundreds of them. Each program is always loaded at the same address,
# so that the emulator can reuse the code that it has translated. Together that saves
# two fifths of the time.
plain="dentry,names_cache,inode_cache,shmem_inode_cache,proc_inode_cache,lsm_inode_cache"
plain="$plain,vm_area_struct,anon_vma,anon_vma_chain,maple_node,radix_tree_node"
looks=FZPU kept=4M
case $kernel in
debug) looks=U ;;		# it has KASAN for the rest
kcsan) looks=U kept=16M ;;	# it is for races, and tells of the kernel's own, at length
esac
common="slub_debug=$looks;-,$plain norandmaps log_buf_len=$kept"
# The kernel passes parameters that it does not know to the guest's environment.
for setting in RACE_SECONDS FUZZ_SECONDS FLOOD_SECONDS LIVES FRAMES SEED ALONE PAIRS BY_CHANCE \
		XT_DEVICE; do
	eval "value=\${$setting:-}"
	# shellcheck disable=SC2154
	[ -z "$value" ] || common="$common $setting=$value"
done

# asked TEST: its lines such as "#guest: MEMORY=1024", as commands.
asked() {
	sed -n 's/^#guest: \([A-Z]*=.*\)/export \1/p' "$here/guest/$1.sh"
}

# with_seconds TEST...: print TEST=SECONDS for each, the time after which it counts as
# hung.
seconds=${TIMEOUT:-300}
with_seconds() {
	for test; do
		(TIMEOUT=$seconds; eval "$(asked "$test")"; echo "$test=$TIMEOUT")
	done
}

# tap LINE: print a line of the current test.
tap() {
	printf '%s\n' "$1"
	printf '%s\n' "$1" >>"$log-$test.tap"
}

begin() {
	test=$1 count=0 plan=''
	tap "# test $test begins"
}

# A test that did not print its plan has failed, whatever it said before.
end() {
	[ -n "$plan" ] || tap "not ok $((count + 1)) - the guest ended its test
1..$((count + 1))"
}

# apart FIRST: separate what the guest prints by tests. Lines before any test belong to
# FIRST.
apart() {
	test=''
	while IFS= read -r line; do
		case $test,$line in
		,"# test "*" begins") ;;
		*,"# test "*" begins") end ;;
		,*) begin "$1" ;;
		esac
		case $line in
		"# test "*" begins")
			line=${line#\# test }
			begin "${line% begins}"
			continue ;;
		"ok "* | "not ok "*) count=$((count + 1)) ;;
		1..[0-9]*)           plan=$line ;;
		"# The guest "*)
			[ -z "$plan" ] || tap "not ok $((count + 1)) - the guest outlives its test" ;;
		esac
		tap "$line"
	done
	[ -n "$test" ] || begin "$1"
	end
}

# The kernel's log of a test consists of the messages at boot and those during the test.
logs_apart() {
	awk -v log_="$log" -v file="$log-$1.kernel" '
	/\] test .*\.sh begins/ {
		test = $0
		sub(/.*\] test /, "", test)
		sub(/\.sh begins.*/, "", test)
		close(file)
		file = log_ "-" test ".kernel"
		printf "%s", boot >file
		begun = 1
	}
	!begun { boot = boot $0 "\n" }
	{ print >file }' "$scratch/kernel"
}

files_apart() {
	rm -rf "$scratch/out"
	mkdir "$scratch/out"
	tar -xf "$scratch/kernel.tar" -C "$scratch/out" 2>/dev/null || :
	for test; do
		[ ! -d "$scratch/out/$test" ] ||
			tar -cf "$log-$test.kernel.tar" -C "$scratch/out/$test" .
	done
}

# explain TEST [BEFORE...]: say why it failed, and how to repeat that.
explain() {
	test=$1
	shift
	echo "$test failed on $target. The end of the kernel's log ($log-$test.kernel):"
	sed '1,/test .* begins/d' "$log-$test.kernel" | tail -n 50 | sed 's/^/    /'
	echo "Repeat it: make check KERNEL=$target TEST=$test"
	[ $# = 0 ] || echo "And if it passes then, after those before it: test/run.sh $target $* $test"
}

# one_guest TEST...: run them in one guest until one fails. Those that ran leave a .tap.
one_guest() {
	for test; do
		rm -f "$log-$test.tap" "$log-$test.kernel" "$log-$test.kernel.tar"
	done
	list=$(with_seconds "$@" | xargs)
	# shellcheck disable=SC2086
	TIMEOUT=$((60 + $(echo "$list" | sed 's/[^ ]*=//g; s/ / + /g'))) "$here/boot.sh" "$kernel" "$scratch/kernel" "bash /test/batch.sh $list" $layers | apart "$1"
	logs_apart "$1"
	files_apart "$@"
	before=
	for test; do
		# shellcheck disable=SC2086
		! grep -q '^not ok' "$log-$test.tap" 2>/dev/null || explain "$test" $before >&2
		before="$before $test"
	done
}

# prepare TEST: provide what it asks for, which is the same for all tests of its batch.
# A package that does not exist for this architecture is no failure; if something cannot
# be made, the run ends.
prepare() {
	eval "$(asked "$1")"
	export APPEND="$common ${APPEND:-}"
	layers=$overlay
	for name in ${EXTRA:-}; do
		extra=$("$here/extra.sh" "$name" "$abi") || exit
		layers="$layers $extra"
	done
	if [ -n "${PACKAGES:-}" ]; then
		# shellcheck disable=SC2086
		layer=$("$here/rootfs.sh" "$arch" $PACKAGES) || exit
		[ -n "$layer" ] || return 1
		layers="$layer $layers"
	fi
}

# batch TEST...: run all of them, in as many guests as it takes.
batch() {
	if ! prepare "$1"; then
		for test; do
			printf '# test %s begins\n' "$test"
			printf 'ok 1 - all of %s # SKIP no packages for %s: %s\n1..1\n' \
				"$test" "$arch" "$PACKAGES"
		done
		return
	fi
	while [ $# -gt 0 ]; do
		one_guest "$@"
		while [ $# -gt 0 ] && [ -e "$log-$1.tap" ]; do
			shift
		done
	done
}

"$here/batches.sh" "$@" >"$scratch/batches"
while read -r tests <&3; do
	# shellcheck disable=SC2086
	(batch $tests) || exit
done 3<"$scratch/batches"
