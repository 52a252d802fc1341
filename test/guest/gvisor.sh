#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# gVisor's stack knows nothing of xtun: it is given a file, from which it reads frames
# and to which it writes them, and serves this kernel's TCP.
#guest: EXTRA=gvisor
. /test/lib.sh
requires xtun-gvisor curl

server=10.99.0.2

serves_page() {
	curl -sS http://$server/ | grep -q gVisor
}

losses() {
	ethtool -S xtun | grep -E 'lost_(truncated|short|long|fault): *[1-9]' || :
}

# Nothing but what the test sends.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
xtun_up
xtun-gvisor -address $server/24 2>/tmp/gvisor.log &
gvisor=$!
eventually 60 grep -q serving /tmp/gvisor.log

ok "it answers ping" ping -c 3 -i 0.2 -W 60 $server
ok "it serves a page" serves_page
ok "it serves 10 MB" curl -sS -o /tmp/10MB http://$server/10MB
ok "all of them are right" cmp /tmp/10MB <(seq -f %015.0f 655360)

head -c 10000000 /dev/urandom >/tmp/random
is "it has received 10 MB as they were" \
	"$(curl -sS -T /tmp/random http://$server/)" \
	"10000000 bytes, SHA-256 $(sha256sum </tmp/random | cut -d ' ' -f 1)"

ip link set xtun down
nok "it is out of reach while the interface is down" curl -sS -m 2 http://$server/
ip link set xtun up
ok "it serves again when the interface is up" serves_page
ok "it is still the same process" kill -0 $gvisor
is "no frame was of the wrong length" "$(losses)" ""
