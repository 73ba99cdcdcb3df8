# SPDX-License-Identifier: GPL-3.0-or-later
# install and uninstall, included by the Makefile. Everything goes below $(DESTDIR)$(PREFIX), but for configuration, which
# goes to $(DESTDIR)$(SYSCONFDIR). A configuration file that is there is left alone; pristine copies of all samples are in
# share/netmon/examples. The store, the RRDs and the user are made by the running system (systemd/, or by hand as
# netmon(7) says).

BINDIR      ?= $(PREFIX)/bin
SBINDIR     ?= $(PREFIX)/sbin
LIBDIR      := $(PREFIX)/lib/netmon
DATADIR     := $(PREFIX)/share/netmon
MANDIR      ?= $(PREFIX)/share/man
INCLUDEDIR  ?= $(PREFIX)/include
# what a module that is built outside of the tree may include
MODULE_HEADERS := $(addprefix probe/include/netmon/,module.h family.h dialogue.h) $(addprefix lib/include/netmon/,wire.h text.h ber.h tlv.h hello.h crc.h)
SYSTEMDDIR  ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
CRONDIR     ?= $(SYSCONFDIR)/cron.d
CONFDIR     := $(SYSCONFDIR)/netmon

# netmonc and netmon are also for ordinary users (capture files, reports); the others are for the system.
BIN_PROGRAMS  := netmonc netmon
SBIN_PROGRAMS := $(filter-out $(BIN_PROGRAMS) netmon.cgi,$(PROGRAMS))
# The skeleton is a text to copy from, not a module to load.
INSTALLED_MODULES := $(filter-out skeleton,$(MODULES))
CONFIGS   := netmon.conf netmonc.conf netmond.conf modules services.conf rules.conf groups.conf lighttpd-netmon.conf
UNITS     := $(notdir $(wildcard etc/systemd/*.service etc/systemd/*.timer))
MAN_PAGES := $(wildcard man/*.[1-9])

D := $(DESTDIR)
# Samples name places of the default prefix, or @VARIABLES@.
relocate = sed -e 's,/usr/local/lib/netmon/netmon\.cgi,$(LIBDIR)/cgi-bin/netmon.cgi,g' \
	-e 's,/usr/local/lib/netmon,$(LIBDIR),g' -e 's,/usr/local/etc/netmon,$(CONFDIR),g' \
	-e 's,@BINDIR@,$(BINDIR),g' -e 's,@SBINDIR@,$(SBINDIR),g' -e 's,@LIBDIR@,$(LIBDIR),g' -e 's,@CONFDIR@,$(CONFDIR),g'

# Programs look for their files below the prefix they were built for: another prefix makes that one object anew.
$(BUILD)/.prefix: FORCE
	$(Q)mkdir -p $(@D); echo '$(PREFIX) $(SYSCONFDIR)' | cmp -s - $@ || echo '$(PREFIX) $(SYSCONFDIR)' >$@
$(BUILD)/lib/paths.o: $(BUILD)/.prefix
FORCE:

.PHONY: FORCE uninstall install-programs install-data install-config install-system

install: all install-programs install-data install-config install-system

install-programs: all
	$(call say,INST,$(D)$(PREFIX))
	$(Q)install -d $(D)$(BINDIR) $(D)$(SBINDIR) $(D)$(LIBDIR)/cgi-bin $(D)$(LIBDIR)/modules
	$(Q)install -m 755 $(BIN_PROGRAMS:%=$(BUILD)/%) $(D)$(BINDIR)
	$(Q)install -m 755 $(SBIN_PROGRAMS:%=$(BUILD)/%) $(D)$(SBINDIR)
	$(Q)install -m 755 $(BUILD)/netmon.cgi $(D)$(LIBDIR)/cgi-bin
	$(Q)for m in $(INSTALLED_MODULES); do install -m 644 $(BUILD)/modules/$$m.so $(D)$(LIBDIR)/modules; done

install-data:
	$(Q)install -d $(D)$(DATADIR)/schema $(D)$(DATADIR)/tmpl $(D)$(DATADIR)/static $(D)$(DATADIR)/examples
	$(Q)install -d $(D)$(INCLUDEDIR)/netmon
	$(Q)install -m 644 schema/*.sql $(D)$(DATADIR)/schema
	$(Q)install -m 644 web/tmpl/*.html $(D)$(DATADIR)/tmpl
	$(Q)install -m 644 $(wildcard web/static/*) $(D)$(DATADIR)/static
	$(Q)install -m 644 modules/skeleton.c etc/mariadb-netmon.cnf $(D)$(DATADIR)/examples
	$(Q)install -m 644 $(MODULE_HEADERS) $(D)$(INCLUDEDIR)/netmon
	$(Q)for page in $(MAN_PAGES); do \
		install -d $(D)$(MANDIR)/man$${page##*.} && install -m 644 $$page $(D)$(MANDIR)/man$${page##*.} || exit 1; \
	done

# $(call sample,SOURCE,FOLDER,NAME): the pristine copy, and the working copy unless somebody has one already.
define sample
	$(Q)$(relocate) $(1) >$(D)$(DATADIR)/examples/$(notdir $(1)) && chmod 644 $(D)$(DATADIR)/examples/$(notdir $(1))
	$(Q)[ -e $(D)$(2)/$(3) ] || install -m 644 $(D)$(DATADIR)/examples/$(notdir $(1)) $(D)$(2)/$(3)

endef

install-config: install-data
	$(Q)install -d $(D)$(CONFDIR) $(D)$(CRONDIR)
	$(foreach c,$(CONFIGS),$(call sample,etc/$(c),$(CONFDIR),$(c)))
	$(call sample,etc/crontab,$(CRONDIR),netmon)

install-system:
	$(Q)install -d $(D)$(SYSTEMDDIR) $(D)$(SYSUSERSDIR) $(D)$(TMPFILESDIR)
	$(Q)for unit in $(UNITS); do \
		$(relocate) etc/systemd/$$unit >$(D)$(SYSTEMDDIR)/$$unit && chmod 644 $(D)$(SYSTEMDDIR)/$$unit || exit 1; \
	done
	$(Q)install -m 644 etc/systemd/sysusers.conf $(D)$(SYSUSERSDIR)/netmon.conf
	$(Q)install -m 644 etc/systemd/tmpfiles.conf $(D)$(TMPFILESDIR)/netmon.conf

# Takes away what install put there, and no configuration that was edited, no store, no RRDs.
uninstall:
	$(call say,RM,$(D)$(PREFIX))
	$(Q)for c in $(CONFIGS); do \
		cmp -s $(D)$(DATADIR)/examples/$$c $(D)$(CONFDIR)/$$c && rm -f $(D)$(CONFDIR)/$$c; \
	done; cmp -s $(D)$(DATADIR)/examples/crontab $(D)$(CRONDIR)/netmon && rm -f $(D)$(CRONDIR)/netmon; true
	$(Q)rm -f $(BIN_PROGRAMS:%=$(D)$(BINDIR)/%) $(SBIN_PROGRAMS:%=$(D)$(SBINDIR)/%) $(D)$(LIBDIR)/cgi-bin/netmon.cgi
	$(Q)rm -f $(INSTALLED_MODULES:%=$(D)$(LIBDIR)/modules/%.so)
	$(Q)rm -f $(addprefix $(D)$(INCLUDEDIR)/netmon/,$(notdir $(MODULE_HEADERS)))
	$(Q)for page in $(notdir $(MAN_PAGES)); do rm -f $(D)$(MANDIR)/man$${page##*.}/$$page; done
	$(Q)rm -f $(UNITS:%=$(D)$(SYSTEMDDIR)/%) $(D)$(SYSUSERSDIR)/netmon.conf $(D)$(TMPFILESDIR)/netmon.conf
	$(Q)rm -rf $(D)$(DATADIR)
	$(Q)rmdir --ignore-fail-on-non-empty $(wildcard $(D)$(LIBDIR)/modules $(D)$(LIBDIR)/cgi-bin) \
		$(wildcard $(D)$(LIBDIR) $(D)$(INCLUDEDIR)/netmon $(D)$(CONFDIR)) 2>/dev/null || true
