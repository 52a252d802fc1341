#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Test DKMS on an emulated Debian for mips64el, with its Octeon kernel and its own
# compiler: five minutes or more. Prints TAP and the output of DKMS.
set -eu
. "$(dirname "$0")/common.sh"

tarball=$("$here/chroot.sh" bookworm mips64el \
	dkms make gcc libc6-dev kmod openssl linux-headers-octeon)
"$here/inside.sh" mips64el "$tarball" dkms-octeon
