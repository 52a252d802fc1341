# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: GPL-2.0
# examples/gvisor, built with Go and gVisor from Debian's packages. Neither is installed
# on this machine, and the result needs no library.
#of: examples/gvisor/main.go

# The first suite whose gVisor has today's interface.
suite=trixie
case $abi in
i386)     goarch=386 ;;
mips64el) goarch=mips64le ;;
mipsn32*) return 0 ;;		# Go has no such ABI
*)        goarch=$abi ;;
esac

# Other ABIs are built with the same Go. The caller keeps its own lock.
unpack_go() {
	root=$cache/go/$suite
	lock go
	if [ ! -e "$root/complete" ]; then
		say "Fetching Go and gVisor ($suite)"
		rm -rf "$root"
		mkdir -p "$root"
		"$here/apt.sh" "$suite" "$machine" closure "$root" \
			golang-go golang-gvisor-gvisor-dev
		touch "$root/complete"
	fi
	echo "$root"
}

debian=$(unpack_go)
goroot=$(echo "$debian"/usr/lib/go-*)
say "Building examples/gvisor for $abi"
mkdir -p "$into/usr/bin"
(cd "$top/examples/gvisor" && env GOROOT="$goroot" GOPATH="$debian/usr/share/gocode" \
	GO111MODULE=off GOTOOLCHAIN=local GOCACHE="$cache/go/cache" GOARCH="$goarch" CGO_ENABLED=0 \
	nice -n 19 "$goroot/bin/go" build -trimpath -ldflags='-s -w' -o "$into/usr/bin/xtun-gvisor" .) >&2
