#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What make demo shows, from inside the guest.
set -eu -o pipefail
PATH=/test/bin:$PATH

# Set these here, so that the commands that are shown need not.
printf '%s\n' silent show-error 'write-out = "%{size_download} bytes in %{time_total} s\n"' \
	>~/.curlrc

# show COMMAND...: print the command as typed, and its output.
show() {
	printf '\n  $ %s\n' "$*"
	"$@" 2>&1 | sed -u 's/^/  /'
}

tell() {
	printf '\n%s\n' "$*"
}

tell "1. The module makes an interface and a device. This kernel is $(uname -r)."
show insmod xtun.ko
show ip addr add 10.99.0.1/24 dev xtun
show ip link set xtun up
show ip addr show dev xtun
show ls -l /dev/xtun

tell "2. lwIP, a TCP/IP stack in a process, opens the device and becomes 10.99.0.2."
printf '\n  $ xtun-lwip --address 10.99.0.2/24 --gateway 10.99.0.1 serve &\n'
xtun-lwip --address 10.99.0.2/24 --gateway 10.99.0.1 serve 2>/tmp/lwip.log &
until grep -q serving /tmp/lwip.log; do
	kill -0 $! || { cat /tmp/lwip.log; exit 1; }
	sleep 0.1
done
sed 's/^/  /' /tmp/lwip.log

tell "3. This kernel pings it: each answer comes out of that process."
show ping -c 3 -i 0.3 10.99.0.2

tell "4. This kernel's TCP fetches a page from that process' TCP."
show curl http://10.99.0.2/

tell "5. And 10 MB, which are compared with what they should be."
show curl -o /tmp/10MB http://10.99.0.2/10MB
printf '\n  $ seq -f %%015.0f 655360 | cmp - /tmp/10MB && echo identical\n'
seq -f %015.0f 655360 | cmp - /tmp/10MB && echo '  identical'

tell "6. Where every frame went: in = out + waiting + lost, each loss by its name."
show xtun status
show ip -s link show dev xtun

kill %1
wait
tell "7. With nobody left at the device the module can be removed."
show rmmod xtun
