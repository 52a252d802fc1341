#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The debug kernel detects the mistakes that it is there for, and the checks after each
# test see that. A module makes each mistake. lockdep is silent after its first report,
# so this test has a guest to itself.
#guest: TIMEOUT=600
#guest: APART=yes
. /test/lib.sh

# make_mistake NAME: start a new log, and make that mistake.
make_mistake() {
	begin_log "mistake $1"
	insmod /test/planted.ko "fault=$1"
	rmmod planted
}

# detects OPTION MISTAKE REGEX: a kernel with that option complains about it in these
# words.
detects() {
	if ! configured "$1"; then
		skip "$2 is detected" "this kernel has no $1"
		return
	fi
	make_mistake "$2"
	like "$2 is detected" "$(complaints)" "$3"
}

detects PROVE_LOCKING lock-inversion "possible circular locking dependency detected"
detects DEBUG_ATOMIC_SLEEP sleep-in-atomic "sleeping function called from invalid context"
detects DEBUG_PREEMPT wrong-cpu "smp_processor_id\(\) in preemptible"
detects DEBUG_OBJECTS_TIMERS active-timer "ODEBUG: free active.*timer"
detects NET_DEV_REFCNT_TRACKER second-put "reference already released"
detects NET_NS_REFCNT_TRACKER second-netns-put "reference already released"
detects DEBUG_NET no-header "WARNING: .*skbuff.h"
detects UBSAN_SHIFT shift "UBSAN: shift-out-of-bounds"
detects KASAN use-after-free "KASAN: slab-use-after-free in planted"
detects KCSAN race "KCSAN: data-race in planted_racer"

leaked() {
	[ -n "$(unreferenced planted)" ]
}

if configured DEBUG_KMEMLEAK; then
	insmod /test/planted.ko fault=leak
	ok "leak is detected" eventually 60 leaked
	rmmod planted
else
	skip "leak is detected" "this kernel has no DEBUG_KMEMLEAK"
fi

# All of these messages were expected, and lockdep reports only once.
begin_log "end of mistakes"
lockdep_is_on() {
	true
}
