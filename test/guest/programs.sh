# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Shared code for the tests of other people's programs. Each test does the same on every
# device, and what it notes must be the same, too. The first device is the control. The
# kernel's parameter devices=/dev/net/tun,... replaces the list. The notes, and what the
# programs print, are left in /out.
IFS=, read -ra devices <<<"${devices:-/dev/net/tun,/dev/xtun}"

device=
notes=

# "${redirected[@]}" COMMAND...: for programs that know only /dev/net/tun. It changes
# nothing for the control. It is not a function, so that what it runs in the background
# is a job.
redirected=()

# note WHAT [TEXT]: record an observation, which must be the same on all devices.
note() {
	echo "$1: ${2:-}" >>"$notes"
}

# on_each FUNCTION: run it on each device. It starts without namespaces, and what it
# leaves is removed.
on_each() {
	local control
	for device in "${devices[@]}"; do
		diag "$1 on $device"
		notes=/out/notes.$1${device//\//.}
		: >"$notes"
		# shellcheck disable=SC2016
		redirected=(unshare --mount sh -c
			'mount --bind "$0" /dev/net/tun && exec "$@"' "$device")
		"$1"
		end_jobs
		ip -all netns delete || :
		: "${control:=$notes}"
		[ "$notes" = "$control" ] || ok "$device: all was as with ${devices[0]}" \
			diff -u "$control" "$notes"
	done
	device=
}

in_a() {
	ip netns exec a "$@"
}

in_b() {
	ip netns exec b "$@"
}

# Two hosts, a and b, with the addresses 192.0.2.1 and .2 on the wire between them.
two_hosts() {
	local host
	ip netns add a
	ip netns add b
	ip link add eth0 netns a type veth peer name eth0 netns b
	ip -n a addr add 192.0.2.1/24 dev eth0
	ip -n b addr add 192.0.2.2/24 dev eth0
	for host in a b; do
		ip -n "$host" link set lo up
		ip -n "$host" link set eth0 up
	done
}

# A page of numbered lines, that many megabytes long.
# shellcheck disable=SC2034
megabytes=16
page=/tmp/www/page

# serve_page [COMMAND...]: serve the page from the host that COMMAND enters.
serve_page() {
	mkdir -p /tmp/www
	[ -e $page ] || seq 10000000 99999999 | head -c $((megabytes << 20)) >$page || :
	"$@" busybox httpd -f -p 80 -h /tmp/www &
}

# fetches URL COMMAND...: COMMAND fetches exactly the page.
fetches() {
	local url=$1
	shift
	"$@" curl -sSf -m 120 -o /tmp/fetched "$url" && cmp /tmp/fetched $page
}

# carries ADDRESS: a reaches what b serves there.
carries() {
	serve_page ip netns exec b
	eventually 60 in_a ping -c 1 -W 1 "$1"
	ok "$device: each of ten pings is answered" in_a ping -q -c 10 -i 0.05 -W 20 "$1"
	eventually 60 in_a curl -sSf -r 0-0 -o /dev/null "http://$1/page"
	ok "$device: a fetches $megabytes MB from b, and all of it is right" \
		fetches "http://$1/page" in_a
}

# stops WHO STATUS PID...: it ends with that status when it is told to.
stops() {
	local who=$1 wanted=$2 status=0
	shift 2
	kill -TERM "$@"
	wait "$@" || status=$?
	is "$device: $who ends when it is told to" "$status" "$wanted"
}

# told: the traced ioctls of tap, and their results.
trace=(strace -f -q --seccomp-bpf -e trace=ioctl -o /tmp/strace)

told() {
	grep -E 'TUN|TAP|SIOC' /tmp/strace |
		sed -E 's/^[0-9]+ +//; s/ioctl\([0-9]+/ioctl(FD/; s/0x[0-9a-f]{9,}/POINTER/
			s/([0-9a-f]{2}:){5}[0-9a-f]{2}/MAC/'
}

# observed WHAT COMMAND...: run it, redirected, and note the results of its calls.
observed() {
	local what=$1 status=0
	shift
	"${redirected[@]}" "${trace[@]}" "$@" || status=$?
	note "$what ended with" $status
	note "$what is told" "$(told)"
	return $status
}

# shape NAMESPACE INTERFACE: the properties that do not differ from one boot to the
# next. Of the features only those that TUNSETOFFLOAD switches: the others are how the
# kernel and the driver share the work, which the program behind the file does not see.
# A tap's operstate may stay UNKNOWN with a carrier, and its speed is 10 or 10000
# depending on the kernel's version; xtun's do not vary.
shape() {
	ip -n "$1" -d -j link show "$2" | jq -c '.[0] | [.ifname, (.flags | sort), .mtu,
		.txqlen, .link_type, .min_mtu, .max_mtu, .num_tx_queues,
		.num_rx_queues, .gso_max_size, .promiscuity]'
	# shellcheck disable=SC2016
	ip netns exec "$1" sh -c 'cd "/sys/class/net/$0" &&
		grep . tun_flags owner group type carrier' "$2" 2>&1
	ip netns exec "$1" ethtool -k "$2" | sed -n 's/ \[.*//;
		/scatter-gather:\|tx-checksum-ip-generic\|segmentation:\|tx-udp/p'
}

# note_shape NAMESPACE INTERFACE
note_shape() {
	note "shape of $2" "$(shape "$1" "$2")"
}

modprobe -q tun || :
for device in "${devices[@]}"; do
	[ "$device" != /dev/xtun ] || xtun_load
	[ -e "$device" ] || {
		skip "all of ${0##*/}" "this guest lacks $device"
		exit
	}
done
device=
