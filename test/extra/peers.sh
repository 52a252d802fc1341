# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: GPL-2.0
# Other tools that report lost frames, from the first Debian that has all of them, with
# its libraries: they are in a root of their own, /peers. bpftrace crashes without a
# shell.
[ "$abi" = amd64 ] || return 0
say "Fetching bpftrace, dropwatch, perf and pwru (trixie)"
"$here/apt.sh" trixie "$abi" closure "$into/peers" bpftrace dash dropwatch linux-perf pwru
(cd "$into/peers" && rm -rf boot home media srv usr/games usr/lib/*/gconv usr/lib/*/perl* \
	usr/lib/python3* usr/lib/systemd usr/share/[!t]* usr/share/t[!e]*)
for folder in bin sbin lib lib64; do
	ln -s "usr/$folder" "$into/peers/$folder"
done
mkdir -p "$into/peers/proc" "$into/peers/sys" "$into/peers/dev" "$into/peers/tmp"
