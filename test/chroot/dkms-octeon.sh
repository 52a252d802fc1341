#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The life of the module under DKMS, once; dkms.sh tests all of it. This shows the
# output of DKMS, because hardly anybody will wait for it a second time.
# shellcheck source=lib.sh
. /xtun/test/chroot/lib.sh

kernel=$(kernels native | tail -n 1)
arch=$(uname -m)

# shown DESCRIPTION COMMAND...: like ok, but show the command and all that it prints.
shown() {
	local description=$1 status=0
	shift
	echo "# $*"
	SECONDS=0
	"$@" >/tmp/output 2>&1 || status=$?
	diag "$(cat /tmp/output)"
	diag "($SECONDS s)"
	result "$status" "$description" "it ended with $status"
}

diag "$(uname -m), $(dpkg --print-architecture), $(gcc --version | head -n 1), $(dkms --version)"
make -s install-source
shown "dkms add" dkms add "xtun/$version"
shown "dkms build for $kernel" dkms_log dkms build "xtun/$version" -k "$kernel"
shown "dkms install" dkms install "xtun/$version" -k "$kernel"
shown "dkms status" dkms status xtun
has "it is installed" "$(cat /tmp/output)" "xtun/$version, $kernel, $arch: installed"
shown "modinfo" modinfo -k "$kernel" xtun
like "it is of that kernel" "$(cat /tmp/output)" "vermagic: *$kernel .*OCTEON 64BIT"
like "it is signed" "$(cat /tmp/output)" "signer: *DKMS module signing key"
shown "dkms remove" dkms remove "xtun/$version" --all
is "DKMS knows nothing of it" "$(dkms status xtun)" ""
is "and nothing is left" "$(installed_module "$kernel")" ""
