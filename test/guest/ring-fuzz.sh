#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Random operations on files, rings, batches and interfaces harm neither the kernel nor
# the count of frames. FUZZ_SECONDS= is the time for all of it, SEED= selects one seed.
#guest: TIMEOUT=$((300 + 2 * ${FUZZ_SECONDS:-16}))
. /test/lib.sh

# A short run always uses the same seeds; a long one uses new ones, for a minute each.
seeds="1 2 3 4 5 6 7 8"
if [ "${FUZZ_SECONDS:-16}" -gt 60 ]; then
	seeds=$(for ((i = 0; i < FUZZ_SECONDS / 60; i++)); do echo $SRANDOM; done)
fi
read -rd '' -a each <<<"${SEED:-$seeds}" || :
seconds=$((${FUZZ_SECONDS:-16} / ${#each[@]}))

# fuzz SEED. The first line is printed at once, in case the guest dies.
fuzz() {
	local said
	echo "# seed $1; to repeat it: make check TEST=ring-fuzz KERNEL=... SEED=$1 FUZZ_SECONDS=$seconds"
	if said=$(/test/bin/xtun-fuzz "$1" "$seconds" 2>&1); then
		result 0 "seed $1: $(tail -n 1 <<<"$said") in $seconds seconds"
	else
		result 1 "seed $1: the fuzzer ran to its end" "$said"
	fi
	check_law
}

sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
xtun_load queues=4
# For each name that no interface has, the kernel would start two programs.
echo >/proc/sys/kernel/modprobe
expect_log "queue [0-9]*: the rings' program wrote"
for seed in "${each[@]}"; do
	fuzz "$seed"
done
