# SPDX-License-Identifier: GPL-3.0-or-later
# The fault tests; part of the Makefile. Each command of `make faults` is in tests/faults/run --help.
.PHONY: faults fault-programs

# A probe without packets: netmonc's exporter and spool, and records at a steady rate.
FEED     := $(BUILD)/tests/faults/feed/feed
FEED_SRC := $(wildcard tests/faults/feed/*.c probe/export*.c probe/spool*.c probe/gap.c)
$(FEED): $(FEED_SRC:%.c=$(BUILD)/%.o) $(LIBNETMON)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_lib)
tests: $(FEED)

# What is killed. With PLANTS=1: what has a bug switched on (lib/plant.h).
fault-programs: $(BUILD)/netmond $(FEED)

# make faults PARTS="kill mariadb cut" COUNT=1000 SEED=1 QUICK=1
faults:
	$(Q)$(MAKE) $(JOBS) all $(FAULTS) $(FEED)
	$(Q)$(MAKE) $(JOBS) PLANTS=1 BUILD='$(BUILD)/plants' fault-programs
	NETMON_BUILD='$(abspath $(BUILD))' tests/faults/run $(if $(COUNT),--count '$(COUNT)') $(if $(SEED),--seed '$(SEED)') \
	    $(if $(QUICK),--quick) $(PARTS)
