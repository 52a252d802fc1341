#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Print the folder that has the kernel's scripts/checkpatch.pl. Debian has it in the package of
# the kernel's source alone; from that come this one script and its word lists.
set -eu
. "$(dirname "$0")/common.sh"

dir=$cache/checkpatch
need xz-utils
lock checkpatch

# shellcheck source=/dev/null
fetch() {
	suite=$(. /etc/os-release; echo "$VERSION_CODENAME")
	say "Fetching the kernel's source for its checkpatch.pl"
	scratch
	# The metapackage depends on the newest source.
	"$here/apt.sh" "$suite" "$(dpkg --print-architecture)" unpack "$scratch" \
		"$("$here/apt.sh" "$suite" "$(dpkg --print-architecture)" cache depends linux-source |
			sed -n 's/^  Depends: //p' | head -n 1)"
	# Where it looks for names that have been accepted.
	mkdir -p "$dir/include"
	set -- "$scratch"/usr/src/linux-source-*.tar.xz
	tar -xJf "$1" -C "$dir" --strip-components=1 --wildcards '*/scripts/spelling.txt' \
		'*/scripts/const_structs.checkpatch' '*/scripts/checkpatch.pl'
}

[ -e "$dir/scripts/checkpatch.pl" ] || fetch
echo "$dir"
