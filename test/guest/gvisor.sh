#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# gVisor's stack knows nothing about xtun. It gets a file from which it reads frames and
# to which it writes them, and serves this kernel's TCP.
#guest: EXTRA=gvisor
. /test/lib.sh
requires xtun-gvisor curl

# shellcheck source=test/guest/programs.sh
. /test/programs.sh

serves_page() {
	grep -q gVisor <<<"$(curl -sS "http://$server/")"
}

losses() {
	ethtool -S xtun | grep -E 'lost_(truncated|short|long|fault): *[1-9]' || :
}

# serve ADDRESS COMMAND...: start COMMAND, which makes gVisor's stack a server.
serve() {
	server=$1
	: >/tmp/gvisor.log
	"${@:2}" 2>/tmp/gvisor.log &
	gvisor=$!
	eventually 60 grep -q serving /tmp/gvisor.log
}

# serves WHERE: the server does everything that it is asked for.
serves() {
	ok "$1: it answers ping" ping -c 3 -i 0.2 -W 60 "$server"
	ok "$1: it serves a page" serves_page
	ok "$1: it serves 10 MB" curl -sS -o /tmp/10MB "http://$server/10MB"
	ok "$1: all of them are right" cmp /tmp/10MB <(seq -f %015.0f 655360)
	is "$1: it has received 10 MB as they were" \
		"$(curl -sS -T /tmp/random "http://$server/")" \
		"10000000 bytes, SHA-256 $(sha256sum </tmp/random | cut -d ' ' -f 1)"
}

# The same program, given a descriptor.
as_tap() {
	serve 10.98.0.2 /test/bin/xtun-test attach "$device" tap0 0x1002 \
		xtun-gvisor -fd 3 -address 10.98.0.2/24
	ip addr add 10.98.0.1/24 dev tap0
	ip link set tap0 up
	serves "$device"
}

# IPv6 would send frames of its own.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
head -c 10000000 /dev/urandom >/tmp/random
on_each as_tap

ip addr add 10.99.0.1/24 dev xtun
ip link set xtun up
serve 10.99.0.2 xtun-gvisor -address 10.99.0.2/24
serves "as soon as it is open"

ip link set xtun down
nok "it is out of reach while the interface is down" curl -sS -m 2 "http://$server/"
ip link set xtun up
ok "it serves again when the interface is up" serves_page
ok "it is still the same process" kill -0 "$gvisor"
is "no frame was of the wrong length" "$(losses)" ""
