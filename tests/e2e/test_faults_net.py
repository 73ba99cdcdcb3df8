# SPDX-License-Identifier: GPL-3.0-or-later
"""The short form of `make faults PARTS="cut stop clock"`: no network, a side that stands still, clocks that jump."""
import sys
import unittest

import netmon_e2e as e2e

sys.path.insert(0, str(e2e.TREE / "tests" / "faults"))
import part_clock  # noqa: E402
import part_net  # noqa: E402
from world import COLLECTOR, PROBE  # noqa: E402


def quiet(words):
    """Says nothing."""


@unittest.skipIf(e2e.ASAN, "what is put under the probe has to be loaded before ASan")
class Net(e2e.Case):
    def test_a_cut_at_either_end_loses_nothing_and_doubles_nothing(self):
        part_net.cuts((1, 1), quiet)

    def test_a_side_that_stands_still_loses_nothing_and_doubles_nothing(self):
        part_net.stops(((COLLECTOR, 1), (PROBE, 1)), quiet)

    def test_clocks_that_jump_on_either_side_lose_nothing_and_double_nothing(self):
        part_clock.jumps((3600, -86400), quiet, wait_s=1)
