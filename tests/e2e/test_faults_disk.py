# SPDX-License-Identifier: GPL-3.0-or-later
"""The short form of `make faults PARTS="disk flip"`: full disks, a full spool, and bits that flip in one."""
import sys
import unittest

import netmon_e2e as e2e

sys.path.insert(0, str(e2e.TREE / "tests" / "faults"))
import part_disk  # noqa: E402
import part_flip  # noqa: E402


def quiet(words):
    """Says nothing."""


@unittest.skipIf(e2e.ASAN, "what is put under the probe has to be loaded before ASan")
class Disk(e2e.Case):
    def test_what_a_full_disk_under_the_spool_refuses_is_declared_and_all_else_is_stored_once(self):
        part_disk.full_spool(quiet, 1, {"spool": part_disk.SPOOL_SIZE})

    def test_what_gives_way_in_a_full_spool_is_declared_and_all_else_is_stored_once(self):
        part_disk.drop_oldest(quiet, 1)

    def test_a_full_disk_under_the_store_holds_everything_up_and_loses_nothing(self):
        part_disk.full_store(quiet, 2)

    def test_flipped_bits_in_a_spool_cost_the_batches_that_they_hit_and_these_are_declared(self):
        part_flip.flips(250, quiet)
