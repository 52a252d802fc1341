#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# lwIP on rings: the same stack and program, with one file changed.
. /test/lib.sh
requires curl

server=10.99.0.2
run=(/test/bin/xtun-lwip-rings --address "$server/24" --gateway 10.99.0.1)

losses() {
	ethtool -S xtun | grep -E 'lost_(truncated|short|long|fault|broken): *[1-9]' || :
}

# fetch PATH
fetch() {
	"${run[@]}" fetch "http://10.99.0.1/$1" >/tmp/fetched
}

# IPv6 would send frames of its own.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
xtun_up
"${run[@]}" serve 2>/tmp/serve.log &
lwip=$!
eventually 60 grep -q serving /tmp/serve.log
diag "$(grep "frames go by" /tmp/serve.log)"
ok "its frames go by rings" grep -q "frames go by rings" /tmp/serve.log
ok "it answers ping" ping -c 3 -i 0.2 -W 10 $server
like "it serves a page" "$(curl -sS http://$server/)" "This is lwIP"
ok "it serves 10 MB" curl -sS -o /tmp/10MB http://$server/10MB
ok "all of them are right" cmp /tmp/10MB <(seq -f %015.0f 655360)
ip link set xtun down
nok "it is out of reach while the interface is down" curl -sS -m 2 http://$server/
ip link set xtun up
like "it serves again when the interface is up" "$(curl -sS http://$server/)" "This is lwIP"
kill $lwip
status=0
wait $lwip || status=$?
is "it ends when told to" $status 0
is "no frame was lost but for want of room" "$(losses)" ""

# Now lwIP is the client.
mkdir /tmp/www
seq -f %015.0f 65536 >/tmp/www/lines
busybox httpd -f -p 10.99.0.1:80 -h /tmp/www &
eventually 60 curl -sSf -o /dev/null http://10.99.0.1/lines
ok "it fetches 1 MB" fetch lines
ok "all of it is right" cmp /tmp/fetched /tmp/www/lines
