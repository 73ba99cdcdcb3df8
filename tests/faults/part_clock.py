# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock of either side jumps, forth and back."""
import glob
import time
import unittest

from world import COLLECTOR, PROBE, World

HOUR, DAY = 3600, 86400
# netmond's certificates are good for days, and what it keeps is kept for days: a year ahead is another test
JUMPS = (HOUR, -HOUR, 5 * DAY, -5 * DAY, 59, -61)


def library():
    found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    if not found:
        raise unittest.SkipTest("libfaketime is not installed")
    return found[0]


class Clocks:
    """The clocks of both sides, by libfaketime's file."""

    def __init__(self, world):
        self.files = {who: world.dir / f"clock-{who}" for who in (PROBE, COLLECTOR)}
        for who, path in self.files.items():
            self.set(who, 0)
            world.preload[who].append(library())
            world.env[who].update({"FAKETIME_TIMESTAMP_FILE": path, "FAKETIME_NO_CACHE": "1",
                                   "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                                   # its remedy for an old C library ends every wait at once that a new one times
                                   "FAKETIME_FORCE_MONOTONIC_FIX": "0"})

    def set(self, who, seconds):
        self.files[who].write_text(f"{seconds:+d}\n", encoding="ascii")


def jumps(steps, say, wait_s=2, **world):
    """Each jump on the probe's side, then on the collector's; what was measured meanwhile has to arrive."""
    with World(**world) as w:
        clocks = Clocks(w)
        w.start()
        w.caught_up(30)
        for step in steps:
            for who in (PROBE, COLLECTOR):
                clocks.set(who, step)
                time.sleep(wait_s)
                w.alive(PROBE)
                w.alive(COLLECTOR)
                clocks.set(who, 0)
                time.sleep(wait_s / 4)
            say(f"{step:+d} s on either side: caught up after {w.caught_up(60):.1f} s")
        w.finish()
        w.check()
        return f"{2 * len(steps)} jumps, {w.summary()}: none lost, none doubled"


def part_clock(run):
    """Clocks jump by up to five days, with and without TLS."""
    steps = JUMPS[:2] if run.quick else JUMPS
    for tls in (False, True):
        words = jumps(steps, run.say, seed=run.seed, tls=tls, tally=run.tally)
        run.did += 2 * len(steps)
        run.say(words)
    return f"{run.did} jumps: none lost, none doubled"
