#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Boot a kernel of test/kernels in QEMU and run a command in it. This script prints the
# command's output and returns its exit status.
#
#   boot.sh KERNEL LOG COMMAND [OVERLAY.cpio...]
#
# LOG receives the kernel's log, LOG.tar what the command left in /out. TIMEOUT= is the
# number of seconds until a guest counts as hung, MEMORY= its memory in megabytes,
# APPEND= further kernel parameters. INTERACTIVE=1 connects the keyboard to the command.
# COUNTED=1 makes a tick of the clock one instruction, so that each boot is the same
# (amd64 only). DEBUGGER=SOCKET lets a debugger attach there.
set -eu
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/arch.sh"

kernel=$1 log=$2 command=$3
shift 3
kdir=$("$here/kernel.sh" "$kernel")
arch "$(cat "$kdir/arch")"
[ -n "$qemu" ] || die "No machine that QEMU knows boots the kernel '$kernel'."
need "$qemu_package" cpio gcc libc6-dev
rootfs=$("$here/rootfs.sh" "$(cat "$kdir/arch")")
scratch

mkdir -p "$scratch/tree/test"
cp "$here/guest/init" "$scratch/tree/init"
printf '#!/bin/bash\n%s\n' "$command" >"$scratch/tree/test/run"
chmod +x "$scratch/tree/init" "$scratch/tree/test/run"
(cd "$scratch/tree" && find . | cpio --quiet -o -H newc -R 0:0) >"$scratch/run.cpio"
cat "$rootfs" "$kdir/modules.cpio" "$@" "$scratch/run.cpio" >"$scratch/initrd"

# Guests share this machine with each other and with its user. So they are told the
# frequency of their clock, skip the check that the timer ticks within a tenth of a
# second, and wait longer before they report a lock-up.
patience() {
	echo "watchdog_thresh=30 rcupdate.rcu_cpu_stall_timeout=60"
	[ "$karch" = x86 ] || return 0
	tsc=$cache/tsc-$(sha256sum <"$here/tsc.c" | cut -c 1-8)
	if [ ! -x "$tsc" ]; then
		cc -O2 -o "$scratch/tsc" "$here/tsc.c"
		mv "$scratch/tsc" "$tsc"
	fi
	echo "no_timer_check tsc=reliable tsc_early_khz=$("$tsc")"
}

# Three outputs: the kernel's log, the command's terminal, its files. The kernel passes
# parameters that it does not know to the first process as environment variables.
case $lines in
uart)
	ends="output=/dev/ttyS1 files=/dev/ttyS2"
	qemu="$qemu -serial file:$log -serial chardev:tty -serial file:$log.tar" ;;
virtio)
	line=virtserialport output=/dev/vport0p1
	[ -z "${INTERACTIVE:-}" ] || line=virtconsole output=/dev/hvc0
	ends="output=$output files=/dev/vport0p2"
	qemu="$qemu -serial file:$log -device virtio-serial -device $line,chardev=tty,nr=1
		-chardev file,id=files,path=$log.tar -device virtserialport,chardev=files,nr=2" ;;
esac
# With COUNTED, nothing of this machine reaches the guest: no time, no speed, no
# randomness. The processor is a plain one because the emulator would count "rep movsb"
# byte by byte.
accel=tcg,thread=single speed=$(patience)
if [ -n "${COUNTED:-}" ] && [ "$karch" = x86 ]; then
	qemu="$(echo "$qemu" | sed 's/-cpu [^ ]*/-cpu qemu64/; s/-smp [0-9]*/-smp 1/')
		-icount shift=0,sleep=off -rtc base=2024-01-01,clock=vm -seed 1"
	accel=tcg speed="no_timer_check nokaslr tsc=reliable tsc_early_khz=1000000"
fi
# The guest starts when the debugger tells it to.
[ -z "${DEBUGGER:-}" ] || qemu="$qemu -S -gdb unix:$DEBUGGER,server=on,wait=off"

# A kernel that checks itself needs more time and memory.
slowness=1 memory=${MEMORY:-512}
if [ -e "$kdir/debug" ]; then
	slowness=6 memory=$((memory + 1024))
fi
timeout=$((${TIMEOUT:-300} * slowness))
parameters="console=$console panic=-1 oops=panic mitigations=off $ends slowness=$slowness
	$speed ${APPEND:-}"

# A guest that dies exits by the reboot that panic=-1 asks for. The marker of a guest
# that ended properly is missing then, whatever the exit status of QEMU is. One thread
# emulates all processors: with a thread for each, one of them may run code that the
# kernel is rewriting on another.
qemu() {
	# shellcheck disable=SC2086
	timeout --foreground "$timeout" $qemu -accel $accel \
		-m "$memory" -nodefaults -display none -no-reboot \
		-chardev "$terminal" \
		-kernel "$kdir/vmlinuz" -initrd "$scratch/initrd" \
		-append "$parameters"
}

# End of file on the input would hang up a virtio line.
terminal=file,id=tty,path=/dev/stdout
if [ -n "${INTERACTIVE:-}" ]; then
	terminal=stdio,id=tty,signal=off
	qemu
	exit
fi

# A shell loop and not awk, which may wait for a full block: each line must appear at
# once.
pass_on() {
	ended='' qemu=''
	while IFS= read -r line; do
		case $line in
		"# guest ended: "*) ended=${line##* } ;;
		"# qemu ended: "*)  qemu=${line##* } ;;
		*)                  printf '%s\n' "$line" ;;
		esac
	done
	[ -z "$ended" ] || return "$ended"
	if [ "$qemu" = 124 ]; then
		echo "# The guest hung."
	else
		echo "# The guest died."
	fi
	return 125
}

{
	status=0
	qemu </dev/null || status=$?
	echo "# qemu ended: $status"
} | pass_on
