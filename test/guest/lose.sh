# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Ways to lose frames, each by a fault of its own, for the tests of what is reported.
. /test/frames.sh
PATH=$PATH:/test/bin

craft() {
	xtun-test craft "$@" >/dev/xtun
}

# in_lines FILE: write what xtun why --json has printed to FILE as lines of RULE, WHERE,
# MEMBER and the first line of the member's value to FILE.lines. Only once, because jq
# takes half a second to start.
in_lines() {
	[ "$1.lines" -nt "$1" ] || jq -r '
		"\(.rule)\t\(.where)" as $of | paths(type != "object") as $path |
		"\($of)\t\($path | join("."))\t\(getpath($path) // "" | tostring | split("\n")[0] // "")"
		' "$1" >"$1.lines"
}

# stack_up: make xtun forward to another interface, near, which has nobody at its other
# end.
stack_up() {
	xtun_load
	if [ ! -e /proc/net/xtun_drops ]; then
		skip "what the stack drops" "this kernel has no tracepoints"
		exit
	fi
	frames_up
	ip link add far type veth peer name near
	sysctl -q -w net.ipv6.conf.far.disable_ipv6=1 net.ipv6.conf.near.disable_ipv6=1
	ip addr add 10.98.0.1/24 dev near
	ip neigh add 10.98.0.2 dev near lladdr 02:00:00:00:00:05
	ip link set near up
	ip link set far up
	sysctl -q -w net.ipv4.conf.xtun.rp_filter=0 net.ipv4.conf.all.rp_filter=0
	sysctl -q -w net.ipv4.conf.xtun.forwarding=1
}

stack_down() {
	ip link del near
}

# --- losses in the stack

# gre VERSION: send a GRE header with that version, the type IPv4 and 20 bytes of zeros.
gre() {
	craft proto=47 "payload=${1}0800$(printf '00%.0s' {1..20})"
}

# unasked: send an echo reply for which there was no request.
unasked() {
	craft proto=1 payload=0000ffff00000000
}

# with_listener udp|tcp ADDRESS COMMAND...: run it while a program has port 9 of ADDRESS
# open.
with_listener() {
	local status=0 nc how=()
	[ "$1" = tcp ] || how=(-u)
	nc "${how[@]}" -l "$2" 9 >/dev/null 2>&1 &
	nc=$!
	eventually 5 grep -q ':0009 ' "/proc/net/$1"
	"${@:3}" || status=1
	kill "$nc"
	wait "$nc" || :
	return $status
}

# hoard: start a receiver for the frames of flood that reads none of them, until
# unhoard.
hoard() {
	nc -u -l 10.99.0.1 9 >/dev/null 2>&1 &
	hoarder=$!
	eventually 5 grep -q ':0009 ' /proc/net/udp
	kill -STOP "$hoarder"
}

unhoard() {
	kill -KILL "$hoarder"
	wait "$hoarder" 2>/dev/null || :
}

# flood COUNT
flood() {
	for _ in $(seq "$1"); do
		craft proto=udp dport=9 size=1000
	done
}

# on_first KEY=VALUE...: send a frame on the processor that crowd_backlog keeps busy.
on_first() {
	taskset 1 xtun-test craft "$@" >/dev/xtun
}

# --- losses in xtun

# with_tap FLAGS COMMAND...: run COMMAND with descriptor 3 attached to xtun or $iface.
with_tap() {
	xtun-test attach /dev/xtun "${iface:-xtun}" "$@"
}

# as_tap COMMAND: run COMMAND while a program is attached to xtun as to a tap.
as_tap() {
	with_tap 0x1002 bash -c ". /test/frames.sh; $1"
}

# filter HOW: send a frame that the filter set by a program refuses.
filter() {
	as_tap "xtun-test lose none; xtun-test lose $1; transmit 100"
}

# come_late: start reading only after a frame has waited.
come_late() {
	transmit 100
	sleep 1.2
	dd if=/dev/xtun iflag=nonblock bs=2000 count=1 status=none
}

# vnet FLAGS: write a frame behind a header with these flags. Any flag but 0 makes it
# ask for a checksum far beyond the end of the frame.
vnet() {
	with_tap 0x5002 bash -c '. /test/frames.sh; { printf "\x'"$1"'\0\0\0\0\0\xff\xff\0\0"; frame 60; } >/tmp/vnet
		dd if=/tmp/vnet bs=65536 status=none >&3'
}
