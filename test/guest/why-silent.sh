#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# xtun why when nothing arrives and nothing was lost: each cause is provoked and named,
# what is printed fixes it, and it is provoked again.
. /test/lib.sh
. /test/frames.sh
requires jq
PATH=$PATH:/test/bin

said() {
	xtun why -t 0 2>&1 || :
}

says() {
	grep -qE "$1" <<<"$(said)"
}

silent() {
	! says "$1"
}

# block SENTENCE: what is said about that, to its last line.
block() {
	local line on=
	while IFS= read -r line; do
		[[ $line == "  "* ]] || { [[ $line =~ ^$1 ]] && on=y || on=; }
		[ -z "$on" ] || printf '%s\n' "$line"
	done <<<"$(said)"
}

# remedy WORDS SENTENCE: the command that is printed after these words.
remedy() {
	block "$2" | sed -n "s/^  $1: //p"
}

cure() {
	remedy fix "$1"
}

undo() {
	remedy undo "$1"
}

# silenced CASE SENTENCE ADVICE: the cause is named, and the advice is printed.
silenced() {
	local told
	told=$(block "$2")
	like "$1: named" "$told" "^$2"
	like "... and what mends it" "$told" "  (fix|or): $3"
}

# programs_read SILENCE: programs get the same commands as are printed.
programs_read() {
	is "... and for programs" \
		"$(xtun why -t 0 --json | jq -r "select(.silence == \"$1\") | .cure, .undo")" \
		"$cure"$'\n'"$undo"
}

# broken CASE SILENCE SENTENCE CURE UNDO COMMAND...: the same after COMMAND. CURE and
# UNDO are printed; CURE fixes the cause and UNDO brings it back. Programs read SILENCE.
broken() {
	local case=$1 sentence=$3 cure undo
	"${@:6}"
	cure=$(cure "$sentence") undo=$(undo "$sentence")
	ok "$case: named" says "^$sentence"
	is "... what mends it" "$cure" "$4"
	is "... what takes that back" "$undo" "$5"
	programs_read "$2"
	ok "... can be typed" sh -c "$cure"
	ok "$case: mended" eventually 5 silent "$sentence"
	ok "... what takes that back can be typed too" sh -c "$undo"
	ok "$case: back" eventually 5 says "$sentence"
	sh -c "$cure"
}

# reader COMMAND...: start it as a reader.
reader() {
	"$@" </dev/xtun >/dev/null &
	reader=$!
	eventually 5 grep -q "readers [1-9]" /proc/net/xtun
}

dismiss() {
	kill -KILL "$@"
	wait "$@" 2>/dev/null || :
}

xtun_load
frames_up
silenced "no reader" "nobody reads xtun; frames waiting: 0" "start the program that should be the other end"
reader cat
ok "no reader: mended" silent "nobody reads"
silenced "nothing sent" "the kernel has not sent anything to xtun yet" \
	"check whether a route leads to xtun: ip route get ADDRESS"
transmit 100
ok "nothing sent: mended" silent "has not sent anything"
asked="no program has ever written a frame to xtun, so there was nothing to answer; open for writing in: "
silenced "nothing asked" "${asked}no visible process\." \
	"let a program write to xtun; .*: xtun why --probe ADDRESS xtun"
exec 4>/dev/xtun
frame 60 >&4
ok "nothing asked: mended" silent "no program has ever written"
exec 4>&-
is "a healthy interface is told of in a word" "$(said)" \
	"xtun itself has lost no frames; the kernel's stack was not monitored: -t 0 was given."
ok "... its status is 0" xtun why -t 0

broken down down "xtun is down: nothing passes" "ip link set dev xtun up" "ip link set dev xtun down" \
	ip link set xtun down
frames_up
broken "ARP off" arp "ARP is off on xtun: the kernel neither asks nor answers" \
	"ip link set dev xtun arp on" "ip link set dev xtun arp off" ip link set xtun arp off
frames_up
# icmp NAME: that counter of the kernel's.
icmp() {
	awk -v name="$1" '$1 == "Icmp:" && !at { for (i = 2; i <= NF; i++) if ($i == name) at = i; next }
		$1 == "Icmp:" { print $at; exit }' /proc/net/snmp
}

# An echo request, as ping sends it: if the kernel does not answer, it frees it as if
# consumed.
sysctl -q -w net.ipv4.icmp_echo_ignore_all=1
xtun-test craft proto=icmp >/dev/xtun
unechoed="this machine does not answer echo requests: icmp_echo_ignore_all is 1; on all interfaces it received"
silenced "echoes off" \
	"$unechoed $(icmp InEchos) and answered $(icmp OutEchoReps)\." \
	"if a request was written to xtun: sysctl -w net/ipv4/icmp_echo_ignore_all=0"
sysctl -q -w net.ipv4.icmp_echo_ignore_all=0
ok "echoes off: mended" silent "$unechoed"
sysctl -q -w net.ipv4.icmp_echo_ignore_all=1
ok "echoes off: back" says "$unechoed"
sysctl -q -w net.ipv4.icmp_echo_ignore_all=0
# unaddressed CASE SENTENCE: the address that it needs is not known, so no command can
# be printed that is complete.
unaddressed() {
	local advice
	ip -4 addr flush dev xtun
	silenced "$1" "$2" "give it an address of its network: ip address add A\.B\.C\.D/24 dev xtun"
	is "... by no command" "$(undo "$2")" ""
	is "... and for programs" \
		"$(xtun why -t 0 --json | jq -r 'select(.silence == "address") | .cure, .undo')" \
		"null"$'\n'"null"
	advice=$(cure "$2")
	ok "... with one that it is to have, it can be" \
		sh -c "$(sed 's/^.*: //; s/A\.B\.C\.D/10.99.0.1/' <<<"$advice")"
	ok "$1: mended" eventually 5 silent "$2"
	ip -4 addr flush dev xtun
	ok "$1: back" eventually 5 says "^$2"
}
unaddressed "no address" "xtun has no address: the kernel answers no requests there"
ip addr add 192.0.2.2/24 dev xtun label xtun:2
ok "an address with a label is one" silent "has no address"
ip addr flush dev xtun
ok "... without it there is none" says "has no address"
frames_up
if [ -e /proc/net/if_inet6 ]; then
	sysctl -q -w net.ipv6.conf.xtun.disable_ipv6=0
	eventually 10 grep -q "^fe80.* xtun\$" /proc/net/if_inet6
	ok "a link-local address besides another: nothing to tell" silent "has no address"
	unaddressed "link-local addresses alone" \
		"xtun has no address other than link-local: the kernel answers no requests for other addresses there"
	ip link add link xtun name xtun.5 type vlan id 5
	ok "... what is above it may have one" silent "has no address"
	ip link del xtun.5
	ok "... or not" says "has no address other than link-local"
else
	skip "none but link-local addresses" "this kernel has no IPv6"
fi
frames_up
if echo 0 2>/dev/null >/sys/class/net/xtun/carrier; then
	silenced "no carrier" "xtun has no carrier: the kernel sends nothing" "attach the program"
	echo 1 >/sys/class/net/xtun/carrier
	ok "no carrier: mended" silent "no carrier"
	echo 0 >/sys/class/net/xtun/carrier
	ok "no carrier: back" says "no carrier"
	echo 1 >/sys/class/net/xtun/carrier
else
	skip "no carrier" "this kernel cannot take it away from here"
fi
frames_up

# --- as it happens, and for programs

xtun why -f >/tmp/follow 2>&1 &
follow=$!
followed() {
	[ "$(grep -c "$1" /tmp/follow)" = "$2" ]
}
is_refused() {
	! xtun-test attach /dev/xtun xtun 0x1000 true
}
for times in 1 2; do
	ip link set xtun down
	ok "-f tells of a silence, $times" eventually 10 followed "^xtun is down" "$times"
	sleep $((2 * ${slowness:-1}))
	ok "... once" followed "^xtun is down" "$times"
	ok "... and for programs it has a name" eval 'xtun why -t 0 --json | jq -e "select(.silence == \"down\").cure" >/dev/null'
	ip link set xtun up
	sleep $((2 * ${slowness:-1}))
done
ok "what is refused meanwhile" is_refused
ok "... it tells of, too" eventually 10 followed "^TUNSETIFF 0x1000 for xtun .* was refused" 1
sleep 2
ok "... once" followed "was refused" 1
is "... for programs by its name" \
	"$(xtun why -t 0 --json | jq -r 'select(.refused) | "\(.refused) \(.value) \(.errno) \(.name)"')" \
	"TUNSETIFF 4096 22 xtun"
dismiss "$follow"
ip link add gone0 type xtun
ip link del gone0
like "one that is gone is told of to programs" "$(xtun why --json gone0 2>/dev/null | jq -r .gone)" "^gone "
frames_up

# --- readers that do not read, and several readers

asleep="the reader of queue 0 has not read for [0-9]+\.[0-9] s; frames waiting there: 2; open in: cat\[$reader\]"
stop() {
	kill -STOP "$reader"
	eventually 5 grep -q "^State:.T" "/proc/$reader/status"
	transmit 100 2
}
stop
eventually 30 says "$asleep"
ok "stopped: named" says "^$asleep, which is stopped \(kill -CONT resumes it\)"
cure=$(cure "$asleep") undo=$(undo "$asleep")
is "... what mends it" "$cure" "kill -CONT $reader"
is "... what takes that back" "$undo" "kill -STOP $reader"
programs_read asleep
is "... and no more than that" "$(block "$asleep" | wc -l)" 3
ok "... can be typed" sh -c "$cure"
ok "stopped: mended" eventually 5 silent "the reader of queue"
ok "... what takes that back can be typed too" sh -c "$undo"
transmit 100 2
ok "stopped: back" eventually 30 says "$asleep, which is stopped"
sh -c "$cure"
eventually 5 silent "the reader of queue"
held() {
	xtun-test hold "$reader" &
	debugger=$!
	eventually 5 grep -q "^State:.t" "/proc/$reader/status"
	transmit 100 2
}
held
eventually 30 says "$asleep"
silenced "held" "$asleep, held by its debugger, process $debugger\." \
	"let the debugger resume it, or end the debugger: it is process $debugger"
is "... which no signal mends" "$(undo "$asleep")" ""
dismiss "$debugger"
ok "held: mended" eventually 5 silent "the reader of queue"
held
ok "held: back" eventually 30 says "$asleep, held by its debugger, process $debugger\."
dismiss "$debugger"
eventually 5 silent "the reader of queue"
another() {
	cat </dev/xtun >/dev/null &
	second=$!
	eventually 5 grep -q "readers 2" /proc/net/xtun
}
# listed: the processes that are said to share the queue, lowest first.
listed() {
	block "several programs read" | grep -o '\[[0-9]*\]' | tr -d '[]' | sort -n | xargs
}
shared="several programs read queue 0, and each gets only some of the frames: cat\[[0-9]+\]; cat\[[0-9]+\]\.\$"
both_listed() {
	is "... both, and nobody else" "$(listed)" "$(printf '%s\n' "$reader" "$second" | sort -n | xargs)"
}
another
silenced "shared" "${shared%\$}" "end all but one, or give each its own queue"
ok "... and no queue besides" says "$shared"
both_listed
dismiss "$second"
ok "shared: mended" eventually 5 silent "several programs read"
another
ok "shared: back" says "$shared"
dismiss "$second"
eventually 5 grep -q "readers 1" /proc/net/xtun
dismiss "$reader"
ok "no reader: back" eventually 5 says "nobody reads"

# A reader that has ended. Others have a copy of its file.
exec 4</dev/xtun
transmit 100
dd bs=2000 count=1 status=none <&4 >/dev/null &
ended=$!
wait "$ended"
transmit 100 2
asleep="the reader of queue 0 has not read for [0-9]+\.[0-9] s; frames waiting there: 2; \
the last was read by process $ended, which has ended; open in: bash\[$$\]"
ok "ended: named" eventually 30 says "^$asleep"
like "... and what mends it" "$(block "$asleep")" "  fix: check whether it hangs: xtun status xtun"
timeout 5 dd bs=2000 count=2 status=none <&4 >/dev/null
ok "ended: mended" silent "the reader of queue"
transmit 100 2
ok "ended: back" eventually 30 says "the reader of queue 0.*by process [0-9]+, which has ended"
exec 4<&-

# A slow reader does not count as asleep, however long frames wait.
sluggish() {
	while sleep 0.2; do
		dd bs=2000 count=1 status=none
	done
}
reader sluggish
transmit 100 200
eventually 30 grep -qE "the oldest frame waits for ([4-9]|[0-9][0-9])[0-9]{3} ms, read " /proc/net/xtun
ok "slow: does not sleep" silent "the reader of queue"
dismiss "$reader"
reader cat
eventually 5 grep -q "waiting 0 " /proc/net/xtun
dismiss "$reader"
eventually 5 grep -q "readers 0" /proc/net/xtun

if [ "$(cat /sys/module/xtun/parameters/rings)" = Y ]; then
	xtun-test ring-wrong asleep &
	reader=$!
	eventually 5 grep -q "^State:.T" "/proc/$reader/status"
	# The time before these frames arrived does not count as idle.
	grep -q "waiting 0" /proc/net/xtun
	sleep 2
	transmit 100 2
	like "frames that have just come to rings" "$(cat /proc/net/xtun)" \
		"waiting 2.*; readers 1, not read for [0-9]{1,3} ms"$'\n'
	asleep="the reader of queue [01] has not read for [0-9]+\.[0-9] s; frames waiting there: [2-9]; open in: \
xtun-test\[$reader\], which is stopped \(kill -CONT resumes it\)"
	eventually 30 says "$asleep"
	ok "rings asleep: named" says "^$asleep"
	cure=$(cure "$asleep") undo=$(undo "$asleep")
	is "... what mends it" "$cure" "kill -CONT $reader"
	is "... what takes that back" "$undo" "kill -STOP $reader"
	like "... as far as is seen" "$(cat /proc/net/xtun)" "readers 1, not read for [0-9]{4,} ms"$'\n'
	ok "... can be typed" sh -c "$cure"
	ok "rings asleep: mended" eventually 5 silent "the reader of queue"
	ok "... what takes that back can be typed too" sh -c "$undo"
	transmit 100 2
	ok "rings asleep: back" eventually 30 says "$asleep"
	like "... and who had read before" "$(cat /proc/net/xtun)" \
		"readers 1, not read for [0-9]{4,} ms by $reader"$'\n'
	kill -CONT "$reader"
	eventually 5 grep -q "^State:.T" "/proc/$reader/status"
	transmit 100
	sleep 2
	ok "... at the first look it is not known" silent "the reader of queue"
	dismiss "$reader"
else
	skip "who sleeps beside his rings" "there are none here"
fi

# --- two queues, of which one is shared

ip link del xtun
ip link add xtun numtxqueues 2 type xtun
frames_up
reader cat
another
xtun-test attach /dev/xtun xtun 0x1102 sleep 1000 &
third=$!
eventually 5 grep -q "queue 1 tx: .*readers 1" /proc/net/xtun
ok "nothing asked: back" says "^$asked"
ok "... and who has asked nothing" says "^${asked}sleep\[$third\]\.\$"
ok "shared, of two queues: named" says "^$shared"
both_listed
dismiss "$second"
ok "shared, of two queues: mended" eventually 5 silent "several programs read"
another
ok "shared, of two queues: back" says "$shared"
both_listed
dismiss "$second"
dismiss "$third"
xtun-test attach /dev/xtun xtun 0x1102 bash -c '. /test/frames.sh; frame 60 >&3'
ok "asked by a queue that is no more: not forgotten" silent "no program has ever written"
dismiss "$reader"

ip link del xtun
ip link add xtun type xtun
frames_up
ok "nothing sent: back" says "has not sent anything to xtun yet\.\$"
if [ -e /proc/net/if_inet6 ]; then
	sysctl -q -w net.ipv6.conf.xtun.disable_ipv6=0
	chatters() {
		[ "$(ethtool -S xtun | awk '/q0_tx_in/ { print $2 }')" -ge 3 ]
	}
	alone="the kernel has not sent anything to xtun yet, except what IPv6 sends on its own\."
	ok "IPv6 sends of itself" eventually 20 chatters
	silenced "nothing sent but by IPv6 of itself" "$alone" \
		"check whether a route leads to xtun: ip route get ADDRESS"
	transmit 100
	ok "nothing sent but by IPv6 of itself: mended" silent "has not sent anything"
	ip link del xtun
	ip link add xtun type xtun
	ip addr add 10.99.0.1/24 dev xtun
	ip link set xtun up
	eventually 20 chatters
	ok "nothing sent but by IPv6 of itself: back" says "$alone"
else
	skip "what IPv6 sends of itself" "this kernel has none"
fi

# --- what is gone

# went NAME: what is said about it.
went() {
	xtun why "$1" 2>/dev/null || :
}

xtun-test attach /dev/xtun tap5 0x1002 bash -c '. /test/frames.sh; ! frame 60 >&3' 2>/dev/null
like "gone: named" "$(went tap5)" "^tap5: gone [0-9.]+ s ago: bash\[[0-9]+\] closed its last file; \
it had lost 1, the last [0-9.]+ s ago: rx_lost_down, errno 5
  last loss: written while tap5 was down; write\(\) failed with EIO
"
cure=$(went tap5 | sed -n 's/^  fix: //p')
undo=$(went tap5 | sed -n 's/^  undo: //p')
is "... what mends it" "$cure" "ip link add tap5 type xtun"
is "... what takes that back" "$undo" "ip link del dev tap5"
like "... or else" "$(went tap5)" "  or: keep the program's file open, or let it set TUNSETPERSIST"
is "... and for programs" \
	"$({ xtun why --json tap5 2>/dev/null || :; } | jq -r 'select(.gone) | .cure, .undo')" \
	"$cure"$'\n'"$undo"
ok "... can be typed" sh -c "$cure"
xtun-test attach /dev/xtun tap5 0x1002 true
ok "gone: mended" ip link show tap5
ok "... what takes that back can be typed too" sh -c "$undo"
like "gone: back" "$(went tap5)" "^tap5: gone [0-9.]+ s ago: ip\[[0-9]+\] deleted it"

# An interface of another kind, or with several queues, can only be attached to as such.
xtun-test attach /dev/xtun tun5 0x1001 true
like "gone, a tun: named" "$(went tun5)" "^tun5: gone [0-9.]+ s ago, a tun: true\[[0-9]+\] closed its last file
  fix: keep the program's file open, or let it set TUNSETPERSIST"
xtun-test attach /dev/xtun tun5 0x1001 xtun-test persist 1
ok "gone, a tun: mended" ip link show tun5
xtun-test attach /dev/xtun tun5 0x1001 xtun-test persist 0
like "gone, a tun: back" "$(went tun5)" "^tun5: gone [0-9.]+ s ago, a tun: "
xtun-test attach /dev/xtun many5 0x1102 true
like "gone, of queues: named" "$(went many5)" "^many5: gone [0-9.]+ s ago, a tap of [0-9]+ queues: "
cure=$(went many5 | sed -n 's/^  fix: //p')
undo=$(went many5 | sed -n 's/^  undo: //p')
like "... what mends it" "$cure" "^ip link add many5 numtxqueues [0-9]+ type xtun\$"
ok "... can be typed" sh -c "$cure"
xtun-test attach /dev/xtun many5 0x1102 true
ok "gone, of queues: mended" ip link show many5
ok "... what takes that back can be typed too" sh -c "$undo"
like "gone, of queues: back" "$(went many5)" "^many5: gone [0-9.]+ s ago, a tap of [0-9]+ queues: ip\[[0-9]+\] deleted it"

if [ -e /proc/self/ns/net ]; then
	ip netns add elsewhere
	ip link add moved5 type xtun
	ip link set moved5 netns elsewhere
	like "gone, elsewhere: named" "$(went moved5)" "^moved5: gone [0-9.]+ s ago: moved to another namespace by ip\[[0-9]+\]
  fix: find it: ip -all netns exec ip -br link"
	ip -n elsewhere link set moved5 netns $$
	ok "gone, elsewhere: mended" ip link show moved5
	ip link set moved5 netns elsewhere
	like "gone, elsewhere: back" "$(went moved5)" "^moved5: gone [0-9.]+ s ago: moved to another namespace"
	ip -n elsewhere link del moved5
	ip netns del elsewhere
else
	skip "gone, elsewhere" "this kernel has no namespaces"
fi
