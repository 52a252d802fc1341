# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# How frames are lost, each by a fault of its own: for the tests of what is told of them.
. /test/frames.sh
PATH=$PATH:/test/bin

craft() {
	xtun-test craft "$@" >/dev/xtun
}

# in_lines FILE: all that xtun why --json has told there, as lines of RULE, WHERE, MEMBER and
# the first line of what that says, in FILE.lines. Once: jq takes half a second to begin.
in_lines() {
	[ "$1.lines" -nt "$1" ] || jq -r '
		"\(.rule)\t\(.where)" as $of | paths(type != "object") as $path |
		"\($of)\t\($path | join("."))\t\(getpath($path) // "" | tostring | split("\n")[0] // "")"
		' "$1" >"$1.lines"
}

# stack_up: an interface that forwards to another, near, at whose end nobody is.
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

# --- for the stack

# gre VERSION: two bytes of flags and version, IPv4 and what might be a header of that.
gre() {
	craft proto=47 "payload=${1}0800$(printf '00%.0s' {1..20})"
}

# unasked: an answer to a question that there was none of.
unasked() {
	craft proto=1 payload=0000ffff00000000
}

# with_listener udp|tcp ADDRESS COMMAND...: while a program has port 9 of ADDRESS open.
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

# hoard: whom the frames of flood are for, and who reads none, until unhoard.
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

# on_first KEY=VALUE...: by the processor that crowd_backlog gives enough to do.
on_first() {
	taskset 1 xtun-test craft "$@" >/dev/xtun
}

# --- for xtun itself

# with_tap FLAGS COMMAND...: with the file, attached to xtun or $iface, as 3.
with_tap() {
	xtun-test attach /dev/xtun "${iface:-xtun}" "$@"
}

# as_tap COMMAND: while a program has it as a tap.
as_tap() {
	with_tap 0x1002 bash -c ". /test/frames.sh; $1"
}

# filter HOW: what a program refuses that has set a filter.
filter() {
	as_tap "xtun-test lose none; xtun-test lose $1; transmit 100"
}

# come_late: nobody reads, and then somebody does.
come_late() {
	transmit 100
	sleep 1.2
	dd if=/dev/xtun iflag=nonblock bs=2000 count=1 status=none
}

# vnet FLAGS: a header with these, which if there are any ask for a checksum far beyond the frame.
vnet() {
	with_tap 0x5002 bash -c '. /test/frames.sh; { printf "\x'"$1"'\0\0\0\0\0\xff\xff\0\0"; frame 60; } >/tmp/vnet
		dd if=/tmp/vnet bs=65536 status=none >&3'
}
