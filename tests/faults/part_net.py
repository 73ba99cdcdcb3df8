# SPDX-License-Identifier: GPL-3.0-or-later
"""The network is cut, or one side stands still."""
import signal
import time
import unittest

import netmon_e2e as e2e
from netns import Cable
from world import COLLECTOR, PROBE, World

CUTS_S = (1, 2, 5, 10, 30, 60)
CUTS_QUICK_S = (1, 5)
LONG_CUT_S = 600
STOPS = ((COLLECTOR, 1), (COLLECTOR, 5), (PROBE, 2), (COLLECTOR, 30), (PROBE, 10), (COLLECTOR, 45))
STOPS_QUICK = STOPS[:3]
CATCH_UP_S = 60  # dead peer within 20 s, back-off of 10 s at most, and what has gathered


def cuts(seconds, say, **world):
    """A cut at the collector's end, then one at the probe's, and so on, of each length."""
    reason = e2e.can_netns()
    if reason:
        raise unittest.SkipTest(reason)
    with Cable() as cable, World(cable=cable, **world) as w:
        w.start()
        w.caught_up(CATCH_UP_S)
        for n, length in enumerate(seconds):
            end = "cp"[n % 2]
            cable.cut(end)
            time.sleep(length)
            cable.mend(end)
            say(f"{length} s without network ({'collector' if end == 'c' else 'probe'} sees it): "
                f"caught up after {w.caught_up(CATCH_UP_S):.1f} s")
        w.finish()
        w.check()
        return f"{len(seconds)} cuts, {w.summary()}: none lost, none doubled"


def stops(steps, say, **world):
    """SIGSTOP, and SIGCONT after a while."""
    with World(**world) as w:
        w.start()
        w.caught_up(CATCH_UP_S)
        for who, length in steps:
            w.running[who].send_signal(signal.SIGSTOP)
            time.sleep(length)
            w.running[who].send_signal(signal.SIGCONT)
            say(f"{who} stood still for {length} s: caught up after {w.caught_up(CATCH_UP_S):.1f} s")
        w.finish()
        w.check()
        return f"{len(steps)} stops, {w.summary()}: none lost, none doubled"


def part_cut(run):
    """The network is gone for 1 to 60 seconds."""
    steps = CUTS_QUICK_S if run.quick else CUTS_S
    run.did = len(steps)
    return cuts(steps, run.say, seed=run.seed, tally=run.tally)


def part_longcut(run):
    """The network is gone for ten minutes, beside the other parts."""
    run.did = 1
    return cuts((5 if run.quick else LONG_CUT_S,), run.say, seed=run.seed, tally=run.tally, feed={"rate": 300})


def part_stop(run):
    """Collector or probe stand still for 1 to 45 seconds."""
    steps = STOPS_QUICK if run.quick else STOPS
    run.did = len(steps)
    return stops(steps, run.say, seed=run.seed, tally=run.tally)
