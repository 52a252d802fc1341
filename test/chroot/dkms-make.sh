#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# "make dkms-install" and "make install" for every kernel whose headers are here: what
# each installs, replaces and removes, with an old or a new DKMS.
# shellcheck source=lib.sh
. /xtun/test/chroot/lib.sh

mapfile -t kernels < <(kernels native)
newest=${kernels[-1]}
next=$version.1
diag "$(dkms --version), kernels: ${kernels[*]}"
files >/tmp/before

# installed VERSION KERNEL: whether DKMS says so, in the words of any of its versions.
installed() {
	dkms status xtun | sed 's,^xtun[/,] *,,' | grep -q "^$1, $2, .*: installed"
}

is_for_all() {
	local kernel
	for kernel in "${kernels[@]}"; do
		ok "$kernel has version $1" installed "$1" "$kernel"
		is "... for modprobe, too" "$(modinfo -k "$kernel" -F version xtun)" "$1"
	done
}

# --- a compiler that dies, which says nothing about the kernel

cat >/tmp/cc <<'END'
#!/bin/sh
case $* in *drop_reason.c*) kill -9 $$ ;; esac
exec gcc "$@"
END
chmod +x /tmp/cc
like "a probe whose compiler is killed" "$(make CC=/tmp/cc KVER="$newest" 2>&1 || :)" \
	"xtun: the compiler '/tmp/cc' does not do what this kernel's tree asks"
like "a tree that is not there" "$(make KDIR=/none 2>&1 || :)" \
	"no kernel to build against in /none. KDIR= is"

# --- DKMS, and a kernel that is installed later

ok "make dkms-install" dkms_log make dkms-install KVER="$newest"
ok "has DKMS install it" installed "$version" "$newest"
nok "make install then refuses" make install KVER="$newest"
nok "... and make uninstall" make uninstall KVER="$newest"
is "... which is still there for modprobe" "$(installed_module "$newest" | wc -l)" 1
like "and installs the tool" "$(/usr/local/sbin/xtun --version)" "$version"
if [ "${#kernels[@]}" != 1 ]; then
	ok "a kernel that comes later gets it" dkms_log dkms autoinstall -k "${kernels[0]}"
	is "of the same version" "$(modinfo -k "${kernels[0]}" -F version xtun)" "$version"
fi
ok "make dkms-install once more" dkms_log make dkms-install KVER="$newest"
is_for_all "$version"

cp dkms.conf /tmp
sed -i 's/^MAKE=.*/MAKE=false/' dkms.conf
nok "the same version, if DKMS cannot build it," make dkms-install KVER="$newest"
is_for_all "$version"
mv /tmp/dkms.conf .
nok "... leaves nothing aside" test -e "/usr/src/.xtun-$version"

# --- the next version

sed -i "s/$version/$next/" dkms.conf xtun.h
cp xtun_main.c /tmp
echo '#error "not this one"' >>xtun_main.c
nok "one that does not compile is not installed" make dkms-install KVER="$newest"
is_for_all "$version"
mv /tmp/xtun_main.c .
cp dkms.conf /tmp
sed -i 's/^MAKE=.*/MAKE=false/' dkms.conf
nok "nor is one that DKMS alone cannot build" make dkms-install KVER="$newest"
is_for_all "$version"
is "... and nothing of it is left" "$(dkms status xtun | grep -c "$next" || :)" 0
mv /tmp/dkms.conf .
ok "make dkms-install of the next version" dkms_log make dkms-install KVER="$newest"
is_for_all "$next"
is "and DKMS knows no other" "$(dkms status xtun | grep -c "$version," || :)" 0
ok "make dkms-uninstall" make dkms-uninstall
is "leaves nothing" "$(changes)" ""

# --- without DKMS

ok "make install" make install KVER="$newest"
ok "make dkms-install after it" dkms_log make dkms-install KVER="$newest"
is "leaves one for modprobe" "$(installed_module "$newest" | wc -l)" 1
ok "make dkms-uninstall" make dkms-uninstall
is "leaves nothing" "$(changes)" ""
for kernel in "${kernels[@]}"; do
	ok "make install for $kernel" make install KVER="$kernel"
	is "modprobe finds it" "$(modinfo -k "$kernel" -F version xtun)" "$next"
	like "and it is of that kernel" "$(modinfo -k "$kernel" -F vermagic xtun)" "^${kernel//+/[+]} "
done
for kernel in "${kernels[@]}"; do
	ok "make uninstall for $kernel" make uninstall KVER="$kernel"
done
is "leaves nothing" "$(changes)" ""
