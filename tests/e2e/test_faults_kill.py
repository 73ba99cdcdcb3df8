# SPDX-License-Identifier: GPL-3.0-or-later
"""The short form of `make faults PARTS=kill`: kill -9 at random times, under TLS."""
import sys
import unittest

import netmon_e2e as e2e

sys.path.insert(0, str(e2e.TREE / "tests" / "faults"))
import part_kill  # noqa: E402


@unittest.skipIf(e2e.ASAN, "what is put under the probe has to be loaded before ASan")
class Kill(e2e.Case):
    def test_30_kills_of_probe_and_collector_lose_nothing_and_double_nothing(self):
        part_kill.kills(30, lambda words: None, seed=1)
