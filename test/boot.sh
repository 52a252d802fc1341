#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Boot a kernel of test/kernels in QEMU and run a command in it. The command's
# output is this script's, and so is its exit status.
#
#   boot.sh KERNEL LOG COMMAND [OVERLAY.cpio...]
#
# LOG gets the kernel's log, LOG.tar what the command left in /out.
# TIMEOUT= seconds until a guest counts as hung, MEMORY= its megabytes,
# APPEND= further kernel parameters. INTERACTIVE=1 gives the command the keyboard.
set -eu
. "$(dirname "$0")/common.sh"

kernel=$1 log=$2 command=$3
shift 3
need qemu-system-x86 cpio gcc libc6-dev

kdir=$("$here/kernel.sh" "$kernel")
rootfs=$("$here/rootfs.sh")
scratch

mkdir -p "$scratch/tree/test"
cp "$here/guest/init" "$scratch/tree/init"
printf '#!/bin/bash\n%s\n' "$command" >"$scratch/tree/test/run"
chmod +x "$scratch/tree/init" "$scratch/tree/test/run"
(cd "$scratch/tree" && find . | cpio --quiet -o -H newc -R 0:0) >"$scratch/run.cpio"
cat "$rootfs" "$kdir/modules.cpio" "$@" "$scratch/run.cpio" >"$scratch/initrd"

# Guests share this machine with each other and with its owner: they are told the
# frequency of their clock, need not prove that the timer ticks within a tenth of
# a second, and are given time before they suspect a lock-up.
patience() {
	if [ ! -x "$cache/tsc" ]; then
		cc -O2 -o "$scratch/tsc" "$here/tsc.c"
		mv "$scratch/tsc" "$cache/tsc"
	fi
	echo "no_timer_check tsc=reliable tsc_early_khz=$("$cache/tsc")" \
		"watchdog_thresh=30 rcupdate.rcu_cpu_stall_timeout=60"
}
parameters="console=ttyS0 panic=-1 oops=panic mitigations=off $(patience) ${APPEND:-}"

# A guest that has died leaves by the reboot that panic=-1 asks for; the marker
# of a guest that has ended is missing then, whatever QEMU's exit status says.
qemu() {
	timeout --foreground "${TIMEOUT:-300}" qemu-system-x86_64 -M pc -accel tcg,thread=single \
		-cpu max,la57=off -smp 2 -m "${MEMORY:-512}" -nodefaults -display none \
		-no-reboot -serial "file:$log" -chardev stdio,id=tty,signal=off \
		-serial chardev:tty -serial "file:$log.tar" \
		-kernel "$kdir/vmlinuz" -initrd "$scratch/initrd" \
		-append "$parameters"
}

if [ -n "${INTERACTIVE:-}" ]; then
	qemu
	exit
fi

{
	status=0
	qemu </dev/null || status=$?
	echo "# qemu ended: $status"
} | awk '
	/^# guest ended: / { ended = 1; status = $4; next }
	/^# qemu ended: /  { qemu = $4; next }
	{ print; fflush() }
	END {
		if (ended)
			exit status
		print "# The guest " (qemu == 124 ? "hung" : "died") "."
		exit 125
	}'
