# netmon: GNU make. `make help` lists what there is.
#
#   make [CC=clang] [BUILD=folder] [ASAN=1 | TSAN=1 | PLANTS=1] [WERROR=1] [V=1]
#
# Objects go to $(BUILD), never beside the sources. ASAN=1 builds with AddressSanitizer and UBSan into build/asan,
# TSAN=1 with ThreadSanitizer into build/tsan, PLANTS=1 with bugs that can be switched on (lib/plant.h) into build/plants.

VERSION := 0.1
PREFIX  ?= /usr/local
SYSCONFDIR ?= $(if $(filter /usr,$(PREFIX)),/etc,$(PREFIX)/etc)
BUILD   ?= $(if $(ASAN),build/asan,$(if $(TSAN),build/tsan,$(if $(PLANTS),build/plants,build)))

CC      ?= cc
AR      ?= ar
MAKEFLAGS += --no-builtin-rules --no-print-directory
Q       := $(if $(V),,@)
say      = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

# One compiler's optimiser and sanitizer differ from another's, so they are kept apart from what the code relies on.
COMMA   := ,
SANITIZE := $(if $(ASAN),-fsanitize=address$(COMMA)undefined,$(if $(TSAN),-fsanitize=thread))
OPT     := $(if $(SANITIZE),-O1 -g -fno-omit-frame-pointer $(SANITIZE) -fno-sanitize-recover=all,-O2 -g)
HARDEN  := -fstack-protector-strong -fstack-clash-protection $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2) -fcf-protection
# Sanitizers make gcc lose track of ranges that it knows without them.
WARN_OFF := $(if $(findstring clang,$(CC)),,-Wno-format-truncation -Wno-maybe-uninitialized)
WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wsign-compare \
           -Wformat=2 -Wundef -Wvla -Werror=implicit $(if $(WERROR)$(CI),-Werror) $(if $(SANITIZE),$(WARN_OFF))
DEFS    := -D_GNU_SOURCE -DNETMON_VERSION='"$(VERSION)"' -DNETMON_LIBDIR='"$(PREFIX)/lib/netmon"' \
           -DNETMON_DATADIR='"$(PREFIX)/share/netmon"' -DNETMON_SYSCONFDIR='"$(SYSCONFDIR)/netmon"' $(if $(PLANTS),-DNETMON_PLANTS)
INCLUDE := -I. -Ilib/include -Iprobe/include
ALL_CFLAGS  = -std=c11 $(OPT) $(HARDEN) $(WARN) $(DEFS) $(INCLUDE) -MMD -MP $(CFLAGS)
ALL_LDFLAGS = $(OPT) -Wl,-z,relro -Wl,-z,now -Wl,--as-needed $(if $(SANITIZE),,-pie) $(LDFLAGS)

# What each program is made of: folder, libraries. lib/ goes into all of them.
PROGRAMS := netmonc netmond netmon netmon-aggregate netmon-alert netmon.cgi
DIR_netmonc          := probe
DIR_netmond          := collector
DIR_netmon           := cron/admin
DIR_netmon-aggregate := cron/aggregate
DIR_netmon-alert     := cron/alert
DIR_netmon.cgi       := web
LIBS_lib             := -lsqlite3 -lmariadb -lssl -lcrypto -lsodium -lpopt -lconfuse -lisal -lpthread
LIBS_probe           := -lpcap -ljansson -lseccomp -lcap-ng -ldl
LIBS_collector       := -lrrd -ljansson -lm
LIBS_cron/admin      :=
LIBS_cron/aggregate  :=
LIBS_cron/alert      := -lesmtp -lcurl
LIBS_web             := -lrrd -lfcgi -ljansson -lm

DIRS     := $(foreach p,$(PROGRAMS),$(DIR_$(p)))
LIB_SRC  := $(wildcard lib/*.c)
MODULES  := $(patsubst modules/%.c,%,$(wildcard modules/*.c))

# archive of a folder: everything but main.c, for the program and its tests
archive   = $(BUILD)/lib$(subst /,-,$(1)).a
objects   = $(patsubst %.c,$(BUILD)/%.o,$(filter-out %/main.c,$(wildcard $(1)/*.c)))
LIBNETMON := $(BUILD)/libnetmon.a

.PHONY: all deps demo module test test-quick thread-tests bench lint stats captures fuzz install clean help tests
.DELETE_ON_ERROR:
.SECONDARY:

all: $(addprefix $(BUILD)/,$(PROGRAMS)) $(MODULES:%=$(BUILD)/modules/%.so)

help:
	@printf '%s\n' \
	 'make             build the programs and modules into $(BUILD)/' \
	 'make deps        install the Debian packages that are missing' \
	 'make demo        set all up and show real traffic on pages (IF=eth0: live; CHECK=1: check and exit)' \
	 'make test        set all up and run every test' \
	 'make test-quick  unit tests of this build only' \
	 'make bench       what netmon costs here (QUICK=1, ALONE=1, PARTS="mixes live", JSON=file: see tests/bench/run --help)' \
	 'make lint        format, clang-tidy, cppcheck, include directions, headers alone, man pages (FILES=..., QUICK=1)' \
	 'make stats       sizes of functions and files' \
	 'make module NAME=foo   begin a classifier module: source, test and man page' \
	 'make faults      kill, cut, fill, damage and forge, and see that nothing is lost (PARTS="kill cut", COUNT=, SEED=, QUICK=1)' \
	 'make captures    record tests/captures anew (root, network namespaces)' \
	 'make install     into $$(DESTDIR)$(PREFIX), configuration into $$(DESTDIR)$(SYSCONFDIR)/netmon' \
	 'variables        CC ASAN=1 TSAN=1 WERROR=1 V=1 BUILD= PREFIX= DESTDIR='

# --- objects, archives, programs -----------------------------------------------------------------------------------
# The stamp tells a program that it runs from a build folder, and where the source tree is.
$(BUILD)/.netmon-build: | $(BUILD)/.dir
	$(Q)printf '%s\n' '$(CURDIR)' >$@

%/.dir:
	$(Q)mkdir -p $(@D) && touch $@

$(BUILD)/%.o: %.c Makefile | $(BUILD)/.netmon-build
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -fPIE -c -o $@ $<

$(LIBNETMON): $(LIB_SRC:%.c=$(BUILD)/%.o)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

define folder_rules
$(call archive,$(1)): $(call objects,$(1))
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$^
endef
$(foreach d,$(DIRS),$(eval $(call folder_rules,$(d))))

define program_rules
$(BUILD)/$(1): $(BUILD)/$(DIR_$(1))/main.o $(call archive,$(DIR_$(1))) $(LIBNETMON)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(LIBS_$(DIR_$(1))) $$(LIBS_lib)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rules,$(p))))

# A module sees the installed headers' folder and nothing else. It may have further sources in a folder of its name, and need
# libraries: those are named here.
MODULE_LIBS_quic := -lnettle
module_parts = $(patsubst %.c,$(BUILD)/%.o,$(wildcard modules/$(1)/*.c))
MODULE_PARTS := $(foreach m,$(MODULES),$(call module_parts,$(m)))
MODULE_CFLAGS = -std=c11 $(OPT) $(HARDEN) $(WARN) -iquote . -Ilib/include -Iprobe/include -MMD -MP -fvisibility=hidden $(CFLAGS)
$(BUILD)/modules/%.o: modules/%.c Makefile | $(BUILD)/.netmon-build
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(MODULE_CFLAGS) -fPIC -c -o $@ $<

define module_rules
$(BUILD)/modules/$(1).so: modules/$(1).c $(call module_parts,$(1)) Makefile | $(BUILD)/.netmon-build
	$$(call say,MOD,$$<)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(MODULE_CFLAGS) -fPIC -shared -Wl,-z,relro -Wl,-z,now -Wl,-z,defs -o $$@ $$< \
	    $$(filter %.o,$$^) $$(SANITIZE) $$(MODULE_LIBS_$(1))
endef
$(foreach m,$(MODULES),$(eval $(call module_rules,$(m))))

# The same modules linked statically, each under its own name, for unit tests and fuzz targets.
$(BUILD)/modules/static/%.o: modules/%.c Makefile | $(BUILD)/.netmon-build
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(MODULE_CFLAGS) -DNM_MODULE_STATIC -fPIE -c -o $@ $<

# The modules of etc/modules as rows for tests/support/all_modules.h; rewritten only when the list changed.
MODULE_ROWS := $(BUILD)/gen/module_rows.h
$(MODULE_ROWS): etc/modules Makefile
	$(Q)mkdir -p $(@D)
	$(Q)sed -n 's/^\([a-z0-9_-]\{1,\}\).*/MODULE(\1)/p' $< >$@
TEST_CFLAGS := -I$(BUILD)/gen
$(BUILD)/tests/%.o: private INCLUDE += $(TEST_CFLAGS)
$(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/modules/*.c tests/fuzz/*.c tests/support/*.c)): $(MODULE_ROWS)

$(BUILD)/libmodules.a: $(MODULES:%=$(BUILD)/modules/static/%.o) $(MODULE_PARTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# --- tests ---------------------------------------------------------------------------------------------------------
# tests/FOLDER/test_X.c links the archive of FOLDER (and of what it stands on); tests/fuzz/fuzz_X.c is replayed over
# tests/fuzz/corpus/X/. Helpers shared by tests: tests/support/*.c
TEST_SRC   := $(wildcard tests/lib/test_*.c tests/probe/test_*.c tests/modules/test_*.c tests/collector/test_*.c \
                         tests/cron/test_*.c tests/web/test_*.c)
FUZZ_SRC   := $(wildcard tests/fuzz/fuzz_*.c)
TESTS      := $(TEST_SRC:%.c=$(BUILD)/%)
FUZZERS    := $(FUZZ_SRC:%.c=$(BUILD)/%)
SUPPORT    := $(BUILD)/libsupport.a
CRON_ARCHIVES := $(call archive,cron/admin) $(call archive,cron/aggregate) $(call archive,cron/alert)
TEST_AR_lib       :=
TEST_AR_probe     := $(call archive,probe)
TEST_AR_modules   := $(BUILD)/libmodules.a $(call archive,probe)
TEST_AR_collector := $(call archive,collector)
TEST_AR_cron      := $(CRON_ARCHIVES)
TEST_AR_web       := $(call archive,web)
TEST_AR_fuzz      := $(BUILD)/libmodules.a $(call archive,probe) $(call archive,collector) $(call archive,web)
TEST_LIBS := -lcmocka $(sort $(foreach d,$(DIRS),$(LIBS_$(d)))) $(foreach m,$(MODULES),$(MODULE_LIBS_$(m))) $(LIBS_lib)

$(SUPPORT): $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/support/*.c))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

define test_rules
$(BUILD)/tests/$(1)/test_%: $(BUILD)/tests/$(1)/test_%.o $(SUPPORT) $(TEST_AR_$(1)) $(LIBNETMON)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(TEST_LIBS)
endef
$(foreach d,lib probe modules collector cron web,$(eval $(call test_rules,$(d))))

# libFuzzer (FUZZ_ENGINE, set by tests/fuzz/run) brings its own main()
REPLAY := $(if $(FUZZ_ENGINE),,$(BUILD)/tests/fuzz/replay.o)
$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(REPLAY) $(SUPPORT) $(TEST_AR_fuzz) $(LIBNETMON)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) $(FUZZ_ENGINE) -o $@ $^ $(TEST_LIBS)

# Faults that tests put under a program with LD_PRELOAD.
FAULTS     := $(patsubst %.c,$(BUILD)/%.so,$(wildcard tests/faults/*.c))
$(BUILD)/tests/faults/%.so: tests/faults/%.c Makefile | $(BUILD)/.netmon-build
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -O2 $(WARN) -D_GNU_SOURCE -MMD -MP $(CFLAGS) -fPIC -shared -o $@ $< -ldl

# Tests of modules that go wrong: one does what an intruder would, one crashes; and a program in which a system call fails.
SANDBOX := $(BUILD)/tests/sandbox/intruder.so $(BUILD)/tests/sandbox/faulty.so $(BUILD)/tests/sandbox/deny
$(BUILD)/tests/sandbox/%.so: tests/sandbox/%.c Makefile | $(BUILD)/.netmon-build
	$(call say,MOD,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(MODULE_CFLAGS) -fPIC -shared -o $@ $<

$(BUILD)/tests/sandbox/deny: $(BUILD)/tests/sandbox/deny.o
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ -lseccomp

tests: $(TESTS) $(FUZZERS) $(FAULTS) $(SANDBOX) $(BUILD)/tests/demo/traffic

PROVE = prove --timer --merge -j2 --exec tests/run
test-quick: all tests
	NETMON_BUILD=$(abspath $(BUILD)) $(PROVE) $(TESTS) $(FUZZERS)

# Commands that build as their first step use all cores, unless the caller said how many.
JOBS = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

# What several threads use: these are also run under ThreadSanitizer, with the end-to-end tests that tests/all names.
THREAD_TESTS := probe/test_tag probe/test_worker probe/test_export probe/test_export_disk probe/test_spool collector/test_writer
thread-tests: $(BUILD)/netmonc $(BUILD)/netmond $(MODULES:%=$(BUILD)/modules/%.so) $(THREAD_TESTS:%=$(BUILD)/tests/%)

# All of it: end-to-end tests and unit tests of this build, then the same under ASan and UBSan, and threads under TSan.
test: deps
	$(Q)$(MAKE) $(JOBS) all tests
	$(Q)$(MAKE) $(JOBS) ASAN=1 BUILD='$(BUILD)/asan' all tests
	$(Q)$(MAKE) $(JOBS) TSAN=1 BUILD='$(BUILD)/tsan' thread-tests
	$(Q)$(MAKE) $(JOBS) PLANTS=1 BUILD='$(BUILD)/plants' fault-programs
	$(Q)NETMON_BUILD='$(abspath $(BUILD))' NETMON_ASAN_BUILD='$(abspath $(BUILD))/asan' \
	    NETMON_TSAN_BUILD='$(abspath $(BUILD))/tsan' tests/all

deps:
	$(Q)etc/install-packages etc/debian-packages

# The demo's packets, and the benchmark's: programs of folders under tests/.
DEMO_SRC  := $(wildcard tests/demo/*.c)
$(BUILD)/tests/demo/traffic: $(DEMO_SRC:%.c=$(BUILD)/%.o)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ -lpcap -lm

BENCH_GEN := $(wildcard tests/bench/gen/*.c)
BENCH     := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/*.c)) $(BUILD)/tests/bench/genpcap
$(BUILD)/tests/bench/genpcap: $(BENCH_GEN:%.c=$(BUILD)/%.o)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ -lm

$(BUILD)/tests/bench/rrdfeed: $(BUILD)/tests/bench/rrdfeed.o $(call archive,collector) $(LIBNETMON)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_collector) $(LIBS_lib)

$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(LIBNETMON)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ -lpcap $(LIBS_lib)

tests: $(BENCH)

demo: deps
	$(Q)$(MAKE) $(JOBS) all '$(BUILD)/tests/demo/traffic'
	$(Q)NETMON_BUILD='$(abspath $(BUILD))' tests/demo/demo $(if $(IF),--interface '$(IF)') $(if $(CHECK),--check)

# make bench QUICK=1 ALONE=1 PARTS="mixes stages growth flood bombs live export rrd aggregate" JSON=file
bench:
	$(Q)$(MAKE) $(JOBS) all $(BENCH) '$(BUILD)/tests/faults/feed/feed'
	NETMON_BUILD='$(abspath $(BUILD))' tests/bench/run $(if $(QUICK),--quick) $(if $(ALONE),--alone) $(if $(JSON),--json '$(JSON)') $(PARTS)

captures:
	tests/captures/make.sh

module:
	@modules/new '$(NAME)'

# make lint FILES='lib/addr.c lib/addr.h' QUICK=1
lint:
	$(Q)CC='$(CC)' tests/lint/run $(if $(QUICK),--quick) $(FILES)

stats:
	@tests/lint/stats

# libFuzzer needs clang: make fuzz TARGET=decode SECONDS=60, or TARGET=all; TARGET=modules NETMON_FUZZ_MODULES=tls,quic
fuzz:
	$(Q)tests/fuzz/run '$(TARGET)' $(SECONDS)

include $(wildcard etc/install.mk tests/faults/faults.mk)

clean:
	rm -rf build

-include $(shell find $(BUILD) -path '$(BUILD)/asan' -prune -o -path '$(BUILD)/tsan' -prune -o -path '$(BUILD)/plants' -prune -o -name '*.d' -print 2>/dev/null)
