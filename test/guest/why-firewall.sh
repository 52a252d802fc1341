#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# xtun why, of the firewall and of its table of connections.
. /test/lib.sh
. /test/mended.sh

stack_up

iptables -A INPUT -s 10.99.0.2 -p icmp -j DROP
explained firewall "a rule of the firewall" craft proto=icmp
iptables -F INPUT
iptables -A INPUT -s 10.99.0.2 -p icmp -j REJECT --reject-with icmp-admin-prohibited
explained firewall "a rule of the firewall" craft proto=icmp
iptables -F INPUT

# strangers: more connections than there is room for, and none twice.
strangers() {
	local first=$((RANDOM + 1024)) i
	for i in 0 1 2; do
		craft proto=udp sport=$((first + i)) dport=9
	done
}

modprobe -q nf_conntrack || :
iptables -A INPUT -m conntrack --ctstate INVALID -j DROP
sysctl -q -w net.netfilter.nf_conntrack_max=1
mended conntrack "table of connections is full: [0-9]+ of 1" \
	"sysctl -w net/netfilter/nf_conntrack_max=262144" strangers
iptables -F INPUT
stack_down
