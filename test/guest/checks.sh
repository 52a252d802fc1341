# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Checks that must hold after every test. lib.sh sources this; finish runs when a test
# ends.
# shellcheck disable=SC2154

# What no test may cause in the kernel's log.
trouble='WARNING|BUG|Oops|KASAN|KCSAN|UBSAN|general protection|Call Trace|stall'
trouble="$trouble|lockdep|circular locking|suspicious RCU|inconsistent lock"
trouble="$trouble|blocked for more|soft lockup|unregister_netdevice: waiting"
trouble="$trouble|refcount|[Rr]edzone|Poison overwritten|[Cc]orrupt|leak"
trouble="$trouble|ODEBUG|already released|page allocation failure|protocol .* is buggy|csum failure"

# Without namespaces, /proc/1/ns/net stands for the whole guest.
namespaces() {
	local namespace
	echo /proc/1/ns/net
	for namespace in /run/netns/*; do
		[ ! -e "$namespace" ] || echo "$namespace"
	done
}

# Only the network namespace is entered, not the mounts: ethtool needs none of them.
in_namespace() {
	local namespace=$1
	shift
	if [ "$namespace" != /proc/1/ns/net ]; then
		nsenter "--net=$namespace" "$@"
	else
		"$@"
	fi
}

# Print "NAMESPACE INTERFACE" for each interface of xtun.
xtun_interfaces() {
	local namespace name
	for namespace in $(namespaces); do
		for name in $(in_namespace "$namespace" \
			      sed -n 's/^ *\([^ :]*\):.*/\1/p' /proc/net/dev); do
			if [ "$name" != lo ] && grep -q '^driver: xtun$' \
			   <<<"$(in_namespace "$namespace" ethtool -i "$name" 2>/dev/null)"; then
				echo "$namespace $name"
			fi
		done
	done
}

# For each queue and direction, frames in = out + waiting + every named loss.
law() {
	in_namespace "$1" ethtool -S "$2" | awk '
	match($1, /^q[0-9]+_[tr]x_/) {
		flow = substr($1, 1, RLENGTH - 1)
		counter = substr($1, RLENGTH + 1)
		sub(/:$/, "", counter)
		if (counter == "in")
			sum[flow] += $2
		else if (counter ~ /^(out|waiting|lost_.*)$/)
			sum[flow] -= $2
	}
	END {
		for (flow in sum) {
			flows++
			if (sum[flow]) {
				printf "%s: in - out - waiting - lost = %d\n", flow, sum[flow]
				broken = 1
			}
		}
		exit broken || !flows
	}'
}

keeps_law() {
	law_broken=$(law "$@" || echo "no law")
	[ -z "$law_broken" ]
}

# The counters of a queue in use are not all read at the same time: try again.
check_law() {
	local namespace name
	while read -r namespace name; do
		law_broken=
		eventually 3 keeps_law "$namespace" "$name" || :
		# An interface of a program that was killed may end while it is checked.
		[ "$law_broken" != "no law" ] || xtun_interfaces | grep -qx "$namespace $name" || continue
		is "frames are conserved on $name" "$law_broken" ""
	done < <(xtun_interfaces)
}

# xtun_unload: unload the module in the middle of a test. The counters go with it.
xtun_unload() {
	check_law
	rmmod xtun
}

# End what a test left running, so that only xtun is checked.
end_jobs() {
	local job
	for job in $(jobs -p); do
		kill -9 "$job" 2>/dev/null || :
	done
	wait
}

check_unload() {
	unloaded=$SECONDS
	xtun_loaded || return 0
	ok "the module can be removed" rmmod xtun
	nok "its device is gone" test -e /dev/xtun
	unloaded=$SECONDS
}

# is_xtuns ADDRESS PID...: whether ADDRESS was in the code of an xtun that is now
# unloaded. Initialisation code is freed at once and other modules' initialisation may
# take its place: there, the process must be one that loaded xtun. xtun may also have
# been loaded where another module was, whose objects were there before.
is_xtuns() {
	local load text end init size pid
	for load in "${!xtun_loads[@]}"; do
		[[ $'\n'${suspects_before[$load]}$'\n' != *$'\n'"$1 ${*:2}"$'\n'* ]] || continue
		IFS=: read -r text end init size <<<"$load"
		if (($1 >= text && $1 <= end)); then
			return 0
		fi
		(($1 >= init && $1 < init + size)) || continue
		for pid in "${@:2}"; do
			[[ ${xtun_loads[$load]} != *" $pid "* ]] || return 0
		done
	done
	return 1
}

# With slub_debug=U the kernel records who allocated each object. debugfs shows the
# chain of calls. Without debugfs, sysfs shows only the callers, at most a page of them
# for each cache, modules last: then a leak is found only if it fills memory or is of a
# rare size. Without slub_debug=U older kernels have these files, too, but reading them
# fails.
# caches PATTERN: set $caches to the files of the caches of that name.
caches() {
	shopt -s nullglob
	# shellcheck disable=SC2206
	caches=(/sys/kernel/debug/slab/$1/alloc_traces /sys/kernel/slab/$1/alloc_calls)
	shopt -u nullglob
}

allocations() {
	local caches
	caches "$1"
	cat "${caches[@]}" </dev/null 2>/dev/null || :
}

# Keep them, so that somebody can find out whose they are.
keep_allocations() {
	allocations '*' >/out/allocations
}

# Without symbol names, modules and callers cannot be told apart.
tells_allocations() {
	[ -e /proc/kallsyms ] &&
		allocations kmalloc-256 | awk '/^ *[0-9]/ { n++ } END { exit !n }'
}

# suspects FILE...: print the cache's file, the address and the process of each object
# that an unloaded module may have allocated. Once xtun is gone, the kernel prints its
# part of the chain of calls as bare addresses. These objects are not suspects:
# - nodes of a shared index (radix tree, xarray), which stay while any entry does;
# - trackers of references, which are kept for a while to detect a second put;
# - what is allocated while the stack receives a frame, called by xtun or in a softirq
#   above it, which is the stack's;
# - socket buffers that a processor keeps at hand, or keeps for another one to free;
# - records of where memory was mapped (vmap_area), which are freed long after the mapping;
# - the memory cgroup records of a slab, which are made by the first who is charged;
# - a namespace's array of data for each module, which grows and never shrinks;
# - socket buffers, which are counted below.
suspects() {
	[ $# -gt 0 ] || return 0
	{ tail -v -n +1 "$@" </dev/null 2>/dev/null || :; } | awk '
	/^==> /      { file = $2; next }
	/^ *[0-9]+ / { head = $0; stack = "" }
	{ stack = stack $0 }
	match($0, /0xf[0-9a-f]+/) {
		address = substr($0, RSTART, RLENGTH)
		if (head ~ /radix_tree_node_alloc|xas_alloc|build_skb|alloc_skb|kmalloc_reserve|kmem_cache_alloc_bulk|ref_tracker_alloc|alloc_vmap_area/ ||
		    head ~ /memcg_alloc_slab_cgroups|alloc_slab_obj_exts|net_alloc_generic/ ||
		    stack ~ /softirq|netif_receive_skb|napi_skb_cache_get|napi_build_skb/)
			next
		pids = match(head, /pid=[0-9-]+/) ? substr(head, RSTART + 4, RLENGTH - 4) : ""
		sub("-", " ", pids)
		print file, address, pids
	}' | sort -u
}

# Set $modules to the names of all modules except xtun.
list_modules() {
	local name
	modules=
	while read -r name _; do
		[ "$name" = xtun ] || modules+="$name "
	done </proc/modules
}

# Call this before xtun is loaded. What it sees changes only if modules come or go, so
# the result of the previous test may be used.
# shellcheck disable=SC2034
look_around() {
	local modules caches
	list_modules
	[ "$modules" != "${modules_seen-none}" ] || return 0
	modules_seen=$modules
	if [ "$modules" = "$(cat /run/modules_seen 2>/dev/null || echo none)" ]; then
		suspects_seen=$(cat /run/suspects_seen)
	else
		caches '*'
		suspects_seen=$(suspects "${caches[@]}" | cut -d ' ' -f 2-)
	fi
}

# Keep what is in $suspects for the next test.
look_back() {
	local modules
	list_modules
	cut -d ' ' -f 2- <<<"$suspects" >/run/suspects_seen
	echo "$modules" >/run/modules_seen
}

# Read suspects and print those that are xtun's own.
xtuns_own() {
	local file address pids
	while read -r file address pids; do
		# shellcheck disable=SC2086
		if is_xtuns "$address" $pids; then
			echo "$file $address $pids"
		fi
	done
}

# Memory freed by kfree_rcu is returned only after seconds, unless it becomes scarce. A
# path that was looked up in sysfs leaves the cache one folder at a time. KASAN keeps
# freed memory until a cache is told to shrink.
shrink_caches() {
	local shrink
	for _ in 1 2 3 4 5 6; do
		echo 2 >/proc/sys/vm/drop_caches
	done
	if configured KASAN; then
		for shrink in /sys/kernel/slab/*/shrink; do
			echo 1 >"$shrink"
		done
	fi
}

# Looking at all caches takes seconds. A module that is gone allocates nothing any more,
# so it is enough to look once, and then only at the caches that had some of its
# objects.
no_objects() {
	local files
	shrink_caches
	mapfile -t files < <(cut -d ' ' -f 1 <<<"$objects_left" | sort -u)
	objects_left=$(suspects "${files[@]}" | xtuns_own)
	[ -z "$objects_left" ]
}

find_objects() {
	local caches suspects
	shrink_caches
	caches '*'
	suspects=$(suspects "${caches[@]}")
	look_back
	objects_left=$(xtuns_own <<<"$suspects")
}

# Print objects that nothing in memory points to, as "ADDRESS PID OBJECT" for each
# caller. The kernel does not yet report objects younger than five seconds.
kmemleak=/sys/kernel/debug/kmemleak

unreferenced() {
	local name=$1
	echo scan >$kmemleak
	echo scan >$kmemleak
	awk -v name="$name" '
	/^unreferenced/ { object = $0 }
	match($0, /pid [0-9]+/) { pid = substr($0, RSTART + 4, RLENGTH - 4); object = object $0 }
	/^    [a-z_0]/ && $1 ~ name { print $1, pid, object }' $kmemleak
}

xtuns_unreferenced() {
	local address pid object
	unreferenced '^0xf|xtun' | while read -r address pid object; do
		if [[ $object == *xtun* ]] || is_xtuns "$address" "$pid"; then
			echo "$object"
		fi
	done
}

check_leaks() {
	if ! tells_allocations; then
		skip "nothing that the module allocated is left" "this kernel does not tell"
		return
	fi
	[ "${#xtun_loads[@]}" -gt 0 ] || return 0
	find_objects
	[ -z "$objects_left" ] || eventually 10 no_objects || keep_allocations
	is "nothing that the module allocated is left" "$objects_left" ""
	[ -e $kmemleak ] || return 0
	until ((SECONDS - unloaded > 6)); do
		sleep 1
	done
	is "nothing that the module allocated is unreferenced" "$(xtuns_unreferenced)" ""
}

# Socket buffers are allocated by others and freed by xtun. So all of them are counted,
# except the few that each processor keeps at hand.
buffers() {
	allocations 'skbuff_*_cache' |
		awk '/^ *[0-9]+ / && !/napi_skb_cache_get/ { n += $1 } END { print n + 0 }'
}

# Of the buffers that are consumed, as where TCP ends, each processor may keep up to 64
# at hand, still recorded under the caller that allocated them first. It may also leave
# up to skb_defer_max of them to the processor that allocated them, which frees them when
# it next receives.
buffers_kept=$(((64 + $(cat /proc/sys/net/core/skb_defer_max 2>/dev/null || echo 0)) * $(nproc)))

no_more_buffers() {
	buffers_now=$(buffers)
	[ "$buffers_now" -le $((buffers_at_start + buffers_kept)) ]
}

check_buffers() {
	if ! tells_allocations; then
		skip "no socket buffer is left over" "this kernel does not tell"
		return
	fi
	if ! eventually 5 no_more_buffers; then
		shrink_caches
		no_more_buffers || keep_allocations
	fi
	ok "no socket buffer is left over: $buffers_at_start at first, now $buffers_now" \
		test "$buffers_now" -le $((buffers_at_start + buffers_kept))
}

# --- what the next test in this guest finds

# Each of these functions prints what it watches. Its first output is kept under its
# name. Settings of interfaces are not included: they go with the interfaces.
settings() {
	grep -s . /proc/sys/net/core/* /proc/sys/net/ipv[46]/* /proc/sys/net/bridge/* \
		/proc/sys/net/ipv[46]/{conf,neigh}/{all,default}/* /proc/sys/kernel/{printk,modprobe} || :
}

# The mount of a namespace stays, and a look at debugfs can add one.
surroundings() {
	local tracing=/sys/kernel/tracing files=(/proc/net/dev /proc/mounts)
	[ ! -e $tracing/set_event ] || files+=("$tracing"/{set_event,current_tracer})
	awk '
	FILENAME ~ /dev$/    { if (sub(/:.*/, "")) print "interface", $1; next }
	FILENAME ~ /mounts$/ { if ($2 !~ /^\/run\/netns|\/tracing$/) print "mount", $2; next }
	{ print FILENAME, $0 }' "${files[@]}"
	! grep -qE '^(nf|ip)_tables ' /proc/modules || iptables-save | sed -n '/^-A/p'
}

# changes WATCHED: how its output differs from what it was at first.
changes() {
	diff "/run/$1" <("$1") || :
}

remember() {
	local watched
	for watched in settings surroundings; do
		[ -e "/run/$watched" ] || "$watched" >"/run/$watched"
	done
}

put_settings_back() {
	local file value
	changes settings | sed -n 's/^< //p' | while IFS=: read -r file value; do
		[ ! -w "$file" ] || echo "$value" >"$file" || :
	done 2>/dev/null
}

nothing_left_over() {
	left=$(changes surroundings)
	[ -z "$left" ]
}

# A namespace takes a while to go.
check_left_over() {
	put_settings_back
	eventually 30 nothing_left_over || :
	is "nothing else is left for the next test" "$left" ""
}

# begin_log WHAT: ignore what the kernel said before.
begin_log() {
	log_start="$1 begins"
	echo "$log_start" >/dev/kmsg
}

# KCSAN reports many races of the kernel's own. Each report is between two lines and has
# two chains of calls. It is ours if one of these is in the module, or in what the
# module calls to work on its data (skb_dequeue(), list_del()), at most three calls
# deep: deeper are sockets, poll() and other modules, which race regardless of the
# caller. In a race with a marked access the other access is at fault. If that one is
# not in the module itself, the kernel has marked only one of two accesses of its own,
# as with the state of a NAPI. The core itself reads and writes the number of queues in
# use without marking it; so does capable() with a task's own flags, which signals read.
# Code that was interrupted has nothing to do with the race.
without_others_races() {
	awk '
	/==========$/ {
		if (block != "") {
			if (block !~ /KCSAN/ || ours || (called && !marked))
				printf "%s", block
			block = ""
		} else {
			block = $0 "\n"
			ours = called = marked = interrupted = 0
			deep = 99
		}
		next
	}
	/data-race in netdev_(core_)?pick_tx \/ netif_set_real_num_tx_queues/ { marked = 1 }
	/data-race in ([a-z_]*signal[a-z_]* \/ capable|capable \/ [a-z_]*signal)/ { marked = 1 }
	/ bytes by / { interrupted = 0; deep = -1 }
	/ bytes by / && /\(marked\)/ { marked = 1; deep = 99 }
	/asm_sysvec|asm_common_interrupt|handle_softirqs/ { interrupted = 1 }
	block ~ /KCSAN/ { deep++ }
	/\[(xtun|planted)\]/ && !interrupted && deep == 1 { ours = 1 }
	/\[(xtun|planted)\]/ && !interrupted && deep <= 3 { called = 1 }
	block != "" { block = block $0 "\n"; next }
	{ print }
	END { printf "%s", block }'
}

# The log has a limited size.
complaints() {
	dmesg | grep -F "$log_start" >/dev/null || echo "Of what the kernel said the beginning is lost."
	dmesg | sed "1,/$log_start/d" | without_others_races |
		grep -E "$trouble" | grep -vE "$expected_log" || :
}

# lockdep is silent after its first report, and when it runs out of memory.
lockdep_is_on() {
	[ ! -e /proc/lockdep_stats ] || grep -q 'debug_locks: *1' /proc/lockdep_stats ||
		! cat /proc/lockdep_stats >/out/lockdep_stats
}

check_log() {
	is "the kernel had nothing to complain of" "$(complaints)" ""
	ok "and no detector was off" lockdep_is_on
}

finish() {
	local status=$?
	trap - ERR EXIT
	set +e
	[ "$status" = 0 ] ||
		result "$status" "the test ran to its end" "${died:-exit $status}"
	end_jobs
	check_law
	ip -all netns delete
	check_unload
	check_left_over
	check_buffers
	check_leaks
	check_log
	echo "1..$tap_count"
	exit $((tap_failed > 0))
}

trap 'died="line $LINENO: $BASH_COMMAND: ended with $?"' ERR
trap finish EXIT
begin_log "test ${0##*/}"
remember
buffers_at_start=$(buffers)
