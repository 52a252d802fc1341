#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# lwIP behind /dev/xtun as a client of the outside world: this namespace forwards its
# packets and hides its address, and the world cannot reach it.
#
#    a process             this namespace, a router       namespace world
#   10.99.0.2           10.99.0.1            192.0.2.1    192.0.2.2
#   lwIP, /dev/xtun ------ xtun   MASQUERADE   uplink ------ eth0, httpd
. /test/lib.sh
requires namespaces curl iptables

lwip=10.99.0.2
router=192.0.2.1
server=192.0.2.2
tracing=/sys/kernel/tracing

world() {
	ip netns exec world "$@"
}

add_world() {
	ip netns add world
	ip link add uplink type veth peer name eth0 netns world
	ip addr add $router/24 dev uplink
	ip link set uplink up
	world sysctl -q -w net.ipv6.conf.all.disable_ipv6=1
	ip -n world addr add $server/24 dev eth0
	ip -n world link set eth0 up
	ip -n world link set lo up
}

# The usual rules of an administrator: connections go out, and only their answers come
# back. A packet of a known connection that arrives out of order, such as an old ACK,
# may be INVALID. It would keep lwIP's address.
add_router() {
	sysctl -q -w net.ipv4.ip_forward=1
	iptables -t nat -A POSTROUTING -s 10.99.0.0/24 -o uplink -j MASQUERADE
	iptables -A FORWARD -m conntrack --ctstate INVALID -j DROP
	iptables -A FORWARD -i xtun -o uplink -j ACCEPT
	iptables -A FORWARD -i uplink -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
	iptables -A FORWARD -j REJECT
}

# httpd logs who asks.
add_server() {
	mkdir /tmp/www
	echo "hello from the world" >/tmp/www/hello
	seq -f %015.0f 262144 >/tmp/www/lines
	ip netns exec world busybox httpd -f -v -p $server:80 -h /tmp/www 2>>/tmp/httpd.log &
	eventually 60 world curl -sSf http://$server/hello
	: >/tmp/httpd.log
}

# A rule without a target counts packets and does nothing else.
count_packets() {
	world iptables -t mangle -A PREROUTING -i eth0 -s $router
	world iptables -t mangle -A PREROUTING -i eth0 ! -s $router
	iptables -t mangle -A POSTROUTING -o xtun -s $server
}

seen_by_world() {
	world iptables -t mangle -nvxL PREROUTING "$1" | awk '{ print $1 }'
}

from_world_to_lwip() {
	iptables -t mangle -nvxL POSTROUTING 1 | awk '{ print $1 }'
}

# trace_long EVENT FIELD: trace frames longer than an MTU.
trace_long() {
	echo "len > 1514 && $2" >"$tracing/events/$1/filter"
	echo 1 >"$tracing/events/$1/enable"
}

traced() {
	grep -c " $1: " $tracing/trace || :
}

run_lwip=(/test/bin/xtun-lwip --address "$lwip/24" --gateway 10.99.0.1)

# fetch PATH
fetch() {
	"${run_lwip[@]}" fetch "http://$server/$1" >/tmp/fetched
}

# world_connects ADDRESS: connect from the world, and print what nc says.
world_connects() {
	world nc -z -v -w 60 "$1" 80 2>&1 || :
}

# IPv6 would send frames of its own.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
xtun_up 10.99.0.1/24
add_world
add_router
add_server
count_packets
trace_long net/netif_receive_skb 'name == "uplink"'
trace_long xtun/xtun_tx 'dev == "xtun"'

# Out: the world sees the router only.
ok "lwIP fetches a page from the world" fetch hello
is "it is that page" "$(cat /tmp/fetched)" "hello from the world"
ok "lwIP fetches 4 MB" fetch lines
ok "all of it is right" cmp /tmp/fetched /tmp/www/lines
is "the server was asked by the router alone" \
	"$(cut -d : -f 1 /tmp/httpd.log | sort -u)" $router
ok "the router's packets reached the world" test "$(seen_by_world 1)" -gt 0
is "and nobody else's" "$(seen_by_world 2)" 0
ok "the world's packets reached lwIP" test "$(from_world_to_lwip)" -gt 0
ok "they came to the router longer than an MTU" test "$(traced netif_receive_skb)" -gt 0
is "and none left it so: the file has no offloads" "$(traced xtun_tx)" 0

# In: there is a server, and the world does not reach it.
"${run_lwip[@]}" serve 2>/tmp/serve.log &
eventually 60 grep -q serving /tmp/serve.log
ok "the router reaches lwIP's server" curl -sSf http://$lwip/
iptables -t mangle -Z POSTROUTING
like "the world has no road to it" "$(world_connects $lwip)" "Network is unreachable"
ip -n world route add 10.99.0.0/24 via $router
like "with a road, the router refuses" "$(world_connects $lwip)" "Connection refused"
nok "nor does ping arrive" world ping -c 1 -W 10 $lwip
like "the router's own address leads nowhere" "$(world_connects $router)" "Connection refused"
is "no packet of the world has reached lwIP" "$(from_world_to_lwip)" 0
iptables -D FORWARD -j REJECT
ok "without the router's rule the world gets in" world curl -sSf http://$lwip/
ok "and is counted" test "$(from_world_to_lwip)" -gt 0

# Another test may follow in the same guest.
iptables -F FORWARD
iptables -t nat -F POSTROUTING
iptables -t mangle -F POSTROUTING
for event in net/netif_receive_skb xtun/xtun_tx; do
	echo 0 >"$tracing/events/$event/enable"
	echo 0 >"$tracing/events/$event/filter"
done
ip link del uplink
