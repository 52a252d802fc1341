#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# DKMS builds, signs, installs, replaces and removes the module for every kernel whose
# headers are here, and skips kernels that the module is not for.
# shellcheck source=lib.sh
. /xtun/test/chroot/lib.sh

mapfile -t kernels < <(kernels native)
arch=$(uname -m)
newest=${kernels[-1]}
diag "$(dkms --version), kernels: ${kernels[*]}"
files >/tmp/before

# --- add, build, install, for each kernel

make -s install-source
ok "dkms add" dkms add "xtun/$version"
like "it is added" "$(dkms status xtun)" "xtun/$version: added"

# The build must use the kernel's compiler and not this one.
printf '#!/bin/sh\nexit 1\n' >/usr/local/bin/gcc
chmod +x /usr/local/bin/gcc
export PATH=/usr/local/bin:$PATH

for kernel in "${kernels[@]}"; do
	ok "dkms build for $kernel" dkms_log dkms build "xtun/$version" -k "$kernel"
	has "it is built" "$(dkms status xtun -k "$kernel")" "$kernel, $arch: built"
	ok "dkms install for $kernel" dkms install "xtun/$version" -k "$kernel"
	has "it is installed" "$(dkms status xtun -k "$kernel")" "$kernel, $arch: installed"
	has "modprobe finds one for this kernel" "$(modinfo -k "$kernel" -F vermagic xtun)" "$kernel "
	is "it has this version" "$(modinfo -k "$kernel" -F version xtun)" "$version"
	like "it is signed" "$(modinfo -k "$kernel" -F signer xtun)" "DKMS module signing key"
	like "by the hash that the kernel wants" "$(modinfo -k "$kernel" -F sig_hashalgo xtun)" \
		"^$(sed -n 's/^CONFIG_MODULE_SIG_HASH="\(.*\)"/\1/p' "/lib/modules/$kernel/build/.config")$"
done
is "it is installed for all of them at once" \
	"$(dkms status xtun | grep -c "^xtun/$version, .*: installed")" "${#kernels[@]}"

# --- a tree that says no more about its compiler than every kernel does

cp -a "/lib/modules/$newest/build/." /usr/src/own
mv /usr/src/own/.kernelvariables /tmp
sed -i "s,/usr/src/linux-headers-$newest\$,/usr/src/own," /usr/src/own/Makefile
ok "a kernel's own tree builds it, with the compiler of that kernel" \
	dkms_log dkms build "xtun/$version" -k "$newest-own" --kernelsourcedir /usr/src/own
dkms remove "xtun/$version" -k "$newest-own" >/dev/null
rm -rf /usr/src/own

# --- another architecture

for kernel in $(kernels foreign); do
	ok "dkms build for $kernel, across" dkms_log dkms build "xtun/$version" -k "$kernel" -a mips64
	like "it is of that kernel" "$(modinfo -F vermagic \
		/var/lib/dkms/xtun/"$version/$kernel"/mips64/module/xtun.ko*)" "^$kernel .*OCTEON 64BIT"
	dkms remove "xtun/$version" -k "$kernel" -a mips64 >/dev/null
done

# --- kernels that the module is not for

mkdir -p /lib/modules/0-nonet
cp -a "/lib/modules/$newest/build/." /usr/src/nonet
ln -s /usr/src/nonet /lib/modules/0-nonet/build
sed -i 's/^CONFIG_NET=y/# CONFIG_NET is not set/' /usr/src/nonet/.config /usr/src/nonet/include/config/auto.conf
status=0
output=$(dkms build "xtun/$version" -k 0-nonet 2>&1) || status=$?
is "a kernel without networking is passed over" "$status" 77
like "and DKMS says so" "$output" "should not be built"
rm -rf /lib/modules/0-nonet /usr/src/nonet

# A broken header stands for a kernel that is too old.
common=$(sed -n 's,^include \(.*\)/Makefile$,\1,p' "/lib/modules/$newest/build/Makefile")
cp "$common/include/linux/netdevice.h" /tmp
echo '#error "too old"' >"$common/include/linux/netdevice.h"
dkms remove "xtun/$version" -k "$newest" >/dev/null
nok "a kernel that it cannot be compiled for fails" dkms build "xtun/$version" -k "$newest"
like "and the log says why" "$(tail -n 20 /var/lib/dkms/xtun/"$version"/build/make.log || :)" "xtun supports Linux"
mv /tmp/netdevice.h "$common/include/linux/netdevice.h"

# --- the next version

next=$version.1
cp -a "/usr/src/xtun-$version" "/usr/src/xtun-$next"
sed -i "s/$version/$next/" "/usr/src/xtun-$next/dkms.conf" "/usr/src/xtun-$next/xtun.h"
ok "the next version is installed over it" dkms_log dkms install "xtun/$next" -k "$newest"
is "modprobe finds the next" "$(modinfo -k "$newest" -F version xtun)" "$next"
is "and it alone" "$(installed_module "$newest" | wc -l)" 1
is "the other is no longer installed" "$(dkms status "xtun/$version" -k "$newest" | grep -c installed || :)" 0
[ "${#kernels[@]}" = 1 ] ||
	is "but still for another kernel" "$(modinfo -k "${kernels[0]}" -F version xtun)" "$version"

# --- remove

ok "dkms remove" dkms remove "xtun/$next" --all
ok "dkms remove of the first version" dkms remove "xtun/$version" --all
is "DKMS knows nothing of it" "$(dkms status xtun)" ""
rm -rf "/usr/src/xtun-$version" "/usr/src/xtun-$next" /usr/local/bin/gcc
is "nothing is left" "$(changes)" ""
