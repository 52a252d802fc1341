#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# XDP on the interface, generic and native. The program passes, drops, sends back or
# redirects what is written:
#
#   /dev/xtun ---- xtun 10.99.0.1 ---- this namespace
#                    |
#                    +--- redirect --> xdp0 ---- xdp1
#
# The same on an interface with several queues, with vnet headers, and with AF_XDP.
#guest: TIMEOUT=600
. /test/lib.sh
requires eBPF

# Only the test sends: without IPv6, and without ARP for a neighbour that expires.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
xtun_up
ip neigh add 10.99.0.2 lladdr 02:00:00:00:00:02 dev xtun
ip link set xtun mtu 9000
ip link add xdp0 mtu 9000 type veth peer name xdp1 mtu 9000
ip link set xdp0 up
ip link set xdp1 up
theme xdp
theme xdp_queues
ip link del xdp0
