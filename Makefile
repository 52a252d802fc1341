# SPDX-License-Identifier: GPL-2.0
# What can be typed here. How the module is made stands in Kbuild.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
MODULE := $(CURDIR)/xtun.ko
# The one place of the version is the module's header.
VERSION := $(shell sed -n 's/^.define XTUN_VERSION[[:space:]]*"\(.*\)"/\1/p' xtun.h)
DKMS_SOURCE := /usr/src/xtun-$(VERSION)

.DEFAULT_GOAL := modules
.PHONY: modules tools demo guest check install uninstall dkms-install dkms-uninstall \
	clean help

modules: ## build xtun.ko for the running kernel, or for KDIR=
	@test -e '$(KDIR)/Makefile' || { \
		echo "No kernel headers in $(KDIR). Type: sudo apt-get install linux-headers-$(KVER)" \
			"(or: make KDIR=/path/to/kernel/build)"; exit 1; }
	$(MAKE) -C '$(KDIR)' M='$(CURDIR)' modules

tools: ## build tools/xtun, which shows and tests an interface
	$(MAKE) -C tools

demo: ## see it at work in a virtual machine: needs no kernel headers, no root network
	@test/demo.sh

guest: ## a shell in a virtual machine with xtun loaded; KERNEL= chooses the kernel
	@test/guest.sh

check: ## everything a change must pass; KERNEL= and TEST= restrict it
	@test/check.sh

install: modules ## install the module for that kernel (as root)
	$(MAKE) -C '$(KDIR)' M='$(CURDIR)' modules_install
	depmod -a $(KVER)

uninstall: ## remove what install has installed (as root)
	rm -f /lib/modules/$(KVER)/updates/xtun.ko* /lib/modules/$(KVER)/extra/xtun.ko*
	depmod -a $(KVER)

dkms-install: ## install by DKMS, which builds it again for each new kernel (as root)
	dkms install '$(CURDIR)'

dkms-uninstall: ## remove it from DKMS (as root)
	dkms remove xtun/$(VERSION) --all
	rm -rf '$(DKMS_SOURCE)'

clean: ## remove what was built here; the cache of kernels stays
	rm -rf build *.o *.ko *.mod *.mod.c .*.cmd .module-common.o modules.order Module.symvers
	$(MAKE) -C tools clean
	$(MAKE) -C examples/lwip clean
	$(MAKE) -C test/prog clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 24
