################################################################################
#
# xtun
#
################################################################################

# SPDX-License-Identifier: GPL-2.0
# The source is the tree that this file is in: nothing is downloaded.
XTUN_SITE = $(BR2_EXTERNAL_XTUN_PATH)/..
XTUN_SITE_METHOD = local
# Files that were built there are for another kernel, or for the build machine.
XTUN_OVERRIDE_SRCDIR_RSYNC_EXCLUSIONS = --exclude /build --exclude '*.o' --exclude '*.ko' \
	--exclude '*.mod' --exclude '*.mod.c' --exclude '.*.cmd' --exclude /.built-for \
	--exclude /compat/generated.h --exclude '/compat/probes/*.h'
XTUN_VERSION := $(shell sed -n 's/^PACKAGE_VERSION=//p' $(XTUN_SITE)/dkms.conf)
XTUN_LICENSE = GPL-2.0, GPL-2.0 or MIT (libxtun)
XTUN_LICENSE_FILES = LICENSE debian/copyright

define XTUN_LINUX_CONFIG_FIXUPS
	$(call KCONFIG_ENABLE_OPT,CONFIG_MODULES)
	$(call KCONFIG_ENABLE_OPT,CONFIG_NET)
endef

ifeq ($(BR2_PACKAGE_XTUN_TOOLS),y)
XTUN_TOOLS_MAKE = $(TARGET_MAKE_ENV) $(MAKE) -C $(@D)/tools WERROR= $(TARGET_CONFIGURE_OPTS)

# Programs that were built in the source tree are copied too, and make would keep them.
define XTUN_BUILD_TOOLS
	$(XTUN_TOOLS_MAKE) clean
	$(XTUN_TOOLS_MAKE) all
endef

define XTUN_INSTALL_TOOLS
	$(INSTALL) -D -m 0755 $(@D)/tools/xtun $(TARGET_DIR)/usr/sbin/xtun
endef
endif

ifeq ($(BR2_PACKAGE_XTUN_LIB),y)
XTUN_INSTALL_STAGING = YES
XTUN_LIB_MAKE = $(TARGET_MAKE_ENV) $(MAKE) -C $(@D)/lib WERROR= PREFIX=/usr \
	$(TARGET_CONFIGURE_OPTS)

define XTUN_BUILD_LIB
	$(XTUN_LIB_MAKE) clean
	$(XTUN_LIB_MAKE) all
endef

define XTUN_INSTALL_STAGING_CMDS
	$(XTUN_LIB_MAKE) install DESTDIR=$(STAGING_DIR)
endef

define XTUN_INSTALL_LIB
	$(XTUN_LIB_MAKE) install DESTDIR=$(TARGET_DIR)
endef
endif

# The build directory stays when the kernel changes: remove what is for the old kernel.
define XTUN_BUILD_CMDS
	cd $(@D) && sh compat/stale.sh $(LINUX_DIR) $(LINUX_VERSION_PROBED)
	$(XTUN_BUILD_TOOLS)
	$(XTUN_BUILD_LIB)
endef

ifeq ($(BR2_PACKAGE_HAS_UDEV),y)
define XTUN_INSTALL_RULES
	$(INSTALL) -D -m 0644 $(@D)/conf/60-xtun.rules \
		$(TARGET_DIR)/lib/udev/rules.d/60-xtun.rules
endef
endif

define XTUN_INSTALL_TARGET_CMDS
	$(XTUN_INSTALL_TOOLS)
	$(XTUN_INSTALL_LIB)
	$(XTUN_INSTALL_RULES)
endef

$(eval $(kernel-module))
$(eval $(generic-package))
