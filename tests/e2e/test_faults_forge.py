# SPDX-License-Identifier: GPL-3.0-or-later
"""The short form of `make faults PARTS=forge`: replayed and forged batches, with the probe's own certificate."""
import sys

import netmon_e2e as e2e

sys.path.insert(0, str(e2e.TREE / "tests" / "faults"))
import part_forge  # noqa: E402


class Forge(e2e.Case):
    def test_no_replayed_or_forged_batch_is_stored(self):
        part_forge.forgeries(400, lambda words: None, seed=5)
