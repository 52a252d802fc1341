# SPDX-License-Identifier: GPL-2.0
# The targets that can be typed here. Kbuild describes how the module is built.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
# If a kernel was built in a separate output folder, KDIR is that folder; or O= names it, as
# for the kernel's own makefile, which takes O= from the command line only.
OUTPUT := $(if $(filter command,$(origin O)),$(O),$(KDIR))
$(if $(filter-out /%,$(if $(filter command,$(origin O)),$(O))),$(error O=$(O) is to begin with /))
# The release is the tree's UTS_RELEASE, which the kernel itself reports: the tree may not be this
# machine's, and distributions may put a different release into kernel.release for the build.
UTS_RELEASE = $(OUTPUT)/include/generated/utsrelease.h
RELEASE = $(or $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' '$(UTS_RELEASE)' 2>/dev/null),$(KVER))
# ARCH=, CROSS_COMPILE= and CC= are used as given; without them, compat/tree.sh asks the kernel's
# tree. It also does so for CC=clang, which DKMS sets for every kernel that any clang has built.
NAMED := $(ARCH)$(CROSS_COMPILE)$(if $(filter command,$(origin CC)),$(filter-out clang,$(CC)))
ASK_TREE = $(if $(filter command,$(origin CC)),NAMED_CC='$(CC)' )sh compat/tree.sh '$(OUTPUT)'
TREE = $(if $(NAMED),,tree=$$($(ASK_TREE)) && )
# INSTALL_MOD_PATH is the image of another machine: everything is installed there.
DESTDIR ?= $(INSTALL_MOD_PATH)
export DESTDIR
# A relative DESTDIR would be a different folder in each makefile.
$(if $(filter-out /%,$(firstword $(DESTDIR))),$(error DESTDIR=$(DESTDIR) is to begin with /))
HEADERS_HINT = $(if $(filter file,$(origin KDIR)),Type: sudo apt-get install \
	linux-headers-$(KVER)   (or: make KDIR=...),KDIR= is the folder that it was built in.)
KBUILD = $(TREE)$(MAKE) -C '$(KDIR)' M='$(CURDIR)' $(if $(NAMED),,$$tree)
VERSION := $(shell sed -n 's/^PACKAGE_VERSION=//p' dkms.conf)
DKMS_SOURCE = $(DESTDIR)/usr/src/xtun-$(VERSION)
UDEV_RULES ?= /lib/udev/rules.d
# All sources of the module, without the files that the probes leave in compat/.
SOURCES := Kbuild $(filter-out %.mod.c,$(wildcard *.c)) $(wildcard *.h compat/compat.h compat/xdp.h compat/*.mk compat/probes/*.c)
# These, and everything that is needed to build them.
MODULE_TREE := $(SOURCES) Makefile compat/tree.sh compat/stale.sh dkms.conf LICENSE
# If the kernel's tree is for another machine, the tools are built for that machine as well.
NAMED_FOR_TOOLS := $(CROSS_COMPILE)$(if $(filter command,$(origin CC)),$(filter-out clang,$(CC)))
MAKE_FOR_TREE = $(if $(NAMED_FOR_TOOLS),,tree=$$($(ASK_TREE) tools) && )$(MAKE) O=. $(if $(NAMED_FOR_TOOLS),,$$tree)

.DEFAULT_GOAL := modules
.PHONY: modules modules_install tools lib demo guest bench bench-sizes bench-queues bench-profile check check-kernels check-programs \
	install install-rules install-source uninstall dkms-install dkms-uninstall deb check-debug check-octeon check-dkms \
	check-dkms-octeon check-litmus check-why fuzz clean help sources headers dkms no-dkms

modules: headers ## build xtun.ko for the running kernel, or for KDIR=
	+$(KBUILD) modules

tools: ## build tools/xtun, which shows and tests interfaces
	+$(MAKE_FOR_TREE) -C tools

lib: ## build libxtun, static and shared; make -C lib install installs it
	+$(MAKE_FOR_TREE) -C lib

demo: ## see it at work in a virtual machine; KERNEL= chooses the kernel
	@test/demo.sh

guest: ## a shell in a virtual machine with xtun loaded; KERNEL= chooses the kernel
	@test/guest.sh

check: ## everything a change must pass; KERNEL=, KERNEL_SRC= and TEST= restrict it
	@test/check.sh

check-kernels: ## every test on every kernel, architecture and ABI (two hours and a half)
	@test/check.sh all

check-programs: ## other people's programs on tap and on xtun, side by side (a quarter of an hour)
	@test/check.sh programs

check-why: ## that xtun why names each cause of a lost frame, and its fix works and can be undone; by kernel
	@test/why.sh

check-debug: ## the tests of check on kernels that look for misuse of memory, locks and races
	@KERNEL="$(or $(KERNEL),debug kcsan)" RACE_SECONDS=$(or $(RACE_SECONDS),600) test/check.sh

bench: ## what a frame costs on tap and on xtun, in instructions; ROWS= and WAYS= restrict it
	@test/bench.sh

bench-sizes: ## the same by the length of the frame, from 64 bytes to 64 KiB
	@test/bench.sh sizes

bench-queues: ## the same by how many queues are in service
	@test/bench.sh queues

bench-profile: ## where the instructions go, by function: ROW=tx WAY=plain BYTES=64
	@test/bench.sh profile '$(or $(ROW),tx)' '$(or $(WAY),plain)' '$(or $(BYTES),64)'

fuzz: ## half an hour of random calls on each of the kernels of check-debug; FUZZ_SECONDS=, KERNEL=, SEED=
	@KERNEL="$(or $(KERNEL),debug kcsan)" TEST=ring-fuzz FUZZ_SECONDS=$(or $(FUZZ_SECONDS),1800) \
		test/check.sh

check-octeon: ## every test on a kernel as Octeon boards have it: big-endian, small, n32
	@KERNEL=octeon-be test/check.sh

install: no-dkms modules tools modules_install install-rules ## install the module for this kernel, and the tool (as root)
	$(if $(DESTDIR),,depmod -a '$(RELEASE)')
	$(MAKE) -C tools O=. install

uninstall: no-dkms ## remove what install has installed (as root)
	rm -f '$(DESTDIR)/lib/modules/$(RELEASE)'/*/xtun.ko*
	rm -f '$(DESTDIR)$(UDEV_RULES)/60-xtun.rules'
	$(MAKE) -C tools O=. uninstall
	$(if $(DESTDIR),,! test -d '/lib/modules/$(RELEASE)' || depmod -a '$(RELEASE)')
	@find '$(DESTDIR)/lib/modules' -name 'xtun.ko*' 2>/dev/null | sed 's/^/Still there: /'

# The module alone, as build systems expect; DESTDIR= or INSTALL_MOD_PATH= is put before its folder.
modules_install: modules
	+$(KBUILD) INSTALL_MOD_PATH='$(or $(INSTALL_MOD_PATH),$(DESTDIR))' modules_install

install-rules:
	install -D -m 644 conf/60-xtun.rules '$(DESTDIR)$(UDEV_RULES)/60-xtun.rules'

# The source as DKMS expects it, for this machine or for a package.
install-source:
	install -d '$(DKMS_SOURCE)'
	cp --parents $(MODULE_TREE) '$(DKMS_SOURCE)'

dkms-install: dkms modules tools install-rules ## install with DKMS, for this and each later kernel (as root)
	@conf/dkms.sh install '$(VERSION)' '$(KVER)'
	$(MAKE) -C tools O=. install

dkms-uninstall: dkms ## remove what dkms-install has installed (as root)
	@conf/dkms.sh uninstall
	rm -f '$(UDEV_RULES)/60-xtun.rules'
	$(MAKE) -C tools O=. uninstall

deb: ## Debian packages of the module's source and of the tools, in build/deb
	@command -v dpkg-buildpackage >/dev/null && command -v dh_dkms >/dev/null || { \
		echo "Type: sudo apt-get install build-essential debhelper dh-dkms"; exit 1; }
	rm -rf build/deb
	mkdir -p build/deb/xtun-$(VERSION)
	tar --exclude=./.git --exclude=./build -cf - . | tar -C build/deb/xtun-$(VERSION) -xf -
	cd build/deb/xtun-$(VERSION) && dpkg-buildpackage -b -us -uc

check-litmus: ## the order of the rings' loads and stores, by the kernel's memory model
	@test/litmus.sh

check-dkms: ## DKMS and the packages, in chroots of their own
	@test/dkms.sh

check-dkms-octeon: ## DKMS on Debian for Octeon, emulated: takes long
	@test/dkms-octeon.sh

clean: ## remove what was built here; what the tests have fetched stays
	rm -rf build *.o *.ko *.mod *.mod.c .*.cmd .built-for .module-common.o modules.order Module.symvers
	cd compat && rm -f generated.h .*.cmd probes/*.h probes/*.log probes/.*.d probes/.*.cmd
	for folder in lib tools examples/lwip examples/relay examples/responder test/prog test/bench test/fuzz; do \
		$(MAKE) -C $$folder O=. clean; done

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 28

sources:
	@printf '%s\n' $(SOURCES)

headers:
	@test -e '$(KDIR)/Makefile' || { \
		echo "There is no kernel to build against in $(KDIR)." \
			"$(HEADERS_HINT)"; exit 1; }
	@case '$(CURDIR)' in *[\ :%]*) \
		echo "The kernel's build takes no folder with a space, ':' or '%' in its name. Move this one."; \
		exit 1 ;; esac
	@sh compat/stale.sh '$(OUTPUT)' '$(RELEASE)'

dkms:
	@command -v dkms >/dev/null || { echo "Type: sudo apt-get install dkms"; exit 1; }
	@! dpkg-query -W -f '$${db:Status-Abbrev}' xtun-dkms 2>/dev/null | grep -q '^.[^cn]' || { \
		echo "The package xtun-dkms has it. Type: sudo apt purge xtun-dkms"; exit 1; }

# Everything that may refuse or fail runs before anything is installed, also with -j.
ifneq ($(filter install,$(MAKECMDGOALS)),)
modules_install install-rules: | no-dkms tools
endif
ifneq ($(filter dkms-install,$(MAKECMDGOALS)),)
install-rules: | dkms modules tools
endif

# If DKMS has installed the module, too, it is not defined which of the two modprobe takes.
no-dkms:
	$(if $(DESTDIR),,@test -z "$$(dkms status xtun 2>/dev/null)" || { \
		echo "DKMS has xtun here. Type: sudo make dkms-install; or, to be rid of that one:" \
			"sudo make dkms-uninstall, or sudo apt purge xtun-dkms"; exit 1; })
