# SPDX-License-Identifier: GPL-3.0-or-later
"""Bugs on purpose (lib/plant.h): each of them must be found, or the fault tests prove nothing."""
import subprocess

import netmon_e2e as e2e
from part_forge import forgeries
from part_kill import kills
from world import COLLECTOR, PROBE, Fault

ROUND = 25   # kills between two looks at the store
ROUNDS = 12  # after which a bug counts as not found
FORGED = 100


def by_kills(say, plant, seed, victims=None):
    """Kills until the store is wrong."""
    for n in range(ROUNDS):
        kills(ROUND, lambda words: None, victims=victims, plant=plant, seed=seed + n, finish_s=15,
              feed={"spool_mb": 32})
        say(f"{plant}: not found with {(n + 1) * ROUND} kills")


def by_forgery(say, plant, seed, victims=None):
    forgeries(FORGED, say, plant=plant, seed=seed)


# name: how it is found, and by whose kills
PLANTS = {
    "ack-before-commit": (by_kills, {(COLLECTOR,): 1}),
    "watermark-apart": (by_kills, {(COLLECTOR,): 1}),
    "tail-not-cut": (by_kills, {(PROBE,): 1}),
    "sequence-reused": (by_kills, {(PROBE,): 1}),
    "send-before-durable": (by_kills, {(PROBE,): 1}),
    "ack-frees-too-much": (by_kills, {(PROBE,): 1, (COLLECTOR,): 1}),
    "crc-skipped": (by_forgery, None),
    "chain-not-checked": (by_forgery, None),
}


def find(plant, say, seed=1):
    """The words that the planted bug is found by; a Fault when it is not."""
    how, victims = PLANTS[plant]
    try:
        how(say, plant, seed, victims)
    except (AssertionError, subprocess.SubprocessError) as error:
        return str(error).splitlines()[0]
    raise Fault(f"the planted bug {plant} was not found")


def part_plants(run):
    """Each planted bug is found."""
    e2e.binary("plants/netmond")
    missed = []
    for plant in PLANTS:
        try:
            run.say(f"{plant}: found: {find(plant, run.say, run.seed)}")
        except Fault as fault:
            missed.append(plant)
            run.say(str(fault))
    if missed:
        raise Fault(f"not found: {', '.join(missed)}")
    return f"{len(PLANTS)} planted bugs, each found"
