#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# stress-ng's stressor for tun, which knows only /dev/net/tun and finds the device
# there. It makes interfaces, calls every ioctl that it knows on each, and sends through
# it.
#guest: PACKAGES=stress-ng
#guest: MEMORY=768
. /test/lib.sh
# shellcheck source=test/guest/programs.sh
. /test/programs.sh
requires namespaces jq stress-ng

# stressed WHAT OPTION...
stressed() {
	local what=$1
	shift
	ok "$device: stress-ng, $what" "${redirected[@]}" stress-ng --oomable --no-rand-seed \
		--log-file /out/stress "$@"
	ok "$device: it has kept a log" test -s /out/stress
	nok "$device: it found no fault" grep -iE 'fail|error|skipped' /out/stress
	is "$device: no interface is left" "$(ip -o link | grep -vcE ': (lo|xtun):' || :)" 0
}

tun() {
	stressed "a tun" --tun 2 --tun-ops 60
}

tap() {
	stressed "a tap" --tun 2 --tun-tap --tun-ops 60
}

# Once each, with the results of the calls noted.
quiet() {
	ok "$device: stress-ng, once, observed" observed "stress-ng" \
		stress-ng --oomable --no-rand-seed --tun 1 --tun-ops 1
	ok "$device: stress-ng, a tap, once, observed" observed "stress-ng tap" \
		stress-ng --oomable --no-rand-seed --tun 1 --tun-tap --tun-ops 1
}

on_each tun
on_each tap
on_each quiet
