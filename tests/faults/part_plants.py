# SPDX-License-Identifier: GPL-3.0-or-later
"""Bugs on purpose (lib/plant.h): each of them must be found, or the fault tests prove nothing."""
import re
import subprocess
import time

import netmon_e2e as e2e
from part_forge import forgeries
from part_kill import kills
from world import COLLECTOR, PROBE, Fault

ROUND = 25   # kills between two looks at the store
ROUNDS = 25  # after which a bug counts as not found
FORGED = 100


def by_kills(say, plant, seed, victims=None, feed=None):
    """Words of what some kills found."""
    try:
        kills(ROUND, lambda words: None, victims=victims, feed=feed, plant=plant, seed=seed, finish_s=4)
    except (AssertionError, subprocess.SubprocessError) as error:
        return str(error).splitlines()[0]
    return ""


def by_kills_of_many(say, plant, seed, victims=None):
    """The same with so many records that some segments are on their way at a time."""
    return by_kills(say, plant, seed, victims, feed={"rate": 20000})


def by_forgery(say, plant, seed, victims=None):
    try:
        forgeries(FORGED, say, plant=plant, seed=seed)
    except AssertionError as error:
        return str(error).splitlines()[0]
    return ""


# name: how it is found, by whose kills, and what it shows
PLANTS = {
    "ack-before-commit": (by_kills, {(COLLECTOR,): 1}, "records lost"),
    "watermark-apart": (by_kills, {(COLLECTOR,): 1}, "records doubled"),
    "tail-not-cut": (by_kills, {(PROBE,): 1}, "in vain|records lost"),
    "sequence-reused": (by_kills, {(PROBE,): 1}, "has two batches"),
    "send-before-durable": (by_kills, {(PROBE,): 1}, "no spool had|in vain|records lost"),
    "ack-frees-too-much": (by_kills_of_many, {(PROBE,): 1, (COLLECTOR,): 1}, "in vain|records lost"),
    "crc-skipped": (by_forgery, None, "honest probe is greeted|no spool had"),
    "chain-not-checked": (by_forgery, None, "honest probe is greeted|no spool had"),
}


def find(plant, say, seed=1):
    """The words that the planted bug is found by; a Fault when it is not."""
    how, victims, shows = PLANTS[plant]
    e2e.binary("plants/netmond")
    words = ""
    for n in range(ROUNDS):
        words = how(say, plant, seed + n, victims)
        if re.search(shows, words):
            return words
        say(f"{plant}: not found in round {n + 1} of {ROUNDS} {words}")
    raise Fault(f"the planted bug {plant} was not found {words}")


def part_plants(run):
    """Each planted bug is found."""
    missed = []
    for plant in PLANTS:
        began = time.monotonic()
        try:
            words = find(plant, run.say, run.seed)
            run.say(f"{plant}: found in {time.monotonic() - began:.0f} s: {words}")
        except Fault as fault:
            missed.append(plant)
            run.say(str(fault))
    run.did = len(PLANTS) - len(missed)
    if missed:
        raise Fault(f"not found: {', '.join(missed)}")
    return f"{len(PLANTS)} planted bugs, each found"
