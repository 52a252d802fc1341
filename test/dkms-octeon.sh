#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# DKMS on Debian for mips64el, its Octeon kernel and its own compiler, all of it
# emulated: five minutes or more. Prints TAP, and what DKMS says.
set -eu
. "$(dirname "$0")/common.sh"

tarball=$("$here/chroot.sh" bookworm mips64el \
	dkms make gcc libc6-dev kmod openssl linux-headers-octeon)
"$here/inside.sh" mips64el "$tarball" dkms-octeon
