# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: GPL-2.0
# What a machine in a guest runs: a kernel with virtio's network card and little else,
# and busybox. /usr/lib/machine has both.
#of: test/extra/machine/init test/config/inner.config
if [ "$abi" = amd64 ]; then
	# shellcheck source=/dev/null
	stable=$(. /etc/os-release; echo "$VERSION_CODENAME")
	kdir=$("$here/kernel.sh" inner)
	inner=$scratch/inner
	mkdir -p "$inner/bin" "$inner/dev" "$inner/proc" "$inner/www" "$into/usr/lib/machine"
	"$here/apt.sh" "$stable" "$abi" unpack "$scratch/busybox" busybox-static
	cp "$scratch/busybox/bin/busybox" "$inner/bin/"
	for applet in sh mount ip ping wget md5sum httpd sleep; do
		ln -s busybox "$inner/bin/$applet"
	done
	cp "$here/extra/machine/init" "$inner/init"
	chmod +x "$inner/init"
	(cd "$inner" && find . | cpio --quiet -o -H newc -R 0:0) >"$into/usr/lib/machine/initrd"
	strip -o "$into/usr/lib/machine/vmlinux" "$kdir/build/vmlinux"
fi
