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
# COUNTED=1 makes a tick of the clock one instruction, the same in each boot (amd64 alone).
# DEBUGGER=SOCKET lets a debugger attach there.
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

# Guests share this machine with each other and with its owner: they are told the
# frequency of their clock, need not prove that the timer ticks within a tenth of
# a second, and are given time before they suspect a lock-up.
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

# The kernel's log, the command's terminal, its files. What the kernel does not
# know of its parameters becomes the environment of the first process.
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
# Nothing of this machine's then reaches the guest: no time, no speed, no chance. A
# plain processor: the emulator would count "rep movsb" byte by byte.
accel=tcg,thread=single speed=$(patience)
if [ -n "${COUNTED:-}" ] && [ "$karch" = x86 ]; then
	qemu="$(echo "$qemu" | sed 's/-cpu [^ ]*/-cpu qemu64/; s/-smp [0-9]*/-smp 1/')
		-icount shift=0,sleep=off -rtc base=2024-01-01,clock=vm -seed 1"
	accel=tcg speed="no_timer_check nokaslr tsc=reliable tsc_early_khz=1000000"
fi
# Whoever attaches has it start.
[ -z "${DEBUGGER:-}" ] || qemu="$qemu -S -gdb unix:$DEBUGGER,server=on,wait=off"

# A kernel that checks itself all the time takes its time, and memory.
slowness=1 memory=${MEMORY:-512}
if [ -e "$kdir/debug" ]; then
	slowness=6 memory=$((memory + 1024))
fi
timeout=$((${TIMEOUT:-300} * slowness))
parameters="console=$console panic=-1 oops=panic mitigations=off $ends slowness=$slowness
	$speed ${APPEND:-}"

# A guest that has died leaves by the reboot that panic=-1 asks for; the marker
# of a guest that has ended is missing then, whatever QEMU's exit status says.
# One thread for all processors: with a thread for each, one of them may run code
# that the kernel is just rewriting on another.
qemu() {
	# shellcheck disable=SC2086
	timeout --foreground "$timeout" $qemu -accel $accel \
		-m "$memory" -nodefaults -display none -no-reboot \
		-chardev "$terminal" \
		-kernel "$kdir/vmlinuz" -initrd "$scratch/initrd" \
		-append "$parameters"
}

# An input that has ended would hang up a virtio line.
terminal=file,id=tty,path=/dev/stdout
if [ -n "${INTERACTIVE:-}" ]; then
	terminal=stdio,id=tty,signal=off
	qemu
	exit
fi

# By the shell, for awk may wait until it has a block: each line counts as it comes.
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
