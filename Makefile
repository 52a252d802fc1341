# SPDX-License-Identifier: GPL-2.0
# What can be typed here. How the module is made stands in Kbuild.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
KBUILD = $(MAKE) -C '$(KDIR)' M='$(CURDIR)'
VERSION := $(shell sed -n 's/^PACKAGE_VERSION=//p' dkms.conf)
DKMS_SOURCE := /usr/src/xtun-$(VERSION)
# All that the module is made of; what the probes leave in compat/ is not.
SOURCES := Kbuild $(wildcard *.c *.h compat/compat.h compat/*.mk compat/probes/*.c)

.DEFAULT_GOAL := modules
.PHONY: modules tools demo guest check check-kernels install uninstall dkms-install dkms-uninstall \
	clean help sources headers dkms

modules: headers ## build xtun.ko for the running kernel, or for KDIR=
	$(KBUILD) modules

tools: ## build tools/xtun, which shows and tests interfaces
	$(MAKE) -C tools

demo: ## see it at work in a virtual machine; KERNEL= chooses the kernel
	@test/demo.sh

guest: ## a shell in such a machine with xtun loaded; KERNEL= chooses the kernel
	@test/guest.sh

check: ## everything a change must pass; KERNEL= and TEST= restrict it
	@test/check.sh

check-kernels: ## every test on every kernel, architecture and ABI (two hours)
	@test/check.sh all

install: modules tools ## install the module for this kernel, and the tool (as root)
	$(KBUILD) modules_install
	depmod -a $(KVER)
	$(MAKE) -C tools install

uninstall: ## remove what install has installed (as root)
	rm -f /lib/modules/$(KVER)/*/xtun.ko*
	depmod -a $(KVER)
	$(MAKE) -C tools uninstall

dkms-install: dkms tools ## the same by DKMS, for this and each later kernel (as root)
	if dkms status xtun/$(VERSION) | grep -q .; then dkms remove xtun/$(VERSION) --all; fi
	rm -rf '$(DKMS_SOURCE)'
	mkdir -p '$(DKMS_SOURCE)'
	cp --parents $(SOURCES) dkms.conf LICENSE '$(DKMS_SOURCE)'
	dkms install xtun/$(VERSION)
	$(MAKE) -C tools install

dkms-uninstall: dkms ## remove what dkms-install has installed (as root)
	dkms remove xtun/$(VERSION) --all
	rm -rf '$(DKMS_SOURCE)'
	$(MAKE) -C tools uninstall

clean: ## remove what was built here; what the tests have fetched stays
	rm -rf build *.o *.ko *.mod *.mod.c .*.cmd .module-common.o modules.order Module.symvers
	cd compat && rm -f generated.h .*.cmd probes/*.h probes/*.log probes/.*.d
	for folder in tools examples/lwip test/prog; do $(MAKE) -C $$folder clean; done

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

sources:
	@printf '%s\n' $(SOURCES)

headers:
	@test -e '$(KDIR)/Makefile' || { \
		echo "There is no kernel to build against in $(KDIR). Type:" \
			"sudo apt-get install linux-headers-$(KVER)   (or: make KDIR=...)"; \
		exit 1; }

dkms:
	@command -v dkms >/dev/null || { echo "Type: sudo apt-get install dkms"; exit 1; }
