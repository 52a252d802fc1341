#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# xtun why on the firewall and its table of connections: which rule dropped a packet,
# and how to let the packet through.
#guest: TIMEOUT=900
. /test/lib.sh
. /test/mended.sh

stack_up

# tells_reasons: whether the kernel gives reasons for what it drops.
tells_reasons() {
	drops unexplained craft type=0800 "payload=460000201234000040014ae20a6300020a63000107ff00000800f7ff00000000" >&2
	# shellcheck disable=SC2154
	jq -r 'select(.rule == "unexplained") | if .why | test("none given") then "no" else "yes" end' "$out/told"
}

# --- iptables

iptables -A INPUT -s 10.99.0.7 -j DROP
iptables -A INPUT -s 10.99.0.2 -p icmp -j DROP
mended firewall "the firewall dropped it: iptables rule 2 of chain INPUT in table filter$" \
	"iptables -I INPUT 2 -s 10.99.0.2 -d 10.99.0.1 -p icmp -j ACCEPT" craft proto=icmp
is "... or" "$(field firewall advice)" "delete that rule: iptables -D INPUT 2"
iptables -F INPUT
iptables -A INPUT -s 10.99.0.2 -p icmp -j REJECT --reject-with icmp-admin-prohibited
as="firewall, rejected by iptables" \
	mended firewall "the firewall rejected it: iptables rule 1 of chain INPUT in table filter$" \
	"iptables -I INPUT 1 -s 10.99.0.2 -d 10.99.0.1 -p icmp -j ACCEPT" craft proto=icmp
iptables -F INPUT
iptables -N ufw-user-input
iptables -A INPUT -j ufw-user-input
iptables -A ufw-user-input -p udp --dport 9 -j DROP
as="firewall, in a chain of another name" \
	mended firewall "dropped it: iptables rule 1 of chain ufw-user-input in table filter$" \
	"iptables -I ufw-user-input 1 -s 10.99.0.2 -d 10.99.0.1 -p udp --dport 9 -j ACCEPT" \
	craft proto=udp
iptables -F INPUT
iptables -F ufw-user-input
iptables -X ufw-user-input
iptables -t raw -A PREROUTING -p udp -j DROP
explained firewall "iptables rule 1 of chain PREROUTING in table raw" craft proto=udp
is "... what mends it" "$(field firewall cure)" \
	"iptables -t raw -I PREROUTING 1 -s 10.99.0.2 -d 10.99.0.1 -p udp --dport 9 -j ACCEPT"
iptables -t raw -F PREROUTING
iptables -P FORWARD DROP
mended firewall "the policy of chain 'FORWARD' in table ip filter" \
	"iptables -A FORWARD -s 10.99.0.2 -d 10.98.0.2 -p icmp -j ACCEPT" craft proto=icmp to=10.98.0.2
iptables -P FORWARD ACCEPT

# The sender gets no error if the packet is an answer to what came in. A kernel without
# reasons does not tell that the packet was to leave by xtun.
iptables -A OUTPUT -o xtun -p icmp -j DROP
reasons=$(tells_reasons)
like "the kernel says for what reason it drops, or that it has none" "$reasons" "^(yes|no)$"
if [ "$reasons" = yes ]; then
	as="firewall, of what leaves" \
		mended firewall "dropped it: iptables rule 1 of chain OUTPUT in table filter$" \
		"iptables -I OUTPUT 1 -s 10.99.0.1 -d 10.99.0.2 -p icmp -j ACCEPT" craft proto=icmp
	is "... which way" "$(field firewall direction)" tx
else
	skip "what OUTPUT drops" "this kernel gives no reasons"
fi
iptables -F OUTPUT

# --- iptables at a bridge

if modprobe -q br_netfilter; then
	ip link add br0 type bridge forward_delay 0
	ip link set xtun master br0
	ip link set near master br0
	ip link set br0 up
	iptables -P FORWARD DROP
	mended firewall "the policy of chain 'FORWARD' in table ip filter" \
		"iptables -A FORWARD -s 10.99.0.2 -d 10.98.0.2 -p icmp -j ACCEPT" \
		craft dst=02:00:00:00:00:05 proto=icmp to=10.98.0.2
	iptables -P FORWARD ACCEPT
	ip link del br0
	modprobe -r br_netfilter
else
	skip "the firewall of a bridge" "this kernel has none"
fi

# --- a full table of connections, and packets that are invalid in it

# strangers: more new connections than there is room for, and other ones each time.
strangers() {
	local first=$((RANDOM + 1024)) i
	for i in 0 1 2; do
		craft proto=udp sport=$((first + i)) dport=9
	done
}

modprobe -q nf_conntrack || :
iptables -A INPUT -m conntrack --ctstate INVALID -j DROP
sysctl -q -w net.netfilter.nf_conntrack_max=1
mended conntrack "the connection tracking table is full: [0-9]+ of 1 entries" \
	"sysctl -w net/netfilter/nf_conntrack_max=262144" strangers
sysctl -q -w net.netfilter.nf_conntrack_max=1024
mended invalid "connection tracking classifies it as INVALID, and iptables rule 1 of chain INPUT in table filter drops INVALID packets" \
	"iptables -I INPUT 1 -s 10.99.0.2 -d 10.99.0.1 -p icmp -j ACCEPT" unasked
# The table is full, but a rule before it has counted this packet.
sysctl -q -w net.netfilter.nf_conntrack_max=1
iptables -t raw -A PREROUTING -p udp -j DROP
as="firewall, with a full table" \
	explained firewall "dropped it: iptables rule 1 of chain PREROUTING in table raw$" craft proto=udp
iptables -t raw -F PREROUTING
sysctl -q -w net.netfilter.nf_conntrack_max=1024
explained checksum "its UDP checksum is .*: the firewall dropped it as INVALID" craft proto=udp bad=udp
iptables -F INPUT

# --- nft

if ! command -v nft >/dev/null; then
	skip "rules of nft" "this guest lacks nft"
	stack_down
	exit
fi
# stranger: send a packet of a new connection to the other interface.
stranger() {
	craft proto=udp sport=$((RANDOM + 1024)) dport=9 to=10.98.0.2
}

# handle_of WORD: the handle of the rule that contains WORD.
handle_of() {
	nft -a list chain inet fw in | sed -n "/$1/s/.* handle //p"
}

nft -f - <<-END
	table inet fw {
		chain in {
			type filter hook input priority 0;
			ct state invalid drop
			ip saddr 10.99.0.2 udp dport 9 counter drop
		}
	}
END
explained firewall "the firewall dropped it: the rule with handle 2 of chain 'in' in table inet fw, or the rule with handle 3 of chain 'in' in table" craft proto=udp
like "... what there is to do" "$(field firewall advice)" "nft -a list ruleset"
nft add rule inet fw in ip daddr 10.99.0.1 reject
explained firewall "the firewall dropped it: one of 3 rules that could have$" craft proto=udp
nft delete rule inet fw in handle "$(handle_of reject)"
nft delete rule inet fw in handle 2
mended firewall "the rule with handle 3 of chain 'in' in table inet fw" \
	"nft insert rule inet fw in handle 3 ip saddr 10.99.0.2 ip daddr 10.99.0.1 meta l4proto udp udp dport 9 accept comment '\"xtun-why 17 10.99.0.2 10.99.0.1 9\"'" \
	craft proto=udp
is "... or" "$(field firewall advice)" "delete that rule: nft delete rule inet fw in handle 3"
nft flush chain inet fw in
nft add chain inet fw in '{ policy drop; }'
mended firewall "the policy of chain 'in' in table inet fw" \
	"nft add rule inet fw in ip saddr 10.99.0.2 ip daddr 10.99.0.1 meta l4proto icmp accept comment '\"xtun-why 1 10.99.0.2 10.99.0.1 -1\"'" \
	craft proto=icmp
nft add chain inet fw in '{ policy accept; }'
if nft add rule inet fw in meta l4proto icmp reject with icmp type admin-prohibited; then
	as="firewall, rejected by nft" \
		mended firewall "the firewall rejected it: the rule with handle [0-9]+ of chain 'in' in table inet" \
		"nft insert rule inet fw in handle $(handle_of reject) ip saddr 10.99.0.2 ip daddr 10.99.0.1 meta l4proto icmp accept comment '\"xtun-why 1 10.99.0.2 10.99.0.1 -1\"'" \
		craft proto=icmp
else
	skip "rejected by nft" "this kernel has none that rejects"
fi
# Rules for other packets are not the cause, although none of them counts.
nft flush chain inet fw in
nft -f - <<-END
	add rule inet fw in tcp dport 22 drop
	add rule inet fw in meta nfproto ipv6 drop
	add rule inet fw in iifname "near" drop
	add rule inet fw in ip saddr 10.99.0.128/25 drop
	add rule inet fw in udp dport != 9 drop
	add rule inet fw in udp dport 10-20 drop
	add rule inet fw in udp dport != 5-10 reject
	add rule inet fw in iifname "xt*" ip saddr 10.99.0.0/25 udp dport 5-10 drop comment "it"
END
nr=$(handle_of '"it"')
as="firewall, beside what is for others" \
	mended firewall "the firewall dropped it: the rule with handle $nr of chain 'in' in table inet fw$" \
	"nft insert rule inet fw in handle $nr ip saddr 10.99.0.2 ip daddr 10.99.0.1 meta l4proto udp udp dport 9 accept comment '\"xtun-why 17 10.99.0.2 10.99.0.1 9\"'" \
	craft proto=udp
# xtun why cannot check a match of the packet's length.
nft replace rule inet fw in handle "$nr" meta length gt 0 drop comment '"it"'
nr=$(handle_of '"it"')
as="firewall, probably" \
	mended firewall "the firewall probably dropped it: the rule with handle $nr of chain 'in' in table inet fw$" \
	"nft insert rule inet fw in handle $nr ip saddr 10.99.0.2 ip daddr 10.99.0.1 meta l4proto udp udp dport 9 accept comment '\"xtun-why 17 10.99.0.2 10.99.0.1 9\"'" \
	craft proto=udp
# If connection tracking counts what it drops, a full table is not taken for the cause.
if [ -e /proc/net/stat/nf_conntrack ]; then
	nft flush chain inet fw in
	nft add chain inet fw early '{ type filter hook prerouting priority -400; }'
	nft add rule inet fw early udp dport 9 drop
	sysctl -q -w net.netfilter.nf_conntrack_max=1
	as="firewall, with a full table that dropped none" \
		explained firewall "dropped it: the rule with handle [0-9]+ of chain 'early'" strangers
	sysctl -q -w net.netfilter.nf_conntrack_max=1024
	nft flush chain inet fw early
else
	skip "a full table that has dropped none" "this kernel does not count that"
fi
# The rule that drops because there is no address is the cause, not the one that says
# drop.
nft flush chain inet fw in
nft add chain inet fw through '{ type filter hook forward priority 0; }'
nft add rule inet fw through tcp dport 22 drop
ip addr flush dev near
ip addr flush dev xtun
ip route add 10.98.0.2 dev near
iptables -t nat -A POSTROUTING -o near -j MASQUERADE
as="firewall, without an address" \
	mended firewall "the firewall probably dropped it: the MASQUERADE in iptables rule 1 of chain POSTROUTING in table nat$" \
	"iptables -t nat -I POSTROUTING 1 -s 10.99.0.2 -d 10.98.0.2 -p udp --dport 9 -j ACCEPT" \
	stranger
iptables -t nat -F POSTROUTING
ip addr add 10.98.0.1/24 dev near
ip addr add 10.99.0.1/24 dev xtun
# A table and a chain with the names that iptables uses need not be iptables'.
nft delete table ip filter
nft -f - <<-END
	table ip filter {
		chain INPUT {
			type filter hook input priority 0;
			udp dport 9 drop
		}
	}
END
as="firewall, named as with iptables" \
	mended firewall "dropped it: the rule with handle 2 of chain 'INPUT' in table ip filter$" \
	"nft insert rule ip filter INPUT handle 2 ip saddr 10.99.0.2 ip daddr 10.99.0.1 meta l4proto udp udp dport 9 accept comment '\"xtun-why 17 10.99.0.2 10.99.0.1 9\"'" \
	craft proto=udp
nft delete table ip filter
# Neither rule has a counter. The packet's direction tells them apart.
nft delete table inet fw
nft -f - <<-END
	table inet fw {
		chain in {
			type filter hook input priority 0;
			ip saddr 10.99.0.0/24 drop
		}
		chain out {
			type filter hook output priority 0;
			ip daddr 10.99.0.0/24 drop
		}
	}
END
explained firewall "the rule with handle [0-9]+ of chain 'in' in table" craft proto=icmp
# The kernel has a second firewall, whose rules are not read. If that is not a module,
# it cannot be removed again.
if modprobe -q iptable_filter && [ -e /sys/module/iptable_filter ] &&
   xtables-legacy-multi iptables -I INPUT -s 10.99.0.7 -j DROP; then
	explained firewall "the firewall dropped it: the rule with handle [0-9]+ of .*, or an iptables-legacy rule$" craft proto=icmp
	xtables-legacy-multi iptables -F INPUT
	modprobe -r iptable_filter
else
	skip "rules of iptables-legacy" "this kernel or guest has none"
fi
nft delete table inet fw
nft -f - <<-END
	table inet fw {
		chain in {
			type filter hook input priority 0;
			ip saddr 10.99.0.0/24 drop
		}
		chain post {
			type filter hook postrouting priority 0;
			ip daddr 10.99.0.2 drop
		}
	}
END
explained firewall "the rule with handle [0-9]+ of chain 'post' in table" \
	ping -c 1 -W 1 -I xtun 10.99.0.2
nft delete table inet fw
stack_down
