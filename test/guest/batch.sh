#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Run tests one after the other, each as a process of its own, until one fails: no test
# runs in a guest in which another one failed. The files of TEST in /out are kept in
# /out/TEST.
#
#   batch.sh TEST=SECONDS...
#
# The kernel's parameter slowness says by how much this guest is slower than others.
set -u

# timeout gives each test a process group of its own. PF_KTHREAD marks the kernel's own
# threads, but not the programs that it starts.
others() {
	awk -v self=$$ '
	{
		pid = $1
		name[pid] = $2
		sub(/^.*\) [A-Za-z] /, "")
		group[pid] = $2
		kernel[pid] = int($6 / 2097152) % 2
	}
	END {
		for (pid in group)
			if (pid != 1 && !kernel[pid] && group[pid] != group[self])
				print pid, name[pid]
	}' /proc/[0-9]*/stat 2>/dev/null
}

# A test should have ended these processes itself.
end_others() {
	local pid name
	others | while read -r pid name; do
		kill -9 "$pid" 2>/dev/null && echo "# It has left a process: $name"
	done
}

# tell_before SECONDS: shortly before that time, print where the processes are: the test
# hangs.
mkfifo /run/never
tell_before() {
	local pid name task
	# A builtin and not sleep, because sleep would be a process that stays.
	read -rt $(($1 - 5)) _ <>/run/never
	others | while read -r pid name; do
		for task in "/proc/$pid/task"/*; do
			echo "# $pid $name, thread ${task##*/}: $(awk '/^State/ { print $2 $3 }' "$task/status")," \
				"call $(cut -d ' ' -f 1-4 "$task/syscall")"
			sed 's/^/#   /; 8q' "$task/stack"
		done
	done 2>/dev/null
}

shopt -s nullglob dotglob
keep_files() {
	local files=(/out/*)
	if [ ${#files[@]} -gt 0 ]; then
		mkdir -p "/run/out/$1"
		mv "${files[@]}" "/run/out/$1/"
	fi
	files=(/tmp/*)
	[ ${#files[@]} = 0 ] || rm -rf "${files[@]}"
}

for item; do
	test=${item%=*}
	echo "# test $test begins"
	limit=$((${item#*=} * ${slowness:-1}))
	tell_before $limit &
	watch=$!
	timeout -s KILL $limit bash "/test/$test.sh"
	status=$?
	kill $watch 2>/dev/null
	wait $watch 2>/dev/null
	[ "$status" != 137 ] || echo "# The test hung."
	end_others
	keep_files "$test"
	[ "$status" = 0 ] || break
done
kept=(/run/out/*)
[ ${#kept[@]} = 0 ] || mv "${kept[@]}" /out/
