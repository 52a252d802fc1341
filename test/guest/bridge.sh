#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The interface as a port of a bridge: what is behind /dev/xtun is one more host of the
# segment.
#
#    namespace a            this namespace             a process
#   10.98.0.11               br0, no address           10.98.0.2
#      eth0 -------- port_a ---+--- xtun -------- /dev/xtun, lwIP
#                              |
#    namespace b               |
#   10.98.0.12                 |
#      eth0 -------- port_b ---+
. /test/lib.sh
requires namespaces curl tcpdump

mac_a=02:00:00:00:00:0a
mac_b=02:00:00:00:00:0b
mac_lwip=02:00:0a:62:00:02	# 02:00 and its address, as xtun-lwip has it
mac_other=02:00:00:00:00:cc
mac_nobody=02:00:00:00:00:dd
everyone=ff:ff:ff:ff:ff:ff

# add_host NAMESPACE ADDRESS MAC
add_host() {
	ip netns add "$1"
	ip link add "port_$1" type veth peer name eth0 netns "$1" address "$3"
	ip link set "port_$1" master br0 up
	ip netns exec "$1" sysctl -q -w net.ipv6.conf.all.disable_ipv6=1
	ip -n "$1" addr add "$2/24" dev eth0
	ip -n "$1" link set eth0 up
	ip -n "$1" link set lo up
}

# is_learned PORT MAC
is_learned() {
	grep -q "^$2 .*master br0 *\$" <<<"$(bridge fdb show br br0 brport "$1")"
}

# serves NAMESPACE ADDRESS: lwIP answers that host, and sends the numbered lines it
# should.
serves() {
	ok "$1 pings lwIP" ip netns exec "$1" ping -c 4 -i 0.2 -W 10 10.98.0.2
	like "$1 gets the page of lwIP, which saw $1's address" \
		"$(ip netns exec "$1" curl -sS http://10.98.0.2/)" "lwIP.*from $2 to 10.98.0.2"
	ip netns exec "$1" curl -sS http://10.98.0.2/1MB >/tmp/download
	ok "$1 gets 1 MB from lwIP, and all of it is right" \
		cmp /tmp/download <(seq -f %015.0f 65536)
}

# fetches NAMESPACE ADDRESS: lwIP fetches from a server there.
fetches() {
	ip netns exec "$1" busybox httpd -f -p 80 -h /tmp/www &
	eventually 60 ip netns exec "$1" curl -s "http://$2/"
	/test/bin/xtun-lwip --address 10.98.0.2/24 fetch "http://$2/lines" \
		>/tmp/fetched 2>/tmp/fetched.log || diag "$(cat /tmp/fetched.log)"
	ok "lwIP gets 1 MB from $1, and all of it is right" cmp /tmp/fetched /tmp/www/lines
}

transmitted() {
	ethtool -S xtun | awk '$1 == "q0_tx_in:" { print $2 }'
}

# write_frame DESTINATION SOURCE: write a frame with one write().
write_frame() {
	{
		busybox xxd -r -p <<<"${1//:/}${2//:/}88b5"
		head -c 46 /dev/zero
	} | dd obs=65539 status=none >&3
}

# read_frame_to DESTINATION SOURCE: read frames until one has these addresses.
read_frame_to() {
	local frame=
	until [[ $frame == "${1//:/}${2//:/}"* ]]; do
		frame=$(timeout 60 dd bs=65539 count=1 status=none <&3 | busybox xxd -p)
		[ -n "$frame" ] || return 1
	done
}

# watch NAMESPACE: record from now on which frames of this process arrive there.
watch() {
	ip netns exec "$1" tcpdump -Z root --immediate-mode -l -nn -e -i eth0 \
		ether src $mac_other >"/tmp/seen.$1" 2>"/tmp/watch.$1" &
	eventually 60 grep -q '^listening' "/tmp/watch.$1"
}

# seen NAMESPACE DESTINATION
seen() {
	grep -q "$mac_other > $2" "/tmp/seen.$1"
}

xtun_load
ip link add br0 type bridge mcast_snooping 0
# IPv6 would send frames of its own.
sysctl -q -w net.ipv6.conf.all.disable_ipv6=1
ok "the interface becomes a port" ip link set xtun master br0 up
ip link set br0 up
add_host a 10.98.0.11 $mac_a
add_host b 10.98.0.12 $mac_b

# lwIP as a server.
/test/bin/xtun-lwip --address 10.98.0.2/24 serve 2>/tmp/serve.log &
lwip=$!
eventually 60 grep -q serving /tmp/serve.log
serves a 10.98.0.11
serves b 10.98.0.12
ok "the bridge learns on xtun where lwIP is" is_learned xtun $mac_lwip
ok "and on its other ports who is there" is_learned port_a $mac_a
nok "but not on xtun" is_learned xtun $mac_a
kill "$lwip"
wait "$lwip"

# lwIP as a client: its ARP request is flooded, and the answers find it.
mkdir /tmp/www
echo hello >/tmp/www/index.html
seq -f %015.0f 65536 >/tmp/www/lines
fetches a 10.98.0.11
fetches b 10.98.0.12

# Write frame by frame on one processor, so that no frame overtakes another.
taskset -p 1 $$ >/dev/null
exec 3<>/dev/xtun

watch a
watch b
write_frame $mac_a $mac_other
write_frame $mac_nobody $mac_other
write_frame $everyone $mac_other
for host in a b; do
	ok "a written broadcast reaches $host" eventually 60 seen $host $everyone
	ok "and so does a written frame for nobody known" seen $host $mac_nobody
done
ok "a written frame for a reaches a" seen a $mac_a
nok "and not b" seen b $mac_a
ok "the bridge learns who wrote it" is_learned xtun $mac_other

ip netns exec a ping -c 1 -W 10 10.98.0.12 >/dev/null
before=$(transmitted)
ok "a pings b through the bridge" ip netns exec a ping -c 20 -i 0.01 -W 10 10.98.0.12
is "what is for b does not reach the file" "$(transmitted)" "$before"

ip -n a neigh replace 10.98.0.99 lladdr $mac_nobody dev eth0
nok "a pings a MAC address that nobody has" ip netns exec a ping -c 1 -W 1 10.98.0.99
ok "what is for nobody known reaches the file" read_frame_to $mac_nobody $mac_a
exec 3>&-
ip link del br0
