# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: GPL-2.0
# WireGuard in userspace, and the tool that configures it. Today's wireguard-go asks for
# vnet headers; it is linked with nothing but a C library as old as the guests'. Where
# there is none for the architecture any more, the last one there was has to do.
case $abi in
i386)     return 0 ;;		# the guest's C library is of another ABI
mipsn32*) return 0 ;;
mips64el) suite=bookworm ;;
*)        suite=sid ;;
esac
"$here/apt.sh" "$suite" "$abi" unpack "$into" wireguard-go
"$here/apt.sh" "$(suite_for "$abi")" "$abi" unpack "$into" wireguard-tools
(cd "$into" && rm -rf etc lib usr/lib usr/share)
