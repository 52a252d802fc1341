#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The tool knows which kernel features that xtun could use are missing.
. /test/lib.sh

# lacks OPTION NAME: print NAME if this kernel was built without OPTION. A kernel that
# does not show its configuration is a distribution's, which has all of them.
lacks() {
	[ ! -e /proc/config.gz ] || zcat /proc/config.gz | grep -q "^CONFIG_$1=y" || echo "$2"
}

lacking=$(
	lacks TRACEPOINTS tracepoints
	lacks KALLSYMS kallsyms
	lacks BPF_SYSCALL eBPF
	lacks DEBUG_FS debugfs
	lacks NET_NS "network namespaces"
)
xtun_load
is "xtun status says what is lacking" "$(/test/bin/xtun status |
	sed -n 's/^this kernel lacks: //p')" "${lacking//$'\n'/, }"
is "... and nothing else in JSON" "$(/test/bin/xtun status --json |
	sed -n 's/.*"lacks":\[\([^]]*\)\].*/\1/p')" "${lacking:+\"${lacking//$'\n'/\",\"}\"}"
