# SPDX-License-Identifier: GPL-3.0-or-later
"""The short form of `make faults PARTS=plants`: bugs on purpose are found, so the fault tests prove something."""
import sys
import unittest

import netmon_e2e as e2e

sys.path.insert(0, str(e2e.TREE / "tests" / "faults"))
import part_plants  # noqa: E402


@unittest.skipIf(e2e.ASAN, "what is put under the probe has to be loaded before ASan")
class Plants(e2e.Case):
    def found(self, plant):
        part_plants.find(plant, lambda words: None, seed=1)

    def test_an_acknowledgement_before_the_commit_is_found(self):
        self.found("ack-before-commit")

    def test_a_watermark_in_a_transaction_of_its_own_is_found(self):
        self.found("watermark-apart")

    def test_a_number_that_is_used_twice_is_found(self):
        self.found("sequence-reused")

    def test_a_torn_tail_that_stays_is_found(self):
        self.found("tail-not-cut")

    def test_batches_whose_crc_nobody_checks_are_found(self):
        self.found("crc-skipped")
