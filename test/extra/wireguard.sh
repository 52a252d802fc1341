# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: GPL-2.0
# WireGuard in userspace, and the tool that configures it. Today's wireguard-go uses
# vnet headers. It is linked only with a C library that is as old as the guests'. If an
# architecture has no package any more, the last one is used.
case $abi in
i386)     return 0 ;;		# the guest's C library is of another ABI
mipsn32*) return 0 ;;
mips64el) suite=bookworm ;;
*)        suite=sid ;;
esac
"$here/apt.sh" "$suite" "$abi" unpack "$into" wireguard-go
"$here/apt.sh" "$(suite_for "$abi")" "$abi" unpack "$into" wireguard-tools
(cd "$into" && rm -rf etc lib usr/lib usr/share)
