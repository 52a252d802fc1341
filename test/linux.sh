#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Print the folder with the few files of the kernel's source that are useful by
# themselves: scripts/checkpatch.pl with its word lists, and the memory model. Debian
# has them only in the package of the kernel's source.
set -eu
. "$(dirname "$0")/common.sh"

# const_structs.checkpatch and spelling.txt must be where checkpatch.pl looks for them.
set -- scripts/checkpatch.pl scripts/spelling.txt scripts/const_structs.checkpatch \
	tools/memory-model
dir=$cache/linux-$(echo "$*" | sha256sum | cut -c 1-12)
need xz-utils
lock linux

# shellcheck source=/dev/null
fetch() {
	suite=$(. /etc/os-release; echo "$VERSION_CODENAME")
	say "Fetching the kernel's source for: $*"
	scratch
	# The metapackage depends on the newest source.
	"$here/apt.sh" "$suite" "$(dpkg --print-architecture)" unpack "$scratch" \
		"$("$here/apt.sh" "$suite" "$(dpkg --print-architecture)" cache depends linux-source |
			sed -n 's/^  Depends: //p' | head -n 1)"
	mkdir -p "$scratch/tree/include"
	archive=$(echo "$scratch"/usr/src/linux-source-*.tar.xz)
	printf '*/%s\n' "$@" | tar -xJf "$archive" -C "$scratch/tree" --strip-components=1 \
		--wildcards --files-from=-
	mv "$scratch/tree" "$dir"
}

[ -e "$dir" ] || fetch "$@"
echo "$dir"
