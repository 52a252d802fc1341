#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# xtun why when all is well: two hosts come up, find each other, talk, and part again,
# and no frame is reported as lost.
. /test/lib.sh
requires namespaces tracepoints
PATH=$PATH:/test/bin

# Frames to an interface that is not up yet are lost.
both_up() {
	ip netns add a
	ip netns add b
	ip link set left netns a
	ip link set right netns b
	ip netns exec a sysctl -q -w net.ipv6.conf.left.disable_ipv6=1
	ip netns exec b sysctl -q -w net.ipv6.conf.right.disable_ipv6=1
	ip -n a link set left up
	ip -n b link set right up
	ip netns exec a sysctl -q -w net.ipv6.conf.left.disable_ipv6=0
	ip netns exec b sysctl -q -w net.ipv6.conf.right.disable_ipv6=0
}

# host NAMESPACE INTERFACE NUMBER: an ordinary host, which checks for duplicate
# addresses.
host() {
	ip netns exec "$1" xtun why -f "$2" >"/tmp/told.$1" 2>&1 &
	followers+=($!)
	eventually 10 test -s "/tmp/told.$1" || :
	ip -n "$1" link set lo up
	ip -n "$1" addr add "10.9.0.$3/24" dev "$2"
	ip -n "$1" addr add "fd00:9::$3/64" dev "$2"
}

# told_of NAMESPACE: the reports, except those that are right while there is no address,
# no frame yet, or the other interface is not up.
told_of() {
	awk '/^[^ ]/ { early = /has no address|has not sent anything|has ever written/ }
		!early' "/tmp/told.$1"
}

settled() {
	! ip -n a addr show dev left | grep tentative && ! ip -n b addr show dev right | grep tentative
}

# talks TO FAMILY: send 100,000 lines by TCP, then a word by UDP. Then the other side
# closes a connection first, and the program has read nothing from it.
talks() {
	local listener
	ip netns exec b nc "-$2" -l "$1" 9000 >/tmp/got &
	listener=$!
	eventually 10 ip netns exec b grep -q ':2328 ' /proc/net/tcp /proc/net/tcp6
	ip netns exec a bash -c "seq 100000 >/dev/tcp/$1/9000"
	wait "$listener"
	is "TCP to $1" "$(tail -n 1 /tmp/got)" 100000
	ip netns exec b nc "-$2" -u -l "$1" 9001 >/tmp/got &
	listener=$!
	eventually 10 ip netns exec b grep -q ':2329 ' /proc/net/udp /proc/net/udp6
	ip netns exec a bash -c "echo word >/dev/udp/$1/9001"
	ok "UDP to $1" eventually 10 grep -q word /tmp/got
	kill "$listener"
	wait "$listener" || :
	ip netns exec b nc "-$2" -N -l "$1" 9002 </dev/null >/dev/null &
	listener=$!
	eventually 10 ip netns exec b grep -q ':232A ' /proc/net/tcp /proc/net/tcp6
	ok "an end by TCP from $1" ip netns exec a bash -c "exec 6<>/dev/tcp/$1/9002; sleep 1"
	wait "$listener"
}

xtun_load
followers=()
xtun-test forward /dev/xtun left right >/dev/null &
forwarder=$!
eventually 10 ip link show right
both_up
host a left 1
host b right 2
eventually 20 settled
ok "ping" ip netns exec a ping -q -c 5 -i 0.2 -W 5 10.9.0.2
ok "ping, IPv6" ip netns exec b ping -q -c 5 -i 0.2 -W 5 fd00:9::1
talks 10.9.0.2 4
talks fd00:9::2 6
# Frames for a third host, which b knows, too, reach b.
ip -n a neigh add 10.9.0.3 lladdr 02:00:00:00:00:03 dev left
ip -n b neigh add 10.9.0.3 lladdr 02:00:00:00:00:03 dev right
nok "nobody answers for a host that is not there" \
	ip netns exec a ping -q -c 2 -i 0.2 -W 1 10.9.0.3
# Wait: routers are looked for at first, and group memberships are reported again.
sleep 8
# None of this may be reported as a loss, at either end.
for follower in "${followers[@]}"; do
	ok "it is still watched" test -d "/proc/$follower"
done
is "healthy: spared" "$(told_of a)" ""
is "healthy: spared" "$(told_of b)" ""
is "... nor when it is asked for" "$(ip netns exec b xtun why -t 1 right)" "right has lost no frames."
ok "... with the status of none" ip netns exec b xtun why -t 1 right
ip -n b link add out type veth peer name in
ip -n b link add br0 type bridge
ip -n b link set right master br0
ip -n b link set out master br0
is "and at a bridge it is said where frames leave" "$(ip netns exec b xtun why -t 1 right)" \
	"right has lost no frames.
Frames that left through out cannot be traced further."
is "... for programs" "$(ip netns exec b xtun why -t 1 --json right)" \
	'{"interface":"right","beyond":["out"]}'
# beyond COUNT: how often that was said while the interface was watched.
beyond() {
	[ "$(grep -c "^Frames that left through out cannot be traced further" /tmp/beyond)" = "$1" ]
}
ip netns exec b xtun why -f right >/tmp/beyond 2>&1 &
followers+=($!)
sleep 2
ok "... while it is watched, not before something leaves" beyond 0
ip -n b link set br0 up
ip -n b link set out up
ip -n b link set in up
ok "... but then" eventually 10 beyond 1
sleep 3
ok "... once" beyond 1
kill "${followers[@]}" "$forwarder"
wait "${followers[@]}" "$forwarder" || :
ip netns del a
ip netns del b
