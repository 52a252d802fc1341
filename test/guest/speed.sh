#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# xtun bench measures each way, loses nothing, and leaves nothing behind. The figures
# themselves are not judged.
. /test/lib.sh
requires namespaces

export PATH=/test/bin:$PATH
said=

# measured WAY: how many rows have a figure for it; five is all.
measured() {
	awk -v way="$1" '$1 == way && $2 > 0 && NF >= 6 && !/not measured|lost/ { n++ }
		END { print n + 0 }' <<<"$said"
}

modprobe tun 2>/dev/null || :
exits 2 "without the module" xtun bench -t 1
like "... says how to load it" "$said" "Type: modprobe xtun"
is "... and measures tap" "$(measured tap)" 5
exits 64 "no seconds" xtun bench -t 0
exits 64 "a word too many" xtun bench now

xtun_load
before=$(ip -br link)
exits 0 "with it" xtun bench -t 4
diag "$said"
for way in tap plain batch rings; do
	is "$way: every row, and nothing is lost" "$(measured $way)" 5
	like "$way: an idle tunnel" "${said#*an idle tunnel}" "  $way  *[0-9]+  *0"
done
is "nothing passed the interface that there is" \
	"$(ethtool -S xtun | sed -n 's/^ *q0_[tr]x_in: //p' | xargs)" "0 0"
is "no interface is left here" "$(ip -br link)" "$before"

exits 0 "--json" xtun bench -t 1 --json
is "--json: an object for each" "$(grep -c '"frames_per_second"' <<<"$said")" 20
like "--json: trips have their times" "$said" '"round trip", "way": "rings".*"p99_us": [0-9.]+'

# Users who may open the device need not be root: the interfaces are in a namespace of
# their own.
chmod 666 /dev/xtun /dev/net/tun
[ ! -e /proc/sys/kernel/unprivileged_userns_clone ] ||
	sysctl -q -w kernel.unprivileged_userns_clone=1
exits 0 "as nobody" setpriv --reuid 65534 --regid 65534 --clear-groups \
	/test/bin/xtun bench -t 2
is "as nobody: batches" "$(measured batch)" 5
