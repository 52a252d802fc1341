# SPDX-License-Identifier: GPL-2.0
#
# Finds out what the kernel offers. It compiles probes and does not look at the
# version, because vendor trees backport. Each compat/probes/NAME.c that compiles
# becomes "#define XTUN_HAVE_NAME 1" in compat/generated.h; compat.h does the
# rest. The compiler's reasons for a "no" are in compat/probes/NAME.log. The probe
# "baseline" must compile, or the answers of all others mean nothing.
# XTUN_WITHOUT="NAME..." makes these probes answer "no", to try their substitutes.

xtun-probes := $(patsubst $(src)/compat/probes/%.c,%,$(sort $(wildcard $(src)/compat/probes/*.c)))
xtun-probe-results := $(xtun-probes:%=$(obj)/compat/probes/%.h)

xtun-ask = $(if $(filter $(*F),$(XTUN_WITHOUT)),! echo '$<:1: error: XTUN_WITHOUT' >&2, \
	LC_ALL=C $(CC) $(c_flags) -fdiagnostics-color=never -fsyntax-only $<)

# A "no" is an error with a line number. A compiler that is killed, or does not know an
# option, gives no such error, and so no answer.
quiet_cmd_xtun_probe = PROBE   $@
      cmd_xtun_probe = \
	mkdir -p $(@D); rm -f $(@:.h=.log); \
	if { $(xtun-ask); } 2>$(@:.h=.log); then \
		echo '\#define XTUN_HAVE_$(shell echo $(*F) | tr a-z A-Z) 1'; \
	elif grep -v 'dependency file' $(@:.h=.log) | grep -qE ':[0-9]+: (fatal )?error: '; then \
		echo '/* no $(*F) */'; \
	else \
		echo '/* no answer */'; \
	fi >$@

$(xtun-probe-results): $(obj)/compat/probes/%.h: $(src)/compat/probes/%.c FORCE
	$(call if_changed,xtun_probe)

quiet_cmd_xtun_generated = GEN     $@
      cmd_xtun_generated = \
	if ! $(CC) --version >/dev/null 2>&1; then \
		echo "xtun: the kernel's compiler '$(CC)' does not run here. Install it, or name another: make CC=..." >&2; \
		rm -f $(xtun-probe-results); exit 1; \
	fi; \
	unclear=$$(grep -l 'no answer' $(xtun-probe-results) | head -n 1); \
	if [ -n "$$unclear" ]; then \
		echo "xtun: the compiler '$(CC)' does not do what this kernel's tree asks of it:" \
			"$${unclear%.h}.log begins" >&2; \
		head -n 3 "$${unclear%.h}.log" >&2; \
		rm -f $(xtun-probe-results); exit 1; \
	fi; \
	if ! grep -q XTUN_HAVE_BASELINE $(obj)/compat/probes/baseline.h; then \
		echo "xtun supports Linux 5.10 and newer, see docs/kernels.md. This kernel lacks what" \
			"compat/probes/baseline.c uses: $(obj)/compat/probes/baseline.log begins" >&2; \
		grep -m 1 'error' $(obj)/compat/probes/baseline.log >&2 || \
			head -n 1 $(obj)/compat/probes/baseline.log >&2; \
		rm -f $(xtun-probe-results); exit 1; \
	fi; \
	cat $(xtun-probe-results) >$@

$(obj)/compat/generated.h: $(xtun-probe-results) FORCE
	$(call if_changed,xtun_generated)

targets += $(xtun-probes:%=compat/probes/%.h) compat/generated.h
clean-files += compat/probes/*.h compat/probes/*.log compat/generated.h

ccflags-y += -I$(obj)/compat
$(addprefix $(obj)/,$(xtun-y)): $(obj)/compat/generated.h
