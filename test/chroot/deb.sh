#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The packages are built, accepted by lintian, installed, replaced by the next version,
# removed and purged.
# shellcheck source=lib.sh
. /xtun/test/chroot/lib.sh

mapfile -t kernels < <(kernels native)
newest=${kernels[-1]}
files >/tmp/before

# installed_for_all VERSION
installed_for_all() {
	local kernel
	for kernel in "${kernels[@]}"; do
		is "the module is there for $kernel" "$(modinfo -k "$kernel" -F version xtun)" "$1"
	done
}

ok "make deb" make deb
mkdir /tmp/first
cp build/deb/*.deb build/deb/*.changes build/deb/*.buildinfo /tmp/first
ok "lintian finds no error" lintian --allow-root --fail-on error /tmp/first/*.changes
diag "$(lintian --allow-root --tag-display-limit 0 /tmp/first/*.changes || :)"

ok "make install" make install KVER="$newest"
ok "all are installed over it" dkms_log dpkg -i /tmp/first/*.deb
installed_for_all "$version"
is "there is one for modprobe" "$(installed_module "$newest" | wc -l)" 1
ok "of which DKMS has another" grep -rq . /var/lib/dkms/xtun/"$version/$newest"
for refused in install uninstall dkms-install dkms-uninstall; do
	nok "make $refused refuses" make "$refused" KVER="$newest"
done
ok "what it has left in /usr/local goes" make -C tools uninstall
like "the program runs" "$(xtun --version)" "$version"
for file in /usr/lib/udev/rules.d/60-xtun.rules \
	/usr/share/doc/xtun-dkms/examples/{modprobe,modules-load}.conf \
	/usr/share/man/man1/xtun-why.1.gz \
	/usr/share/man/man4/xtun.4.gz /usr/share/man/man8/xtun.8.gz \
	/usr/share/man/man3/libxtun.3.gz /usr/include/{,linux/}xtun.h; do
	ok "there is ${file##*/}" test -e "$file"
done
for how in -lxtun -l:libxtun.a; do
	ok "a program is built with $how" \
		cc -o /tmp/responder /usr/share/doc/libxtun-dev/examples/responder.c $how
	like "and runs" "$(/tmp/responder 2>&1 || :)" "usage: xtun-responder"
done
is "it is not loaded unasked" "$(find /etc /usr/lib -path "*modules-load.d/xtun*")" ""

next=$version.1
sed -i "s/$version/$next/" dkms.conf xtun.h debian/changelog
ok "the next version is made" make deb
echo 'autoinstall_all_kernels="yes"' >>/etc/dkms/framework.conf
ok "and installed over it" dkms_log dpkg -i build/deb/*.deb
installed_for_all "$next"
is "DKMS has it alone" "$(dkms status xtun | grep -c "^xtun/$next, .*: installed")" "${#kernels[@]}"
is "and nothing else" "$(dkms status xtun | grep -vc "^xtun/$next, " || :)" 0

ok "all are removed" dpkg -r xtun-dkms xtun-tools libxtun-dev libxtun0
is "DKMS knows nothing of it" "$(dkms status xtun)" ""
ok "and purged" dpkg -P xtun-dkms xtun-tools libxtun-dev libxtun0
rm /tmp/responder
is "nothing is left" "$(changes)" ""
